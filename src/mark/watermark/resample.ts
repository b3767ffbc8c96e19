// Where a copy's pixels lie in the original's tiles: folding through a turn and a scale, and the smaller planes that strongly enlarged
// copies are looked at in.
import type { Plane } from './residual.ts'

/** How a copy lies to its original: turned clockwise about its centre, then scaled. */
export type Placing = { readonly degrees: number; readonly scale: number }

/** A window of a plane, clipped to it. */
export function cropPlane(plane: Plane, left: number, top: number, width: number, height: number): Plane {
  const w = Math.min(width, plane.width - left)
  const h = Math.min(height, plane.height - top)
  if (left === 0 && top === 0 && w === plane.width && h === plane.height) return plane
  const values = new Float32Array(w * h)
  for (let y = 0; y < h; y++) {
    const from = (top + y) * plane.width + left
    values.set(plane.values.subarray(from, from + w), y * w)
  }
  return { width: w, height: h, values }
}

/** The middle of a plane, at most `limit` pixels a side. */
export function middleOf(plane: Plane, limit: number): Plane {
  const start = (length: number) => Math.max(0, Math.floor((length - limit) / 2))
  return cropPlane(plane, start(plane.width), start(plane.height), limit, limit)
}

/** Half the size: the mean of each four pixels. */
export function halved({ width, height, values }: Plane): Plane {
  const w = width >> 1
  const h = height >> 1
  const out = new Float32Array(w * h)
  for (let y = 0; y < h; y++) {
    for (let x = 0; x < w; x++) {
      const i = 2 * y * width + 2 * x
      out[y * w + x] =
        ((values[i] ?? 0) + (values[i + 1] ?? 0) + (values[i + width] ?? 0) + (values[i + width + 1] ?? 0)) / 4
    }
  }
  return { width: w, height: h, values: out }
}

/** Sums a copy's residual into one tile of the original, each pixel spread over the four places that it falls between. */
export function foldThrough({ width, height, values }: Plane, { degrees, scale }: Placing, side: number): Float64Array {
  const tile = new Float64Array(side * side)
  const angle = (degrees * Math.PI) / 180
  const c = Math.cos(angle) / scale
  const s = Math.sin(angle) / scale
  const wrapped = (value: number) => value - side * Math.floor(value / side)
  for (let row = 0; row < height; row++) {
    const dy = row - (height - 1) / 2
    const dx = -(width - 1) / 2
    let x = wrapped(c * dx + s * dy)
    let y = wrapped(-s * dx + c * dy)
    for (let i = row * width; i < (row + 1) * width; i++) {
      const value = values[i] ?? 0
      const ix = Math.floor(x)
      const iy = Math.floor(y)
      const fx = x - ix
      const fy = y - iy
      const right = ix + 1 === side ? 0 : ix + 1
      const above = iy * side
      const below = iy + 1 === side ? 0 : above + side
      const upper = value * (1 - fy)
      const lower = value * fy
      tile[above + ix] = (tile[above + ix] ?? 0) + upper * (1 - fx)
      tile[above + right] = (tile[above + right] ?? 0) + upper * fx
      tile[below + ix] = (tile[below + ix] ?? 0) + lower * (1 - fx)
      tile[below + right] = (tile[below + right] ?? 0) + lower * fx
      x += c
      if (x >= side) x -= side
      else if (x < 0) x += side
      y -= s
      if (y >= side) y -= side
      else if (y < 0) y += side
    }
  }
  return tile
}
