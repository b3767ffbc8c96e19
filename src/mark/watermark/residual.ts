// From a picture to the tile that the mark lives in: luma, minus an edge-preserving local mean, divided by local variance,
// folded modulo the tile. Flat areas, where the mark is nearly alone, weigh most; edges and texture, which hide it, least.
/** One channel of a picture, row-major, 0-255. */
export type Plane = { readonly width: number; readonly height: number; readonly values: Float32Array }

/** Interleaved 8-bit RGB, row-major, as the models make it. */
export type Picture = { readonly width: number; readonly height: number; readonly rgb: Uint8Array }

/** ITU-R BT.601 luma, the one that JPEG and WebP code. */
export function lumaOf(picture: Picture): Plane {
  const { width, height, rgb } = picture
  const values = new Float32Array(width * height)
  for (let i = 0; i < values.length; i++) {
    values[i] = 0.299 * (rgb[i * 3] ?? 0) + 0.587 * (rgb[i * 3 + 1] ?? 0) + 0.114 * (rgb[i * 3 + 2] ?? 0)
  }
  return { width, height, values }
}

const REACH = 6
// A neighbour whose level lies further away than this belongs to another colour area and does not count toward the mean: in rough pictures,
// where neighbours differ anyway, further than in flat ones.
const SAME_AREA = { flat: 24, rough: 48 }
const ROUGH = 10
const VARIANCE_FLOOR = 10
const CLIP = 0.4

/** The whitened residual of a plane: what is left when each colour area's own mean is gone, divided by the variance around it. */
export function residualOf(plane: Plane): Plane {
  const { width, height, values } = plane
  const rough = Math.min(1, roughnessOf(plane) / ROUGH)
  const sameArea = SAME_AREA.flat + (SAME_AREA.rough - SAME_AREA.flat) * rough
  const across = sigmaMean(values, width, height, 1, width, sameArea)
  const mean = sigmaMean(across, width, height, width, 1, sameArea)
  const residual = new Float32Array(values.length)
  const square = new Float32Array(values.length)
  for (let i = 0; i < values.length; i++) {
    const d = (values[i] ?? 0) - (mean[i] ?? 0)
    residual[i] = d
    square[i] = d * d
  }
  const variance = boxMean(square, width, height, REACH)
  for (let i = 0; i < residual.length; i++) {
    const v = (residual[i] ?? 0) / ((variance[i] ?? 0) + VARIANCE_FLOOR)
    residual[i] = Math.max(-CLIP, Math.min(CLIP, v))
  }
  return { width, height, values: residual }
}

/** Sums a residual into one tile, modulo its side, from the picture's origin. `left` and `top`: where the plane lies in the picture. */
export function foldTile({ width, height, values }: Plane, side: number, left = 0, top = 0): Float64Array {
  const tile = new Float64Array(side * side)
  for (let y = 0; y < height; y++) {
    const row = ((top + y) % side) * side
    let x = left % side
    for (let i = y * width; i < (y + 1) * width; i++) {
      tile[row + x] = (tile[row + x] ?? 0) + (values[i] ?? 0)
      if (++x === side) x = 0
    }
  }
  return tile
}

/** Median difference between pixels a few apart, over some thousands of them. */
function roughnessOf({ width, height, values }: Plane): number {
  const every = Math.max(1, Math.floor(Math.sqrt((width * height) / 4096)))
  const apart: number[] = []
  for (let y = 0; y + 3 < height; y += every) {
    for (let x = 0; x + 3 < width; x += every) {
      const i = y * width + x
      apart.push(
        Math.abs((values[i] ?? 0) - (values[i + 3] ?? 0)),
        Math.abs((values[i] ?? 0) - (values[i + 3 * width] ?? 0)),
      )
    }
  }
  return apart.sort((a, b) => a - b)[apart.length >> 1] ?? 0
}

/** Mean of the neighbours along one axis that lie within `sameArea` of the centre (Lee's sigma filter). */
function sigmaMean(
  values: Float32Array,
  width: number,
  height: number,
  step: number,
  other: number,
  sameArea: number,
): Float32Array {
  const along = step === 1 ? width : height
  const lines = step === 1 ? height : width
  const out = new Float32Array(values.length)
  for (let l = 0; l < lines; l++) {
    const start = l * other
    for (let i = 0; i < along; i++) {
      const at = start + i * step
      const centre = values[at] ?? 0
      const from = Math.max(0, i - REACH)
      const to = Math.min(along - 1, i + REACH)
      let sum = 0
      let count = 0
      for (let j = from, k = start + from * step; j <= to; j++, k += step) {
        const d = (values[k] ?? 0) - centre
        if (d < sameArea && d > -sameArea) {
          sum += d
          count++
        }
      }
      out[at] = centre + sum / count
    }
  }
  return out
}

/** Mean over a square window of (2·reach + 1)², cut off at the borders, by running sums. */
export function boxMean(values: Float32Array, width: number, height: number, reach: number): Float32Array {
  const across = new Float32Array(values.length)
  for (let y = 0; y < height; y++) slide(values, across, y * width, 1, width, reach)
  const out = new Float32Array(values.length)
  for (let x = 0; x < width; x++) slide(across, out, x, width, height, reach)
  return out
}

function slide(from: Float32Array, to: Float32Array, start: number, step: number, length: number, reach: number): void {
  let sum = 0
  let count = 0
  for (let i = 0; i < Math.min(reach, length); i++) {
    sum += from[start + i * step] ?? 0
    count++
  }
  for (let i = 0; i < length; i++) {
    if (i + reach < length) {
      sum += from[start + (i + reach) * step] ?? 0
      count++
    }
    if (i - reach - 1 >= 0) {
      sum -= from[start + (i - reach - 1) * step] ?? 0
      count--
    }
    to[start + i * step] = sum / count
  }
}
