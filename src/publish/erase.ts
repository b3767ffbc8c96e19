// Erasure: what was asked, what was drawn and every copy of it go for good; the record of what was decided stays, without content.
// One transaction empties the rows and records what is left to remove; the objects follow and are tried again until they are
// gone. `finishErasures` is the retry and the crash recovery. From the first transaction on nothing can be read any more.
import { sql as raw } from 'kysely'
import { note } from '../advance.ts'
import { isTerminal } from '../journey.ts'
import { forgetStored } from '../kernel/charge.ts'
import type { Tx } from '../kernel/database.ts'
import { Fault, isFault } from '../kernel/fault.ts'
import { type Ground, requestTopic } from '../kernel/ground.ts'
import { cancelRequest, GRACE_SECONDS, lockRequest } from '../outcome.ts'
import { actorOf, type Doer } from '../tenant/actor.ts'
import { removeFiles } from './leftovers.ts'

const RETRY_SECONDS = 15
const AT_ONCE = 20

/** Erases for good; again is no error. What is queued or generating is cancelled first. Fault: not_found (another tenant's, too). */
export async function eraseGeneration(ground: Ground, doer: Doer, requestId: string): Promise<void> {
  const { tenantId } = doer
  await cancelRequest(ground, tenantId, requestId).catch((error: unknown) => {
    if (!isFault(error, 'conflict')) throw error
  })
  const recorded = await ground.database.transact((tx) => recordErasure(tx, doer, requestId))
  if (!recorded) return
  ground.bell.tell(requestTopic(requestId), { erased: true })
  await removeObjects(ground, requestId).catch((error: unknown) => {
    ground.log.warn({ error, requestId }, 'an erasure is recorded; its objects are removed later')
  })
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

/** False when it was erased before. */
async function recordErasure(tx: Tx, doer: Doer, requestId: string): Promise<boolean> {
  const { tenantId } = doer
  await lockRequest(tx, requestId)
  const request = await tx
    .selectFrom('darkroom.request')
    .select(['state', 'erased_at'])
    .where('id', '=', requestId)
    .where('tenant_id', '=', tenantId)
    .executeTakeFirst()
  if (request === undefined) throw new Fault('not_found', { facts: { id: requestId } })
  if (request.erased_at !== null) return false
  if (!isTerminal('request', request.state)) throw new Fault('conflict', { retry: 'now', facts: { id: requestId } })
  const now = raw<Date>`darkroom.now()`
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
      erased_at: now,
    })
    .where('id', '=', requestId)
    .execute()
  const images = await tx
    .updateTable('darkroom.image')
    .set({ salt: null, erased_at: now })
    .where('request_id', '=', requestId)
    .returning('id')
    .execute()
  await tx
    .insertInto('darkroom.erasure')
    .values({
      request_id: requestId,
      tenant_id: tenantId,
      settled_at: raw<Date>`darkroom.now() + ${GRACE_SECONDS} * interval '1 second'`,
    })
    .execute()
  await note(tx, tenantId, 'generation.erased', requestId, { images: images.length, by: actorOf(doer) })
  const ids = images.map((image) => image.id)
  await forgetStored(tx, tenantId, ids)
  return true
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
