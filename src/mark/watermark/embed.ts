// Puts the mark into pixels: the pattern in luma, shaped by what the eye forgives, tuned to this picture, at a given strength.
// Only pixels change here; strengthen.ts decides how strong, from what the encoded file still says.
// Flat colour shows grain soonest, and dark flat colour soonest of all; texture hides it.
import { encodeMarkId } from './code.ts'
import { fft2 } from './fft.ts'
import { markPattern, type MarkKey, type Pattern, type TileSide } from './pattern.ts'
import { carrierCosines, spectrumOf } from './read.ts'
import { boxMean, foldTile, lumaOf, type Picture, type Plane, residualOf } from './residual.ts'

/** Everything about one picture and payload that does not depend on the strength. */
export type Plan = {
  readonly picture: Picture
  readonly pattern: Pattern
  /** Sign of each carrier. */
  readonly signs: Float64Array
  /** Amplitude of each carrier; tuning raises those that the picture itself works against. */
  readonly amplitudes: Float64Array
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
  const signs = Float64Array.from(pattern.carriers, ({ bit }) => (bit < 0 || word[bit] === 1 ? 1 : -1))
  const amplitudes = Float64Array.from(pattern.carriers, ({ weight }) => weight)
  return { picture, pattern, signs, amplitudes, mask: forgiveness(lumaOf(picture)) }
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

/**
 * Informed embedding: looks at what a reader would see and gives more amplitude to carriers that the picture drowns, less to
 * those that it already helps. A few rounds replace a decibel or two of blind strength.
 */
export function tune(plan: Plan, seen: Picture, rate = 0.9): void {
  const { side } = plan.pattern
  const spectrum = spectrumOf(foldTile(residualOf(lumaOf(seen)), seen.width, seen.height, side), side)
  const cosines = carrierCosines(spectrum, plan.pattern, 0, 0)
  plan.pattern.carriers.forEach(({ weight }, i) => {
    const agreement = (cosines[i] ?? 0) * (plan.signs[i] ?? 0)
    const wanted = (plan.amplitudes[i] ?? 0) + rate * weight * (0.75 - agreement)
    plan.amplitudes[i] = Math.max(0.5 * weight, Math.min(2.5 * weight, wanted))
  })
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
  carriers.forEach(({ bin, mirror, phase }, i) => {
    const amplitude = (plan.amplitudes[i] ?? 0) * (plan.signs[i] ?? 0)
    re[bin] = amplitude * Math.cos(phase)
    im[bin] = amplitude * Math.sin(phase)
    re[mirror] = re[bin] ?? 0
    im[mirror] = -(im[bin] ?? 0)
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
