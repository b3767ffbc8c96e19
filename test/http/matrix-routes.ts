// What a server really answers: every route as it is registered, whether the document mentions it or not.
import diagnostics from 'node:diagnostics_channel'
import type { FastifyInstance, RouteOptions } from 'fastify'
import type { Access } from '../../src/http/access.ts'

export type Route = {
  /** Such as `GET /v1/images/:id`. */
  name: string
  method: string
  path: string
  access: Access
  /** Left out of /openapi.json. */
  hidden: boolean
}

/** Opens a server and lists its routes; a route cannot be added without being seen here. */
export async function routesOf<Opened>(open: () => Promise<Opened>): Promise<{ opened: Opened; routes: Route[] }> {
  const seen: RouteOptions[] = []
  const listen = (message: unknown) => {
    if (isStarted(message)) message.fastify.addHook('onRoute', (route) => void seen.push(route))
  }
  diagnostics.subscribe('fastify.initialization', listen)
  try {
    const opened = await open()
    // Read now: other hooks have written into these since.
    return { opened, routes: seen.flatMap(routesIn) }
  } finally {
    diagnostics.unsubscribe('fastify.initialization', listen)
  }
}

function routesIn({ method, url, config, schema }: RouteOptions): Route[] {
  const access = config?.access ?? 'caller'
  return [method]
    .flat()
    .map((one) => ({ name: `${one} ${url}`, method: one, path: url, access, hidden: schema?.hide === true }))
}

function isStarted(message: unknown): message is { fastify: FastifyInstance } {
  return typeof message === 'object' && message !== null && 'fastify' in message
}
