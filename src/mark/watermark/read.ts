// Reads one folded tile: where is the pattern (pilots), how sure (z), and which bits does it carry (data).
// Two separate answers: `z` says whether this key's mark is there at all, `decoded` what it says.
import { CODED_BITS, type Decoded, decodeSoft } from './code.ts'
import { fft2 } from './fft.ts'
import type { Pattern } from './pattern.ts'

export type TileReading = {
  /** Height of the pilots' correlation peak over its own deviation. Unmarked tiles stay under about 6 over all offsets. */
  z: number
  /** Pixels from the tile's origin to the pattern's. */
  offsetX: number
  offsetY: number
}

/** The spectrum of a folded tile, reduced to unit phases. */
export type Spectrum = { readonly re: Float64Array; readonly im: Float64Array }

export function spectrumOf(tile: Float64Array, side: number): Spectrum {
  const re = tile.slice()
  const im = new Float64Array(tile.length)
  fft2(side).forward(re, im)
  for (let i = 0; i < re.length; i++) {
    const size = Math.hypot(re[i] ?? 0, im[i] ?? 0) || 1
    re[i] = (re[i] ?? 0) / size
    im[i] = (im[i] ?? 0) / size
  }
  return { re, im }
}

// Each look is taken twice, by all pilots and by those of low frequency alone: flat pictures and harsh compression leave only these.
const LOW_ONLY = [false, true] as const

/** Whether the pattern lies at offset (0, 0): a single look, without a search. Under no mark z is the larger of two normals. */
export function lookAtOrigin(spectrum: Spectrum, pattern: Pattern): TileReading {
  const z = LOW_ONLY.map((lowOnly) => {
    const pilots = pattern.carriers.filter(({ bit, low }) => bit < 0 && (low || !lowOnly))
    const sum = pilots.reduce((total, { bin, phase }) => total + cosineAt(spectrum, bin, phase), 0)
    return sum / Math.sqrt(pilots.length / 2)
  })
  return { z: Math.max(...z), offsetX: 0, offsetY: 0 }
}

/** The best offset of the pattern, by the pilots' phase correlation over all side² offsets. */
export function findOffset(spectrum: Spectrum, pattern: Pattern): TileReading {
  const [all, low] = LOW_ONLY.map((lowOnly) => correlate(spectrum, pattern, lowOnly))
  if (all === undefined || low === undefined) throw new Error('unreachable: two looks')
  return low.z > all.z ? low : all
}

function correlate(spectrum: Spectrum, pattern: Pattern, lowOnly: boolean): TileReading {
  const { side } = pattern
  const re = new Float64Array(side * side)
  const im = new Float64Array(side * side)
  for (const { bit, low, bin, mirror, phase } of pattern.carriers) {
    if (bit >= 0 || (lowOnly && !low)) continue
    const c = Math.cos(phase)
    const s = Math.sin(phase)
    const r = (spectrum.re[bin] ?? 0) * c + (spectrum.im[bin] ?? 0) * s
    const i = (spectrum.im[bin] ?? 0) * c - (spectrum.re[bin] ?? 0) * s
    re[bin] = r
    im[bin] = i
    re[mirror] = r
    im[mirror] = -i
  }
  fft2(side).inverse(re, im)
  let peak = 0
  let energy = 0
  for (let i = 0; i < re.length; i++) {
    energy += (re[i] ?? 0) ** 2
    if ((re[i] ?? 0) > (re[peak] ?? 0)) peak = i
  }
  const deviation = Math.sqrt(energy / re.length) || 1
  return { z: (re[peak] ?? 0) / deviation, offsetX: peak % side, offsetY: Math.floor(peak / side) }
}

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
