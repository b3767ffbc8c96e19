// Unreleased pixels: the image as the model made it, and as it was marked. Nothing here is public.
// The same order renders the same picture, so that key is the image's alone. A signature differs each time, so marked files are
// named by their digest: two attempts never mix, and the record says which one counts.
import sharp from 'sharp'
import { sha256 } from './canonical.ts'
import { Fault } from './fault.ts'
import type { Picture } from './model.ts'
import type { ObjectStore } from './object-store.ts'

/** As the model made it: lossless, unmarked. */
export function generatedKey(imageId: string): string {
  return `${imageId}/generated`
}

/** Marked and signed, not yet released. */
export function markedKey(imageId: string, digest: string): string {
  return `${imageId}/marked-${digest}`
}

/** A generated picture as pixels, checked against the digest of its record. Faults: object_missing, object_mismatch. */
export async function readGenerated(store: ObjectStore, imageId: string, digest: string | null): Promise<Picture> {
  const { bytes } = await store.get(generatedKey(imageId))
  if (sha256(bytes) !== digest) throw new Fault('object_mismatch', { facts: { image: imageId } })
  const { data, info } = await sharp(bytes)
    .removeAlpha()
    .toColourspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true })
  return { width: info.width, height: info.height, rgb: data }
}
