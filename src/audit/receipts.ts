// Receipts: that a picture was released, or a statement of reasons made, is in the log, for its owner to keep and for anybody to check
// without this service (receipt-check.ts). The row says what its entry was made of where its owner may see all of that; else the entry
// stands alone. An image's release is opened: its facts are the digest and the name of its file.
import { sql as raw, type SqlBool } from 'kysely'
import type { Sql } from '../kernel/database.ts'
import { Fault } from '../kernel/fault.ts'
import { entryOf, type LeafRow } from '../kernel/leaf.ts'
import { rowLine } from './export-format.ts'
import { openedOf } from './export-rows.ts'
import type { TransparencyLog } from './log.ts'
import { formatLogProof } from './log-proof.ts'
import { inclusionProof } from './merkle.ts'
import { newestCheckpoint, servedCheckpoint } from './publication.ts'
import { isWithheld } from './restricted.ts'
import { type LogStore, nodesOf } from './tree-store.ts'

export type Receipt = {
  readonly index: number
  /** `{entry, index, opened}` as docs/audit-format.md has it, in canonical form. */
  readonly row: string
  readonly proof: readonly Buffer[]
  readonly checkpoint: string
}

type Move = LeafRow & { log_index: string | null }

/** After which a leaf that waits is in a signed tree, unless something is wrong. */
const SOON_MS = 1000

/** Of an image's last release. Faults: conflict (it was not released, or its leaf waits), object_missing, object_mismatch, object_store_failed. */
export async function imageReceipt(sql: Sql, log: TransparencyLog, imageId: string): Promise<Receipt> {
  const move = await moves(sql, imageId).where('kind', '=', 'image.published').orderBy('id', 'desc').executeTakeFirst()
  if (move === undefined)
    throw new Fault('conflict', { detail: 'the image was not released; a receipt is of its release' })
  return receiptOf(sql, log, move, true)
}

/** Of the move that a statement was made with. Its row stays closed. Faults: as imageReceipt. */
export async function statementReceipt(
  sql: Sql,
  log: TransparencyLog,
  statement: { id: string; subjectId: string },
): Promise<Receipt> {
  // Its facts name thresholds, and people's part in it.
  const move = await moves(sql, statement.subjectId)
    .where(raw<SqlBool>`facts->>'statement' = ${statement.id}`)
    .orderBy('id')
    .executeTakeFirstOrThrow()
  return receiptOf(sql, log, move, false)
}

/** Of the row at an index: opened, unless it belongs to a restricted case. Faults: as imageReceipt; not_found. */
export async function rowReceipt(sql: Sql, log: TransparencyLog, index: number): Promise<Receipt> {
  const move = await movesOfAll(sql).where('log_index', '=', String(index)).executeTakeFirst()
  if (move === undefined) throw new Fault('not_found', { detail: 'the log has no row at this index' })
  return receiptOf(sql, log, move, !(await isWithheld(sql, move)))
}

/** A `c2sp.org/tlog-proof` whose extra data are the row. */
export function receiptText({ index, row, proof, checkpoint }: Receipt): string {
  return formatLogProof({ index, hashes: [...proof], checkpoint, extra: Buffer.from(row) })
}

function moves(sql: Sql, subjectId: string) {
  return movesOfAll(sql).where('subject_id', '=', subjectId)
}

function movesOfAll(sql: Sql) {
  return sql
    .selectFrom('darkroom.move')
    .select(['subject', 'subject_id', 'kind', 'from_state', 'to_state', 'facts', 'at', 'leaf_salt'])
    .select(['tenant_pseudonym', 'tenant_sequence', 'previous_leaf', 'log_index'])
}

async function receiptOf(sql: Sql, { store }: TransparencyLog, move: Move, opens: boolean): Promise<Receipt> {
  const index = move.log_index === null ? Number.POSITIVE_INFINITY : Number(move.log_index)
  const signed = await checkpointOver(sql, index)
  if (signed === null)
    throw new Fault('conflict', {
      retry: 'later',
      detail: 'its leaf is not in a signed tree of the log yet; it will be within a second',
      facts: { retryAfterMs: SOON_MS },
    })
  const row = rowLine(index, entryOf(move), opens ? openedOf(move) : null).trimEnd()
  const proof = await inclusionProof(index, signed.size, nodesOf(readOnce(store), signed.size))
  return { index, row, proof, checkpoint: signed.note }
}

/** The one that is served, with its cosignatures, where the leaf is in it; else the newest. Null: the leaf is in no signed tree. */
async function checkpointOver(sql: Sql, index: number): Promise<{ size: number; note: string } | null> {
  const served = await servedCheckpoint(sql)
  if (served !== null && served.size > index) return served
  const newest = await newestCheckpoint(sql)
  return newest !== null && newest.size > index ? newest : null
}

/** A proof's nodes lie in few tiles. */
function readOnce(store: LogStore): LogStore {
  const read = new Map<string, ReturnType<LogStore['get']>>()
  return {
    ...store,
    get: (key) => {
      const object = read.get(key) ?? store.get(key)
      read.set(key, object)
      return object
    },
  }
}
