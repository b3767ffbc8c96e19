// How fast reviewers get items and decide them, with 100,000 open: the next item, a named item, a verdict; each as the routes call it, ten
// in flight, in rounds that alternate with a bare peer on the same database (review/peer.ts). Then 200 reviewers at once, who must
// never hold the same item. Real PostgreSQL.
//   npm run bench -- bench/review.ts [--items 100000] [--reviewers 200] [--rounds 9] [--each 200]
import { cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { sql as raw } from 'kysely'
import { openDatabase } from '../src/kernel/database.ts'
import { loadModerationPolicy } from '../src/policy/load.ts'
import { loadReviewRules } from '../src/policy/review-rules.ts'
import { type Lease, releaseItem } from '../src/review/claim.ts'
import { decide } from '../src/review/decide.ts'
import { handOutItem, handOutNext } from '../src/review/handout.ts'
import type { ReviewTools } from '../src/review/item.ts'
import type { Reviewer } from '../src/review/reviewer.ts'
import type { Verdict } from '../src/review/verdict.ts'
import { withPostgres } from '../test/support/postgres.ts'
import { quantile, spread } from './api/statistics.ts'
import { median } from './median.ts'
import { fillBacklog, TENANTS } from './review/backlog.ts'
import { contend } from './review/contend.ts'
import { openPeer, selectBare, takeBare } from './review/peer.ts'

const AT_ONCE = 10
const { values } = parseArgs({
  options: {
    items: { type: 'string', default: '100000' },
    reviewers: { type: 'string', default: '200' },
    rounds: { type: 'string', default: '9' },
    each: { type: 'string', default: '200' },
  },
})
const [items, reviewers, rounds, each] = [values.items, values.reviewers, values.rounds, values.each].map(Number)
if (!items || !reviewers || !rounds || !each) throw new RangeError('numbers, please')

const ALLOW: Verdict = { outcome: 'allow', clause: null, findings: {}, reason: 'not_depicted', note: null }

const postgres = await withPostgres(['-c', 'shared_buffers=512MB', '-c', 'max_connections=150'])
if ('missing' in postgres) throw new Error(`needs ${postgres.missing}`)
await using server = postgres
await using place = await server.database()
await using database = await openDatabase({ url: place.url, home: null, poolSize: AT_ONCE })
const policies = join(import.meta.dirname, '../policies')
const policy = await loadModerationPolicy(join(policies, 'moderation.yaml'))
const rules = await loadReviewRules(join(policies, 'review.yaml'))
const tools: ReviewTools = { policy, rules, draw: Math.random }
const people = await fillBacklog(database.sql, policy, rules, { items, reviewers })
await openPeer(database.sql)

type Held = { reviewer: Reviewer; lease: Lease }
const anybody = () => people[Math.floor(Math.random() * people.length)] ?? { personId: '', lead: false }

/** Does `work` for each of `list`, ten at a time; how long each took, in milliseconds. */
async function timed<T>(list: readonly T[], work: (one: T) => Promise<unknown>): Promise<number[]> {
  const took: number[] = []
  let next = 0
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let one = list[next++]; one !== undefined; one = list[next++]) {
        const start = performance.now()
        await work(one)
        took.push(performance.now() - start)
      }
    }),
  )
  return took
}

/** Open items that this many people may have, each with one of them. */
async function named(count: number): Promise<{ reviewer: Reviewer; itemId: string }[]> {
  const { rows } = await raw<{ id: string }>`
    SELECT id FROM darkroom.review_item TABLESAMPLE SYSTEM (20)
     WHERE state = 'open' AND NOT restricted AND lease_person IS NULL AND kind = 'hold' LIMIT ${count * 2}`.execute(
    database.sql,
  )
  const generalists = people.filter((_, index) => index % 4 === 0 || index % 4 === 2)
  return rows.flatMap(({ id }, index) => {
    const reviewer = generalists[index % generalists.length]
    return reviewer === undefined ? [] : [{ reviewer, itemId: id }]
  })
}

const NAMES = ['next', 'named', 'decide', 'peer: take', 'peer: select'] as const
const took = new Map(NAMES.map((name) => [name, [] as number[][]]))
const keep = (name: (typeof NAMES)[number], round: number, times: number[]) => {
  if (round >= 0) took.get(name)?.push(times)
}
const [one] = cpus()
process.stdout.write(
  `${cpus().length} × ${one?.model}; PostgreSQL in a cluster of its own, fsync off; Node ${process.version}; load ${load()}
${items} open items of ${TENANTS} tenants, ${reviewers} reviewers; ${AT_ONCE} in flight, ${rounds} alternating rounds of ${each} after one to warm up\n\n`,
)
for (let round = -1; round < rounds; round++) {
  const turns = Array.from({ length: each }, anybody)
  const held: Held[] = []
  keep('peer: take', round, await timed(turns, () => takeBare(database)))
  const nexts = await timed(turns, async (reviewer) => {
    const lease = await handOutNext(database, rules, reviewer, { lane: null, token: undefined })
    if (lease !== null) held.push({ reviewer, lease })
  })
  keep('next', round, nexts)
  keep('peer: select', round, await timed(turns, () => selectBare(database.sql)))
  const decided = await timed(held, ({ reviewer, lease }) =>
    decide(database, tools, reviewer, lease.itemId, lease.token, ALLOW),
  )
  keep('decide', round, decided)
  const claimed: Held[] = []
  const claims = await timed((await named(each)).slice(0, each), async ({ reviewer, itemId }) => {
    const lease = await handOutItem(database, rules, reviewer, itemId).catch(() => null)
    if (lease !== null) claimed.push({ reviewer, lease })
  })
  keep('named', round, claims)
  const back = { note: null, to: null }
  await timed(claimed, ({ reviewer, lease }) =>
    releaseItem(database.sql, rules, reviewer, lease.itemId, lease.token, back),
  )
}

const p = (name: (typeof NAMES)[number], q: number) => (took.get(name) ?? []).map((times) => quantile(times, q))
const against = (name: (typeof NAMES)[number], peer: (typeof NAMES)[number]) => {
  const theirs = p(peer, 0.95)
  return spread(
    p(name, 0.95).map((ours, round) => ours / (theirs[round] ?? Number.NaN)),
    2,
  )
}
process.stdout.write('| | p50 ms | p95 ms | p99 ms | p95 / take | p95 / select |\n|---|---|---|---|---|---|\n')
for (const name of NAMES)
  process.stdout.write(
    `| ${name} | ${spread(p(name, 0.5), 2)} | ${spread(p(name, 0.95), 2)} | ${spread(p(name, 0.99), 2)} | ${against(name, 'peer: take')} | ${against(name, 'peer: select')} |\n`,
  )
process.stdout.write(`\nmedians (least–most) of the rounds' own quantiles and ratios; load ${load()}\n\n`)

await using crowd = await openDatabase({ url: place.url, home: null, poolSize: 50 })
const { claims, conflicts, empty, seconds, times } = await contend(crowd, tools, people, 25, ALLOW)
process.stdout.write(
  `${people.length} reviewers at once over 50 connections: ${claims} claims in ${seconds.toFixed(1)} s (${(claims / seconds).toFixed(0)} a second), each decided; ${empty} found nothing; items held by two: ${conflicts}; claim p50 ${median(times).toFixed(1)} ms, p95 ${quantile(times, 0.95).toFixed(1)} ms; load ${load()}\n`,
)

function load(): string {
  return (loadavg()[0] ?? 0).toFixed(1)
}
