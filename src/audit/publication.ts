// Which checkpoint the log serves, and under which cosignatures: the newest, where nobody is asked to cosign; else the one that
// witnesses were asked for last. It only moves on, never back. The rows of what witnesses saw and signed.
import { sql as raw } from 'kysely'
import type { Sql, Tx } from '../kernel/database.ts'

/** `note`: with the log's own signature alone. */
export type SignedCheckpoint = { size: number; root: Buffer; note: string }

type Row = { size: string; root: string; note: string }

/** The cosignatures of the checkpoint `log`. */
const LINES = raw`ARRAY (SELECT line FROM darkroom.log_cosignature AS by WHERE by.size = log.size ORDER BY key)`

/** The note as it is served, with every cosignature; null before the first. */
export async function servedCheckpoint(sql: Sql): Promise<{ size: number; note: string } | null> {
  const { rows } = await raw<{ size: string; note: string; lines: string[] }>`
    SELECT size, note, ${LINES} AS lines
      FROM darkroom.log_checkpoint AS log
     WHERE size = coalesce((SELECT size FROM darkroom.log_publication), (SELECT max(size) FROM darkroom.log_checkpoint))`.execute(
    sql,
  )
  const [row] = rows
  return row === undefined ? null : { size: Number(row.size), note: cosigned(row) }
}

/** The newest checkpoint that has a timestamp, as it would be served; null where none has. */
export async function datedCheckpoint(sql: Sql): Promise<string | null> {
  const { rows } = await raw<{ note: string; lines: string[] }>`
    SELECT note, ${LINES} AS lines
      FROM darkroom.log_checkpoint AS log WHERE timestamp_token IS NOT NULL ORDER BY size DESC LIMIT 1`.execute(sql)
  const [row] = rows
  return row === undefined ? null : cosigned(row)
}

/** The newest is served from now on, whichever it is. */
export async function serveNewest(sql: Sql): Promise<void> {
  await sql.updateTable('darkroom.log_publication').set({ size: null }).where('size', 'is not', null).execute()
}

/** Takes the turn to ask the witnesses; the next is so many seconds away. False: it is not due. */
export async function takeWitnessTurn(sql: Sql, seconds: number): Promise<boolean> {
  const { numUpdatedRows } = await sql
    .updateTable('darkroom.log_publication')
    .set({ witnesses_due_at: raw<Date>`darkroom.now() + ${seconds} * interval '1 second'` })
    .where('witnesses_due_at', '<=', raw<Date>`darkroom.now()`)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

export async function newestCheckpoint(sql: Sql): Promise<SignedCheckpoint | null> {
  const row = await checkpoints(sql).orderBy('size', 'desc').limit(1).executeTakeFirst()
  return row === undefined ? null : signedOf(row)
}

export async function checkpointOf(sql: Sql, size: number): Promise<SignedCheckpoint | null> {
  const row = await checkpoints(sql).where('size', '=', String(size)).executeTakeFirst()
  return row === undefined ? null : signedOf(row)
}

/** What is known of a witness: the tree that it saw last, and why the last question came to nothing. */
export type Known = { readonly size: number; readonly failure: string | null }

/** By verifier key; a witness that was never asked is not among them. */
export async function readWitnesses(sql: Sql): Promise<Map<string, Known>> {
  const rows = await sql.selectFrom('darkroom.log_witness').selectAll().execute()
  return new Map(rows.map(({ key, size, failure }) => [key, { size: Number(size), failure }]))
}

export async function cosignersOf(sql: Sql, size: number): Promise<Set<string>> {
  const rows = await sql.selectFrom('darkroom.log_cosignature').select('key').where('size', '=', String(size)).execute()
  return new Set(rows.map(({ key }) => key))
}

export async function keepWitness(tx: Tx, key: string, { size, failure }: Known): Promise<void> {
  await tx
    .insertInto('darkroom.log_witness')
    .values({ key, size, failure })
    .onConflict((conflict) => conflict.column('key').doUpdateSet({ size, failure }))
    .execute()
}

/** The one that is there already stays. */
export async function keepCosignature(tx: Tx, size: number, key: string, line: string): Promise<void> {
  await tx
    .insertInto('darkroom.log_cosignature')
    .values({ size, key, line })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}

/** From now on no checkpoint is served but by publishing it; the newest is, until there is another. */
export async function beginPublishing(sql: Sql, size: number): Promise<void> {
  await sql
    .updateTable('darkroom.log_publication')
    .set({ size, published_at: raw<Date>`darkroom.now()` })
    .where('size', 'is', null)
    .execute()
}

/**
 * Serves the checkpoint of that size, unless a newer one is served. One that nobody cosigned takes the place of a cosigned one only
 * once that was published `holdSeconds` ago: a witness that is away for a moment costs readers nothing, and for long not the log.
 */
export async function publish(tx: Tx, size: number, holdSeconds: number): Promise<void> {
  await raw`
    UPDATE darkroom.log_publication AS now SET size = ${size}::bigint, published_at = darkroom.now()
     WHERE now.size < ${size}::bigint
       AND (EXISTS (SELECT FROM darkroom.log_cosignature AS ours WHERE ours.size = ${size}::bigint)
            OR NOT EXISTS (SELECT FROM darkroom.log_cosignature AS theirs WHERE theirs.size = now.size)
            OR now.published_at <= darkroom.now() - ${holdSeconds} * interval '1 second')`.execute(tx)
}

function checkpoints(sql: Sql) {
  return sql.selectFrom('darkroom.log_checkpoint').select(['size', 'root', 'note'])
}

function signedOf({ size, root, note }: Row): SignedCheckpoint {
  return { size: Number(size), root: Buffer.from(root, 'hex'), note }
}

function cosigned({ note, lines }: { note: string; lines: string[] }): string {
  return [note, ...lines.map((line) => `${line}\n`)].join('')
}
