// What every stage stands on, as one plain value that main.ts and the workers put together. No stage makes its own.
import type { Json } from './canonical.ts'
import type { Config } from './config.ts'
import type { Database } from './database.ts'
import type { Log } from './log.ts'
import type { ObjectStore, PublicStore } from './object-store.ts'
import type { Due } from './tasks.ts'

/** The doorbell as stages see it. It rings and tells; it never claims, and what it loses the sweeper makes good. */
export type Bell = {
  /** Rings for tasks after their transaction has committed. Never throws: a failed ring is logged and swept. */
  readonly ring: (due: readonly Due[]) => void
  /** Tells every process; topics are dotted (`request.<id>`). Never throws. */
  readonly tell: (topic: string, message: Json) => void
  /** Hears a topic from any process until the returned function is called. Messages may be lost: read the row too. */
  readonly hear: (topic: string, listener: (message: Json) => void) => () => void
}

export type Ground = {
  readonly config: Config
  readonly database: Database
  readonly log: Log
  readonly bell: Bell
  /** Unreleased pixels. Nothing in it has a public address. */
  readonly quarantine: ObjectStore
  /** Released images, by links that expire. */
  readonly images: PublicStore
}

/** Topic on which a request's progress and moves are told. */
export function requestTopic(requestId: string): string {
  return `request.${requestId}`
}

/** Topic on which a running request is asked to stop at its next step boundary. */
export function cancelTopic(requestId: string): string {
  return `cancel.${requestId}`
}

/** Topic that wakes the sequencer: somebody waits for a leaf to be in a signed tree. */
export const LOG_DUE_TOPIC = 'log.due'

/** Topic on which it is told that a tree was signed; which, is in the records. */
export const LOG_GROWN_TOPIC = 'log.grown'

/** Topic on which it is told that something of the review queue changed; what, is in the records. */
export const REVIEW_TOPIC = 'review'
