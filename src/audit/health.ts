// How the log does, for those who answer for it: its tree and how far that is behind the records, who vouches for it, where it lies, and
// what hangs on it. Read from the records alone; health-problems.ts says what of it is not well.
import { sql as raw } from 'kysely'
import { sha256 } from '../kernel/canonical.ts'
import type { Config } from '../kernel/config.ts'
import type { Sql } from '../kernel/database.ts'
import { originOf, type TransparencyLog } from './log.ts'
import { verifierKeyOf } from './log-keys.ts'
import { parseVerifierKey } from './note.ts'
import { timestampTime } from './timestamp.ts'

/** `size`: of the newest tree that it vouches for; `behindSince`: when the first tree was signed that it does not vouch for. */
type Vouched = { readonly size: number | null; readonly at: Date | null; readonly behindSince: Date | null }
export type WitnessHealth = Vouched & {
  readonly name: string
  readonly key: string
  readonly behind: number
  readonly failure: string | null
}
/** `at`: of the checkpoint; `datedAt`: what the authority says, where its token can be read. */
export type DatedHealth = Vouched & {
  readonly authority: string
  readonly datedAt: Date | null
  readonly failure: string | null
}
export type LogHealth = {
  readonly at: Date
  readonly origin: string
  readonly key: string
  /** Of what `/log/key` answers, its newline included. */
  readonly keySha256: string
  readonly tree: { readonly size: number; readonly root: string; readonly at: Date | null; readonly rounds: number }
  readonly unsigned: { readonly moves: number; readonly oldestSeconds: number }
  /** The last 24 hours of the clock, this one included. */
  readonly hours: readonly { readonly at: Date; readonly leaves: number }[]
  readonly witnesses: readonly WitnessHealth[]
  /** Null: no authority on time is configured. */
  readonly timestamps: DatedHealth | null
  /** `lockDays`: how long Object Lock holds what is written; null: nothing holds it. */
  readonly store: { readonly kind: 's3' | 'files'; readonly lockDays: number | null }
  readonly waitingImages: number
  readonly failedExports: readonly { readonly failure: string; readonly count: number }[]
  readonly recheck: RecheckHealth
}
type RecheckHealth = {
  readonly perHour: number
  readonly at: Date | null
  readonly result: string | null
  /** Of the last day, by result. */
  readonly found: readonly { readonly result: string; readonly count: number }[]
}

export type HealthTools = {
  readonly sql: Sql
  readonly config: Pick<Config, 'transparency' | 'timestamps' | 'objects' | 'provenance'>
  readonly transparency: Pick<TransparencyLog, 'key' | 'origin'>
}

export async function readLogHealth({ sql, config, transparency }: HealthTools): Promise<LogHealth> {
  const log = await readTree(sql)
  const origin = originOf(log.origin, transparency.origin)
  const key = verifierKeyOf(transparency.key, origin)
  const { s3 } = config.objects
  const size = Number(log.size)
  return {
    at: log.now,
    origin,
    key,
    keySha256: sha256(`${key}\n`),
    tree: {
      size,
      root: Buffer.from(log.root, 'hex').toString('base64'),
      at: log.at,
      rounds: Number(log.rounds),
    },
    unsigned: { moves: Number(log.unsigned), oldestSeconds: Number(log.oldest) },
    hours: await readHours(sql),
    witnesses: await readWitnessHealth(sql, config.transparency.witnesses, size),
    timestamps: config.timestamps.url === null ? null : await readDated(sql, config.timestamps.url),
    store: s3 === null ? { kind: 'files', lockDays: null } : { kind: 's3', lockDays: s3.logRetentionDays },
    waitingImages: Number(log.images),
    failedExports: await readFailedExports(sql),
    recheck: { perHour: config.provenance.rechecksPerHour, ...(await readRecheck(sql)) },
  }
}

type Tree = {
  now: Date
  origin: string | null
  size: string
  root: string
  rounds: string
  at: Date | null
  unsigned: string
  oldest: string
  images: string
}

async function readTree(sql: Sql): Promise<Tree> {
  const { rows } = await raw<Tree>`
    SELECT darkroom.now() AS now, origin, tree_size AS size, root, checkpoints AS rounds,
           (SELECT at FROM darkroom.log_checkpoint WHERE size = tree_size) AS at,
           (SELECT count(*) FROM darkroom.move WHERE log_index IS NULL)
             + (SELECT count(*) FROM darkroom.move WHERE log_index >= tree_size) AS unsigned,
           coalesce(greatest(0, extract(epoch FROM darkroom.now() - least(
             (SELECT at FROM darkroom.move WHERE log_index IS NULL ORDER BY id LIMIT 1),
             (SELECT at FROM darkroom.move WHERE log_index >= tree_size ORDER BY log_index LIMIT 1)))), 0) AS oldest,
           (SELECT count(*) FROM darkroom.task WHERE stage = 'publish') AS images
      FROM darkroom.log`.execute(sql)
  const [row] = rows
  if (row === undefined) throw new TypeError('the log has one row')
  return row
}

/** From the trees that were signed by the end of each hour. */
async function readHours(sql: Sql): Promise<LogHealth['hours']> {
  const { rows } = await raw<{ at: Date; leaves: string }>`
    WITH edge AS (
      SELECT hour AS at, coalesce((SELECT size FROM darkroom.log_checkpoint AS signed WHERE signed.at < hour
                                    ORDER BY signed.at DESC LIMIT 1), 0) AS size
        FROM generate_series(date_trunc('hour', darkroom.now(), 'UTC') - interval '23 hours',
                             date_trunc('hour', darkroom.now(), 'UTC') + interval '1 hour', interval '1 hour') AS hour)
    SELECT at, greatest(0, size - coalesce(lag(size) OVER (ORDER BY at), 0)) AS leaves
      FROM edge ORDER BY at`.execute(sql)
  const edges = rows.map(({ at, leaves }) => ({ at, leaves: Number(leaves) }))
  return edges.slice(0, -1).map(({ at }, hour) => ({ at, leaves: edges[hour + 1]?.leaves ?? 0 }))
}

async function readWitnessHealth(
  sql: Sql,
  configured: readonly { readonly key: string }[],
  treeSize: number,
): Promise<WitnessHealth[]> {
  const keys = configured.map(({ key }) => key)
  const { rows } = await raw<{
    key: string
    size: string | null
    at: Date | null
    since: Date | null
    failure: string | null
  }>`
    SELECT asked.key, newest.size, newest.at, witness.failure,
           (SELECT at FROM darkroom.log_checkpoint AS log WHERE log.size > coalesce(newest.size, 0)
             ORDER BY log.size LIMIT 1) AS since
      FROM unnest(${keys}::text[]) AS asked (key)
      LEFT JOIN darkroom.log_witness AS witness ON witness.key = asked.key
      LEFT JOIN LATERAL (SELECT size, at FROM darkroom.log_cosignature AS line WHERE line.key = asked.key
                          ORDER BY size DESC LIMIT 1) AS newest ON true`.execute(sql)
  return rows.map(({ key, size, at, since, failure }) => ({
    name: parseVerifierKey(key).name,
    key,
    size: size === null ? null : Number(size),
    at,
    behind: treeSize - Number(size ?? 0),
    behindSince: since,
    failure,
  }))
}

async function readDated(sql: Sql, url: string): Promise<DatedHealth> {
  const { rows } = await raw<{
    size: string | null
    at: Date | null
    token: Uint8Array | null
    since: Date | null
    failure: string | null
  }>`
    SELECT newest.size, newest.at, newest.timestamp_token AS token, publication.timestamp_failure AS failure,
           (SELECT at FROM darkroom.log_checkpoint AS log WHERE log.size > coalesce(newest.size, 0)
             ORDER BY log.size LIMIT 1) AS since
      FROM darkroom.log_publication AS publication
      LEFT JOIN LATERAL (SELECT size, at, timestamp_token FROM darkroom.log_checkpoint
                          WHERE timestamp_token IS NOT NULL ORDER BY size DESC LIMIT 1) AS newest ON true`.execute(sql)
  const [row] = rows
  if (row === undefined) throw new TypeError('what is published has one row')
  return {
    authority: new URL(url).host,
    size: row.size === null ? null : Number(row.size),
    at: row.at,
    datedAt: row.token === null ? null : timestampTime(Buffer.from(row.token)),
    behindSince: row.since,
    failure: row.failure,
  }
}

async function readFailedExports(sql: Sql): Promise<LogHealth['failedExports']> {
  const { rows } = await raw<{ failure: string | null; count: string }>`
    SELECT failure, count(*) AS count FROM darkroom.audit_export
     WHERE state = 'failed' GROUP BY failure ORDER BY failure`.execute(sql)
  return rows.map(({ failure, count }) => ({ failure: failure ?? 'internal', count: Number(count) }))
}

async function readRecheck(sql: Sql): Promise<Omit<RecheckHealth, 'perHour'>> {
  const { rows } = await raw<{ at: Date | null; result: string | null }>`
    SELECT looked_at AS at, result FROM darkroom.recheck`.execute(sql)
  const [last] = rows
  if (last === undefined) throw new TypeError('the recheck has one row')
  const found = await raw<{ result: string; count: string }>`
    SELECT coalesce(facts->>'result', 'mismatch') AS result, count(*) AS count FROM darkroom.move
     WHERE kind = 'image.recheck_failed' AND at > darkroom.now() - interval '24 hours'
     GROUP BY 1 ORDER BY 1`.execute(sql)
  return { ...last, found: found.rows.map(({ result, count }) => ({ result, count: Number(count) })) }
}
