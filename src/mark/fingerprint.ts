// The perceptual fingerprint of published pixels: the Content-Code Image of ISO 24138, 256 bits (iscc.ts), of a 32×32 grey thumbnail
// (thumbnail.ts). The standard says what the bits are; ours are the distances, and what counts as weak. It survives re-encoding and
// scaling, not cropping, and it only ever confirms what a mark or a manifest claims, or gives a hint: never a claim of its own.
import { CODE_BITS, contentCode } from './iscc.ts'
import { greyThumbnail } from './thumbnail.ts'
import type { Picture } from './watermark/residual.ts'

/** Sixty-four hexadecimal digits. Weak: too plain for them to tell it from other pictures. */
export type Fingerprint = { hex: string; weak: boolean }

export const FINGERPRINT_ALGORITHM = 'iscc-image-v0'

/**
 * Distances up to which two pictures count as the same, and as probably related. Measured: copies in another format, size or quality 0
 * to 14, unlike pictures 64 and more, pictures of one model for like prompts 32 and more.
 */
export const CLOSE_BITS = 20
export const NEAR_BITS = 30

// A level of noise in each pixel of the thumbnail moves a value by 16. A sky, a gradient or noise has below 50 values beyond twice
// that, the plainest of 600 drawn and made pictures 187.
const STEADY = 32
const ENOUGH_STEADY = CODE_BITS / 2

export function fingerprintOf(picture: Picture): Fingerprint {
  const { hex, above } = contentCode(greyThumbnail(picture))
  return { hex, weak: above.filter((value) => Math.abs(value) > STEADY).length < ENOUGH_STEADY }
}

/** Number of differing bits between two codes of the same length, or null when one is not a code. */
export function fingerprintDistance(a: string, b: string): number | null {
  const form = /^(?:[0-9a-f]{16}|[0-9a-f]{64})$/
  if (a.length !== b.length || !form.test(a) || !form.test(b)) return null
  let differing = BigInt(`0x${a}`) ^ BigInt(`0x${b}`)
  let bits = 0
  for (; differing > 0n; differing &= differing - 1n) bits++
  return bits
}
