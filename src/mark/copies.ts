// How a copy lies beside what was released, as its mark tells: in words, and whether its looks can still be compared. Quarter turns and
// flips are undone before pictures are compared (upright.ts); a turn by some degrees and a cut are not.
import type { Copy } from './watermark/candidates.ts'
import type { MarkReading } from './watermark/detect.ts'

// What the search for the best place may be off by.
const LEAST_TURN = 0.2
const LEAST_SCALING = 0.004

/** By some degrees, beside quarter turns. */
export function isTurned({ degrees }: Copy): boolean {
  return Math.abs(degrees) >= LEAST_TURN
}

/** The mark is read where it would be in a picture that compares: where unlike looks mean another picture. */
export function compares(copy: Copy): boolean {
  return !isTurned(copy) && !copy.shifted
}

/** Null where no mark tells. */
export function describeCopy({ found, copy }: MarkReading): string | null {
  if (!found) return null
  const changes = [
    copy.mirrored ? 'mirrored' : null,
    copy.quarterTurns === 0 && !isTurned(copy) ? null : 'turned',
    Math.abs(copy.scale - 1) < LEAST_SCALING ? null : 'scaled',
  ].filter((change) => change !== null)
  // Each of those moves the mark by itself, so that a cut beside it does not show.
  if (changes.length === 0) return copy.shifted ? 'cropped or shifted' : 'in place'
  return changes.join(', ')
}
