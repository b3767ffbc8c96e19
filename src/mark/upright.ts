// A turned or mirrored copy the right way up again, pixel for pixel, so that it compares with its original.
import type { Picture } from './watermark/residual.ts'

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
