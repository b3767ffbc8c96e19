// Reads one folded tile: where is the pattern (pilots), how sure (z), and which bits does it carry (data).
// Two separate answers: `z` says whether this key's mark is there at all, `decoded` what it says.
import { CODED_BITS, type Decoded, decodeSoft, encodeMarkId } from './code.ts'
import type { Carrier, Pattern } from './pattern.ts'
import { emptySpectrum, type Spectrum, transformOf } from './transform.ts'

export type TileReading = {
  /** Sum of the pilots' cosines over its deviation without a mark, √(pilots / 2); chance.ts says what is likely. */
  z: number
  /** Pixels from the tile's origin to the pattern's. */
  offsetX: number
  offsetY: number
}

/** The spectrum of a folded tile at the pattern's frequencies, reduced to unit phases. */
export function phasesOf(tile: Float64Array, { side, reach }: Pattern): Spectrum {
  const spectrum = transformOf(side, reach).forward(tile)
  const { re, im } = spectrum
  for (let i = 0; i < re.length; i++) {
    const size = Math.hypot(re[i] ?? 0, im[i] ?? 0) || 1
    re[i] = (re[i] ?? 0) / size
    im[i] = (im[i] ?? 0) / size
  }
  return spectrum
}

/** Each look is taken by all pilots, and by those of low frequency alone: flat pictures and harsh compression leave only these. */
const PARTS = ['all', 'low'] as const
type Part = (typeof PARTS)[number]

/** Scores that one look is the largest of. */
export const LOOKS_EACH = PARTS.length

/** Whether the pattern lies at offset (0, 0), without a search. */
export function lookAtOrigin(spectrum: Spectrum, pattern: Pattern): TileReading {
  const z = PARTS.map((part) => {
    const pilots = pilotsOf(pattern, part)
    const sum = pilots.reduce((total, { bin, phase }) => total + cosineAt(spectrum, bin, phase), 0)
    return sum / Math.sqrt(pilots.length / 2)
  })
  return { z: Math.max(...z), offsetX: 0, offsetY: 0 }
}

/** The best offset of the pattern, by the pilots' phase correlation over all side² offsets. */
export function findOffset(spectrum: Spectrum, pattern: Pattern): TileReading {
  return PARTS.map((part) => correlate(spectrum, pattern, part)).reduce((best, one) => (one.z > best.z ? one : best))
}

function correlate(spectrum: Spectrum, pattern: Pattern, part: Part): TileReading {
  const { side, reach } = pattern
  const product = emptySpectrum(reach)
  const pilots = pilotsOf(pattern, part)
  for (const { bin, mirror, phase } of pilots) {
    const c = Math.cos(phase)
    const s = Math.sin(phase)
    const r = (spectrum.re[bin] ?? 0) * c + (spectrum.im[bin] ?? 0) * s
    const i = (spectrum.im[bin] ?? 0) * c - (spectrum.re[bin] ?? 0) * s
    product.re[bin] = r
    product.im[bin] = i
    product.re[mirror] = r
    product.im[mirror] = -i
  }
  const sums = transformOf(side, reach).inverse(product)
  let peak = 0
  for (let i = 0; i < sums.length; i++) if ((sums[i] ?? 0) > (sums[peak] ?? 0)) peak = i
  // Each pilot counts twice, with its mirror image.
  const z = (sums[peak] ?? 0) / 2 / Math.sqrt(pilots.length / 2)
  return { z, offsetX: peak % side, offsetY: Math.floor(peak / side) }
}

const pilotsOf = ({ carriers }: Pattern, part: Part): Carrier[] =>
  carriers.filter(({ bit, low }) => bit < 0 && (low || part === 'all'))

/** The payload at an offset: each carrier votes by its phase, weighted by how well the pilots of its band survived. */
export function readBits(spectrum: Spectrum, pattern: Pattern, offsetX: number, offsetY: number): Decoded {
  const votes = carrierCosines(spectrum, pattern, offsetX, offsetY)
  const sums = new Float64Array(pattern.bands)
  const counts = new Float64Array(pattern.bands)
  pattern.carriers.forEach(({ bit, band }, i) => {
    if (bit >= 0) return
    sums[band] = (sums[band] ?? 0) + (votes[i] ?? 0)
    counts[band] = (counts[band] ?? 0) + 1
  })
  // Shrunk toward a small positive weight, so that a band with unlucky pilots still counts a little.
  const trust = sums.map((sum, band) => Math.max(0.05, sum / ((counts[band] ?? 0) + 4)))
  const soft = new Float64Array(CODED_BITS)
  pattern.carriers.forEach(({ bit, band }, i) => {
    if (bit >= 0) soft[bit] = (soft[bit] ?? 0) + (trust[band] ?? 0) * (votes[i] ?? 0)
  })
  return decodeSoft(soft)
}

/** The score of a payload at an offset, by pilots and data together: like a look's z, for one of 2 ** MARK_ID_BITS words. */
export function scoreOf(
  spectrum: Spectrum,
  pattern: Pattern,
  { offsetX, offsetY }: TileReading,
  markId: number,
): number {
  const word = encodeMarkId(markId)
  const cosines = carrierCosines(spectrum, pattern, offsetX, offsetY)
  let sum = 0
  pattern.carriers.forEach(({ bit }, i) => {
    sum += (bit < 0 || word[bit] === 1 ? 1 : -1) * (cosines[i] ?? 0)
  })
  return sum / Math.sqrt(cosines.length / 2)
}

/** For each carrier the cosine of the angle between what is there and its unmodulated phase: 1 or -1 when perfect. */
function carrierCosines(spectrum: Spectrum, pattern: Pattern, offsetX: number, offsetY: number): Float64Array {
  const turn = (2 * Math.PI) / pattern.side
  return Float64Array.from(pattern.carriers, ({ bin, u, v, phase }) =>
    cosineAt(spectrum, bin, phase - turn * (u * offsetX + v * offsetY)),
  )
}

function cosineAt(spectrum: Spectrum, bin: number, phase: number): number {
  return (spectrum.re[bin] ?? 0) * Math.cos(phase) + (spectrum.im[bin] ?? 0) * Math.sin(phase)
}
