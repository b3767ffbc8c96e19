// Reads the mark of a picture: looks where it may be, the likeliest first (candidates.ts), within a deadline. Finding the mark (z, and the
// chance of it without a mark) and reading it (the code's agreement) are two results; neither says whose picture this is: ../verify.ts
// does, with the registry.
import { type Copy, candidates, type Look, type Search, UNCHANGED } from './candidates.ts'
import { chanceOf } from './chance.ts'
import type { Decoded } from './code.ts'
import type { MarkKey } from './pattern.ts'
import { readBits } from './read.ts'
import { lumaOf, type Picture } from './residual.ts'

export type MarkReading = {
  /** The pilots of this epoch's key stand out: some mark of ours is in these pixels. */
  found: boolean
  z: number
  /** Upper bound of the chance of such a z in a picture without our mark, all looks that were taken counted. */
  chance: number
  epoch: number | null
  copy: Copy
  /** The payload, when the code agrees well enough to be believed. */
  decoded: Decoded | null
  /** Whether the search ended because time was up. */
  cutShort: boolean
}

export type SearchOptions = {
  search: Search
  deadlineMs: number
}

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

/** Reads the mark of a picture. Synchronous and CPU-bound: at most about `deadlineMs` plus one look (0.2 s a megapixel). */
export function readMark(picture: Picture, keys: readonly MarkKey[], options: SearchOptions): MarkReading {
  const until = performance.now() + options.deadlineMs
  let best = NOTHING_FOUND
  let looks = 0
  for (const look of candidates(lumaOf(picture), keys, options.search)) {
    looks += look.looks
    const reading = readingOf(look, looks)
    if (isBetter(reading, best)) best = reading
    if (best.decoded !== null) return best
    if (options.search === 'full' && performance.now() > until) return { ...best, cutShort: true }
  }
  return best
}

function readingOf({ spectrum, pattern, at, needed, copy }: Look, looks: number): MarkReading {
  const found = at.z >= needed
  const decoded = found ? readBits(spectrum, pattern, at.offsetX, at.offsetY) : null
  return {
    found,
    z: at.z,
    chance: chanceOf(at.z, looks),
    epoch: found ? pattern.epoch : null,
    copy: found ? copy : UNCHANGED,
    decoded: decoded !== null && decoded.agreement >= BELIEVED ? decoded : null,
    cutShort: false,
  }
}

/** A mark before none, a payload before a mark alone, then the higher score. */
function isBetter(reading: MarkReading, best: MarkReading): boolean {
  const rank = ({ found, decoded }: MarkReading) => (decoded !== null ? 2 : found ? 1 : 0)
  return rank(reading) > rank(best) || (rank(reading) === rank(best) && reading.z > best.z)
}
