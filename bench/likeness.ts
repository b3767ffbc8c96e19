// How soon a released picture is found by its looks among a million, against reading the whole table in the same run: ten at a time would
// only queue, so one at a time, in alternating rounds, medians. Copies differ from what was released in 0 to 20 bits; strangers in
// about 128. Twice: codes at random, and codes that crowd as those of one model's pictures do. Real PostgreSQL.
//   npm run bench -- bench/likeness.ts [--rows 1000000] [--rounds 7] [--each 40]
import { cpus, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { sql as raw } from 'kysely'
import { openDatabase, type Sql } from '../src/kernel/database.ts'
import { CLOSE_BITS } from '../src/mark/fingerprint.ts'
import { CODE_BITS } from '../src/mark/iscc.ts'
import { findNear } from '../src/mark/near.ts'
import { withPostgres } from '../test/support/postgres.ts'
import { quantile, spread } from './api/statistics.ts'

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '1000000' },
    rounds: { type: 'string', default: '7' },
    each: { type: 'string', default: '40' },
  },
})
const asNumber = (text: string) => {
  if (!/^\d+$/.test(text)) throw new RangeError('numbers, please')
  return Number(text)
}
const [rows, rounds, each] = [asNumber(values.rows), asNumber(values.rounds), asNumber(values.each)] as const

/** The share of a code's sixteen bands that are drawn from a few values instead of all: one in a thousand pictures shares such a band. */
const CROWDS = { 'at random': 0, crowded: 0.5 } as const
const CROWD_VALUES = 1000

const postgres = await withPostgres(['-c', 'shared_buffers=1GB', '-c', 'maintenance_work_mem=256MB'])
if ('missing' in postgres) throw new Error(`needs ${postgres.missing}`)
await using server = postgres
const [one] = cpus()
process.stdout.write(
  `${cpus().length} × ${one?.model}; PostgreSQL in a cluster of its own, fsync off; Node ${process.version}; load ${load()}
${rows} released pictures; ${rounds} alternating rounds of ${each} after one to warm up; within ${CLOSE_BITS} bits\n\n`,
)

for (const [name, share] of Object.entries(CROWDS)) {
  await using place = await server.database()
  await using database = await openDatabase({ url: place.url, home: null, poolSize: 1 })
  const { sql } = database
  const began = performance.now()
  await fill(sql, rows, share)
  process.stdout.write(
    `## ${name}\n\nfilled and indexed in ${((performance.now() - began) / 1000).toFixed(0)} s; ${await sizes(sql)}\n\n`,
  )
  await measure(sql)
}

/** Rows without images behind them; the indexes are built after, as a restore does. */
async function fill(sql: Sql, count: number, share: number): Promise<void> {
  await raw`ALTER TABLE darkroom.fingerprint DROP CONSTRAINT fingerprint_image_id_fkey`.execute(sql)
  const { rows: indexes } = await raw<{ name: string; made_by: string }>`
    SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS made_by FROM pg_index
     WHERE indrelid = 'darkroom.fingerprint'::regclass AND NOT indisprimary`.execute(sql)
  for (const { name } of indexes) await raw`DROP INDEX ${raw.raw(name)}`.execute(sql)
  const band = raw`lpad(to_hex(CASE WHEN random() < ${share}::float8
      THEN (floor(random() * ${CROWD_VALUES}::int)::bigint * 40503 + band * 7919) % 65536 ELSE floor(random() * 65536)::bigint END), 4, '0')`
  for (let from = 0; from < count; from += 100_000)
    await raw`
      INSERT INTO darkroom.fingerprint (image_id, bits)
      SELECT 'img_' || i, ('x' || string_agg(${band}, '' ORDER BY band))::bit(256)
        FROM generate_series(${from}::int, ${Math.min(count, from + 100_000) - 1}::int) AS i, generate_series(0, 15) AS band
       GROUP BY i`.execute(sql)
  for (const { made_by } of indexes) await raw`${raw.raw(made_by)}`.execute(sql)
  await raw`VACUUM ANALYZE darkroom.fingerprint`.execute(sql)
}

async function sizes(sql: Sql): Promise<string> {
  const { rows: told } = await raw<{ heap: string; indexes: string }>`
    SELECT pg_size_pretty(pg_relation_size('darkroom.fingerprint')) AS heap,
           pg_size_pretty(pg_indexes_size('darkroom.fingerprint')) AS indexes`.execute(sql)
  return `rows ${told[0]?.heap}, indexes ${told[0]?.indexes}`
}

/** What a table without bands would do: every row compared, by one process. */
async function scan(sql: Sql, hex: string): Promise<void> {
  await raw`
    WITH asked AS (SELECT ${`x${hex}`}::text::bit(256) AS bits)
    SELECT image_id, bit_count(fingerprint.bits # asked.bits) AS distance FROM darkroom.fingerprint, asked
     WHERE bit_count(fingerprint.bits # asked.bits) <= ${CLOSE_BITS} ORDER BY distance LIMIT 1`.execute(sql)
}

type Asked = { hex: string; imageId: string; away: number }

/** Released pictures, each turned in 0 to 20 bits. */
async function copies(sql: Sql, count: number): Promise<Asked[]> {
  const ids = Array.from({ length: count }, () => `img_${Math.floor(Math.random() * rows)}`)
  const { rows: found } = await raw<{ image_id: string; bits: string }>`
    SELECT image_id, bits::text FROM darkroom.fingerprint WHERE image_id = ANY(${ids}::text[])`.execute(sql)
  return found.map(({ image_id: imageId, bits }) => {
    const away = Math.floor(Math.random() * (CLOSE_BITS + 1))
    return { hex: hexOf(turn([...bits], away)), imageId, away }
  })
}

function stranger(): string {
  return hexOf(Array.from({ length: CODE_BITS }, () => (Math.random() < 0.5 ? '0' : '1')))
}

function turn(bits: string[], count: number): string[] {
  const places = new Set<number>()
  while (places.size < count) places.add(Math.floor(Math.random() * bits.length))
  return bits.map((bit, i) => (places.has(i) ? (bit === '1' ? '0' : '1') : bit))
}

function hexOf(bits: readonly string[]): string {
  return (bits.join('').match(/.{4}/g) ?? []).map((four) => Number.parseInt(four, 2).toString(16)).join('')
}

async function measure(sql: Sql): Promise<void> {
  await raw`SET max_parallel_workers_per_gather = 0`.execute(sql)
  const took = { copies: [] as number[][], strangers: [] as number[][], scan: [] as number[][] }
  const [asked, found] = [new Map<string, number>(), new Map<string, number>()]
  for (let round = -1; round < rounds; round++) {
    const known = await copies(sql, each)
    const times = { copies: [] as number[], strangers: [] as number[], scan: [] as number[] }
    for (const { hex, imageId, away } of known) {
      const reach = away <= 15 ? '0–15' : '16–20'
      const began = performance.now()
      const [nearest] = await findNear(sql, hex, CLOSE_BITS, 1)
      times.copies.push(performance.now() - began)
      asked.set(reach, (asked.get(reach) ?? 0) + 1)
      if (nearest?.imageId === imageId) found.set(reach, (found.get(reach) ?? 0) + 1)
    }
    for (let i = 0; i < each; i++) {
      const hex = stranger()
      const began = performance.now()
      await findNear(sql, hex, CLOSE_BITS, 1)
      times.strangers.push(performance.now() - began)
    }
    for (const { hex } of known.slice(0, 5)) {
      const began = performance.now()
      await scan(sql, hex)
      times.scan.push(performance.now() - began)
    }
    if (round >= 0) for (const kind of ['copies', 'strangers', 'scan'] as const) took[kind].push(times[kind])
  }
  const scanned = took.scan.map((times) => quantile(times, 0.5))
  process.stdout.write('| | p50 ms | p95 ms | p50 / scan |\n|---|---|---|---|\n')
  for (const [kind, times] of Object.entries(took)) {
    const p = (q: number) => times.map((round) => quantile(round, q))
    const ratio = p(0.5).map((ours, round) => ours / (scanned[round] ?? Number.NaN))
    process.stdout.write(`| ${kind} | ${spread(p(0.5), 2)} | ${spread(p(0.95), 2)} | ${spread(ratio, 4)} |\n`)
  }
  const recall = [...asked].map(([reach, count]) => `${reach} bits away ${found.get(reach) ?? 0} of ${count}`)
  process.stdout.write(`\nfound: ${recall.sort().join(', ')}; load ${load()}\n\n`)
}

function load(): string {
  return (loadavg()[0] ?? 0).toFixed(1)
}
