// Guesses how a copy was turned and scaled from the mark's own repetition: a tile that repeats leaves a square lattice of peaks in the
// autocorrelation of the residual, and its spacing and angle are the tile's (Kutter 1998; Deguillaume et al. 2002). No key is needed to
// look, and a guess proves nothing: detect.ts holds each against the pilots.
import { fft2 } from './fft.ts'
import { boxMean, type Plane } from './residual.ts'

export type Lattice = {
  /** Pixels from one tile to the next. */
  readonly period: number
  /** Clockwise, 0 to 90: a square lattice says no more. */
  readonly degrees: number
  /** Mean height of the peaks in deviations of the autocorrelation, times the root of their number. */
  readonly score: number
}

const BLOCK = 512
/** Lags beyond this would meet their own wrap around a block. */
const FARTHEST = 250
const SHORTEST_PERIOD = 30
const LONGEST_PERIOD = 200
const PEAKS = 10
// Cycles per pixel: what is slower is the picture's own, not the mark's.
const SLOWEST = 0.03
// A step moves the farthest lag by this many pixels: less than a peak is wide.
const STEP_PX = 0.7
/** Guesses closer than this are one. */
const SAME_PERIOD = 0.012
const SAME_DEGREES = 0.8

/** The likeliest lattices of a whitened residual, best first, at most `most`. */
export function latticesOf(residual: Plane, most: number): Lattice[] {
  const correlation = autocorrelation(residual)
  const step = STEP_PX / FARTHEST
  const guesses: Lattice[] = []
  const farthest = Math.min(FARTHEST, Math.max(residual.width, residual.height) * 0.75)
  for (let period = SHORTEST_PERIOD; period < Math.min(LONGEST_PERIOD, farthest); period *= 1 + step) {
    const lags = lagsWithin(farthest / period)
    for (let angle = 0; angle < Math.PI / 2; angle += step) {
      const c = Math.cos(angle) * period
      const s = Math.sin(angle) * period
      let sum = 0
      for (let n = 0; n < lags.length; n += 2) {
        const i = lags[n] ?? 0
        const j = lags[n + 1] ?? 0
        const x = Math.round(i * c - j * s) & (BLOCK - 1)
        const y = Math.round(i * s + j * c) & (BLOCK - 1)
        sum += correlation[y * BLOCK + x] ?? 0
      }
      const score = sum / Math.sqrt(lags.length / 2)
      if (score > LEAST_SCORE) guesses.push({ period, degrees: (angle * 180) / Math.PI, score })
    }
  }
  guesses.sort((a, b) => b.score - a.score)
  const kept: Lattice[] = []
  for (const guess of guesses) {
    if (kept.length === most) break
    if (!kept.some((one) => isSame(one, guess))) kept.push(guess)
  }
  return kept
}

// Below, a guess is one of the thousands that noise makes.
const LEAST_SCORE = 3.5

function isSame(a: Lattice, b: Lattice): boolean {
  const apart = Math.abs(a.degrees - b.degrees)
  return Math.min(apart, 90 - apart) < SAME_DEGREES && Math.abs(a.period / b.period - 1) < SAME_PERIOD
}

/** Lattice points of half a plane within `radius` periods, the nearest first, as i, j, i, j. */
function lagsWithin(radius: number): number[] {
  const points: [number, number][] = []
  const most = Math.floor(radius)
  for (let j = -most; j <= most; j++)
    for (let i = 0; i <= most; i++) if ((i > 0 || j > 0) && Math.hypot(i, j) <= radius) points.push([i, j])
  points.sort(([a, b], [c, d]) => Math.hypot(a, b) - Math.hypot(c, d))
  return points.slice(0, PEAKS).flat()
}

/** In deviations of its own noise, lag (x, y) at y · BLOCK + x, negative lags from the end. */
function autocorrelation(residual: Plane): Float32Array {
  const fft = fft2(BLOCK)
  const power = new Float64Array(BLOCK * BLOCK)
  const blocks = blocksOf(residual)
  for (let n = 0; n < blocks.length; n += 2) {
    // Two real blocks make one complex transform; the sum of their powers is the mean over k and -k of its power.
    const re = blockAt(residual, blocks[n])
    const im = blockAt(residual, blocks[n + 1])
    fft.forward(re, im)
    for (let y = 0; y < BLOCK; y++) {
      for (let x = 0; x < BLOCK; x++) {
        const i = y * BLOCK + x
        const j = ((BLOCK - y) % BLOCK) * BLOCK + ((BLOCK - x) % BLOCK)
        power[i] = (power[i] ?? 0) + ((re[i] ?? 0) ** 2 + (im[i] ?? 0) ** 2 + (re[j] ?? 0) ** 2 + (im[j] ?? 0) ** 2) / 2
      }
    }
  }
  whiten(power)
  const im = new Float64Array(power.length)
  fft.inverse(power, im)
  const raw = Float32Array.from(power)
  // Lags near zero are the picture's own.
  for (let y = -NEAREST; y <= NEAREST; y++)
    for (let x = -NEAREST; x <= NEAREST; x++) raw[((y + BLOCK) % BLOCK) * BLOCK + ((x + BLOCK) % BLOCK)] = 0
  const mean = boxMean(raw, BLOCK, BLOCK, 8)
  let energy = 0
  for (let i = 0; i < raw.length; i++) {
    raw[i] = (raw[i] ?? 0) - (mean[i] ?? 0)
    energy += (raw[i] ?? 0) ** 2
  }
  const deviation = Math.sqrt(energy / raw.length) || 1
  return raw.map((value) => value / deviation)
}

const NEAREST = 20

/** Against the power around each bin, so that the picture's loudest frequencies do not speak alone, and no single one much. */
function whiten(power: Float64Array): void {
  const around = boxMean(Float32Array.from(power), BLOCK, BLOCK, AROUND)
  for (let y = 0; y < BLOCK; y++) {
    for (let x = 0; x < BLOCK; x++) {
      const i = y * BLOCK + x
      const slow = Math.hypot(Math.min(x, BLOCK - x), Math.min(y, BLOCK - y)) < SLOWEST * BLOCK
      const loud = around[i] ?? 0
      power[i] = slow || loud === 0 ? 0 : Math.min(LOUDEST, (power[i] ?? 0) / loud) * loud ** LEFT_OF_LOUDNESS
    }
  }
}

// Found on drawn pictures of all kinds by how often the true lattice comes first.
const AROUND = 2
const LOUDEST = 4
const LEFT_OF_LOUDNESS = 0.15

type Corner = { left: number; top: number }

function blocksOf({ width, height }: Plane): Corner[] {
  const starts = (length: number) => (length <= BLOCK ? [0] : [0, Math.min(length - BLOCK, BLOCK)])
  return starts(height).flatMap((top) => starts(width).map((left) => ({ left, top })))
}

/** A block of the plane, zero where there is no picture, or all of it zero without a corner. */
function blockAt({ width, height, values }: Plane, corner: Corner | undefined): Float64Array {
  const block = new Float64Array(BLOCK * BLOCK)
  if (corner === undefined) return block
  for (let y = 0; y < Math.min(BLOCK, height - corner.top); y++)
    for (let x = 0; x < Math.min(BLOCK, width - corner.left); x++)
      block[y * BLOCK + x] = values[(corner.top + y) * width + corner.left + x] ?? 0
  return block
}
