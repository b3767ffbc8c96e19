// Bilinear resampling of a window of a plane, with an area average first when shrinking, for the search over scales.
import type { Plane } from './residual.ts'

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

/** The centre of a plane at `scale` times its size, at most `limit` pixels a side. */
export function resampleCentre(plane: Plane, scale: number, limit: number): Plane {
  const width = Math.min(limit, Math.round(plane.width * scale))
  const height = Math.min(limit, Math.round(plane.height * scale))
  const left = (plane.width - width / scale) / 2
  const top = (plane.height - height / scale) / 2
  // One tap every source pixel or so along each axis keeps shrinking free of aliases.
  const taps = Math.max(1, Math.round(1 / scale))
  const values = new Float32Array(width * height)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let sum = 0
      for (let ty = 0; ty < taps; ty++) {
        for (let tx = 0; tx < taps; tx++) {
          sum += sample(
            plane,
            left + (x + (tx + 0.5) / taps) / scale - 0.5,
            top + (y + (ty + 0.5) / taps) / scale - 0.5,
          )
        }
      }
      values[y * width + x] = sum / (taps * taps)
    }
  }
  return { width, height, values }
}

function sample(plane: Plane, x: number, y: number): number {
  const cx = Math.max(0, Math.min(plane.width - 1.001, x))
  const cy = Math.max(0, Math.min(plane.height - 1.001, y))
  const ix = Math.floor(cx)
  const iy = Math.floor(cy)
  const fx = cx - ix
  const fy = cy - iy
  const i = iy * plane.width + ix
  const above = (plane.values[i] ?? 0) * (1 - fx) + (plane.values[i + 1] ?? 0) * fx
  const below = (plane.values[i + plane.width] ?? 0) * (1 - fx) + (plane.values[i + plane.width + 1] ?? 0) * fx
  return above * (1 - fy) + below * fy
}

/** The eight symmetries of a square tile, undoing a flip and then quarter turns that a copy may have gone through. */
export function orientTile(tile: Float64Array, side: number, flipped: boolean, quarterTurns: number): Float64Array {
  const out = new Float64Array(tile.length)
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      let sx = flipped ? side - 1 - x : x
      let sy = y
      for (let t = 0; t < quarterTurns; t++) {
        const next = side - 1 - sy
        sy = sx
        sx = next
      }
      out[y * side + x] = tile[sy * side + sx] ?? 0
    }
  }
  return out
}
