// Erasure: what was asked, what was drawn and every copy of it go for good; the record of what was decided stays, without content.
// One transaction empties the rows and records what is left to remove; the objects follow and are tried again until they are
// gone. `finishErasures` is the retry and the crash recovery. From the first transaction on nothing can be read any more.
// What must be kept (kept.ts) is hidden at once and lies sealed until it need not be; then `resumeErasures` erases it.
import { sql as raw } from 'kysely'
import { note } from '../advance.ts'
import { isTerminal } from '../journey.ts'
import { forgetStored } from '../kernel/charge.ts'
import type { Tx } from '../kernel/database.ts'
import { Fault, isFault } from '../kernel/fault.ts'
import { type Ground, requestTopic } from '../kernel/ground.ts'
import { WEBHOOK_TOPIC } from '../kernel/outbox.ts'
import { cancelRequest, GRACE_SECONDS, lockRequest } from '../outcome.ts'
import { closeItems } from '../review/item.ts'
import { actorOf, type Doer } from '../tenant/actor.ts'
import { mustBeKept, readMustBeKept } from './kept.ts'
import { removeFiles } from './leftovers.ts'
import { finishRemovals, recordTakeBack } from './removals.ts'
import { endReports } from './reports.ts'
import { forgetWords } from './words.ts'

const RETRY_SECONDS = 15
const AT_ONCE = 20
/** What was erased before keeps its time. */
const ERASED_NOW = raw<Date>`coalesce(erased_at, darkroom.now())`
const OMITTED = { outcome: 'omit', reason: 'content_erased' } as const

/** What else ends with a request's content, such as its appeals. In the erasure's transaction, under the request's lock. */
export type OnErased = (tx: Tx, requestId: string) => Promise<void>

/** Erases for good; again is no error. What is queued or generating is cancelled first. Fault: not_found (another tenant's, too). */
export async function eraseGeneration(
  ground: Ground,
  doer: Doer,
  requestId: string,
  onErased: OnErased,
): Promise<void> {
  await cancelRequest(ground, doer.tenantId, requestId).catch((error: unknown) => {
    if (!isFault(error, 'conflict')) throw error
  })
  const recorded = await ground.database.transact((tx) => recordErasure(tx, doer, requestId, onErased))
  if (recorded === null) return
  ground.bell.tell(requestTopic(requestId), { erased: true })
  ground.bell.tell(WEBHOOK_TOPIC, {})
  const { held, imageIds } = recorded
  const removing: Promise<unknown> = held ? finishRemovals(ground, imageIds) : removeObjects(ground, requestId)
  await removing.catch((error: unknown) => {
    ground.log.warn({ error, requestId }, 'an erasure is recorded; its objects are removed later')
  })
}

/** Erases what was kept only because it had to be, once it need not be. Returns how many. The janitor calls it. */
export async function resumeErasures(ground: Ground): Promise<number> {
  const { rows } = await raw<{ request_id: string; tenant_id: string }>`
    SELECT request_id, tenant_id FROM darkroom.held_erasure AS held
     WHERE NOT ${mustBeKept(raw.ref('held.request_id'))}
     ORDER BY asked_at LIMIT ${AT_ONCE}`.execute(ground.database.sql)
  for (const { request_id: requestId, tenant_id: tenantId } of rows)
    await ground.database.transact(async (tx) => {
      await lockRequest(tx, requestId)
      if (await readMustBeKept(tx, requestId)) return
      const { numDeletedRows } = await tx
        .deleteFrom('darkroom.held_erasure')
        .where('request_id', '=', requestId)
        .executeTakeFirst()
      if (numDeletedRows !== 1n) return
      const images = await emptyRows(tx, requestId)
      await forgetWords(tx, { requestId })
      await recordRemoval(tx, tenantId, requestId)
      await note(tx, tenantId, 'generation.erased', requestId, { images: images.length, held: false })
    })
  return rows.length
}

/** One pass over what is due; returns how many erasures are complete. The janitor calls it. */
export async function finishErasures(ground: Ground): Promise<number> {
  const { rows } = await raw<{ request_id: string; settled: boolean }>`
    UPDATE darkroom.erasure
       SET passes = passes + 1, due_at = darkroom.now() + least(passes + 1, 40) * ${RETRY_SECONDS} * interval '1 second'
     WHERE request_id IN (SELECT request_id FROM darkroom.erasure WHERE due_at <= darkroom.now()
                           ORDER BY due_at LIMIT ${AT_ONCE} FOR UPDATE SKIP LOCKED)
    RETURNING request_id, settled_at <= darkroom.now() AS settled`.execute(ground.database.sql)
  let finished = 0
  for (const { request_id: requestId, settled } of rows) {
    try {
      await removeObjects(ground, requestId)
      if (settled) await ground.database.transact((tx) => closeErasure(tx, requestId))
      if (settled) finished++
    } catch (error) {
      ground.log.warn({ error, requestId }, 'an erasure could not be finished; it is tried again')
    }
  }
  return finished
}

/** Null when it was erased before. */
async function recordErasure(
  tx: Tx,
  doer: Doer,
  requestId: string,
  onErased: OnErased,
): Promise<{ held: boolean; imageIds: string[] } | null> {
  const { tenantId } = doer
  await lockRequest(tx, requestId)
  const request = await tx
    .selectFrom('darkroom.request')
    .select(['state', 'erased_at'])
    .where('id', '=', requestId)
    .where('tenant_id', '=', tenantId)
    .executeTakeFirst()
  if (request === undefined) throw new Fault('not_found', { facts: { id: requestId } })
  if (request.erased_at !== null) return null
  if (!isTerminal('request', request.state)) throw new Fault('conflict', { retry: 'now', facts: { id: requestId } })
  const held = await readMustBeKept(tx, requestId)
  const imageIds = held ? await hideRows(tx, requestId) : await emptyRows(tx, requestId)
  await closeItems(tx, held ? { requestId, unless: 'restricted' } : { requestId }, OMITTED)
  await endReports(tx, imageIds, 'omitted', null)
  await onErased(tx, requestId)
  if (held) {
    await tx.insertInto('darkroom.held_erasure').values({ request_id: requestId, tenant_id: tenantId }).execute()
    await recordTakeBack(tx, imageIds)
  } else {
    await forgetWords(tx, { requestId })
    await recordRemoval(tx, tenantId, requestId)
  }
  await note(tx, tenantId, 'generation.erased', requestId, {
    images: imageIds.length,
    by: actorOf(doer),
    ...(held ? { held } : {}),
  })
  await forgetStored(tx, tenantId, imageIds)
  return { held, imageIds }
}

/** Takes what was asked and the salts out of the rows; returns the images' ids. In the transaction that records why, under the lock. */
export async function emptyRows(tx: Tx, requestId: string): Promise<string[]> {
  await tx
    .updateTable('darkroom.request')
    .set({
      prompt: null,
      negative_prompt: null,
      salt: null,
      purpose: null,
      user_digest: null,
      idempotency_key: null,
      order_digest: null,
      erased_at: ERASED_NOW,
    })
    .where('id', '=', requestId)
    .execute()
  const images = await tx
    .updateTable('darkroom.image')
    .set({ salt: null, erased_at: ERASED_NOW })
    .where('request_id', '=', requestId)
    .returning('id')
    .execute()
  return forgetLikeness(tx, images)
}

/** What must be kept is erased for everybody who asks, and lies sealed until nothing asks for it any more. */
async function hideRows(tx: Tx, requestId: string): Promise<string[]> {
  await tx
    .updateTable('darkroom.request')
    .set({ idempotency_key: null, order_digest: null, erased_at: ERASED_NOW })
    .where('id', '=', requestId)
    .execute()
  const images = await tx
    .updateTable('darkroom.image')
    .set({ erased_at: ERASED_NOW })
    .where('request_id', '=', requestId)
    .returning('id')
    .execute()
  return forgetLikeness(tx, images)
}

/** What was erased is not found by its looks any more; returns the ids. */
async function forgetLikeness(tx: Tx, images: readonly { id: string }[]): Promise<string[]> {
  const ids = images.map(({ id }) => id)
  if (ids.length > 0) await tx.deleteFrom('darkroom.fingerprint').where('image_id', 'in', ids).execute()
  return ids
}

/** What a request has in the stores is to be removed. */
export async function recordRemoval(tx: Tx, tenantId: string, requestId: string): Promise<void> {
  await tx
    .insertInto('darkroom.erasure')
    .values({
      request_id: requestId,
      tenant_id: tenantId,
      settled_at: raw<Date>`darkroom.now() + ${GRACE_SECONDS} * interval '1 second'`,
    })
    .execute()
}

/** Removes whatever may be there of the request, known by a row or not. What is gone already is no error. */
async function removeObjects(ground: Ground, requestId: string): Promise<void> {
  const images = await ground.database.sql
    .selectFrom('darkroom.image as image')
    .innerJoin('darkroom.request as request', 'request.id', 'image.request_id')
    .select(['image.id', 'request.output_format'])
    .where('request.id', '=', requestId)
    .execute()
  for (const image of images) await removeFiles(ground, image)
  // What it started from.
  await ground.quarantine.removeUnder(requestId)
}

/** The rows that said where the objects were go last. */
async function closeErasure(tx: Tx, requestId: string): Promise<void> {
  const images = tx.selectFrom('darkroom.image').select('id').where('request_id', '=', requestId)
  await tx.deleteFrom('darkroom.preview').where('image_id', 'in', images).execute()
  await tx.deleteFrom('darkroom.input').where('request_id', '=', requestId).execute()
  await tx.deleteFrom('darkroom.erasure').where('request_id', '=', requestId).execute()
}
