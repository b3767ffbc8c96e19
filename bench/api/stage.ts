// What is measured: the production form (PostgreSQL, Redis, S3) with one `serve` process and no workers, whose tenant has the
// plan `unlimited` and whose limits on pressure are out of the way. The bench may touch the records behind the service's back.
import { mkdtempSync, rmSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { type Production, withProduction } from '../../test/support/production.ts'
import { readKeys, type ServiceProcess, startServe } from '../../test/support/service-process.ts'

export const ORDER = { prompt: 'a red boat on the sea at sunset', quality: 'low', n: 1 } as const

/** Limits are not what is measured, and the log's reader would take the client's processor time. */
const LIMITS = {
  DARKROOM_BACKLOG_LIMIT_TASKS: '10000000',
  DARKROOM_BACKLOG_LIMIT_SECONDS: '604800',
  DARKROOM_EVENT_LOOP_DELAY_LIMIT_MS: '60000',
  DARKROOM_DATABASE_WAITING_LIMIT: '100000',
  DARKROOM_LOG_LEVEL: 'error',
}

export type Stage = {
  readonly production: Production
  readonly records: pg.Pool
  /** Started anew, with its tenants unlimited. Whoever starts it disposes of it. */
  readonly serve: () => Promise<Served>
} & AsyncDisposable

export type Served = ServiceProcess & {
  readonly headers: Record<string, string>
  readonly post: (order: object) => Promise<{ id: string }>
}

export async function openStage(): Promise<Stage> {
  await using stack = new AsyncDisposableStack()
  const production = await withProduction()
  if ('missing' in production) throw new Error(`this bench ${production.missing}`)
  stack.use(production)
  const home = mkdtempSync(join(tmpdir(), 'darkroom-bench-'))
  stack.defer(() => rmSync(home, { recursive: true, force: true }))
  const records = new pg.Pool({ connectionString: production.databaseUrl, max: 2 })
  // The server is restarted between two sections.
  records.on('error', () => undefined)
  stack.defer(() => records.end())
  const owned = stack.move()
  return {
    production,
    records,
    serve: async () => {
      const { NODE_OPTIONS = '' } = process.env
      const env = { ...production.env, ...LIMITS, NODE_OPTIONS, DARKROOM_HOME: home }
      const service = await startServe(env, ['--without-workers'])
      await records.query(`UPDATE darkroom.tenant SET plan = 'unlimited', sandbox = true`)
      const headers = { authorization: `Bearer ${readKeys(home).client}`, 'content-type': 'application/json' }
      return Object.assign(service, {
        headers,
        post: async (order: object): Promise<{ id: string }> => {
          const body = JSON.stringify(order)
          const answer = await fetch(`${service.url}/v1/generations`, { method: 'POST', headers, body })
          const text = await answer.text()
          if (answer.status !== 202) throw new Error(`POST: ${answer.status} ${text}`)
          return JSON.parse(text)
        },
      })
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/** The backlog gone, as if it had been worked off, so that every round meets the same. */
export async function emptyBacklog({ records }: Stage): Promise<void> {
  await records.query('DELETE FROM darkroom.task')
  await records.query(`UPDATE darkroom.request SET state = 'cancelled' WHERE state = 'queued'`)
}

export type Vitals = { rssBytes: number; heapBytes: number; cpuSeconds: number }

/** What the service's process says of itself. */
export async function vitalsOf({ url, headers }: Served): Promise<Vitals> {
  const text = await (await fetch(`${url}/metrics`, { headers })).text()
  const value = (name: string) => {
    const found = new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]
    if (found === undefined) throw new Error(`/metrics has no ${name}`)
    return Number(found)
  }
  return {
    rssBytes: value('process_resident_memory_bytes'),
    heapBytes: value('nodejs_heap_size_used_bytes'),
    cpuSeconds: value('process_cpu_seconds_total'),
  }
}

/** The machine's load average over the last minute, to stand beside each figure. */
export function load(): string {
  return `load ${loadavg()[0]?.toFixed(1)}`
}
