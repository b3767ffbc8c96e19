// The intervals that the screening bench prints.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { wilson } from '../../bench/wilson.ts'

const percent = (hits: number, of: number) => {
  const { low, high } = wilson(hits, of)
  return [low, high].map((bound) => Math.round(bound * 1000) / 10)
}

test('the interval is the published one, near the ends too', () => {
  assert.deepEqual(percent(0, 30), [0, 11.4])
  assert.deepEqual(percent(3, 30), [3.5, 25.6])
  assert.deepEqual(percent(10, 100), [5.5, 17.4])
  assert.deepEqual(percent(30, 300), [7.1, 13.9])
  assert.deepEqual(percent(30, 30), [88.6, 100])
})

test('no trials and more hits than trials have no share', () => {
  assert.throws(() => wilson(0, 0), RangeError)
  assert.throws(() => wilson(3, 2), RangeError)
})
