// The small picture of a tenant's statements says a share only where enough was seen for it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { counters } from '../../src/console/pages/counters.ts'

const weeks = [
  { monday: '2026-11-16', statements: 0 },
  { monday: '2026-11-23', statements: 4 },
]
const drawn = (appealed: number, open: number) => String(counters({ weeks, open, appealed, decided: 0, reversed: 0 }))

test('under 30 only the counts are said, under 100 the interval too, from 100 on the share with it', () => {
  assert.match(drawn(3, 29), /3 of 29 that could be/)
  assert.match(drawn(3, 29), /Too few to say a share/)
  assert.match(drawn(3, 30), /between 3\.5 % and 26 %/)
  assert.doesNotMatch(drawn(3, 30), /class="dot"/)
  assert.match(drawn(10, 100), /10 % \(5\.5 % to 17 %\)/)
  assert.match(drawn(10, 100), /class="dot"/)
})

test('the bars are said in words too, and carry no style of their own', () => {
  assert.match(drawn(0, 0), /aria-label="By week, from Nov 16: 0, Nov 23: 4"/)
  assert.match(drawn(0, 0), /Nothing to tell yet/)
  assert.doesNotMatch(drawn(50, 100), /style=/)
})
