// Whether a picture is, pixel for pixel, what was released: by the digest that the record of each marking keeps. No other picture has the
// same one, so where it is equal nothing in the picture was changed, whatever became of the file around it.
import { createHash } from 'node:crypto'
import type { Picture } from './watermark/residual.ts'

/** SHA-256, hexadecimal, of the size as text and the decoded RGB. */
export function pixelsDigestOf({ width, height, rgb }: Picture): string {
  return createHash('sha256').update(`${width}x${height}\n`).update(rgb).digest('hex')
}

/** `picture` as it lies. Null: no record, or one without a digest. */
export function hasSamePixels(picture: Picture, record: { pixelsDigest: string | null } | null): boolean | null {
  const known = record?.pixelsDigest ?? null
  return known === null ? null : pixelsDigestOf(picture) === known
}
