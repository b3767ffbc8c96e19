// Previews on their way out: judged as a finished picture is, marked, signed and read back as any output, and only then readable.
// They hold nobody up: the renderer hands them over and goes on; one is worked on at a time, and what is too much is dropped.
// Anything but allow ends an image's previews. A fault costs that one preview and is no fault of the picture's.
import { sql as raw } from 'kysely'
import { UNFINISHED } from '../journey.ts'
import { type Ground, requestTopic } from '../kernel/ground.ts'
import type { Picture, Preview } from '../kernel/model.ts'
import { lockRequest } from '../outcome.ts'
import type { Order } from './records.ts'

export type PreviewTools = {
  /** The policy's verdict on what the classifiers said; null: nobody could say. */
  judge: (scores: Preview['scores'], order: Order) => 'allow' | 'hold' | 'deny'
  /** Watermarks, signs and reads back. Faults: mark_failed, mark_unverified, signer_failed. */
  mark: (image: PreviewedImage, picture: Picture, order: Order) => Promise<{ bytes: Buffer; mimeType: string }>
}
export type PreviewedImage = { id: string; markId: number; createdAt: Date; index: number }

export type PreviewDesk = {
  /** For one render of a request: takes previews, and never throws or waits. */
  readonly open: (order: Order) => (imageId: string, preview: Preview) => void
  /** Resolves when nothing is worked on; what still waits is dropped. */
  readonly [Symbol.asyncDispose]: () => Promise<void>
}

const MOST_WAITING = 12

export function openPreviewDesk(ground: Ground, tools: PreviewTools): PreviewDesk {
  let waiting = 0
  let closed = false
  let last: Promise<void> = Promise.resolve()
  return {
    open: (order) => {
      const ended = new Set<string>()
      const work = async (imageId: string, preview: Preview) => {
        waiting--
        if (closed || ended.has(imageId)) return
        try {
          if (!(await release(ground, tools, order, imageId, preview))) ended.add(imageId)
        } catch (error) {
          ground.log.warn({ error, requestId: order.id, image: imageId }, 'a preview was not released')
        }
      }
      return (imageId, preview) => {
        if (waiting >= MOST_WAITING) return
        waiting++
        last = last.then(() => work(imageId, preview))
      }
    },
    [Symbol.asyncDispose]: async () => {
      closed = true
      await last
    },
  }
}

/** Deterministic, so that a retry finds what an earlier attempt left. */
export function previewKey(imageId: string, index: number): string {
  return `${imageId}/preview-${index}`
}

/** False: this image has no more previews. */
async function release(
  ground: Ground,
  { judge, mark }: PreviewTools,
  order: Order,
  imageId: string,
  { index, picture, scores }: Preview,
): Promise<boolean> {
  if (judge(scores, order) !== 'allow') return false
  const image = await loadDeveloping(ground, imageId)
  if (image === undefined) return false
  if (!(await intend(ground, order, imageId, index, picture))) return true
  const { bytes, mimeType } = await mark({ ...image, index }, picture, order)
  const key = previewKey(imageId, index)
  // What an earlier attempt stored under this key was marked and read back too.
  await ground.images.putIfAbsent(key, { bytes, contentType: mimeType })
  if (!(await show(ground, order.id, imageId, index))) {
    await ground.images.remove(key)
    return false
  }
  ground.bell.tell(requestTopic(order.id), { preview: imageId, index })
  return true
}

/** Undefined when nobody waits for it any longer. */
async function loadDeveloping({ database }: Ground, imageId: string) {
  const image = await database.sql
    .selectFrom('darkroom.image')
    .select(['id', 'mark_id', 'created_at'])
    .where('id', '=', imageId)
    .where('state', 'in', UNFINISHED)
    .executeTakeFirst()
  return image && { id: image.id, markId: Number(image.mark_id), createdAt: image.created_at }
}

/** Writes the row before the object, which is how a crash in between can be cleaned up. False: it was released before. */
async function intend(
  { database }: Ground,
  order: Order,
  imageId: string,
  index: number,
  { width, height }: Picture,
): Promise<boolean> {
  const { rows } = await raw`
    INSERT INTO darkroom.preview AS preview (image_id, position, object_key, content_type, width, height)
    VALUES (${imageId}, ${index}, ${previewKey(imageId, index)}, ${`image/${order.output_format}`}, ${width}, ${height})
    ON CONFLICT (image_id, position) DO UPDATE SET width = ${width} WHERE preview.released_at IS NULL
    RETURNING 1`.execute(database.sql)
  return rows.length === 1
}

/** Readable from now on, unless the image has ended meanwhile: whoever ended it held the request's lock, as this does. */
function show({ database }: Ground, requestId: string, imageId: string, index: number): Promise<boolean> {
  return database.transact(async (tx) => {
    await lockRequest(tx, requestId)
    const developing = tx
      .selectFrom('darkroom.image')
      .select('id')
      .where('id', '=', imageId)
      .where('state', 'in', UNFINISHED)
    const { numUpdatedRows } = await tx
      .updateTable('darkroom.preview')
      .set({ released_at: raw`darkroom.now()` })
      .where('image_id', 'in', developing)
      .where('position', '=', index)
      .executeTakeFirst()
    return numUpdatedRows === 1n
  })
}

/**
 * Removes previews, object and row, that nobody is to read: of images that were withheld, failed or cancelled, at once; of published
 * ones when `olderThanMs` have passed. The janitor calls it. Returns how many; call again at `limit`.
 */
export async function forgetPreviews(ground: Ground, olderThanMs: number, limit = 100): Promise<number> {
  const { sql } = ground.database
  const { rows } = await raw<{ image_id: string; position: number; object_key: string }>`
    SELECT preview.image_id, preview.position, preview.object_key
      FROM darkroom.preview JOIN darkroom.image ON image.id = preview.image_id
     WHERE CASE WHEN image.state = 'published'
                THEN image.published_at <= darkroom.now() - ${olderThanMs} * interval '1 millisecond'
                ELSE image.state NOT IN ('planned', 'generated', 'cleared', 'marked') END
     LIMIT ${limit}`.execute(sql)
  for (const { image_id, position, object_key } of rows) {
    await ground.images.remove(object_key)
    await sql.deleteFrom('darkroom.preview').where('image_id', '=', image_id).where('position', '=', position).execute()
  }
  return rows.length
}
