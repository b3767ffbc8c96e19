// Looks for the mark of any of our key epochs in a picture: where it should be first, then anywhere, turned or mirrored,
// then at other scales, within a deadline. Finding the mark (z against a calibrated threshold) and reading it (the code's
// agreement) are two results; neither says whose picture this is: ../verify.ts does, with the registry.
import type { Decoded } from './code.ts'
import { type MarkKey, markPattern, type Pattern, type TileSide } from './pattern.ts'
import { findOffset, lookAtOrigin, readBits, type Spectrum, spectrumOf } from './read.ts'
import { cropPlane, orientTile, resampleCentre } from './resample.ts'
import { foldTile, lumaOf, type Picture, type Plane, residualOf } from './residual.ts'

export type MarkReading = {
  /** The pilots of this epoch's key stand out: some mark of ours is in these pixels. */
  found: boolean
  z: number
  epoch: number | null
  /** How the copy differs from what was marked, as far as the search had to go: flipped left to right, then turned clockwise. */
  copy: { mirrored: boolean; quarterTurns: number; scale: number; shifted: boolean }
  /** The payload, when the code agrees well enough to be believed. */
  decoded: Decoded | null
  /** Whether the search ended because time was up. */
  cutShort: boolean
}

export type SearchOptions = {
  /** 'quick': as published or shifted. 'full': also mirrored, turned and scaled. */
  search: 'quick' | 'full'
  deadlineMs: number
}

// One look: z is the larger of two normals without a mark, 2e-7 a look. All offsets: extreme values; at most about 6 in thousands of
// unmarked pictures, 7.1 extrapolates to 1e-6. The search over scales looks a hundred times more, so it asks for more.
const ORIGIN_Z = 5.2
const OFFSET_Z = 7.1
const SCALE_Z = 8
/** The code's agreement from which a payload is reported. Noise reaches .90 rarely, a payload at the pilots' threshold lies above. */
const BELIEVED = 0.9

const WINDOW = 1024
const COARSE_WINDOW = 256
const FINE_WINDOW = 512
const NOMINAL_SIDES = [64, 128, 256, 512, 768, 1024, 1536]
const SIDES: readonly TileSide[] = [128, 64]
const UNCHANGED = { mirrored: false, quarterTurns: 0, scale: 1, shifted: false }

/** Reads the mark of a picture. Synchronous and CPU-bound: at most about `deadlineMs` plus one quick look (0.2 s a megapixel). */
export function readMark(picture: Picture, keys: readonly MarkKey[], options: SearchOptions): MarkReading {
  const until = performance.now() + options.deadlineMs
  const plane = lumaOf(picture)
  const seen = centreOf(plane)
  const residual = residualOf(seen)
  let best: MarkReading = { found: false, z: 0, epoch: null, copy: UNCHANGED, decoded: null, cutShort: false }
  const consider = (reading: MarkReading | null): boolean => {
    if (reading !== null && (reading.found ? !best.found || reading.z > best.z : !best.found && reading.z > best.z))
      best = reading
    return best.found && best.decoded !== null
  }
  const tiles = SIDES.map((side) => ({ side, tile: foldTile(residual, seen.width, seen.height, side) }))
  for (const { side, tile } of tiles) {
    const spectrum = spectrumOf(tile, side)
    for (const key of keys) if (consider(lookOnce(spectrum, patternOf(key, side)))) return best
  }
  for (const { side, tile } of tiles) {
    for (const key of keys)
      if (consider(lookAnywhere(spectrumOf(tile, side), patternOf(key, side), OFFSET_Z, {}))) return best
  }
  if (options.search === 'quick' || best.found) return best
  for (const { side, tile } of tiles) {
    for (let i = 1; i < 8; i++) {
      const turned = { mirrored: i >= 4, quarterTurns: i % 4 }
      const spectrum = spectrumOf(orientTile(tile, side, turned.mirrored, turned.quarterTurns), side)
      for (const key of keys) if (consider(lookAnywhere(spectrum, patternOf(key, side), OFFSET_Z, turned))) return best
      if (performance.now() > until) return { ...best, cutShort: true }
    }
  }
  for (const scale of candidateScales(plane)) {
    if (performance.now() > until) return { ...best, cutShort: true }
    for (const key of keys) if (consider(lookAtScale(plane, key, scale))) return best
  }
  return best
}

function lookOnce(spectrum: Spectrum, pattern: Pattern): MarkReading {
  const { z } = lookAtOrigin(spectrum, pattern)
  return reading(spectrum, pattern, { z, offsetX: 0, offsetY: 0 }, ORIGIN_Z, {})
}

function lookAnywhere(
  spectrum: Spectrum,
  pattern: Pattern,
  threshold: number,
  copy: Partial<MarkReading['copy']>,
): MarkReading {
  return reading(spectrum, pattern, findOffset(spectrum, pattern), threshold, { shifted: true, ...copy })
}

function lookAtScale(plane: Plane, key: MarkKey, scale: number): MarkReading | null {
  const pattern = patternOf(key, Math.min(plane.width, plane.height) / scale < 127.5 ? 64 : 128)
  const look = (window: number) => {
    const resized = resampleCentre(plane, 1 / scale, window)
    const tile = foldTile(residualOf(resized), resized.width, resized.height, pattern.side)
    return lookAnywhere(spectrumOf(tile, pattern.side), pattern, SCALE_Z, { scale })
  }
  const coarse = look(COARSE_WINDOW)
  if (coarse.decoded !== null || coarse.z < 5.5) return coarse
  const fine = look(FINE_WINDOW)
  return fine.z > coarse.z ? fine : coarse
}

function reading(
  spectrum: Spectrum,
  pattern: Pattern,
  at: { z: number; offsetX: number; offsetY: number },
  threshold: number,
  copy: Partial<MarkReading['copy']>,
): MarkReading {
  const found = at.z >= threshold
  const decoded = found ? readBits(spectrum, pattern, at.offsetX, at.offsetY) : null
  return {
    found,
    z: at.z,
    epoch: found ? pattern.epoch : null,
    copy: { ...UNCHANGED, ...copy },
    decoded: decoded !== null && decoded.agreement >= BELIEVED ? decoded : null,
    cutShort: false,
  }
}

/** The middle of a large picture, cut on whole tiles so that an unshifted mark still lies at the origin. */
function centreOf(plane: Plane): Plane {
  const start = (length: number) => (length <= WINDOW ? 0 : Math.floor((length - WINDOW) / 2 / 128) * 128)
  return cropPlane(plane, start(plane.width), start(plane.height), WINDOW, WINDOW)
}

/** Scales at which the copy may stand to the original: first those that make a side one that models draw, then a fine grid. */
function candidateScales(plane: Plane): number[] {
  const nominal = NOMINAL_SIDES.flatMap((side) => [plane.width / side, plane.height / side])
  const grid: number[] = []
  for (let step = 1; step <= 58; step++) grid.push(1.012 ** step, 1.012 ** -step)
  const usable = [...nominal, ...grid].filter(
    (scale) => scale >= 0.25 && scale <= 8 && scale !== 1 && Math.min(plane.width, plane.height) / scale >= 64,
  )
  return [...new Set(usable)]
}

const patterns = new Map<string, { key: MarkKey; pattern: Pattern }>()
/** Patterns are kept for the few epochs in use. */
function patternOf(key: MarkKey, side: TileSide): Pattern {
  const name = `${key.epoch}/${side}`
  const known = patterns.get(name)
  if (known !== undefined && known.key === key) return known.pattern
  const pattern = markPattern(key, side)
  patterns.set(name, { key, pattern })
  return pattern
}
