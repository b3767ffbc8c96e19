// Reads the mark of a picture: looks where it may be, the likeliest first (candidates.ts), within a deadline. Finding the mark (z, and the
// chance of it without a mark) and reading it (the code's agreement) are two results; neither says whose picture this is: ../verify.ts
// does, with the registry.
import { type Copy, candidates, type Look, UNCHANGED } from './candidates.ts'
import { chanceOf, scoreFor } from './chance.ts'
import { type Decoded, MARK_ID_BITS } from './code.ts'
import type { MarkKey } from './pattern.ts'
import { readBits, scoreOf } from './read.ts'
import { lumaOf, type Picture } from './residual.ts'

export type MarkReading = {
  /** The pilots of this epoch's key stand out, or a payload with them: some mark of ours is in these pixels. */
  found: boolean
  z: number
  /** Upper bound of the chance of a mark as sure as this in a picture without one, all looks that were taken counted. */
  chance: number
  epoch: number | null
  copy: Copy
  /** The payload, when the code agrees well enough to be believed. */
  decoded: Decoded | null
  /** Whether the search ended because time was up. */
  cutShort: boolean
}

/** The quick search has so few looks that it always comes to its end. */
export type SearchOptions = { search: 'quick' } | { search: 'full'; deadlineMs: number }

/** Of a picture in which nothing was found, before any look. */
export const NOTHING_FOUND: MarkReading = {
  found: false,
  z: 0,
  chance: 1,
  epoch: null,
  copy: UNCHANGED,
  decoded: null,
  cutShort: false,
}

/** The code's agreement from which a payload is reported. Noise reaches .90 rarely, a payload at the pilots' threshold lies above. */
const BELIEVED = 0.9

/** Reads the mark of a picture. Synchronous and CPU-bound: the full search ends soon after `deadlineMs`, at the end of a look. */
export function readMark(picture: Picture, keys: readonly MarkKey[], options: SearchOptions): MarkReading {
  const until = options.search === 'full' ? performance.now() + options.deadlineMs : Number.POSITIVE_INFINITY
  let best = NOTHING_FOUND
  let looks = 0
  for (const look of candidates(lumaOf(picture), keys, options.search)) {
    looks += look.looks
    const reading = readingOf(look, looks)
    if (isBetter(reading, best)) best = reading
    if (best.decoded !== null) return best
    if (performance.now() > until) return { ...best, cutShort: true }
  }
  return best
}

// Lower peaks are those of noise: the best of a tile's offsets scores more than this in one picture of three without a mark.
const WORTH_DECODING_Z = 4.8

/**
 * A mark is found where its pilots alone are unlikely enough, or a payload that the code believes is, with its pilots, though it is one
 * of 2 ** MARK_ID_BITS that might have been.
 */
function readingOf({ spectrum, pattern, at, share, copy }: Look, looks: number): MarkReading {
  const byPilots = at.z >= scoreFor(share.chance / 2, share.looks)
  const decoded = at.z < WORTH_DECODING_Z ? null : readBits(spectrum, pattern, at.offsetX, at.offsetY)
  const believed = decoded !== null && decoded.agreement >= BELIEVED ? decoded : null
  const whole = believed === null ? 0 : scoreOf(spectrum, pattern, at, believed.markId)
  const found = byPilots || whole >= scoreFor(share.chance / 2, share.looks * 2 ** MARK_ID_BITS)
  return {
    found,
    z: at.z,
    // Either of two ways might have found it.
    chance: Math.min(1, 2 * Math.min(chanceOf(at.z, looks), chanceOf(whole, looks * 2 ** MARK_ID_BITS))),
    epoch: found ? pattern.epoch : null,
    copy: found ? told(copy) : UNCHANGED,
    decoded: found ? believed : null,
    cutShort: false,
  }
}

/** The same turn by whole quarters and at most half of one. */
function told(copy: Copy): Copy {
  if (copy.degrees <= 45) return copy
  return { ...copy, quarterTurns: (copy.quarterTurns + 1) % 4, degrees: copy.degrees - 90 }
}

/** A mark before none, a payload before a mark alone, then the higher score. */
function isBetter(reading: MarkReading, best: MarkReading): boolean {
  const rank = ({ found, decoded }: MarkReading) => (decoded !== null ? 2 : found ? 1 : 0)
  return rank(reading) > rank(best) || (rank(reading) === rank(best) && reading.z > best.z)
}
