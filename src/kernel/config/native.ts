// The native API's limits: who may follow events at once and how far behind they may fall, and how long keys and lines hold.
// Each is a number with a range; what lies outside is told at the start with every other mistake (reader.ts).
import type { Reader } from './reader.ts'

export function readNative({ integer }: Reader) {
  return {
    events: {
      /** Open event streams of one process; a tenant's share is its plan's. */
      listeners: integer('DARKROOM_EVENTS_LISTENERS', 10_000, 1, 1_000_000),
      /** Open streams of the review queue of one process, whoever follows it. */
      reviewListeners: integer('DARKROOM_REVIEW_LISTENERS', 500, 1, 100_000),
      keepAliveMs: integer('DARKROOM_EVENTS_KEEP_ALIVE_MS', 10_000, 50, 60_000),
      /** A listener that has more than this unread is let go; it may resume. */
      bufferBytes: integer('DARKROOM_EVENTS_BUFFER_BYTES', 262_144, 1024, 16_777_216),
      /** A listener that reads nothing for this long is let go. */
      stallMs: integer('DARKROOM_EVENTS_STALL_MS', 30_000, 50, 600_000),
    },
    idempotencyHours: integer('DARKROOM_IDEMPOTENCY_HOURS', 24, 1, 720),
    /** When the service stops: answers on their way have this long, then their connections are cut. */
    closeGraceMs: integer('DARKROOM_CLOSE_GRACE_MS', 10_000, 0, 600_000),
    /** A request must have arrived whole within this. */
    requestTimeoutMs: integer('DARKROOM_REQUEST_TIMEOUT_MS', 60_000, 100, 600_000),
  }
}
