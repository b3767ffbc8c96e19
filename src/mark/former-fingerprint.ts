// The 64 bits by which pictures were recorded before the Content-Code: the signs of the lowest frequencies of a 32×32 luma thumbnail.
// Nothing is recorded so any more; a copy of a picture that was is still compared with its record, by the same arithmetic.
import { lumaOf, type Picture } from './watermark/residual.ts'

const THUMB = 32
const LOW = 8

const BASIS = Float64Array.from({ length: LOW * THUMB }, (_, i) => {
  const k = Math.floor(i / THUMB) + 1
  return Math.cos((Math.PI * k * (2 * (i % THUMB) + 1)) / (2 * THUMB))
})

/** Sixteen hexadecimal digits. */
export function formerFingerprintOf(picture: Picture): string {
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
