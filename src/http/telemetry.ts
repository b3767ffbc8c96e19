// One log line and one observation a request. Routes are told by their pattern: an address may hold a signature or an id.

import { sql as raw } from 'kysely'
import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Ground } from '../kernel/ground.ts'
import type { App } from './app.ts'

const SECONDS = [0.005, 0.02, 0.1, 0.5, 1, 2.5, 5, 10, 30, 120]

/** Starts observing; the registry is what /metrics serves. */
export function startTelemetry(app: App, ground: Ground): Registry {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const seconds = new Histogram({
    name: 'darkroom_http_request_duration_seconds',
    help: 'Time from the first byte of a request to the end of its answer.',
    labelNames: ['method', 'route', 'status'],
    buckets: SECONDS,
    registers: [registry],
  })
  new Gauge({
    name: 'darkroom_tasks',
    help: 'Tasks by stage and by whether a worker holds them.',
    labelNames: ['stage', 'held'],
    registers: [registry],
    async collect() {
      this.reset()
      const { rows } = await raw<{ stage: string; held: boolean; count: string }>`
        SELECT stage, lease_until > darkroom.now() IS TRUE AS held, count(*) AS count
          FROM darkroom.task GROUP BY 1, 2`.execute(ground.database.sql)
      for (const row of rows) this.set({ stage: row.stage, held: String(row.held) }, Number(row.count))
    },
  })
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'unknown'
    const ms = reply.elapsedTime
    seconds.observe({ method: request.method, route, status: String(reply.statusCode) }, ms / 1000)
    if (request.routeOptions.config.quiet === true) return
    const tenantId = request.caller?.tenantId ?? null
    request.log.info(
      { method: request.method, route, status: reply.statusCode, ms: Math.round(ms), tenantId },
      'answered',
    )
  })
  return registry
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Not worth a log line each time, such as a probe. */
    quiet?: boolean
  }
}
