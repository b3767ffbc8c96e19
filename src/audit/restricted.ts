// Which requests are restricted cases, whose records nobody opens outside of the restricted team: a statement says so of the request or of
// one of its images, or a review item does. As exports have it (export-range.ts): the request with all that is about it. Rows of some
// kinds stay closed whatever they are about.
import { sql as raw } from 'kysely'
import type { Sql } from '../kernel/database.ts'
import { entryOf, type LeafRow } from '../kernel/leaf.ts'

/** Ids of their requests, as a subquery: all of them. `restrictedRequests` is the same of a few, by their indices. */
export const RESTRICTED_REQUESTS = raw`(
  SELECT coalesce(image.request_id, statement.subject_id) AS id
    FROM darkroom.statement AS statement LEFT JOIN darkroom.image AS image ON image.id = statement.subject_id
   WHERE statement.record -> 'redress' ->> 'kind' = 'restricted'
   UNION SELECT request_id FROM darkroom.review_item WHERE restricted)`

/** Whether the log itself tells a row by no other kind than `restricted`. */
export function isClosed(move: LeafRow): boolean {
  const entry: { kind?: unknown } = JSON.parse(entryOf(move))
  return entry.kind === 'restricted'
}

/** Whether a row stays closed: by its kind, or since it is about a restricted case. */
export async function isWithheld(sql: Sql, move: LeafRow): Promise<boolean> {
  if (isClosed(move)) return true
  const { rows } = await raw<{ id: string }>`
    SELECT id FROM darkroom.request WHERE id = ${move.subject_id}
     UNION ALL SELECT request_id FROM darkroom.image WHERE id = ${move.subject_id}
     UNION ALL SELECT request_id FROM darkroom.appeal WHERE id = ${move.subject_id} AND request_id IS NOT NULL
     UNION ALL SELECT request_id FROM darkroom.review_item WHERE id = ${move.subject_id}`.execute(sql)
  const about = rows.map(({ id }) => id)
  return (await restrictedRequests(sql, about)).size > 0
}

export async function restrictedRequests(sql: Sql, ids: readonly string[]): Promise<Set<string>> {
  if (ids.length === 0) return new Set()
  const { rows } = await raw<{ id: string }>`
    SELECT request.id FROM darkroom.request AS request
     WHERE request.id = ANY (${[...ids]})
       AND (EXISTS (SELECT FROM darkroom.review_item AS item WHERE item.request_id = request.id AND item.restricted)
            OR EXISTS (SELECT FROM darkroom.statement AS statement
                        WHERE statement.record->'redress'->>'kind' = 'restricted'
                          AND (statement.subject_id = request.id
                               OR statement.subject_id IN (SELECT id FROM darkroom.image WHERE request_id = request.id))))`.execute(
    sql,
  )
  return new Set(rows.map(({ id }) => id))
}
