// Held images: each gets an item when it is held, and what people rule is done to it: cleared for marking, or denied with a statement.
// What was held before anybody queued it is found by `adoptHeld`.
import { sql as raw } from 'kysely'
import { advance } from '../advance.ts'
import type { Tx } from '../kernel/database.ts'
import type { Ground } from '../kernel/ground.ts'
import { lockRequest } from '../outcome.ts'
import { addItem, type ReviewTools } from './item.ts'
import { stateDenial } from './reasons.ts'
import type { Effect } from './settle.ts'

export type HeldImage = {
  id: string
  tenantId: string
  requestId: string
  category: string | null
  clause: string | null
  prompt: string | null
  contentDigest: string | null
}

/** In the transaction of the move to `held`. */
export async function queueHeld(tx: Tx, tools: ReviewTools, image: HeldImage): Promise<void> {
  const { id: imageId, tenantId, requestId, category, clause, prompt, contentDigest } = image
  await addItem(tx, tools, { kind: 'hold', tenantId, requestId, imageId, category, clause, prompt, contentDigest })
}

/** Denying cites a clause by its statement; allowing hands the image on to be marked. A picture that was erased is left alone. */
export function holdEffect(tools: ReviewTools, appealWindowDays: number): Effect {
  return async (item, ruling) => async (tx) => {
    const image = await tx
      .selectFrom('darkroom.image')
      .select(['id', 'tenant_id', 'state', 'version', 'verdict', 'erased_at', 'created_at'])
      .where('id', '=', item.image_id)
      .forUpdate()
      .executeTakeFirst()
    if (image === undefined || image.state !== 'held' || image.erased_at !== null) return []
    const { id, tenant_id: tenantId, version } = image
    const move = { subject: 'image', id, tenantId, from: 'held', version } as const
    const facts = { review: item.id, decided_by: 'person', verdicts: [...ruling.verdicts] }
    switch (ruling.outcome) {
      case 'allow':
        return advance(tx, {
          ...move,
          to: 'cleared',
          facts: { ...facts, reason: ruling.reason },
          tasks: [{ tenantId, subject: 'image', subjectId: id, stage: 'mark' }],
        })
      case 'deny': {
        const statement = await stateDenial(tx, tools.policy, {
          subject: { kind: 'image', id },
          stage: 'output',
          ruling,
          verdict: image.verdict,
          contentDate: image.created_at,
          appealWindowDays,
        })
        const policy = tools.policy.digest
        return advance(tx, { ...move, to: 'denied', facts: { ...facts, clause: ruling.clause, policy }, statement })
      }
      case 'omit':
        return []
      default:
        return ruling.outcome satisfies never
    }
  }
}

/** Queues held images that have no item, such as those of an older program. Returns how many. */
export async function adoptHeld(ground: Ground, tools: ReviewTools, limit = 100): Promise<number> {
  const { rows } = await raw<{
    id: string
    tenant_id: string
    request_id: string
    category: string | null
    clause: string | null
    prompt: string | null
    generated_digest: string | null
  }>`
    SELECT image.id, image.tenant_id, image.request_id, image.verdict->>'category' AS category,
           image.verdict->>'clause' AS clause, request.prompt, image.generated_digest
      FROM darkroom.image JOIN darkroom.request ON request.id = image.request_id
     WHERE image.state = 'held' AND image.erased_at IS NULL
       AND NOT EXISTS (SELECT FROM darkroom.review_item WHERE image_id = image.id AND kind = 'hold')
     LIMIT ${limit}`.execute(ground.database.sql)
  for (const row of rows)
    await ground.database.transact(async (tx) => {
      await lockRequest(tx, row.request_id)
      const taken = await tx
        .selectFrom('darkroom.review_item')
        .select('id')
        .where('image_id', '=', row.id)
        .where('kind', '=', 'hold')
        .executeTakeFirst()
      if (taken !== undefined) return
      const { id, tenant_id: tenantId, request_id: requestId, category, clause, prompt } = row
      const contentDigest = row.generated_digest
      await queueHeld(tx, tools, { id, tenantId, requestId, category, clause, prompt, contentDigest })
    })
  return rows.length
}
