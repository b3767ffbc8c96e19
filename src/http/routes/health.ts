// Is the process alive, may traffic come, and what do the meters say.
import { Type } from '@fastify/type-provider-typebox'
import type { Registry } from 'prom-client'
import type { App } from '../app.ts'
import type { RouteDeps } from '../deps.ts'

const CHECK_MS = 3000
const Health = Type.Object({ status: Type.String(), version: Type.String() })
const Readiness = Type.Object({
  status: Type.Enum(['ready', 'not_ready']),
  checks: Type.Record(Type.String(), Type.String()),
})

export function healthRoutes(app: App, { checks, version, closing, ground }: RouteDeps, registry: Registry): void {
  const config = { access: 'public', quiet: true } as const
  const security: [] = []
  app.get(
    '/healthz',
    { config, schema: { tags: ['health'], summary: 'The process is alive', security, response: { 200: Health } } },
    async () => ({ status: 'ok', version }),
  )

  app.get(
    '/readyz',
    {
      config,
      schema: { tags: ['health'], summary: 'Traffic may come', security, response: { 200: Readiness, 503: Readiness } },
    },
    async (_request, reply) => {
      const results = await Promise.all(
        Object.entries(checks).map(async ([name, check]): Promise<[string, string]> => {
          try {
            await Promise.race([check(), expire(CHECK_MS)])
            return [name, 'ok']
          } catch (error) {
            ground.log.warn({ check: name, error }, 'a readiness check failed')
            return [name, 'failed']
          }
        }),
      )
      const ready = !closing.aborted && results.every(([, result]) => result === 'ok')
      const body = { status: ready ? ('ready' as const) : ('not_ready' as const), checks: Object.fromEntries(results) }
      return reply.code(ready ? 200 : 503).send(body)
    },
  )

  app.get('/metrics', { config, schema: { hide: true } }, async (_request, reply) =>
    reply.type(registry.contentType).send(await registry.metrics()),
  )
}

function expire(ms: number): Promise<never> {
  return new Promise((_, reject) => {
    setTimeout(() => reject(new Error('the check took too long')), ms).unref()
  })
}
