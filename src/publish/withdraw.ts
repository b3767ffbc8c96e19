// A published picture that is published no longer: its owner takes it back, or people withdraw it. One transaction moves it, with its
// statement of reasons, and records that the file is to leave the public store; removals.ts moves it back to quarantine, where it is
// kept as long as this can be appealed. From the transaction on no route hands it out.
import { advance, type Facts } from '../advance.ts'
import type { Json } from '../kernel/canonical.ts'
import type { Tx } from '../kernel/database.ts'
import { Fault } from '../kernel/fault.ts'
import { type Ground, requestTopic } from '../kernel/ground.ts'
import { WEBHOOK_TOPIC } from '../kernel/outbox.ts'
import type { Due } from '../kernel/tasks.ts'
import { lockRequest } from '../outcome.ts'
import type { ModerationPolicy } from '../policy/policy.ts'
import { closeItems } from '../review/item.ts'
import { actorOf, type Doer } from '../tenant/actor.ts'
import { finishRemovals, recordTakeBack } from './removals.ts'
import { endReports } from './reports.ts'
import { stateWithdrawal, type WithdrawalReason } from './withdrawal-statement.ts'

export type Published = {
  id: string
  request_id: string
  tenant_id: string
  version: number
  verdict: Json | null
  created_at: Date
}

/** The image, locked, while it is published. Lock its request first. Null: it is not, or was erased. */
export async function lockPublished(tx: Tx, imageId: string): Promise<Published | null> {
  const image = await tx
    .selectFrom('darkroom.image')
    .select(['id', 'request_id', 'tenant_id', 'version', 'verdict', 'created_at'])
    .where('id', '=', imageId)
    .where('state', '=', 'published')
    .where('erased_at', 'is', null)
    .forUpdate()
    .executeTakeFirst()
  return image ?? null
}

/**
 * Withdraws it, in the caller's transaction. What is in the queue of it is closed, since nothing is left to decide; but what a restricted
 * team is to see stays, whoever withdrew it.
 */
export async function withdrawImage(
  tx: Tx,
  policy: ModerationPolicy,
  image: Published,
  reason: WithdrawalReason,
  facts: Facts,
): Promise<Due[]> {
  const { id, tenant_id: tenantId, version } = image
  const statement = await stateWithdrawal(
    tx,
    policy,
    { id, createdAt: image.created_at, verdict: image.verdict },
    reason,
  )
  await closeItems(tx, { imageId: id, unless: 'restricted' }, { outcome: 'omit', reason: 'withdrawn_content' })
  await endReports(tx, [id], reason.by === 'owner' ? 'omitted' : 'removed', { restricted: false, policy })
  await recordTakeBack(tx, [id])
  return advance(tx, {
    subject: 'image',
    id,
    tenantId,
    from: 'published',
    version,
    to: 'withdrawn',
    statement,
    facts,
    // What is published again is a new release.
    set: { originals_removed_at: null },
  })
}

/** The owner takes a picture back; again is no error. Faults: not_found (another tenant's, too), gone, conflict (it is not published). */
export async function takeBackImage(
  ground: Ground,
  policy: ModerationPolicy,
  doer: Doer,
  imageId: string,
): Promise<void> {
  const { tenantId } = doer
  const requestId = await ground.database.transact(async (tx) => {
    const { request_id } = await readOwned(tx, tenantId, imageId)
    await lockRequest(tx, request_id)
    const image = await lockPublished(tx, imageId)
    if (image !== null) {
      await withdrawImage(tx, policy, image, { by: 'owner' }, { by: actorOf(doer), decided_by: 'owner' })
      return request_id
    }
    const { state, erased_at } = await readOwned(tx, tenantId, imageId)
    if (erased_at !== null) throw new Fault('gone', { detail: 'this was erased; nothing is left to withdraw' })
    if (state === 'withdrawn') return null
    throw new Fault('conflict', { detail: `the image is ${state}; only a published image can be withdrawn` })
  })
  if (requestId === null) return
  ground.bell.tell(requestTopic(requestId), { image: imageId, state: 'withdrawn' })
  ground.bell.tell(WEBHOOK_TOPIC, {})
  await finishRemovals(ground, [imageId]).catch((error: unknown) => {
    ground.log.warn({ error, image: imageId }, 'a withdrawal is recorded; its file is removed later')
  })
}

async function readOwned(tx: Tx, tenantId: string, imageId: string) {
  const image = await tx
    .selectFrom('darkroom.image')
    .select(['request_id', 'state', 'erased_at'])
    .where('id', '=', imageId)
    .where('tenant_id', '=', tenantId)
    .executeTakeFirst()
  if (image === undefined) throw new Fault('not_found', { facts: { id: imageId } })
  return image
}
