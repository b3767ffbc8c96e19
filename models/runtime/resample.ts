// Resizing exactly as Pillow 13 does it for 8-bit RGB (libImaging/Resample.c): antialiased, in two passes that are each rounded to
// bytes, weights in fixed point with 22 fractional bits. Classifiers were trained on such pixels; another resizer moves their scores.
// Across first, but down first where the height loses over twice as many pixels (before 13 always across: a last bit may differ).
// Pure; proven bit for bit against Pillow by test/goldens/classifiers.
import type { Size } from './manifest.ts'
import type { Rgb } from './stepper.ts'

export type Filter = 'bilinear' | 'bicubic'

const PRECISION_BITS = 22
const HALF = 1 << (PRECISION_BITS - 1)

const FILTERS: Readonly<Record<Filter, { support: number; weight: (x: number) => number }>> = {
  bilinear: { support: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  bicubic: { support: 2, weight: (x) => cubic(Math.abs(x)) },
}

/** Keys' cubic with a = -0.5, in Pillow's own order of operations. */
function cubic(x: number): number {
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * -0.5 : 0
}

export type Window = Size & { left: number; top: number }

/** PIL.Image.resize(size, filter) of an RGB picture; of the result only `window` is computed, so a thin picture costs no more. */
export function resample(picture: Rgb, size: Size, filter: Filter, window: Window = { left: 0, top: 0, ...size }): Rgb {
  const { left, top, width, height } = window
  const across = { from: picture.width, to: size.width, begin: left, count: width }
  const down = { from: picture.height, to: size.height, begin: top, count: height }
  const shorter = picture.height - size.height
  const narrower = picture.width - size.width
  // Down, a row is one pixel of many channels.
  const rgb =
    shorter > 0 && shorter > narrower * 2
      ? stretch(stretch(picture.rgb, 1, picture.width * 3, down, filter), height, 3, across, filter)
      : stretch(stretch(picture.rgb, picture.height, 3, across, filter), 1, width * 3, down, filter)
  return { width, height, rgb }
}

/** `from` pixels become `to`, of which `count` are wanted. */
type Stretch = { from: number; to: number; begin: number; count: number }

/** [lines, from, channels] to [lines, count, channels]. */
function stretch(
  values: Uint8Array,
  lines: number,
  channels: number,
  { from, to, begin, count }: Stretch,
  filter: Filter,
): Uint8Array {
  if (from === to && count === to) return values
  const out = new Uint8Array(lines * count * channels)
  for (let at = 0; at < count; at++) {
    const { first, weights } = weightsOf(begin + at, from, to, filter)
    for (let line = 0; line < lines; line++)
      for (let channel = 0; channel < channels; channel++) {
        let source = (line * from + first) * channels + channel
        let sum = HALF
        for (let k = 0; k < weights.length; k++, source += channels) sum += (values[source] ?? 0) * (weights[k] ?? 0)
        out[(line * count + at) * channels + channel] = Math.min(255, Math.max(0, sum >> PRECISION_BITS))
      }
  }
  return out
}

/** precompute_coeffs and normalize_coeffs_8bpc for one new pixel. */
function weightsOf(at: number, from: number, to: number, filter: Filter): { first: number; weights: Int32Array } {
  const scale = from / to
  const filterScale = Math.max(1, scale)
  const support = FILTERS[filter].support * filterScale
  const centre = (at + 0.5) * scale
  const first = Math.max(0, Math.trunc(centre - support + 0.5))
  const end = Math.min(from, Math.trunc(centre + support + 0.5))
  const step = 1 / filterScale
  const exact = Array.from({ length: end - first }, (_, i) => FILTERS[filter].weight((i + first - centre + 0.5) * step))
  const total = exact.reduce((sum, weight) => sum + weight, 0)
  const fixed = (weight: number) => {
    const scaled = (total === 0 ? weight : weight / total) * 2 ** PRECISION_BITS
    return Math.trunc(scaled < 0 ? scaled - 0.5 : scaled + 0.5)
  }
  return { first, weights: Int32Array.from(exact, fixed) }
}
