// Accepted requests a second and how long each takes, beside BullMQ's bare `add` on the same Redis: rounds alternate and each pair
// has its own ratio. Accepting is more than adding, and what it consists of is counted by PostgreSQL itself.
import { median } from '../median.ts'
import { startChild } from './child.ts'
import type { LoadCommand, Loaded } from './load.ts'
import { emptyBacklog, load, ORDER, type Served, type Stage, vitalsOf } from './stage.ts'
import { quantile, spread } from './statistics.ts'

export type Row = Record<string, string | number>

type Side = { rates: number[]; latenciesMs: number[]; clientMs: number[] }

/** One row for each number of requests at once. */
export async function measureAcceptance(
  stage: Stage,
  { rounds, each, atOnce }: { rounds: number; each: number; atOnce: readonly number[] },
): Promise<Row[]> {
  await using service = await stage.serve()
  await using poster = startChild<LoadCommand, Loaded>(new URL('load.ts', import.meta.url))
  await using adder = startChild<LoadCommand, Loaded>(new URL('load.ts', import.meta.url))
  const rows: Row[] = []
  for (const many of atOnce) {
    // A lone client has no use for as many requests.
    const count = many === 1 ? Math.ceil(each / 4) : each
    const [accepted, added] = [newSide(), newSide()]
    const ratios: number[] = []
    const serveMs: number[] = []
    for (let round = 0; round <= rounds; round++) {
      const before = await vitalsOf(service)
      const posts = await poster.ask({ ...postsTo(service), count, atOnce: many })
      const after = await vitalsOf(service)
      if (posts.statuses[202] !== count) throw new Error(`not all were accepted: ${JSON.stringify(posts.statuses)}`)
      const adds = await adder.ask({ kind: 'add', redisUrl: stage.production.redis.url, count, atOnce: many })
      await emptyBacklog(stage)
      // The first round compiles.
      if (round === 0) continue
      serveMs.push(((after.cpuSeconds - before.cpuSeconds) * 1000) / count)
      ratios.push(keep(accepted, posts, count) / keep(added, adds, count))
    }
    rows.push({
      'at once': many,
      'accepted/s': spread(accepted.rates, 0),
      'p50 ms': quantile(accepted.latenciesMs, 0.5).toFixed(1),
      'p99 ms': quantile(accepted.latenciesMs, 0.99).toFixed(1),
      'BullMQ add/s': spread(added.rates, 0),
      'add p50 ms': quantile(added.latenciesMs, 0.5).toFixed(2),
      'add p99 ms': quantile(added.latenciesMs, 0.99).toFixed(2),
      'accepted / add': spread(ratios, 3),
      'serve CPU ms': median(serveMs).toFixed(2),
      'client CPU ms': median(accepted.clientMs).toFixed(2),
      'load average': load(),
    })
  }
  return rows
}

/** What PostgreSQL counted for one admission over HTTP: statements, those of BEGIN and COMMIT included, and its own time. */
export async function countStatements(stage: Stage, admissions: number): Promise<{ rows: Row[]; total: string }> {
  const { records, production } = stage
  await records.query(`ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'`)
  await restart(stage)
  await records.query('CREATE EXTENSION IF NOT EXISTS pg_stat_statements')
  try {
    await using service = await stage.serve()
    // The first ones also note the key's use, and the first look at the backlog and the line.
    for (let warm = 0; warm < 5; warm++) await service.post(ORDER)
    await records.query('SELECT pg_stat_statements_reset()')
    for (let index = 0; index < admissions; index++) await service.post(ORDER)
    const { rows } = await records.query<{ calls: string; ms: number; query: string }>(
      `SELECT calls, total_exec_time AS ms, query FROM pg_stat_statements
        WHERE dbid = (SELECT oid FROM pg_database WHERE datname = $1) AND query NOT LIKE '%pg_stat_statements%'
        ORDER BY total_exec_time DESC`,
      [new URL(production.databaseUrl).pathname.slice(1)],
    )
    const calls = rows.reduce((sum, row) => sum + Number(row.calls), 0) / admissions
    const ms = rows.reduce((sum, row) => sum + row.ms, 0) / admissions
    return {
      rows: rows.map((row) => ({
        'calls each': (Number(row.calls) / admissions).toFixed(2),
        'ms each': (row.ms / admissions).toFixed(3),
        statement: row.query.replace(/\s+/g, ' ').slice(0, 90),
      })),
      total: `${calls.toFixed(1)} statements an admission, ${ms.toFixed(2)} ms of PostgreSQL's own time (${load()})`,
    }
  } finally {
    await records.query('ALTER SYSTEM RESET shared_preload_libraries')
    await emptyBacklog(stage)
    await restart(stage)
  }
}

async function restart({ production }: Stage): Promise<void> {
  await production.postgres.kill()
  await production.postgres.start()
}

function postsTo({ url, headers }: Served) {
  const shots = [{ method: 'POST' as const, path: '/v1/generations', body: JSON.stringify(ORDER) }]
  return { kind: 'http' as const, origin: url, headers, shots }
}

function newSide(): Side {
  return { rates: [], latenciesMs: [], clientMs: [] }
}

/** Answers the rate of this round. */
function keep(side: Side, { wallMs, cpuMs, latenciesMs }: Loaded, count: number): number {
  const rate = (count * 1000) / wallMs
  side.rates.push(rate)
  side.latenciesMs.push(...latenciesMs)
  side.clientMs.push(cpuMs / count)
  return rate
}
