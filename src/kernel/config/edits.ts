// Limits of pictures that callers hand in, and of the classifiers that look at them before anything is drawn.
// Each is a whole number with a range; what lies outside is told at the start with every other mistake (reader.ts).
import type { Reader } from './reader.ts'

export function readEdits({ integer }: Reader) {
  return {
    /** Edits whose files are being taken in, in one serving process. */
    uploadsAtOnce: integer('DARKROOM_EDIT_UPLOADS_AT_ONCE', 4, 1, 1024),
    /** Pictures being looked at or waiting for it, in one serving process; beyond it callers are told to come back. */
    examinationsAtOnce: integer('DARKROOM_EXAMINATIONS_AT_ONCE', 16, 1, 1024),
    /** The child that looks at them ends after this long without work. */
    examinerIdleMs: integer('DARKROOM_EXAMINER_IDLE_MS', 300_000, 100, 86_400_000),
  }
}
