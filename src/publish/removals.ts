// What is left to do in the stores for one image, recorded by the transaction that made it due and tried again until it is done: a
// picture that is no longer released goes back to quarantine, sealed, and then out of the public store; what quarantine still holds of
// a released picture goes for good, unless a legal hold keeps it. Neither is done to an image that has moved on since.
import { sql as raw } from 'kysely'
import type { ImageState } from '../journey.ts'
import { sha256 } from '../kernel/canonical.ts'
import type { Sql, Tx } from '../kernel/database.ts'
import { Fault, isFault } from '../kernel/fault.ts'
import type { Ground } from '../kernel/ground.ts'
import { markedKey } from '../kernel/quarantine.ts'
import { isHeld } from './kept.ts'
import { releasedKey } from './release.ts'

const AGAIN_SECONDS = 30
const AT_ONCE = 50

type Removal = {
  image_id: string
  what: 'public' | 'originals'
  state: ImageState
  output_format: string
  erased: boolean
}

/** The released copy is to go back to quarantine. In the transaction that makes it unreadable, under the request's lock. */
export async function recordTakeBack(tx: Tx, imageIds: readonly string[]): Promise<void> {
  for (const imageId of imageIds) {
    // Somebody may be emptying its quarantine right now: their call to the store ends first.
    const { numDeletedRows } = await tx
      .deleteFrom('darkroom.removal')
      .where('image_id', '=', imageId)
      .where('what', '=', 'originals')
      .executeTakeFirst()
    const waitSeconds = numDeletedRows > 0n ? 4 * AGAIN_SECONDS : 0
    await tx
      .insertInto('darkroom.removal')
      .values({
        image_id: imageId,
        what: 'public',
        due_at: raw<Date>`darkroom.now() + ${waitSeconds} * interval '1 second'`,
      })
      .onConflict((conflict) => conflict.columns(['image_id', 'what']).doNothing())
      .execute()
  }
}

/** One pass over what is due, or of these images; returns how many removals are done. The janitor calls it. */
export async function finishRemovals(ground: Ground, imageIds: readonly string[] | null = null): Promise<number> {
  const { sql } = ground.database
  let done = 0
  for (const removal of await takeDue(sql, imageIds)) {
    try {
      await remove(ground, removal)
      await sql
        .deleteFrom('darkroom.removal')
        .where('image_id', '=', removal.image_id)
        .where('what', '=', removal.what)
        .execute()
      done++
    } catch (error) {
      ground.log.warn({ error, image: removal.image_id }, 'what an image left in a store is removed later')
    }
  }
  return done
}

/** Due again should this process die. */
async function takeDue(sql: Sql, imageIds: readonly string[] | null): Promise<Removal[]> {
  const { rows } = await raw<Removal>`
    UPDATE darkroom.removal AS removal SET due_at = darkroom.now() + ${AGAIN_SECONDS} * interval '1 second'
      FROM darkroom.image AS image JOIN darkroom.request AS request ON request.id = image.request_id
     WHERE image.id = removal.image_id AND (removal.image_id, removal.what) IN (
       SELECT due.image_id, due.what FROM darkroom.removal AS due JOIN darkroom.image AS its ON its.id = due.image_id
        WHERE due.due_at <= darkroom.now() AND (${imageIds === null} OR due.image_id = ANY (${imageIds ?? []}::text[]))
          AND NOT (due.what = 'originals' AND ${isHeld(raw.ref('its.request_id'))})
        ORDER BY due.due_at LIMIT ${AT_ONCE} FOR UPDATE OF due SKIP LOCKED)
    RETURNING removal.image_id, removal.what, image.state, request.output_format,
              image.erased_at IS NOT NULL AS erased`.execute(sql)
  return rows
}

async function remove(ground: Ground, { image_id: id, what, state, output_format, erased }: Removal) {
  switch (what) {
    case 'public':
      // An appeal may have had it published again.
      if (state === 'withdrawn' || erased) await takeBack(ground, { id, output_format })
      return
    case 'originals':
      if (state === 'published' && !erased) await ground.quarantine.removeUnder(id)
      return
    default:
      what satisfies never
  }
}

/** Copy, check, remove: whenever it ends in between, it begins again. What is gone from the public store is no error. */
async function takeBack(
  { images, quarantine }: Pick<Ground, 'images' | 'quarantine'>,
  image: { id: string; output_format: string },
): Promise<void> {
  const key = releasedKey(image.id, image.output_format)
  const file = await images.get(key).catch((error: unknown) => {
    if (isFault(error, 'object_missing')) return null
    throw error
  })
  if (file !== null) {
    const digest = sha256(file.bytes)
    const kept = markedKey(image.id, digest)
    await quarantine.putIfAbsent(kept, file)
    if (sha256((await quarantine.get(kept)).bytes) !== digest)
      throw new Fault('object_mismatch', { facts: { image: image.id } })
    await images.remove(key)
  }
  // The previews: nobody needs them again.
  await images.removeUnder(image.id)
}
