// Retention: what was kept so that it could be looked at again is erased with a record once its time is over (policies/retention.yaml).
// Each erasure is one transaction under the request's lock, which empties the row, says so in the tenant's chain and records what is to
// be removed; the objects follow (leftovers.ts, erase.ts, removals.ts) and are tried again. Legal holds and open appeals stop the clock;
// a restricted case is never erased by itself: when its time is over people are told, and decide (preservation.ts).
import { sql as raw } from 'kysely'
import { note } from '../advance.ts'
import type { Sql, Tx } from '../kernel/database.ts'
import type { Ground } from '../kernel/ground.ts'
import { GRACE_SECONDS, lockRequest } from '../outcome.ts'
import type { RetentionRules } from '../policy/retention-rules.ts'
import { closeItems } from '../review/item.ts'
import { emptyRows, recordRemoval, resumeErasures } from './erase.ts'
import { isHeld, isUndecided } from './kept.ts'
import { tellOfPreserved } from './preservation.ts'
import { forgetWords } from './words.ts'

const AT_ONCE = 100
const OMITTED = { outcome: 'omit', reason: 'content_erased' } as const

export type Retained = { images: number; requests: number; originals: number; resumed: number; due: number }

/** One bounded pass; running it again, or many at once, does nothing twice. The janitor calls it. */
export async function endRetention(ground: Ground, rules: RetentionRules): Promise<Retained> {
  const { sql, transact } = ground.database
  const count = { images: 0, requests: 0 }
  for (const due of await findImages(sql, rules)) if (await transact((tx) => eraseImage(tx, rules, due))) count.images++
  for (const due of await findRequests(sql, rules))
    if (await transact((tx) => eraseRefused(tx, rules, due))) count.requests++
  const originals = await transact((tx) => giveUpOriginals(tx, rules))
  const resumed = await resumeErasures(ground)
  return { ...count, originals, resumed, due: await tellOfPreserved(ground, rules) }
}

type Due = { id: string; request_id: string; tenant_id: string; statement_id: string }

/** Whether the time of a row's statement is over, for so long, and nothing stops its clock. Names: `statement`, `request`. */
function isOver({ graceDays }: RetentionRules, lateSeconds = 0) {
  return raw<boolean>`(
    CASE WHEN statement.record->'redress'->>'kind' = 'restricted' THEN statement.preservation_ended_at IS NOT NULL
         ELSE greatest(statement.appeal_until,
                       (SELECT max(coalesce(ended.decided_at, ended.updated_at)) FROM darkroom.appeal AS ended
                         WHERE ended.request_id = request.id))
              + ${graceDays} * interval '1 day' + ${lateSeconds} * interval '1 second' <= (SELECT darkroom.now()) END
    AND NOT EXISTS (SELECT FROM darkroom.appeal
                     WHERE appeal.request_id = request.id AND appeal.state IN ('open', 'reviewing'))
    AND NOT ${isHeld(raw.ref('request.id'))} AND NOT ${isUndecided(raw.ref('request.id'))})`
}

/** Denied and withdrawn pictures; one of them where it is named. */
async function findImages(sql: Sql | Tx, rules: RetentionRules, imageId: string | null = null): Promise<Due[]> {
  const { rows } = await raw<Due>`
    SELECT image.id, image.request_id, image.tenant_id, image.statement_id
      FROM darkroom.image AS image
      JOIN darkroom.request AS request ON request.id = image.request_id
      JOIN darkroom.statement AS statement ON statement.id = image.statement_id
     WHERE image.state IN ('denied', 'withdrawn') AND image.erased_at IS NULL
       AND (${imageId}::text IS NULL OR image.id = ${imageId}) AND ${isOver(rules)}
     ORDER BY statement.appeal_until, image.id LIMIT ${AT_ONCE}`.execute(sql)
  return rows
}

/** Refused requests; one of them where it is named. */
async function findRequests(sql: Sql | Tx, rules: RetentionRules, requestId: string | null = null): Promise<Due[]> {
  const { rows } = await raw<Due>`
    SELECT request.id, request.id AS request_id, request.tenant_id, request.statement_id
      FROM darkroom.request AS request JOIN darkroom.statement AS statement ON statement.id = request.statement_id
     WHERE request.state = 'refused' AND request.erased_at IS NULL
       AND (${requestId}::text IS NULL OR request.id = ${requestId}) AND ${isOver(rules)}
     ORDER BY statement.appeal_until, request.id LIMIT ${AT_ONCE}`.execute(sql)
  return rows
}

/** How much has its time over, or should be out of the stores by now; and how much of that since longer than these seconds. */
export async function countDue(
  tx: Tx,
  rules: RetentionRules,
  lateSeconds: number,
): Promise<{ due: number; overdue: number }> {
  const [due, overdue] = [await countOver(tx, rules, 0), await countOver(tx, rules, lateSeconds)]
  const { rows } = await raw<{ due: number; overdue: number }>`
    SELECT count(*)::int AS due,
           count(*) FILTER (WHERE since <= darkroom.now() - ${lateSeconds} * interval '1 second')::int AS overdue
      FROM (SELECT settled_at AS since FROM darkroom.erasure
             UNION ALL SELECT due_at FROM darkroom.removal
             UNION ALL SELECT leftover.settled_at FROM darkroom.leftover
               JOIN darkroom.image ON image.id = leftover.image_id WHERE NOT ${isHeld(raw.ref('image.request_id'))}) AS sweep
     WHERE since <= darkroom.now()`.execute(tx)
  const [sweeps] = rows
  return { due: due + (sweeps?.due ?? 0), overdue: overdue + (sweeps?.overdue ?? 0) }
}

async function countOver(tx: Tx, rules: RetentionRules, lateSeconds: number): Promise<number> {
  const { rows } = await raw<{ count: number }>`
    SELECT (SELECT count(*)::int FROM darkroom.image AS image
              JOIN darkroom.request AS request ON request.id = image.request_id
              JOIN darkroom.statement AS statement ON statement.id = image.statement_id
             WHERE image.state IN ('denied', 'withdrawn') AND image.erased_at IS NULL AND ${isOver(rules, lateSeconds)})
         + (SELECT count(*)::int FROM darkroom.request AS request
              JOIN darkroom.statement AS statement ON statement.id = request.statement_id
             WHERE request.state = 'refused' AND request.erased_at IS NULL AND ${isOver(rules, lateSeconds)}) AS count`.execute(
    tx,
  )
  return rows[0]?.count ?? 0
}

/** False when somebody was faster, appealed or placed a hold. */
async function eraseImage(tx: Tx, rules: RetentionRules, { id, request_id: requestId }: Due): Promise<boolean> {
  await lockRequest(tx, requestId)
  const [due] = await findImages(tx, rules, id)
  if (due === undefined) return false
  await tx
    .updateTable('darkroom.image')
    .set({ salt: null, erased_at: raw<Date>`darkroom.now()` })
    .where('id', '=', id)
    .execute()
  await closeItems(tx, { imageId: id }, OMITTED)
  await forgetWords(tx, { imageId: id })
  await tx
    .insertInto('darkroom.leftover')
    .values({ image_id: id, settled_at: raw<Date>`darkroom.now() + ${GRACE_SECONDS} * interval '1 second'` })
    .onConflict((conflict) => conflict.column('image_id').doNothing())
    .execute()
  await note(tx, due.tenant_id, 'image.retention_ended', id, factsOf(rules, due))
  return true
}

/** What was asked, and the files that came with it. False as above. */
async function eraseRefused(tx: Tx, rules: RetentionRules, { id }: Due): Promise<boolean> {
  await lockRequest(tx, id)
  const [due] = await findRequests(tx, rules, id)
  if (due === undefined) return false
  await emptyRows(tx, id)
  await closeItems(tx, { requestId: id }, OMITTED)
  await forgetWords(tx, { requestId: id })
  await recordRemoval(tx, due.tenant_id, id)
  await note(tx, due.tenant_id, 'request.retention_ended', id, factsOf(rules, due))
  return true
}

function factsOf(rules: RetentionRules, { statement_id: statement }: Due) {
  return { statement, rules: rules.digest }
}

/** What quarantine still holds of pictures that were released long ago, and that nobody is looking at. Returns of how many. */
async function giveUpOriginals(tx: Tx, { releasedOriginalDays }: RetentionRules): Promise<number> {
  const found = await raw<{ id: string }>`
    SELECT image.id
      FROM darkroom.image AS image JOIN darkroom.request AS request ON request.id = image.request_id
     WHERE image.state = 'published' AND image.originals_removed_at IS NULL AND image.erased_at IS NULL
       AND image.published_at <= (SELECT darkroom.now()) - ${releasedOriginalDays} * interval '1 day'
       AND NOT ${isHeld(raw.ref('request.id'))}
       AND NOT EXISTS (SELECT FROM darkroom.review_item AS item WHERE item.image_id = image.id AND item.state <> 'closed')
     ORDER BY image.published_at LIMIT ${AT_ONCE} FOR UPDATE OF request SKIP LOCKED`.execute(tx)
  if (found.rows.length === 0) return 0
  const ids = found.rows.map(({ id }) => id)
  // Asked again now that the requests are locked: a hold may have come in between.
  const { rows } = await raw<{ id: string }>`
    WITH given_up AS (
      UPDATE darkroom.image AS image SET originals_removed_at = darkroom.now()
       WHERE image.id = ANY (${ids}) AND image.state = 'published' AND image.erased_at IS NULL
         AND NOT ${isHeld(raw.ref('image.request_id'))}
      RETURNING image.id)
    INSERT INTO darkroom.removal (image_id, what) SELECT id, 'originals' FROM given_up
    ON CONFLICT DO NOTHING RETURNING image_id AS id`.execute(tx)
  return rows.length
}
