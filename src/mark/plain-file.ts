// Pixels under a head of our own: an uncompressed TIFF of 8-bit RGB in one strip. It is how pixels that a child decoded are handed to
// what takes files, so that no decoder of this process meets a byte that a stranger arranged.
import type { Picture } from './watermark/residual.ts'

const SHORT = 3
const LONG = 4
const HEAD_BYTES = 8
const ENTRY_BYTES = 12

/** TIFF 6.0, section 6 (RGB Full Color Images). */
export function plainFile({ width, height, rgb }: Picture): Buffer {
  const bitsAt = HEAD_BYTES + 2 + 10 * ENTRY_BYTES + 4
  const pixelsAt = bitsAt + 6
  const entries: readonly (readonly [tag: number, type: number, count: number, value: number])[] = [
    [256, LONG, 1, width],
    [257, LONG, 1, height],
    [258, SHORT, 3, bitsAt],
    [259, SHORT, 1, 1],
    [262, SHORT, 1, 2],
    [273, LONG, 1, pixelsAt],
    [277, SHORT, 1, 3],
    [278, LONG, 1, height],
    [279, LONG, 1, rgb.length],
    [284, SHORT, 1, 1],
  ]
  const file = Buffer.alloc(pixelsAt + rgb.length)
  file.write('II*\0', 'latin1')
  file.writeUInt32LE(HEAD_BYTES, 4)
  file.writeUInt16LE(entries.length, HEAD_BYTES)
  entries.forEach(([tag, type, count, value], index) => {
    const at = HEAD_BYTES + 2 + index * ENTRY_BYTES
    file.writeUInt16LE(tag, at)
    file.writeUInt16LE(type, at + 2)
    file.writeUInt32LE(count, at + 4)
    file.writeUInt32LE(value, at + 8)
  })
  for (let channel = 0; channel < 3; channel++) file.writeUInt16LE(8, bitsAt + channel * 2)
  file.set(rgb, pixelsAt)
  return file
}
