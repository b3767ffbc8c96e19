// An image as its stages need it: its own row with what its request says of it; and the way back for what was stored for one that
// has ended meanwhile. A stage begins with `claimImage` and ends with `finishStage` (outcome.ts).
import type { ImageState } from '../journey.ts'
import type { Ground } from './ground.ts'
import type { ObjectStore } from './object-store.ts'
import { type Claim, completeTask } from './tasks.ts'

export type ImageWork = NonNullable<Awaited<ReturnType<typeof loadImageWork>>>

/** The image of a stage's task, in the state that the stage moves it from. Null: it has moved on or was erased, and the task is done. */
export async function claimImage(ground: Ground, claim: Claim, state: ImageState): Promise<ImageWork | null> {
  const image = await loadImageWork(ground, claim.subjectId)
  if (image?.state === state) return image
  await ground.database.transact((tx) => completeTask(tx, claim))
  return null
}

function loadImageWork(ground: Ground, imageId: string) {
  return ground.database.sql
    .selectFrom('darkroom.image as image')
    .innerJoin('darkroom.request as request', 'request.id', 'image.request_id')
    .innerJoin('darkroom.tenant as tenant', 'tenant.id', 'image.tenant_id')
    .select([
      'image.id',
      'image.tenant_id',
      'image.request_id',
      'image.state',
      'image.version',
      'image.created_at',
      'image.mark_id',
      'image.generated_digest',
      'image.marked',
      'request.model',
      'request.model_version',
      'request.purpose',
      'request.sandbox',
      'request.skip_clauses',
      'request.prompt',
      'request.negative_prompt',
      'request.sampling',
      'request.operation',
      'request.output_format',
      'request.output_compression',
      'request.label',
      'tenant.policy as policy_settings',
    ])
    .where('image.id', '=', imageId)
    .executeTakeFirst()
}

/**
 * Makes the move that an object was stored for. Where that fails because the image has ended without a picture or was erased
 * meanwhile, the object is taken away again: nobody else would look for it soon, and after a long pause nobody ever.
 */
export async function moveStored<T>(
  ground: Ground,
  imageId: string,
  [store, key]: readonly [ObjectStore, string],
  move: () => Promise<T>,
): Promise<T> {
  try {
    return await move()
  } catch (error) {
    await removeIfOver(ground, imageId, [store, key])
    throw error
  }
}

/** Never throws: what cannot be removed now is removed by the janitor, if it can still be known. */
export async function removeIfOver(
  ground: Ground,
  imageId: string,
  [store, key]: readonly [ObjectStore, string],
): Promise<void> {
  try {
    const over = await ground.database.sql
      .selectFrom('darkroom.image')
      .select('id')
      .where('id', '=', imageId)
      .where(({ eb, or }) => or([eb('state', 'in', ['failed', 'cancelled']), eb('erased_at', 'is not', null)]))
      .executeTakeFirst()
    if (over !== undefined) await store.remove(key)
  } catch (error) {
    ground.log.warn({ error, image: imageId }, 'what was stored for an image that ended is left to the janitor')
  }
}
