// The retry table, for any attempt, wish and chance.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { nextDelayMs, parseRetryAfter } from '../../src/notify/backoff.ts'

const HOUR = 3_600_000
const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

test('the table: fourfold from five seconds to four hours, about a dozen attempts a day', () => {
  const table = Array.from({ length: 8 }, (_, index) => nextDelayMs(index + 1, null, 0.5) / 1000)
  assert.deepEqual(table, [5, 20, 80, 320, 1280, 5120, 14_400, 14_400])
  let attempts = 1
  for (let at = 0; ; attempts++) {
    at += nextDelayMs(attempts, null, 0.5)
    if (at > 24 * HOUR) break
  }
  assert.equal(attempts, 12)
})

test('every delay is positive, within a fifth of its base, and at most 4.8 hours', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10_000 }), chance, (attempt, random) => {
      const base = nextDelayMs(attempt, null, 0.5)
      const delay = nextDelayMs(attempt, null, random)
      assert.ok(delay >= Math.floor(base * 0.8) && delay <= Math.ceil(base * 1.2))
      assert.ok(base >= 5000 && base <= 4 * HOUR)
      assert.ok(nextDelayMs(attempt + 1, null, 0.5) >= base)
    }),
  )
})

test('a receiver that asks to wait is met no earlier, and at most a fifth after four hours', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 50 }),
      fc.integer({ min: 0, max: 1e12 }),
      chance,
      (attempt, wishMs, random) => {
        const delay = nextDelayMs(attempt, wishMs, random)
        assert.ok(delay >= Math.max(1000, Math.min(wishMs, 4 * HOUR)))
        assert.ok(delay <= 4 * HOUR * 1.2)
      },
    ),
  )
})

test('Retry-After is seconds or a date, and nothing else', () => {
  const now = Date.parse('2026-11-23T14:00:00Z')
  assert.equal(parseRetryAfter('120', now), 120_000)
  assert.equal(parseRetryAfter('Mon, 23 Nov 2026 14:01:00 GMT', now), 60_000)
  assert.equal(parseRetryAfter('Mon, 23 Nov 2026 13:00:00 GMT', now), 0)
  for (const text of [undefined, '', '-1', '1.5', 'soon', '1e9', '2026-11-23', '99999999999'])
    assert.equal(parseRetryAfter(text, now), null)
})
