// Is the process alive, may traffic come, and what do the meters say. None asks for a key or is a line in
// the log. A process that is closing is not ready. Workers answer the same on a port of their own: commands/probes.ts.
import { Type } from '@fastify/type-provider-typebox'
import type { Registry } from 'prom-client'
import { runChecks } from '../../kernel/checks.ts'
import type { App } from '../app.ts'
import type { RouteDeps } from '../deps.ts'

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
      const { ready: up, results } = await runChecks(checks, ground.log)
      const ready = up && !closing.aborted
      const body = { status: ready ? ('ready' as const) : ('not_ready' as const), checks: results }
      return reply.code(ready ? 200 : 503).send(body)
    },
  )

  app.get('/metrics', { config, schema: { hide: true } }, async (_request, reply) =>
    reply.type(registry.contentType).send(await registry.metrics()),
  )
}
