// Puts the mark into pixels: the pattern in luma, shaped by what the eye forgives, tuned to this picture, at a given strength.
// Only pixels change here; strengthen.ts decides how strong, from what the encoded file still says.
// Flat colour shows grain soonest, and dark flat colour soonest of all; texture hides it.
import { encodeMarkId } from './code.ts'
import { fft2 } from './fft.ts'
import { type MarkKey, markPattern, type Pattern, type TileSide } from './pattern.ts'
import { spectrumOf } from './read.ts'
import { boxMean, foldTile, lumaOf, type Picture, type Plane, residualOf } from './residual.ts'

type Phasor = { readonly re: number; readonly im: number }

/** Everything about one picture and payload that does not depend on the strength. */
export type Plan = {
  readonly picture: Picture
  readonly pattern: Pattern
  /** What each carrier should read as: its phase, turned over where it carries a 0. */
  readonly wanted: readonly Phasor[]
  /** What is put into each carrier: first the same, scaled by its weight; tuning bends it against what the picture itself has there. */
  readonly drive: Phasor[]
  /** What each pixel forgives, mean about 1. */
  readonly mask: Float32Array
}

/** The tile for a picture: 128, or 64 when a side is under 128. Throws RangeError under 64 pixels. */
export function tileSideFor(width: number, height: number): TileSide {
  if (Math.min(width, height) < 64) throw new RangeError('a picture to mark has at least 64 pixels a side')
  return Math.min(width, height) < 128 ? 64 : 128
}

export function planMark(picture: Picture, markId: number, key: MarkKey): Plan {
  const pattern = markPattern(key, tileSideFor(picture.width, picture.height))
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
  return { picture, pattern, wanted, drive, mask }
}

const HIGH_SHARE_FLAT = 0.4
// The mask of plain colour, and a little.
const FLAT_MASK = 0.95

function isFlat(mask: Float32Array): boolean {
  let plain = 0
  for (const value of mask) if (value < FLAT_MASK) plain++
  return plain > mask.length / 2
}

/** Marked pixels. `strength` is the mark's root mean square in grey levels where the mask is 1. */
export function render(plan: Plan, strength: number): Picture {
  const { width, height, rgb } = plan.picture
  const side = plan.pattern.side
  const tile = tileOf(plan)
  const out = new Uint8Array(rgb.length)
  for (let y = 0; y < height; y++) {
    const row = (y % side) * side
    for (let x = 0; x < width; x++) {
      const i = y * width + x
      const change = strength * (plan.mask[i] ?? 0) * (tile[row + (x % side)] ?? 0)
      for (let c = i * 3; c < i * 3 + 3; c++) out[c] = Math.max(0, Math.min(255, Math.round((rgb[c] ?? 0) + change)))
    }
  }
  return { width, height, rgb: out }
}

// No carrier is driven harder than this many times its weight: beyond, it would show as a stripe.
const HARDEST = 2.5

/**
 * Informed embedding: looks at what a reader would see and bends each carrier's drive toward what it should read as, so that
 * strength goes where the picture works against the mark. `seen` is the plan's picture as marked so far, perhaps encoded.
 */
export function tune(plan: Plan, seen: Picture, rate = 0.6): void {
  const { side, carriers } = plan.pattern
  const spectrum = spectrumOf(foldTile(residualOf(lumaOf(seen)), seen.width, seen.height, side), side)
  carriers.forEach(({ bin, weight }, i) => {
    const now = plan.drive[i] ?? { re: 0, im: 0 }
    const goal = plan.wanted[i] ?? { re: 0, im: 0 }
    const re = now.re + rate * weight * (goal.re - (spectrum.re[bin] ?? 0))
    const im = now.im + rate * weight * (goal.im - (spectrum.im[bin] ?? 0))
    plan.drive[i] = scaled({ re, im }, Math.min(1, (HARDEST * weight) / (Math.hypot(re, im) || 1)))
  })
}

function scaled(phasor: Phasor | undefined, by: number): Phasor {
  return { re: (phasor?.re ?? 0) * by, im: (phasor?.im ?? 0) * by }
}

/** Peak signal-to-noise ratio over all three channels, in decibels; Infinity when nothing changed. */
export function psnrDb(a: Picture, b: Picture): number {
  let sum = 0
  for (let i = 0; i < a.rgb.length; i++) sum += ((a.rgb[i] ?? 0) - (b.rgb[i] ?? 0)) ** 2
  return sum === 0 ? Number.POSITIVE_INFINITY : 10 * Math.log10((65025 * a.rgb.length) / sum)
}

/** One period of the mark with a root mean square of 1. */
function tileOf(plan: Plan): Float64Array {
  const { side, carriers } = plan.pattern
  const re = new Float64Array(side * side)
  const im = new Float64Array(side * side)
  carriers.forEach(({ bin, mirror }, i) => {
    const { re: real, im: imaginary } = plan.drive[i] ?? { re: 0, im: 0 }
    re[bin] = real
    im[bin] = imaginary
    re[mirror] = real
    im[mirror] = -imaginary
  })
  fft2(side).inverse(re, im)
  let energy = 0
  for (const value of re) energy += value * value
  const scale = 1 / Math.sqrt(energy / re.length)
  return re.map((value) => value * scale)
}

const REACH = 3

/**
 * How much change each pixel forgives. Texture hides the mark, but the flat side of an edge does not: the activity of a pixel is
 * the least among the four windows that touch it (Kuwahara's quadrants), so an outline does not spread noise over a plain sky.
 */
function forgiveness(luma: Plane): Float32Array {
  const { width, height, values } = luma
  const mean = boxMean(values, width, height, REACH)
  const square = values.map((value) => value * value)
  const meanSquare = boxMean(square, width, height, REACH)
  const at = (x: number, y: number) => {
    const i = Math.max(0, Math.min(height - 1, y)) * width + Math.max(0, Math.min(width - 1, x))
    return (meanSquare[i] ?? 0) - (mean[i] ?? 0) ** 2
  }
  const mask = new Float32Array(values.length)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const least = Math.min(
        at(x - REACH, y - REACH),
        at(x + REACH, y - REACH),
        at(x - REACH, y + REACH),
        at(x + REACH, y + REACH),
      )
      const dark = 0.75 + 0.25 * Math.min(1, (mean[y * width + x] ?? 0) / 90)
      mask[y * width + x] = dark * Math.min(2, 0.85 + Math.sqrt(Math.max(0, least)) / 12)
    }
  }
  return boxMean(mask, width, height, 2)
}
