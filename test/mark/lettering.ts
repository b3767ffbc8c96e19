// A label as it is seen: measured on pixels, whatever drew them.
import type { Picture } from '../../src/mark/watermark/residual.ts'

export type Box = { left: number; right: number; top: number; bottom: number }

/** Where two pictures differ. */
export function boxOf(before: Picture, after: Picture): Box {
  const { width, height } = after
  const changed: [number, number][] = []
  for (let i = 0; i < width * height; i++)
    if ([0, 1, 2].some((c) => before.rgb[i * 3 + c] !== after.rgb[i * 3 + c]))
      changed.push([i % width, Math.floor(i / width)])
  const [xs, ys] = [changed.map(([x]) => x), changed.map(([, y]) => y)]
  return { left: Math.min(...xs), right: Math.max(...xs), top: Math.min(...ys), bottom: Math.max(...ys) }
}

/** What a label is, by its pixels: its lines, the height of its first letter, its contrast (WCAG 2.2), and whether it reaches its edge. */
export function measure(picture: Picture, box: Box) {
  const light = (x: number, y: number) => luminanceAt(picture, x, y)
  const isInk = (x: number, y: number) => light(x, y) > 0.3
  const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i)
  const inkIn = (y: number) => range(box.left, box.right).some((x) => isInk(x, y))
  const rows = range(box.top, box.bottom)
  const lines = rows.filter((y) => inkIn(y) && !inkIn(y - 1))
  const first = rows.slice(rows.indexOf(lines[0] ?? 0))
  const line = first.slice(
    0,
    first.findIndex((y) => !inkIn(y)),
  )
  const columns = range(box.left, box.right)
  const start = columns.findIndex((x) => line.some((y) => isInk(x, y)))
  const letter = columns.slice(start, start + columns.slice(start).findIndex((x) => !line.some((y) => isInk(x, y))))
  const letterRows = line.filter((y) => letter.some((x) => isInk(x, y)))
  const ink = Math.max(...rows.flatMap((y) => columns.map((x) => light(x, y))))
  const edge = [
    ...rows.flatMap((y) => [light(box.left, y), light(box.right, y)]),
    ...columns.map((x) => light(x, box.bottom)),
  ]
  // The lightest of the plate's border: what its letters stand out from at the least.
  const paper = Math.max(...edge)
  return {
    lines: lines.length,
    letters: letterRows.length,
    contrast: (ink + 0.05) / (paper + 0.05),
    touchesEdge: edge.some((value) => value > 0.1),
  }
}

/** How many pixels of ink each line has: which letters stand on it. */
export function linesOf(picture: Picture, box: Box): number[] {
  const lines: number[] = []
  let inside = false
  for (let y = box.top; y <= box.bottom; y++) {
    let ink = 0
    for (let x = box.left; x <= box.right; x++) if (luminanceAt(picture, x, y) > 0.3) ink++
    if (ink > 0 && !inside) lines.push(0)
    inside = ink > 0
    if (inside) lines[lines.length - 1] = (lines.at(-1) ?? 0) + ink
  }
  return lines
}

function luminanceAt({ rgb, width }: Picture, x: number, y: number): number {
  const part = (c: number) => {
    const value = (rgb[(y * width + x) * 3 + c] ?? 0) / 255
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  }
  return 0.2126 * part(0) + 0.7152 * part(1) + 0.0722 * part(2)
}
