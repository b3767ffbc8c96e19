// The transparency log: what it is called, how often it may grow, and how much of it is exported at once.
import type { Reader } from './reader.ts'

/** Names the log in its checkpoints and its key: an address without its scheme. */
const ORIGIN = /^[A-Za-z0-9][A-Za-z0-9.:_~/-]{0,199}$/
const UNPUBLISHED = 'darkroom.local'

/** `publicUrl`: where the service is, from which the log has its name unless the operator gives it one. */
export function readTransparency({ optional, integer, problems }: Reader, publicUrl: string | null) {
  const origin = optional('DARKROOM_LOG_ORIGIN')
  if (origin !== null && (!ORIGIN.test(origin) || origin.includes('://')))
    problems.push(
      'DARKROOM_LOG_ORIGIN: expected an address without a scheme, such as images.example.com/log (letters, digits and .:_~/-)',
    )
  return {
    origin,
    /** The name of a log that has none yet, where `origin` is null. */
    defaultOrigin: `${publicUrl === null ? UNPUBLISHED : new URL(publicUrl).host}/log`,
    /** Something to integrate waits so long at the most. */
    roundMs: integer('DARKROOM_LOG_ROUND_MS', 500, 10, 60_000),
    /** The longest period of one export. */
    exportDays: integer('DARKROOM_AUDIT_EXPORT_MAX_DAYS', 3660, 1, 36_600),
  }
}
