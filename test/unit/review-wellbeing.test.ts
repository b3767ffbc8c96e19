// What the people who look are spared, as arithmetic at its edges; and the limits of policies/review.yaml, whose mistakes are refused.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { before, test } from 'node:test'
import { isFault } from '../../src/kernel/fault.ts'
import { loadReviewRules, parseReviewRules, type Wellbeing } from '../../src/policy/review-rules.ts'
import { breakOf, isRequired, severityBelow, shareOf, type Work } from '../../src/review/wellbeing.ts'

const FILE = 'policies/review.yaml'
let good: string
let limits: Wellbeing
before(async () => {
  good = await readFile(FILE, 'utf8')
  limits = (await loadReviewRules(FILE)).wellbeing
})

const MINUTE = 60_000
const at = (minutes: number) => new Date(Date.UTC(2026, 10, 2, 8) + minutes * MINUTE)
const work = (since: number, acted: number, pause: [number, number] | null = null): Work => ({
  since: at(since),
  actedAt: at(acted),
  breakFrom: pause === null ? null : at(pause[0]),
  breakUntil: pause === null ? null : at(pause[1]),
})
const stateOf = (one: Work, now: number) => breakOf(limits, one, at(now)).state
const NEVER: Work = { since: null, actedAt: null, breakFrom: null, breakUntil: null }

test('the limits that ship', () => {
  const { revealsPerDay, graveFrom, gravePerDay, passesPerDay } = limits
  assert.deepEqual([revealsPerDay, graveFrom, gravePerDay, passesPerDay], [300, 70, 60, 20])
  const { breakAfterMs, breakLatestMs, breakMs, passMs, handoverMs } = limits
  assert.deepEqual(
    [breakAfterMs, breakLatestMs, breakMs, passMs, handoverMs],
    [50, 90, 10, 720, 1440].map((minutes) => minutes * MINUTE),
  )
  assert.ok(Object.isFrozen(limits))
})

test('a share is used up at its cap, and free again a day after what frees it', () => {
  assert.deepEqual(shareOf(3, 2, null), { used: 2, cap: 3, nextAt: null })
  assert.deepEqual(shareOf(3, 3, at(0)), { used: 3, cap: 3, nextAt: at(24 * 60) })
  assert.deepEqual(shareOf(3, 5, at(7)), { used: 5, cap: 3, nextAt: at(24 * 60 + 7) }, 'where the cap was lowered')
  assert.deepEqual(shareOf(null, 500, at(0)), { used: 500, cap: null, nextAt: null })
  assert.equal(severityBelow(limits, shareOf(60, 59, null)), 101)
  assert.equal(severityBelow(limits, shareOf(60, 60, at(0))), 70)
})

test('a break is due and required from its minute on, while the pauses are shorter than one', () => {
  assert.equal(stateOf(NEVER, 0), 'none')
  for (const [now, state] of [
    [49.99, 'none'],
    [50, 'due'],
    [89.99, 'due'],
    [90, 'required'],
    [1000, 'required'],
  ] as const)
    assert.equal(stateOf(work(0, now - 1), now), state, `${now}`)
  assert.equal(stateOf(work(0, 85), 94.99), 'required')
  const rested = breakOf(limits, work(0, 85), at(95))
  assert.deepEqual(rested, { state: 'none', since: null, dueAt: null, until: null })
  const { dueAt, until } = breakOf(limits, work(0, 91), at(92))
  assert.deepEqual([dueAt, until], [at(50), at(101)])
})

test('a break that was begun goes on until its end, and then was one', () => {
  assert.equal(stateOf(work(0, 30, [31, 41]), 40.99), 'on_break')
  assert.equal(stateOf(work(0, 30, [31, 41]), 41), 'none')
  assert.equal(stateOf(work(0, 89, [20, 30]), 90), 'required', 'one that ended before the last act is over')
})

test('a break is not ended early where nothing would be handed out without it', () => {
  assert.equal(isRequired(limits, work(0, 30, [31, 41]), at(35)), false)
  assert.equal(isRequired(limits, work(0, 88, [89.99, 99.99]), at(95)), false, 'it was begun in time')
  assert.equal(isRequired(limits, work(0, 88, [90, 100]), at(97.99)), true)
  assert.equal(isRequired(limits, work(0, 88, [90, 100]), at(98)), false, 'it was long enough by now')
  assert.equal(isRequired(limits, NEVER, at(0)), false)
})

test('each limit that is null is off', () => {
  const free = { ...limits, breakAfterMs: null, breakLatestMs: null, gravePerDay: null }
  assert.equal(breakOf(free, work(0, 999), at(1000)).state, 'none')
  assert.equal(breakOf({ ...free, breakLatestMs: 90 * MINUTE }, work(0, 89), at(90)).state, 'required')
  assert.equal(breakOf({ ...free, breakAfterMs: 50 * MINUTE }, work(0, 999), at(1000)).state, 'due')
})

test('a mistake in the limits is refused by line and reason', () => {
  for (const [from, to, reason] of [
    ['reveals_per_day: 300', 'reveals_per_day: 0', /reveals_per_day/],
    ['grave_from: 70', 'grave_from: 101', /grave_from/],
    ['grave_from: 70', 'grave_from: null', /grave_from/],
    ['grave_per_day: 60', 'grave_per_day: 6.5', /grave_per_day/],
    ['break_minutes: 10', 'break_minutes: 0', /break_minutes/],
    ['break_minutes: 10', 'break_minutes: 91', /may not be longer than the work/],
    ['break_latest_minutes: 90', 'break_latest_minutes: 49', /may not be required before it is due/],
    ['passes_per_day: 20', '', /lacks passes_per_day/],
    ['handover_hours: 24', 'handover_hours: 24\n  naps_per_day: 1', /unknown key "naps_per_day"/],
  ] as const) {
    assert.equal(good.split(`  ${from}\n`).length, 2, from)
    assert.throws(
      () => parseReviewRules(Buffer.from(good.replace(`  ${from}\n`, `  ${to}\n`)), FILE),
      (error) => {
        assert.ok(isFault(error, 'policy_invalid'))
        assert.match(error.field ?? '', /^policies\/review\.yaml:\d+:\d+$/)
        assert.match(error.message, reason)
        return true
      },
    )
  }
  for (const name of [
    'reveals_per_day: 300',
    'grave_per_day: 60',
    'break_after_minutes: 50',
    'break_latest_minutes: 90',
  ])
    parseReviewRules(Buffer.from(good.replace(name, `${name.split(':')[0]}: null`)), FILE)
})
