// The generate stage's reads and its first move: queued → generating, or generating → queued → generating after a crash.
import { sql as raw } from 'kysely'
import { advance } from '../advance.ts'
import type { Tx } from '../kernel/database.ts'
import type { Ground } from '../kernel/ground.ts'
import { type Claim, completeTask, requireClaim } from '../kernel/tasks.ts'
import { lockRequest } from '../outcome.ts'

const ORDER = [
  'request.id',
  'request.tenant_id',
  'request.state',
  'request.version',
  'request.attempt',
  'request.prompt',
  'request.negative_prompt',
  'request.purpose',
  'request.model',
  'request.model_version',
  'request.pack_digest',
  'request.width',
  'request.height',
  'request.steps',
  'request.guidance_scale',
  'request.scheduler',
  'request.sampling',
  'request.output_format',
  'request.output_compression',
  'request.sandbox',
  'request.salt',
  'request.operation',
  'request.strength',
  'request.previews',
  'request.label',
  'tenant.previews_allowed',
  'tenant.policy as policy_settings',
] as const

export type Order = NonNullable<Awaited<ReturnType<typeof loadOrder>>>

function loadOrder(tx: Tx, requestId: string) {
  return tx
    .selectFrom('darkroom.request as request')
    .innerJoin('darkroom.tenant as tenant', 'tenant.id', 'request.tenant_id')
    .select(ORDER)
    .where('request.id', '=', requestId)
    .executeTakeFirst()
}

/** Moves the request to generating under this claim. Null when it has ended meanwhile; the task is then done. */
export async function beginGenerating(ground: Ground, claim: Claim): Promise<Order | null> {
  return ground.database.transact(async (tx) => {
    await lockRequest(tx, claim.subjectId)
    // Who was frozen since its claim must not send back what somebody else has begun.
    await requireClaim(tx, claim)
    const order = await loadOrder(tx, claim.subjectId)
    if (order === undefined || (order.state !== 'queued' && order.state !== 'generating')) {
      await completeTask(tx, claim)
      return null
    }
    const move = { subject: 'request' as const, id: order.id, tenantId: order.tenant_id }
    let { version } = order
    if (order.state === 'generating') {
      await advance(tx, { ...move, from: 'generating', version, to: 'queued', facts: { reason: 'worker_lost' } })
      version++
    }
    const attempt = order.attempt + 1
    await advance(tx, {
      ...move,
      from: 'queued',
      version,
      to: 'generating',
      facts: { attempt },
      set: { attempt, steps_done: 0 },
    })
    return { ...order, state: 'generating' as const, version: version + 1, attempt }
  })
}

export function plannedImages(ground: Ground, requestId: string) {
  return ground.database.sql
    .selectFrom('darkroom.image')
    .select(['id', 'seed'])
    .where('request_id', '=', requestId)
    .where('state', '=', 'planned')
    .orderBy('position')
    .execute()
}

/** Progress is a hint for readers, not a move: it is not logged and may be lost. */
export async function recordStep(ground: Ground, requestId: string, step: number): Promise<void> {
  await ground.database.sql
    .updateTable('darkroom.request')
    .set({ steps_done: step, updated_at: raw`darkroom.now()` })
    .where('id', '=', requestId)
    .execute()
}
