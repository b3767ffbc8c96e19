// When a failed delivery is tried again. Pure. Delays grow fourfold from 5 seconds to 4 hours with a fifth of jitter either way, so
// that a receiver that comes back is not met by everybody at once; a receiver that says when is believed, within bounds.

const FIRST_MS = 5000
const FACTOR = 4
const LONGEST_MS = 4 * 3_600_000
const JITTER = 0.2
const SHORTEST_WISH_MS = 1000

/** Delay before the next attempt, in ms. `attempt` counts from 1; `wishMs` is the receiver's Retry-After; `random` in [0, 1). */
export function nextDelayMs(attempt: number, wishMs: number | null, random: number): number {
  // Asked to wait, nobody comes earlier: then jitter only adds.
  if (wishMs !== null) return Math.round(clamp(wishMs, SHORTEST_WISH_MS, LONGEST_MS) * (1 + JITTER * random))
  const base = Math.min(LONGEST_MS, FIRST_MS * FACTOR ** Math.min(attempt - 1, 16))
  return Math.round(base * (1 - JITTER + 2 * JITTER * random))
}

/** RFC 9110 section 10.2.3: seconds or a date; null for anything else. */
export function parseRetryAfter(value: string | undefined, nowMs: number): number | null {
  if (value === undefined) return null
  const text = value.trim()
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000
  const at = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} /.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(at) ? null : Math.max(0, at - nowMs)
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value))
}
