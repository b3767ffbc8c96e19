// The 32×32 grey picture that the fingerprint is made of, bit for bit as the ISCC's own kit makes it: Pillow's BT.601 grey in fixed
// point, then its bicubic, which widens over the pixels that it averages, across and then down with 8 bits in between.
// The kit also cuts plain borders off; this does not: where flat art ends would depend on how a copy was encoded.
import type { Picture } from './watermark/residual.ts'

export const THUMBNAIL_SIDE = 32

const REACH = 2
/** Pillow's weights are fixed point with so many bits after it, its grey with 16. */
const WEIGHT_BITS = 22

/** 1024 grey values, 0-255, row-major. */
export function greyThumbnail(picture: Picture): Uint8Array {
  const { width, height } = picture
  const grey = greyOf(picture)
  const narrow = new Uint8Array(THUMBNAIL_SIDE * height)
  const columns = tapsOf(width)
  for (let y = 0; y < height; y++) {
    columns.forEach(({ from, weights }, x) => {
      narrow[y * THUMBNAIL_SIDE + x] = weigh(grey, y * width + from, 1, weights)
    })
  }
  const thumbnail = new Uint8Array(THUMBNAIL_SIDE * THUMBNAIL_SIDE)
  tapsOf(height).forEach(({ from, weights }, y) => {
    for (let x = 0; x < THUMBNAIL_SIDE; x++) {
      thumbnail[y * THUMBNAIL_SIDE + x] = weigh(narrow, from * THUMBNAIL_SIDE + x, THUMBNAIL_SIDE, weights)
    }
  })
  return thumbnail
}

function greyOf({ rgb }: Picture): Uint8Array {
  const grey = new Uint8Array(rgb.length / 3)
  for (let i = 0, at = 0; i < grey.length; i++, at += 3) {
    grey[i] = ((rgb[at] ?? 0) * 19595 + (rgb[at + 1] ?? 0) * 38470 + (rgb[at + 2] ?? 0) * 7471 + 0x8000) >> 16
  }
  return grey
}

type Taps = { from: number; weights: Int32Array }

/** What each of the 32 places along an axis is made of. */
function tapsOf(length: number): Taps[] {
  const scale = length / THUMBNAIL_SIDE
  const stretch = Math.max(1, scale)
  return Array.from({ length: THUMBNAIL_SIDE }, (_, place) => {
    const centre = (place + 0.5) * scale
    const from = Math.max(0, Math.trunc(centre - REACH * stretch + 0.5))
    const to = Math.min(length, Math.trunc(centre + REACH * stretch + 0.5))
    const raw = Float64Array.from({ length: to - from }, (_, i) => bicubic((i + from - centre + 0.5) * (1 / stretch)))
    const sum = raw.reduce((total, weight) => total + weight, 0)
    const weights = Int32Array.from(raw, (weight) => {
      const scaled = (weight / sum) * 2 ** WEIGHT_BITS
      return Math.trunc(scaled < 0 ? scaled - 0.5 : scaled + 0.5)
    })
    return { from, weights }
  })
}

function bicubic(x: number): number {
  const a = -0.5
  const d = Math.abs(x)
  if (d < 1) return ((a + 2) * d - (a + 3)) * d * d + 1
  return d < REACH ? (((d - 5) * d + 8) * d - 4) * a : 0
}

function weigh(values: Uint8Array, start: number, step: number, weights: Int32Array): number {
  let sum = 1 << (WEIGHT_BITS - 1)
  for (let i = 0, at = start; i < weights.length; i++, at += step) sum += (values[at] ?? 0) * (weights[i] ?? 0)
  return Math.max(0, Math.min(255, sum >> WEIGHT_BITS))
}
