// What must be kept although its owner or its time would have it erased: a legal hold stands on it, or it is a restricted case that is
// undecided or that no person has ended the preservation of. One condition, for erasure, for retention and for what they left to do.
import { type RawBuilder, sql as raw } from 'kysely'
import type { Sql, Tx } from '../kernel/database.ts'

/** Whether a legal hold stands on the request, whose id is a value or a column. */
export function isHeld(requestId: string | RawBuilder<string>) {
  return raw<boolean>`EXISTS (
    SELECT FROM darkroom.legal_hold WHERE legal_hold.request_id = ${requestId} AND legal_hold.lifted_at IS NULL)`
}

/** Whether a restricted team has still to decide about anything of the request. */
export function isUndecided(requestId: string | RawBuilder<string>) {
  return raw<boolean>`EXISTS (
    SELECT FROM darkroom.review_item AS item
     WHERE item.request_id = ${requestId} AND item.restricted AND item.state <> 'closed')`
}

/** Whether anything of the request must be kept. */
export function mustBeKept(requestId: string | RawBuilder<string>) {
  return raw<boolean>`(
    ${isHeld(requestId)} OR ${isUndecided(requestId)}
    OR EXISTS (SELECT FROM darkroom.statement AS stated
                WHERE stated.record->'redress'->>'kind' = 'restricted'
                  AND stated.preservation_ended_at IS NULL AND stated.replaced_by IS NULL
                  AND (stated.subject_id = ${requestId} OR stated.subject_id IN (
                        SELECT subject.id FROM darkroom.image AS subject WHERE subject.request_id = ${requestId}))))`
}

/** Ask it under the request's lock: who places a hold takes that lock too. */
export async function readMustBeKept(sql: Sql | Tx, requestId: string): Promise<boolean> {
  const { rows } = await raw<{ kept: boolean }>`SELECT ${mustBeKept(requestId)} AS kept`.execute(sql)
  return rows[0]?.kept !== false
}
