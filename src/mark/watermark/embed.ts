// Puts the mark into pixels: the pattern in luma, shaped by what the eye forgives, tuned to this picture, at a given strength.
// Only pixels change here; strengthen.ts decides how strong, from what the encoded file still says.
// Flat colour shows grain soonest, and dark flat colour soonest of all; texture hides it.
import { encodeMarkId } from './code.ts'
import { type MarkKey, markPattern, type Pattern, tileSideFor } from './pattern.ts'
import { phasesOf } from './read.ts'
import { boxMean, foldTile, lumaOf, type Picture, type Plane, residualOf } from './residual.ts'
import { emptySpectrum, transformOf } from './transform.ts'

type Phasor = { readonly re: number; readonly im: number }

/** Everything about one picture and payload that does not depend on the strength. */
export type Plan = {
  readonly picture: Picture
  readonly pattern: Pattern
  /** What each carrier should read as: its phase, turned over where it carries a 0. */
  readonly wanted: readonly Phasor[]
  /** What is put into each carrier: first the same, scaled by its weight; tuning bends it against what the picture itself has there. */
  readonly drive: readonly Phasor[]
  /** What that makes: one period of the mark, root mean square 1. */
  readonly tile: Float64Array
  readonly mask: Mask
}

/** How much change each pixel forgives, 1 for plain light colour; one value for each four pixels, row-major. */
type Mask = { readonly width: number; readonly values: Float32Array }

/** Throws RangeError for a picture under 64 pixels or a payload out of range. `side`: of the tile, for tests of former marks. */
export function planMark(
  picture: Picture,
  markId: number,
  key: MarkKey,
  side = tileSideFor(key, picture.width, picture.height),
): Plan {
  const pattern = markPattern(key, side)
  const word = encodeMarkId(markId)
  const wanted = pattern.carriers.map(({ bit, phase }) => {
    const sign = bit < 0 || word[bit] === 1 ? 1 : -1
    return { re: sign * Math.cos(phase), im: sign * Math.sin(phase) }
  })
  const mask = forgiveness(lumaOf(picture))
  // Texture has its own energy at low frequencies and drowns a mark there; flat colour has none, and what re-encoding leaves of
  // it is low. Readers trust each band by its pilots, so they need not know which was chosen.
  const high = isFlat(mask) ? HIGH_SHARE_FLAT : 1
  const drive = pattern.carriers.map(({ weight, low }, i) => scaled(wanted[i], low ? weight : weight * high))
  return { picture, pattern, wanted, drive, tile: tileOf(pattern, drive), mask }
}

const HIGH_SHARE_FLAT = 0.3
// The mask of plain colour, and a little.
const FLAT_MASK = 1.05

function isFlat({ values }: Mask): boolean {
  let plain = 0
  for (const value of values) if (value < FLAT_MASK) plain++
  return plain > values.length / 2
}

/** Marked pixels. `strength` is the mark's root mean square in grey levels where the mask is 1. */
export function render({ picture, pattern, tile, mask }: Plan, strength: number): Picture {
  const { width, height, rgb } = picture
  // Assignment rounds and clips.
  const out = new Uint8ClampedArray(rgb.length)
  for (let y = 0; y < height; y++) {
    const row = (y % pattern.side) * pattern.side
    const maskRow = (y >> 1) * mask.width
    let u = 0
    for (let x = 0, i = y * width * 3; x < width; x++, i += 3) {
      const change = strength * (mask.values[maskRow + (x >> 1)] ?? 0) * (tile[row + u] ?? 0)
      out[i] = (rgb[i] ?? 0) + change
      out[i + 1] = (rgb[i + 1] ?? 0) + change
      out[i + 2] = (rgb[i + 2] ?? 0) + change
      if (++u === pattern.side) u = 0
    }
  }
  return { width, height, rgb: new Uint8Array(out.buffer) }
}

/** Mean square of the change that a strength of 1 makes, before rounding and clipping. */
export function energyOf({ picture: { width, height }, pattern, tile, mask }: Plan): number {
  let sum = 0
  for (let y = 0; y < height; y++) {
    const row = (y % pattern.side) * pattern.side
    const maskRow = (y >> 1) * mask.width
    let u = 0
    for (let x = 0; x < width; x++) {
      sum += ((mask.values[maskRow + (x >> 1)] ?? 0) * (tile[row + u] ?? 0)) ** 2
      if (++u === pattern.side) u = 0
    }
  }
  return sum / (width * height)
}

// No carrier is driven harder than this many times its weight: beyond, it would show as a stripe.
const HARDEST = 2.5

/**
 * Informed embedding: looks at what a reader would see and bends each carrier's drive toward what it should read as, so that
 * strength goes where the picture works against the mark. `seen` is the plan's picture as marked so far, perhaps encoded.
 */
export function tune(plan: Plan, seen: Picture, rate = 0.6): Plan {
  const { pattern, wanted } = plan
  const spectrum = phasesOf(foldTile(residualOf(lumaOf(seen)), pattern.side), pattern)
  const drive = pattern.carriers.map(({ bin, weight }, i) => {
    const now = plan.drive[i] ?? { re: 0, im: 0 }
    const goal = wanted[i] ?? { re: 0, im: 0 }
    const re = now.re + rate * weight * (goal.re - (spectrum.re[bin] ?? 0))
    const im = now.im + rate * weight * (goal.im - (spectrum.im[bin] ?? 0))
    return scaled({ re, im }, Math.min(1, (HARDEST * weight) / (Math.hypot(re, im) || 1)))
  })
  return { ...plan, drive, tile: tileOf(pattern, drive) }
}

function scaled(phasor: Phasor | undefined, by: number): Phasor {
  return { re: (phasor?.re ?? 0) * by, im: (phasor?.im ?? 0) * by }
}

/** Peak signal-to-noise ratio over all three channels, in decibels; Infinity when nothing changed. */
export function psnrDb(a: Picture, b: Picture): number {
  let sum = 0
  for (let i = 0; i < a.rgb.length; i++) {
    const apart = (a.rgb[i] ?? 0) - (b.rgb[i] ?? 0)
    sum += apart * apart
  }
  return sum === 0 ? Number.POSITIVE_INFINITY : 10 * Math.log10((65025 * a.rgb.length) / sum)
}

function tileOf({ side, reach, carriers }: Pattern, drive: readonly Phasor[]): Float64Array {
  const spectrum = emptySpectrum(reach)
  const { re, im } = spectrum
  carriers.forEach(({ bin, mirror }, i) => {
    const { re: real, im: imaginary } = drive[i] ?? { re: 0, im: 0 }
    re[bin] = real
    im[bin] = imaginary
    re[mirror] = real
    im[mirror] = -imaginary
  })
  const tile = transformOf(side, reach).inverse(spectrum)
  let energy = 0
  for (const value of tile) energy += value * value
  const scale = 1 / Math.sqrt(energy / tile.length)
  return tile.map((value) => value * scale)
}

// With this much variance around it a change costs half as much structural similarity as on plain colour (the constant C2 of SSIM, halved).
const VARIANCE_THAT_HIDES = 29
const MOST_FORGIVEN = 4
/** Below this mean, dark colour shows a change sooner. */
const DARK = 90

/**
 * How much change each pixel forgives. Texture hides the mark, but the flat side of an edge does not: the activity of a pixel is
 * the least among four windows of 6×6 that touch it (Kuwahara's quadrants), so an outline does not spread noise over a plain sky.
 */
function forgiveness({ width, height, values }: Plane): Mask {
  const [w, h] = [(width + 1) >> 1, (height + 1) >> 1]
  const first = new Float32Array(w * h)
  const second = new Float32Array(w * h)
  for (let y = 0; y < h; y++) {
    const upper = 2 * y * width
    const lower = Math.min(2 * y + 1, height - 1) * width
    for (let x = 0; x < w; x++) {
      const [left, right] = [2 * x, Math.min(2 * x + 1, width - 1)]
      const a = values[upper + left] ?? 0
      const b = values[upper + right] ?? 0
      const c = values[lower + left] ?? 0
      const d = values[lower + right] ?? 0
      first[y * w + x] = (a + b + c + d) / 4
      second[y * w + x] = (a * a + b * b + c * c + d * d) / 4
    }
  }
  const mean = boxMean(first, w, h, 1)
  const variance = boxMean(second, w, h, 1)
  for (let i = 0; i < variance.length; i++) variance[i] = Math.max(0, (variance[i] ?? 0) - (mean[i] ?? 0) ** 2)
  const mask = new Float32Array(w * h)
  for (let y = 0; y < h; y++) {
    const above = Math.max(0, y - 1) * w
    const below = Math.min(h - 1, y + 1) * w
    for (let x = 0; x < w; x++) {
      const left = Math.max(0, x - 1)
      const right = Math.min(w - 1, x + 1)
      const upper = Math.min(variance[above + left] ?? 0, variance[above + right] ?? 0)
      const least = Math.min(upper, variance[below + left] ?? 0, variance[below + right] ?? 0)
      const dark = 0.75 + 0.25 * Math.min(1, (mean[y * w + x] ?? 0) / DARK)
      mask[y * w + x] = dark * Math.min(MOST_FORGIVEN, Math.sqrt(1 + least / VARIANCE_THAT_HIDES))
    }
  }
  return { width: w, values: boxMean(mask, w, h, 1) }
}
