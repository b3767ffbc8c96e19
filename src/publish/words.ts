// What people wrote about content ends with it: what appellants said in appeals that have ended, what reviewers noted for each other. In
// the transaction that erases the content, under its request's lock and after its review items are closed.
import { sql as raw } from 'kysely'
import type { Tx } from '../kernel/database.ts'

/** Of everything of a request, or of one image alone. */
export async function forgetWords(tx: Tx, about: { requestId: string } | { imageId: string }): Promise<void> {
  const [column, id] = 'requestId' in about ? ['request_id', about.requestId] : ['image_id', about.imageId]
  await raw`
    WITH noted AS (
      UPDATE darkroom.review_item SET handover_note = NULL WHERE ${raw.ref(column)} = ${id} AND handover_note IS NOT NULL)
    UPDATE darkroom.review_verdict SET note = NULL
     WHERE note IS NOT NULL AND item_id IN (SELECT id FROM darkroom.review_item WHERE ${raw.ref(column)} = ${id})`.execute(
    tx,
  )
  await raw`
    UPDATE darkroom.appeal SET text = NULL, salt = NULL
     WHERE ${raw.ref(column)} = ${id} AND state NOT IN ('open', 'reviewing') AND (text IS NOT NULL OR salt IS NOT NULL)`.execute(
    tx,
  )
}
