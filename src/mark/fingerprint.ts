// A 64-bit perceptual hash of the published pixels: the signs of the lowest DCT frequencies of a 32×32 luma thumbnail.
// It guards against a mark lifted onto another picture. It survives re-encoding and scaling, not cropping, and it is weak on flat
// art, where unlike pictures can come near: it only ever confirms what a mark or a manifest claims.
import { lumaOf, type Picture } from './watermark/residual.ts'

const THUMB = 32
const LOW = 8

/** Distances, of 64 bits, up to which two pictures count as the same, and as probably related. Unlike pictures differ by about 30. */
export const CLOSE_BITS = 8
export const NEAR_BITS = 14

const BASIS = Float64Array.from({ length: LOW * THUMB }, (_, i) => {
  const k = Math.floor(i / THUMB) + 1
  return Math.cos((Math.PI * k * (2 * (i % THUMB) + 1)) / (2 * THUMB))
})

/** Sixteen hexadecimal digits. */
export function fingerprintOf(picture: Picture): string {
  const thumb = thumbnail(picture)
  const rows = new Float64Array(LOW * THUMB)
  for (let k = 0; k < LOW; k++) {
    for (let y = 0; y < THUMB; y++) {
      let sum = 0
      for (let x = 0; x < THUMB; x++) sum += (BASIS[k * THUMB + x] ?? 0) * (thumb[y * THUMB + x] ?? 0)
      rows[k * THUMB + y] = sum
    }
  }
  const low: number[] = []
  for (let k = 0; k < LOW; k++) {
    for (let l = 0; l < LOW; l++) {
      let sum = 0
      for (let y = 0; y < THUMB; y++) sum += (BASIS[l * THUMB + y] ?? 0) * (rows[k * THUMB + y] ?? 0)
      low.push(sum)
    }
  }
  const middle = [...low].sort((a, b) => a - b)[low.length / 2] ?? 0
  let hex = ''
  for (let i = 0; i < low.length; i += 4) {
    hex += low
      .slice(i, i + 4)
      .reduce((digit, value) => digit * 2 + (value > middle ? 1 : 0), 0)
      .toString(16)
  }
  return hex
}

/** Number of differing bits between two fingerprints, 0-64, or null when one is not a fingerprint. */
export function fingerprintDistance(a: string, b: string): number | null {
  const form = /^[0-9a-f]{16}$/
  if (!form.test(a) || !form.test(b)) return null
  let differing = BigInt(`0x${a}`) ^ BigInt(`0x${b}`)
  let bits = 0
  for (; differing > 0n; differing &= differing - 1n) bits++
  return bits
}

/** Undoes clockwise quarter turns and then a flip, so that a turned copy compares with its original. */
export function uprightCopy(picture: Picture, mirrored: boolean, quarterTurns: number): Picture {
  let { width, height, rgb } = picture
  for (let turn = 0; turn < quarterTurns % 4; turn++) {
    const turned = new Uint8Array(rgb.length)
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const to = ((width - 1 - x) * height + y) * 3
        const from = (y * width + x) * 3
        for (let c = 0; c < 3; c++) turned[to + c] = rgb[from + c] ?? 0
      }
    }
    ;[width, height, rgb] = [height, width, turned]
  }
  if (!mirrored) return { width, height, rgb }
  const flipped = new Uint8Array(rgb.length)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < 3; c++) flipped[(y * width + x) * 3 + c] = rgb[(y * width + width - 1 - x) * 3 + c] ?? 0
    }
  }
  return { width, height, rgb: flipped }
}

/** Area average to 32×32 luma, weighting the pixels that a cell cuts. */
function thumbnail(picture: Picture): Float64Array {
  const { width, height, values } = lumaOf(picture)
  const thumb = new Float64Array(THUMB * THUMB)
  const columns = cells(width)
  const rows = cells(height)
  rows.forEach((row, ty) => {
    columns.forEach((column, tx) => {
      let sum = 0
      let area = 0
      for (const [y, h] of row) {
        for (const [x, w] of column) {
          sum += w * h * (values[y * width + x] ?? 0)
          area += w * h
        }
      }
      thumb[ty * THUMB + tx] = sum / area
    })
  })
  return thumb
}

/** For each of the 32 cells along an axis, the pixels that it covers and by how much. */
function cells(length: number): [number, number][][] {
  return Array.from({ length: THUMB }, (_, i) => {
    const from = (i * length) / THUMB
    const to = ((i + 1) * length) / THUMB
    const covered: [number, number][] = []
    for (let p = Math.floor(from); p < Math.min(length, Math.ceil(to)); p++) {
      covered.push([p, Math.min(to, p + 1) - Math.max(from, p)])
    }
    return covered
  })
}
