// The publish stage: once the log has the leaf of its marking (logged.ts), copies an image to the store that has public links, then
// moves it to `published` and settles its request. Only this stage writes to that store.
import { sql as raw } from 'kysely'
import Type from 'typebox'
import { Compile } from 'typebox/compile'
import { sha256 } from '../kernel/canonical.ts'
import type { Tx } from '../kernel/database.ts'
import { Fault } from '../kernel/fault.ts'
import type { Ground } from '../kernel/ground.ts'
import { claimImage, moveStored } from '../kernel/image-work.ts'
import { markedKey } from '../kernel/quarantine.ts'
import type { Claim } from '../kernel/tasks.ts'
import { finishStage } from '../outcome.ts'
import { awaitLogged } from './logged.ts'

/** The public key of a released image. */
export function releasedKey(imageId: string, format: string): string {
  return `${imageId}.${format === 'jpeg' ? 'jpg' : format}`
}

/** `stopping` ends its wait for the log, not what comes after. */
export async function publishStage(ground: Ground, claim: Claim, stopping: AbortSignal): Promise<void> {
  const image = await claimImage(ground, claim, 'marked')
  if (image === null) return
  await awaitLogged(ground, image.id, stopping)
  const digest = fileDigest(image.marked)
  const file = await ground.quarantine.get(markedKey(image.id, digest))
  if (sha256(file.bytes) !== digest) throw new Fault('object_mismatch', { facts: { image: image.id } })
  const key = releasedKey(image.id, image.output_format)
  if ((await ground.images.putIfAbsent(key, file)) === 'exists') {
    const earlier = sha256((await ground.images.get(key)).bytes)
    if (earlier !== digest) throw new Fault('object_mismatch', { facts: { image: image.id } })
  }
  await moveStored(ground, image.id, [ground.images, key], () =>
    finishStage(
      ground,
      claim,
      image,
      {
        to: 'published',
        facts: { file: digest, key },
        set: { object_key: key, size_bytes: file.bytes.length, published_at: raw<Date>`darkroom.now()` },
      },
      (tx) => makeFindable(tx, image.id),
    ),
  )
}

/** By likeness, unless its fingerprint is too weak for that, or of a kind that is not searched. */
async function makeFindable(tx: Tx, imageId: string): Promise<void> {
  await raw`
    INSERT INTO darkroom.fingerprint (image_id, bits)
    SELECT id, ('x' || fingerprint)::bit(256) FROM darkroom.image
     WHERE id = ${imageId} AND fingerprint ~ '^[0-9a-f]{64}$' AND fingerprint_weak = false
    ON CONFLICT DO NOTHING`.execute(tx)
}

const Marked = Compile(Type.Object({ digests: Type.Object({ file: Type.String() }) }))

/** The digest that the mark stage verified and recorded. */
function fileDigest(marked: unknown): string {
  return Marked.Parse(marked).digests.file
}
