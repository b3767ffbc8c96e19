// The log's rows: who leads, which moves have which index, the tree as it was signed last. Indices are given out, and the tree moves
// on, only under the lease and its epoch. A move whose index is `size` or more is staged: in no signed tree yet.
import { sql as raw } from 'kysely'
import type { Sql, Tx } from '../kernel/database.ts'
import { Fault } from '../kernel/fault.ts'
import type { LeafRow } from '../kernel/leaf.ts'

/** The tree as it was signed last. `checkpoints`: how many were signed. */
export type LogState = { origin: string | null; size: number; root: Buffer; checkpoints: number }

export type Lead = LogState & { holder: string; epoch: string }

export type Indexed = LeafRow & { log_index: string | null; leaf_hash: string }

export type Signed = { size: number; root: Buffer; note: string }

type Row = { origin: string | null; tree_size: string; root: string; checkpoints: string }

export async function readLogState(sql: Sql): Promise<LogState> {
  return stateOf(await sql.selectFrom('darkroom.log').selectAll().executeTakeFirstOrThrow())
}

/** Whether a move waits for its index, or has one in no signed tree. */
export async function hasUnsigned(sql: Sql): Promise<boolean> {
  const { rows } = await raw<{ has: boolean }>`
    SELECT EXISTS (SELECT FROM darkroom.move WHERE log_index IS NULL)
        OR EXISTS (SELECT FROM darkroom.move WHERE log_index >= (SELECT tree_size FROM darkroom.log)) AS has`.execute(
    sql,
  )
  return rows[0]?.has === true
}

/** Takes or renews the lease. Null when another process leads. The row is locked to the end of the transaction. */
export async function lead(tx: Tx, holder: string, leaseMs: number): Promise<Lead | null> {
  const { rows } = await raw<Row & { epoch: string }>`
    UPDATE darkroom.log
       SET epoch = epoch + CASE WHEN holder = ${holder} THEN 0 ELSE 1 END, holder = ${holder},
           lease_until = darkroom.now() + ${leaseMs} * interval '1 millisecond'
     WHERE holder = ${holder} OR holder IS NULL OR lease_until <= darkroom.now()
    RETURNING origin, tree_size, root, checkpoints, epoch`.execute(tx)
  const [row] = rows
  return row === undefined ? null : { ...stateOf(row), holder, epoch: row.epoch }
}

/** Gives the lead up, so that another need not wait for the lease to run out. */
export async function resignLog(sql: Sql, holder: string): Promise<void> {
  await sql.updateTable('darkroom.log').set({ holder: null, lease_until: null }).where('holder', '=', holder).execute()
}

/** The log's name, given once for good. In the transaction that leads. */
export async function nameLog(tx: Tx, origin: string): Promise<void> {
  await tx.updateTable('darkroom.log').set({ origin }).where('origin', 'is', null).execute()
}

/**
 * Gives the next indices to at most `most` moves that have none, in the transaction that leads; but none while a batch is staged,
 * which must be signed as it is. In order of id, whatever ids were before: they commit out of order, a tenant's own do not.
 */
export async function stage(tx: Tx, { size }: Lead, most: number): Promise<void> {
  await raw`
    UPDATE darkroom.move AS move SET log_index = ${size}::bigint + waiting.position
      FROM (SELECT id, row_number() OVER (ORDER BY id) - 1 AS position
              FROM (SELECT id FROM darkroom.move WHERE log_index IS NULL ORDER BY id LIMIT ${most}) AS oldest) AS waiting
     WHERE move.id = waiting.id
       AND NOT EXISTS (SELECT FROM darkroom.move AS staged WHERE staged.log_index >= ${size}::bigint)`.execute(tx)
}

/** Moves with an index from `first` on, in its order. Fault: log_inconsistent, where indices are not contiguous. */
export async function readIndexed(sql: Sql | Tx, first: number): Promise<Indexed[]> {
  const rows = await sql
    .selectFrom('darkroom.move')
    .select(['subject', 'subject_id', 'kind', 'from_state', 'to_state', 'facts', 'at', 'leaf_salt', 'leaf_hash'])
    .select(['tenant_pseudonym', 'tenant_sequence', 'previous_leaf', 'log_index'])
    .where('log_index', '>=', String(first))
    .orderBy('log_index')
    .execute()
  const gap = rows.findIndex((row, i) => Number(row.log_index) !== first + i)
  if (gap >= 0)
    throw new Fault('log_inconsistent', {
      detail: `the log's index ${first + gap} belongs to no move; nothing is signed over the gap`,
      facts: { index: first + gap },
    })
  return rows
}

/** Moves the tree on from where `lead` found it, with its checkpoint. Fault: lease_lost (somebody else leads, or was faster). */
export async function moveTree(tx: Tx, { holder, epoch, size }: Lead, { note, ...tree }: Signed): Promise<void> {
  const root = tree.root.toString('hex')
  const { numUpdatedRows } = await tx
    .updateTable('darkroom.log')
    .set({ tree_size: tree.size, root, checkpoints: raw<string>`checkpoints + 1` })
    .where('holder', '=', holder)
    .where('epoch', '=', epoch)
    .where('tree_size', '=', String(size))
    .executeTakeFirst()
  if (numUpdatedRows !== 1n) throw new Fault('lease_lost', { retry: 'now', facts: { size: tree.size } })
  await tx.insertInto('darkroom.log_checkpoint').values({ size: tree.size, root, note }).execute()
}

function stateOf({ origin, tree_size, root, checkpoints }: Row): LogState {
  return { origin, size: Number(tree_size), root: Buffer.from(root, 'hex'), checkpoints: Number(checkpoints) }
}
