// What an orchestrator and Prometheus ask of any process, the API or a worker, on a port of its own (DARKROOM_METRICS_PORT): is it
// alive, is it ready, what do its meters say. Nothing here needs a key, so the port belongs inside the cluster.
import { createServer, type Server, type ServerResponse } from 'node:http'
import { Registry } from 'prom-client'
import { type Checks, runChecks } from '../kernel/checks.ts'
import type { Config } from '../kernel/config.ts'
import type { Database } from '../kernel/database.ts'
import { Fault } from '../kernel/fault.ts'
import { openGauges } from '../kernel/gauges.ts'
import type { Log } from '../kernel/log.ts'
import { meters } from '../kernel/meters.ts'
import { backlogOf } from '../schedule/backlog.ts'

type Options = {
  config: Pick<Config, 'host' | 'metricsPort' | 'dispatch'>
  database: Database
  checks: Checks
  log: Log
}

/** Listens where the configuration says so, once the process does its work; a drain ends it first. Fault: port_busy. */
export async function startProbes({ config, database, checks, log }: Options): Promise<AsyncDisposable> {
  if (config.metricsPort === 0) return { [Symbol.asyncDispose]: async () => undefined }
  const gauges = openGauges(database, () => backlogOf(database.sql, config.dispatch.msPerCost))
  const server = createServer(async (request, response) => {
    switch (request.url) {
      case '/healthz':
        return send(response, 200, { status: 'ok' })
      case '/readyz': {
        const { ready, results } = await runChecks(checks, log)
        return send(response, ready ? 200 : 503, { status: ready ? 'ready' : 'not_ready', checks: results })
      }
      case '/metrics': {
        const all = Registry.merge([meters, gauges])
        return all.metrics().then(
          (text) => void response.writeHead(200, { 'content-type': all.contentType }).end(text),
          (error: unknown) => {
            log.warn({ error }, 'the meters could not be read')
            send(response, 503, { status: 'failed' })
          },
        )
      }
      default:
        return send(response, 404, { status: 'not_found' })
    }
  })
  server.requestTimeout = 10_000
  await listen(server, config)
  return {
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
  response.end(JSON.stringify(body))
}

async function listen(server: Server, { host, metricsPort }: Options['config']): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', (cause) =>
    reject(
      new Fault('port_busy', {
        field: 'DARKROOM_METRICS_PORT',
        detail: `cannot listen on ${host}:${metricsPort}; set DARKROOM_METRICS_PORT to another port`,
        cause,
      }),
    ),
  )
  server.listen(metricsPort, host, resolve)
  await promise
}
