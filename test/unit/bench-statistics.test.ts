// What the benches say of their measurements.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { growthOf, quantile, slopeOf, spread } from '../../bench/api/statistics.ts'

const series = (values: readonly number[]) => values.map((value, index) => ({ at: index * 10, value }))

test('a quantile is the nearest rank, whatever the order', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index)
  assert.equal(quantile(hundred, 0.5), 50)
  assert.equal(quantile(hundred, 0.99), 99)
  assert.equal(quantile(hundred, 1), 100)
  assert.equal(quantile([7], 0.01), 7)
  assert.throws(() => quantile([], 0.5), RangeError)
})

test('a slope is how much the value grows a step, and noise around a level has none', () => {
  assert.equal(slopeOf(series([5, 25, 45])), 2)
  assert.equal(slopeOf(series([3, 1, 3, 1, 3])), 0)
  assert.throws(() => slopeOf(series([1])), RangeError)
  const sameAt = { at: 1, value: 1 }
  assert.throws(() => slopeOf([sameAt, sameAt]), RangeError)
})

test('growth leaves the warm-up out and compares the last quarter with the second', () => {
  assert.equal(growthOf(series([1, 1, 100, 100, 90, 90, 100, 100])), 0)
  assert.ok(Math.abs(growthOf(series([1, 1, 100, 100, 110, 110, 120, 120])) - 0.2) < 1e-9)
  assert.throws(() => growthOf(series([1, 2, 3])), RangeError)
})

test('one outlier in a quarter does not decide', () => {
  assert.equal(growthOf(series([1, 1, 1, 10, 10, 10, 9, 9, 9, 10, 500, 10])), 0)
})

test('a spread says the middle and both ends', () => {
  assert.equal(spread([3, 1, 2.5], 1), '2.5 (1.0–3.0)')
})
