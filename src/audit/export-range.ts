// Which leaves an export has: all that the log has of its period and what lies two minutes about it, so that whoever verifies it sees that
// the period begins and ends within the range. Decided once, when every move of the period is in a signed tree; and which of its rows
// belong to restricted cases.
import { sql as raw } from 'kysely'
import type { Database, Sql, Tx } from '../kernel/database.ts'
import { isInLog } from './export-subjects.ts'
import { RESTRICTED_REQUESTS } from './restricted.ts'

export type Range = { readonly first: number; readonly end: number; readonly size: number }

const MARGIN_SECONDS = 120

/** The range of a period; null while a move of it may still come, or is in no signed tree. */
export async function findRange(database: Database, { from, to }: { from: Date; to: Date }): Promise<Range | null> {
  if (!(await isSigned(database.sql, to))) return null
  await settleChains(database)
  return database.transact(async (tx) => ((await isSigned(tx, to)) ? readRange(tx, from, to) : null))
}

/** `known`: some row of the log is about the subject that was asked for, or none was. */
export type Outlook = { readonly rows: number; readonly whole: boolean; readonly known: boolean }

/** About how many leaves a period's range has, from the moves at its ends; `whole`: the log has every move of it. */
export async function foreseeRange(
  sql: Sql,
  { from, to, subject }: { from: Date; to: Date; subject: string | null },
): Promise<Outlook> {
  const { rows } = await raw<{ first: string | null; last: string | null; size: string }>`
    SELECT tree_size AS size,
           (SELECT log_index FROM darkroom.move
             WHERE at >= ${from}::timestamptz - ${MARGIN_SECONDS} * interval '1 second' AND log_index IS NOT NULL
             ORDER BY at, log_index LIMIT 1) AS first,
           (SELECT log_index FROM darkroom.move
             WHERE at < ${to}::timestamptz + ${MARGIN_SECONDS} * interval '1 second' AND log_index IS NOT NULL
             ORDER BY at DESC, log_index DESC LIMIT 1) AS last
      FROM darkroom.log`.execute(sql)
  const [found] = rows
  if (found === undefined) throw new TypeError('the log has one row')
  const { first, end } = bounds(found)
  const known = subject === null || (await isInLog(sql, subject))
  return { rows: Math.max(0, end - first), whole: await isSigned(sql, to), known }
}

/** Whether all moves that were made before `to` and are there are in a signed tree. */
async function isSigned(sql: Sql | Tx, to: Date): Promise<boolean> {
  const { rows } = await raw<{ open: boolean }>`
    SELECT darkroom.now() < ${to}::timestamptz OR tree_size = 0
        OR EXISTS (SELECT FROM darkroom.move WHERE log_index IS NULL AND at < ${to})
        OR EXISTS (SELECT FROM darkroom.move WHERE log_index >= log.tree_size AND at < ${to}) AS open
      FROM darkroom.log AS log`.execute(sql)
  return rows[0]?.open === false
}

/**
 * Waits for every transaction that may still add a move of a time that has passed: it holds its tenant's row from the moment that gives
 * the move its time. Those that nobody holds are asked at once; the others one by one, so that nobody waits for two of them.
 */
async function settleChains({ sql, transact }: Database): Promise<void> {
  const all = await sql.selectFrom('darkroom.tenant').select('id').orderBy('id').execute()
  const tenants = (tx: Tx) => tx.selectFrom('darkroom.tenant').select('id')
  const free = await transact((tx) => tenants(tx).forShare().skipLocked().execute())
  const settled = new Set(free.map(({ id }) => id))
  for (const { id } of all)
    if (!settled.has(id)) await transact((tx) => tenants(tx).where('id', '=', id).forShare().execute())
}

/** Never empty, so that its first and last row show where the period lies. */
async function readRange(tx: Tx, from: Date, to: Date): Promise<Range> {
  const { rows } = await raw<{ first: string | null; last: string | null; size: string }>`
    SELECT tree_size AS size,
           (SELECT min(log_index) FROM darkroom.move
             WHERE at >= ${from}::timestamptz - ${MARGIN_SECONDS} * interval '1 second' AND log_index < log.tree_size) AS first,
           (SELECT max(log_index) FROM darkroom.move
             WHERE at < ${to}::timestamptz + ${MARGIN_SECONDS} * interval '1 second' AND log_index < log.tree_size) AS last
      FROM darkroom.log AS log`.execute(tx)
  const [found] = rows
  if (found === undefined) throw new TypeError('the log has one row')
  return bounds(found)
}

/** One leaf more on each side, where there is one. */
function bounds(found: { first: string | null; last: string | null; size: string }): Range {
  const size = Number(found.size)
  return {
    first: Math.max(0, Number(found.first ?? size) - 1),
    end: Math.min(size, Number(found.last ?? -1) + 2),
    size,
  }
}

/** Indices in the range, ascending, of rows about a restricted case: its request, the images, appeals and review items of that. */
export async function restrictedIn(sql: Sql | Tx, { first, end }: Range): Promise<number[]> {
  const { rows } = await raw<{ log_index: string }>`
    WITH restricted AS ${RESTRICTED_REQUESTS},
    about AS (
      SELECT id FROM restricted
       UNION SELECT image.id FROM darkroom.image AS image JOIN restricted ON restricted.id = image.request_id
       UNION SELECT appeal.id FROM darkroom.appeal AS appeal JOIN restricted ON restricted.id = appeal.request_id
       UNION SELECT item.id FROM darkroom.review_item AS item JOIN restricted ON restricted.id = item.request_id)
    SELECT move.log_index FROM darkroom.move AS move JOIN about ON about.id = move.subject_id
     WHERE move.log_index >= ${first}::bigint AND move.log_index < ${end}::bigint
     ORDER BY move.log_index`.execute(sql)
  return rows.map(({ log_index }) => Number(log_index))
}
