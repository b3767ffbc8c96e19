// A reviewer's own verdicts, newest first, as they gave them; what became of an item is told once it is closed.
import { sql as raw } from 'kysely'
import type { Sql } from '../kernel/database.ts'
import { parseId } from '../kernel/ids.ts'
import type { ModerationPolicy } from '../policy/policy.ts'
import { type Page, pageOf, wrongCursor } from '../tenant/administered.ts'
import { LANE, type Lane } from './lane.ts'
import type { Reviewer } from './reviewer.ts'

export type Mine = {
  item_id: string
  lane: Lane
  outcome: string
  clause: string | null
  rule: string | null
  reason: string | null
  note: string | null
  at: string
  effect_at: string | null
  /** Whether it can still be taken back. */
  undoable: boolean
  /** How the item was decided. */
  ruling: string | null
}
type Row = Omit<Mine, 'rule' | 'at' | 'effect_at'> & { id: string; at: Date; effect_at: Date | null }

/** `next`: the last verdict of the page, where there are more. Fault: invalid_request (field after). */
export async function listMine(
  sql: Sql,
  policy: ModerationPolicy,
  { personId }: Reviewer,
  page: Page,
): Promise<{ data: Mine[]; next: string | null }> {
  const from = page.after === null ? null : await placeOf(sql, personId, page.after)
  const beyond =
    from === null ? raw<boolean>`true` : raw<boolean>`(verdict.at, verdict.id) < (${from.at}::timestamptz, ${from.id})`
  const found = await raw<Row>`
    SELECT verdict.id, verdict.item_id, ${LANE} AS lane, verdict.outcome, verdict.clause, verdict.reason, verdict.note, verdict.at,
           coalesce(verdict.effect_at, verdict.counted_at, item.effect_at) AS effect_at,
           verdict.counted_at IS NULL AND item.state = 'decided' AND item.effect_at > (SELECT darkroom.now()) AS undoable,
           CASE WHEN item.state = 'closed' THEN item.ruling ->> 'outcome' END AS ruling
      FROM darkroom.review_verdict AS verdict
      JOIN darkroom.review_item AS item ON item.id = verdict.item_id
      JOIN darkroom.active_reviewer AS who ON who.person_id = verdict.person_id
     WHERE verdict.person_id = ${personId} AND verdict.undone_at IS NULL AND (who.restricted OR NOT item.restricted) AND ${beyond}
     ORDER BY verdict.at DESC, verdict.id DESC LIMIT ${page.limit + 1}`.execute(sql)
  const { rows, hasMore } = pageOf(found.rows, page)
  return {
    data: rows.map(({ id: _id, at, effect_at, ...row }) => ({
      ...row,
      rule: row.clause === null ? null : (policy.clauses.get(row.clause)?.rule ?? null),
      at: at.toISOString(),
      effect_at: effect_at?.toISOString() ?? null,
    })),
    next: hasMore ? (rows.at(-1)?.id ?? null) : null,
  }
}

/** As text: a Date would lose the microseconds. */
async function placeOf(sql: Sql, personId: string, after: string): Promise<{ at: string; id: string }> {
  const id = parseId('vrd', after)
  const { rows } = await raw<{ at: string; id: string }>`
    SELECT at::text AS at, id FROM darkroom.review_verdict WHERE id = ${id} AND person_id = ${personId}`.execute(sql)
  const [row] = rows
  if (row === undefined) throw wrongCursor()
  return row
}
