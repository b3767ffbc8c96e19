// What becomes of a whole request: settled when its images have all settled, failed or cancelled with every image it has not yet
// released. The request's row is locked first, so two images that finish together cannot both think the other is still on
// its way.
import { sql as raw } from 'kysely'
import { advance, type ImageMove } from './advance.ts'
import {
  FAILURES,
  type Failure,
  type ImageState,
  isSettled,
  isTerminal,
  outcomeOf,
  type Stage,
  type StateOf,
  type Subject,
  UNFINISHED,
} from './journey.ts'
import type { Tx } from './kernel/database.ts'
import { Fault } from './kernel/fault.ts'
import { cancelTopic, type Ground, requestTopic } from './kernel/ground.ts'
import type { ImageWork } from './kernel/image-work.ts'
import { WEBHOOK_TOPIC } from './kernel/outbox.ts'
import { type Claim, completeTask, dropTasks } from './kernel/tasks.ts'

/** Work that was in hand when its image ended or was erased may still write once; so long it may take. */
export const GRACE_SECONDS = 600

/**
 * Locks a request's row until the transaction ends. Whoever moves a request or one of its images does this first: with one order
 * (request, task, image, tenant) no two transactions can wait for each other.
 */
export async function lockRequest(tx: Tx, requestId: string): Promise<void> {
  await tx.selectFrom('darkroom.request').select('id').where('id', '=', requestId).forUpdate().execute()
}

/** The stage that a stage's move hands an image on to. */
const NEXT: Partial<Record<ImageState, Stage>> = { cleared: 'mark', marked: 'publish' }

/**
 * The one move of an image's stage, in one transaction: its task is done, the image advances under its request's lock with the next
 * stage's task, and the request is settled where it no longer waits for the image. `also` is done with it. Then whoever listens is told.
 * Fault: conflict.
 */
export async function finishStage(
  ground: Ground,
  claim: Claim,
  image: ImageWork,
  move: Pick<ImageMove, 'to' | 'facts' | 'set' | 'statement'>,
  also: (tx: Tx) => Promise<void> = async () => undefined,
): Promise<void> {
  const stage = NEXT[move.to]
  const task = { tenantId: image.tenant_id, subject: 'image', subjectId: image.id } as const
  const due = await ground.database.transact(async (tx) => {
    await lockRequest(tx, image.request_id)
    await completeTask(tx, claim)
    const due = await advance(tx, {
      ...moveOf(image, 'image'),
      ...move,
      tasks: stage === undefined ? [] : [{ ...task, stage }],
    })
    await also(tx)
    if (isSettled(move.to)) await settleRequest(tx, image.request_id)
    return due
  })
  ground.bell.ring(due)
  ground.bell.tell(requestTopic(image.request_id), { image: image.id, state: move.to })
  if (isSettled(move.to)) ground.bell.tell(WEBHOOK_TOPIC, {})
}

/** Moves a generating request to `done` if none of its images is still on its way. Call it in the image's own transaction. */
export async function settleRequest(tx: Tx, requestId: string): Promise<void> {
  const { request, images } = await loadLocked(tx, requestId)
  if (request.state !== 'generating' || !images.every((image) => isSettled(image.state))) return
  const facts = { outcome: outcomeOf(images.map((image) => image.state)) }
  await advance(tx, { ...moveOf(request, 'request'), to: 'done', facts })
}

/** Fails a request for a typed reason with every image it has not rendered; those it has go on, and then it is done. */
export async function failRequest(tx: Tx, requestId: string, reason: Failure): Promise<void> {
  const { request, images } = await loadLocked(tx, requestId)
  if (isTerminal('request', request.state)) return
  const missing = images.filter((image) => image.state === 'planned')
  await endImages(tx, missing)
  for (const image of missing) await failImageRow(tx, image, reason)
  if (missing.length < images.length) return settleRequest(tx, requestId)
  if (request.state !== 'queued' && request.state !== 'generating') return
  await advance(tx, { ...moveOf(request, 'request'), to: 'failed', facts: { reason }, set: { failure: reason } })
}

/** Fails one image and settles its request. An image that has moved on meanwhile is left alone. */
export async function failImage(tx: Tx, imageId: string, reason: Failure): Promise<void> {
  const image = await tx
    .selectFrom('darkroom.image')
    .select(['id', 'request_id', 'tenant_id', 'state', 'version'])
    .where('id', '=', imageId)
    .executeTakeFirst()
  if (image === undefined || !UNFINISHED.includes(image.state)) return
  await endImages(tx, [image])
  await failImageRow(tx, image, reason)
  await settleRequest(tx, image.request_id)
}

/**
 * Cancels a request that is queued or generating, with every image it has not released. A worker that is rendering it hears of it
 * and stops at its next step; whatever it still writes fails its compare-and-swap.
 * Faults: not_found (another tenant's, too), conflict (it has ended already).
 */
export async function cancelRequest(ground: Ground, tenantId: string, requestId: string): Promise<void> {
  await ground.database.transact(async (tx) => {
    const { request, images } = await loadLocked(tx, requestId, tenantId)
    if (request.state !== 'queued' && request.state !== 'generating')
      throw new Fault('conflict', { detail: `the request is already ${request.state}`, facts: { id: requestId } })
    const unfinished = images.filter((one) => UNFINISHED.includes(one.state))
    await dropTasks(tx, [requestId])
    await endImages(tx, unfinished, request.attempt > 0)
    for (const image of unfinished) await advance(tx, { ...moveOf(image, 'image'), to: 'cancelled', facts: {} })
    await advance(tx, { ...moveOf(request, 'request'), to: 'cancelled', facts: {} })
  })
  ground.bell.tell(cancelTopic(requestId), {})
  ground.bell.tell(requestTopic(requestId), { state: 'cancelled' })
  ground.bell.tell(WEBHOOK_TOPIC, {})
}

/** The reason that a client sees. */
export function failureOf(fault: Fault): Failure {
  const named = FAILURES.find((reason) => reason === fault.code)
  if (named !== undefined) return named
  switch (fault.code) {
    case 'object_store_failed':
    case 'object_missing':
    case 'object_mismatch':
    case 'database_failed':
      return 'storage_error'
    case 'pack_missing':
      return 'pack_corrupt'
    case 'signer_failed':
      return 'mark_failed'
    default:
      return 'model_error'
  }
}

type ImageRow = { id: string; request_id: string; tenant_id: string; state: ImageState; version: number }

type Row<S extends Subject> = { id: string; tenant_id: string; state: StateOf<S>; version: number }

/** The half of a move that its row says. */
function moveOf<S extends Subject>(row: Row<S>, subject: S) {
  return { subject, id: row.id, tenantId: row.tenant_id, from: row.state, version: row.version }
}

async function failImageRow(tx: Tx, image: ImageRow, reason: Failure): Promise<void> {
  await advance(tx, { ...moveOf(image, 'image'), to: 'failed', facts: { reason }, set: { failure: reason } })
}

/** Before images end without a picture: nothing is left to do for them, and what lies in the stores of them is to be removed. */
async function endImages(tx: Tx, images: readonly ImageRow[], begun = true): Promise<void> {
  if (images.length === 0) return
  const ids = images.map((image) => image.id)
  await dropTasks(tx, ids)
  if (!begun) return
  const settled_at = raw<Date>`darkroom.now() + ${GRACE_SECONDS} * interval '1 second'`
  await tx
    .insertInto('darkroom.leftover')
    .values(ids.map((image_id) => ({ image_id, settled_at })))
    .execute()
}

async function loadLocked(tx: Tx, requestId: string, tenantId?: string) {
  const request = await tx
    .selectFrom('darkroom.request')
    .select(['id', 'tenant_id', 'state', 'version', 'attempt'])
    .where('id', '=', requestId)
    .$if(tenantId !== undefined, (query) => query.where('tenant_id', '=', tenantId ?? ''))
    .forUpdate()
    .executeTakeFirst()
  if (request === undefined) throw new Fault('not_found', { facts: { id: requestId } })
  const images = await tx
    .selectFrom('darkroom.image')
    .select(['id', 'request_id', 'tenant_id', 'state', 'version'])
    .where('request_id', '=', requestId)
    .orderBy(raw`position`)
    .execute()
  return { request, images }
}
