// The files of images that ended without a picture. A worker may have stored one before it died, or store one after: each image has a
// row, written by the move that ended it (outcome.ts) or by what erased it later (retention.ts), and is looked after at once, soon
// after and once more when nothing can come.
import { sql as raw } from 'kysely'
import type { Ground } from '../kernel/ground.ts'
import { isHeld } from './kept.ts'
import { releasedKey } from './release.ts'

const AGAIN_SECONDS = 30
const AT_ONCE = 50

/** Everything of an image in both stores: the released copy and the previews, what was rendered, each attempt at marking it. */
export async function removeFiles(
  { images, quarantine }: Pick<Ground, 'images' | 'quarantine'>,
  image: { id: string; output_format: string },
): Promise<void> {
  // The public copy first: it is the one that others may hold a link to.
  await images.remove(releasedKey(image.id, image.output_format))
  await images.removeUnder(image.id)
  await quarantine.removeUnder(image.id)
}

/** One pass over what is due; returns how many images it looked after. The janitor calls it. */
export async function removeLeftovers(ground: Ground): Promise<number> {
  const { sql } = ground.database
  // Due again should this process die; the first pass is followed by one soon and by the last, after which nothing can come.
  const { rows } = await raw<{ id: string; output_format: string; settled: boolean }>`
    UPDATE darkroom.leftover AS leftover
       SET passes = passes + 1,
           due_at = CASE WHEN passes = 0 OR settled_at <= darkroom.now() THEN darkroom.now() + ${AGAIN_SECONDS} * interval '1 second'
                         ELSE settled_at END
      FROM darkroom.image AS image JOIN darkroom.request AS request ON request.id = image.request_id
     WHERE image.id = leftover.image_id AND leftover.image_id IN (
       SELECT candidate.image_id FROM darkroom.leftover AS candidate JOIN darkroom.image AS its ON its.id = candidate.image_id
        WHERE candidate.due_at <= darkroom.now() AND NOT ${isHeld(raw.ref('its.request_id'))}
        ORDER BY candidate.due_at LIMIT ${AT_ONCE} FOR UPDATE OF candidate SKIP LOCKED)
    RETURNING image.id, request.output_format, settled_at <= darkroom.now() AS settled`.execute(sql)
  let removed = 0
  for (const { settled, ...image } of rows) {
    try {
      await removeFiles(ground, image)
      if (settled) await sql.deleteFrom('darkroom.leftover').where('image_id', '=', image.id).execute()
      removed++
    } catch (error) {
      ground.log.warn(
        { error, image: image.id },
        'the files of an image that ended could not be removed; they are later',
      )
    }
  }
  return removed
}
