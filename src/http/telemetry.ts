// One span, one log line and one observation a request. Routes are told by their pattern: an address may hold a signature or an id.
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Registry } from 'prom-client'
import { openGauges } from '../kernel/gauges.ts'
import type { Ground } from '../kernel/ground.ts'
import { httpSeconds, meters } from '../kernel/meters.ts'
import { currentTraceId, serverSpan } from '../kernel/trace.ts'
import { backlogOf } from '../schedule/backlog.ts'
import type { App } from './app.ts'

/** Starts observing; the registry is what /metrics serves. */
export function startTelemetry(app: App, ground: Ground): Registry {
  app.addHook('onRequest', (request, reply, done) => {
    const { traceparent } = request.headers
    const route = request.routeOptions.url ?? 'unknown'
    const span = serverSpan(`${request.method} ${route}`, typeof traceparent === 'string' ? traceparent : null)
    reply.raw.once('close', () =>
      span.end(reply.statusCode, {
        'http.request.method': request.method,
        'http.route': route,
        'http.response.status_code': reply.statusCode,
        'darkroom.request_id': request.id,
      }),
    )
    span.run(done)
  })
  app.addHook('onResponse', async (request, reply) => observe(request, reply))
  return Registry.merge([
    meters,
    openGauges(ground.database, () => backlogOf(ground.database.sql, ground.config.dispatch.msPerCost)),
  ])
}

function observe(request: FastifyRequest, reply: FastifyReply): void {
  const route = request.routeOptions.url ?? 'unknown'
  const ms = reply.elapsedTime
  httpSeconds.observe({ method: request.method, route, status: String(reply.statusCode) }, ms / 1000)
  if (request.routeOptions.config.quiet === true) return
  const tenantId = request.caller?.tenantId ?? null
  const facts = { method: request.method, route, status: reply.statusCode, ms: Math.round(ms), tenantId }
  request.log.info({ ...facts, traceId: currentTraceId() }, 'answered')
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Not worth a log line each time, such as a probe. */
    quiet?: boolean
  }
}
