// Follows one request until it ends. The bell says that something happened, the row says what; a lost message costs a second.

import { readProgress } from '../admit/records.ts'
import type { RequestState } from '../journey.ts'
import { isTerminal } from '../journey.ts'
import type { Json } from '../kernel/canonical.ts'
import { Fault } from '../kernel/fault.ts'
import { type Ground, requestTopic } from '../kernel/ground.ts'

export type Change =
  | { kind: 'state'; state: RequestState; ended: boolean }
  | { kind: 'progress'; step: number; steps: number }
  /** A preview is ready; its row says which. */
  | { kind: 'preview' }
  /** Nothing happened for a while. */
  | { kind: 'quiet' }

const POLL_MS = 1000
const QUIET_MS = 10_000

/** Yields the state as it is, then every change; ends after the last state, or silently when `signal` aborts. Fault: not_found. */
export async function* watchRequest(
  ground: Ground,
  tenantId: string,
  requestId: string,
  signal: AbortSignal,
): AsyncGenerator<Change, void, undefined> {
  let moved = true
  let progress: Change | null = null
  let previewed = false
  let wake: () => void = () => undefined
  const deaf = ground.bell.hear(requestTopic(requestId), (message) => {
    const told = progressIn(message)
    if (isPreview(message)) previewed = true
    else if (told === null) moved = true
    else progress = told
    wake()
  })
  const onAbort = () => wake()
  signal.addEventListener('abort', onAbort)
  try {
    let seen = ''
    let told = performance.now()
    while (!signal.aborted) {
      if (moved) {
        moved = false
        const now = await readProgress(ground.database.sql, tenantId, requestId)
        if (now === null) throw new Fault('not_found', { facts: { id: requestId } })
        const ended = isTerminal('request', now.state)
        if (now.fingerprint !== seen) {
          seen = now.fingerprint
          told = performance.now()
          yield { kind: 'state', state: now.state, ended }
        }
        if (ended) return
      }
      if (previewed) {
        previewed = false
        told = performance.now()
        yield { kind: 'preview' }
      }
      const latest: Change | null = progress
      progress = null
      if (latest !== null) {
        told = performance.now()
        yield latest
      }
      if (performance.now() - told >= QUIET_MS) {
        told = performance.now()
        yield { kind: 'quiet' }
      }
      if (moved || previewed || progress !== null || signal.aborted) continue
      const woken = await new Promise<boolean>((resolve) => {
        const timer = setTimeout(() => resolve(false), POLL_MS)
        wake = () => {
          clearTimeout(timer)
          resolve(true)
        }
      })
      if (!woken) moved = true
    }
  } finally {
    deaf()
    signal.removeEventListener('abort', onAbort)
  }
}

function progressIn(message: Json): Change | null {
  if (typeof message !== 'object' || message === null || Array.isArray(message)) return null
  const { step, steps } = message
  return typeof step === 'number' && typeof steps === 'number' ? { kind: 'progress', step, steps } : null
}

function isPreview(message: Json): boolean {
  return typeof message === 'object' && message !== null && 'preview' in message
}
