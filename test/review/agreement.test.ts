// What is said of shares and of agreement, against published values and against scipy 1.17.1 / statsmodels 0.15.0 (proportion_confint
// with method wilson; fleiss_kappa over aggregate_raters), which were run on the very tables below.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { agreementOf, coefficientsOf, type Pair } from '../../src/review/agreement.ts'
import { bootstrap, type Drawn, seeded, shareOf, weightedShare, wilson } from '../../src/review/rates.ts'

const close = (found: number | null | undefined, expected: number, within = 1e-9) =>
  assert.ok(found != null && Math.abs(found - expected) <= within, `${found} is not ${expected}`)

/** Pairs of a square table of counts: row is the one's, column the other's. */
const pairsOf = (table: readonly (readonly number[])[]): Pair[] =>
  table.flatMap((row, one) =>
    row.flatMap((count, other) => Array.from({ length: count }, (): Pair => [`c${one}`, `c${other}`])),
  )

test("Gwet's example of the paradox: 94 % agreement, kappa below zero, AC1 .94", () => {
  // Gwet (2002, 2008), 125 subjects: 118 positive by both, 5 and 2 disagreed on, none negative by both.
  const found = coefficientsOf(
    pairsOf([
      [118, 5],
      [2, 0],
    ]),
  )
  close(found?.raw, 0.944)
  close(found?.kappa, -0.0288, 5e-5)
  close(found?.ac1, 0.9408, 5e-5)
})

test("kappa is statsmodels' fleiss_kappa, and AC1 follows Gwet's formula by hand", () => {
  const two = coefficientsOf(
    pairsOf([
      [40, 9],
      [6, 45],
    ]),
  )
  close(two?.kappa, 0.6992481203007519)
  close(two?.ac1, 0.7007481296758106)
  const three = coefficientsOf(
    pairsOf([
      [11, 2, 1],
      [3, 20, 4],
      [0, 5, 14],
    ]),
  )
  close(three?.raw, 0.75)
  close(three?.kappa, 0.6110630942091616)
  // Shares of the categories 31/120, 58/120... by hand: p = (14+14)/120, (27+27)/120, (19+19)/120.
  const shares = [28 / 120, 54 / 120, 38 / 120]
  const chance = shares.reduce((sum, share) => sum + share * (1 - share), 0) / 2
  close(three?.ac1, (0.75 - chance) / (1 - chance))
  close(three?.ac1, 0.6316004911993451)
})

test("Wilson's intervals are the reference's and statsmodels'", () => {
  const cases: [number, number, number, number][] = [
    [0, 30, 0, 0.1135133931739688],
    [3, 30, 0.03459988874733416, 0.25621082579184085],
    [10, 100, 0.05522913706067509, 0.17436566150491348],
    [30, 300, 0.07094791459501532, 0.13916646238462152],
    [7, 43, 0.08116627347062007, 0.2997240589374717],
    [100, 100, 0.9630065017930143, 1],
  ]
  for (const [count, n, low, high] of cases) {
    close(wilson(count, n).low, low)
    close(wilson(count, n).high, high)
  }
  assert.throws(() => wilson(1, 0), RangeError)
  assert.throws(() => wilson(2, 1), RangeError)
})

test('under 30 nothing is said, under 100 the interval alone, from 100 on the share too', () => {
  assert.deepEqual(shareOf(3, 29), { standing: 'insufficient', n: 29, value: null, interval: null })
  const some = shareOf(3, 30)
  assert.deepEqual([some.standing, some.value], ['interval_only', null])
  close(some.interval?.high, 0.25621082579184085)
  assert.equal(shareOf(10, 99).value, null)
  assert.equal(shareOf(10, 100).value, 0.1)
  const few = agreementOf(
    pairsOf([
      [20, 4],
      [3, 2],
    ]),
    1,
    2,
  )
  for (const share of [few.raw, few.kappa, few.ac1])
    assert.deepEqual(share, { standing: 'insufficient', n: 29, value: null, interval: null })
  assert.deepEqual(shareOf(0, 0), { standing: 'insufficient', n: 0, value: null, interval: null })
})

test('full agreement is 1 by each measure where both categories occur, and kappa is not defined where one does', () => {
  const full = coefficientsOf(
    pairsOf([
      [7, 0],
      [0, 3],
    ]),
    2,
  )
  assert.deepEqual(full, { raw: 1, kappa: 1, ac1: 1 })
  assert.deepEqual(coefficientsOf(pairsOf([[9]]), 2), { raw: 1, kappa: null, ac1: 1 })
  assert.equal(coefficientsOf([]), null)
  // No resample could show any disagreement, so that an interval of nothing would be a lie.
  const many = agreementOf(
    pairsOf([
      [90, 0],
      [0, 30],
    ]),
    1,
    2,
  )
  assert.deepEqual([many.kappa.value, many.kappa.interval], [1, null])
  close(many.raw.interval?.low, wilson(120, 120).low)
})

const anyPairs = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.constantFrom('a', 'b', 'c')), {
  minLength: 1,
  maxLength: 60,
})

test('bounds and symmetry: nothing exceeds 1, and neither the order in a pair nor the names of categories matter', () => {
  fc.assert(
    fc.property(anyPairs, fc.infiniteStream(fc.boolean()), (pairs, flips) => {
      const found = coefficientsOf(pairs, 3)
      assert.ok(found !== null && found.raw >= 0 && found.raw <= 1)
      assert.ok(found.kappa === null || (found.kappa >= -1 - 1e-9 && found.kappa <= 1 + 1e-9))
      assert.ok(found.ac1 >= -1 && found.ac1 <= 1 + 1e-9)
      const renamed = { a: 'c', b: 'a', c: 'b' }
      const turned = pairs.map(([one, other]): Pair => {
        const pair: Pair = [renamed[one], renamed[other]]
        return flips.next().value ? [pair[1], pair[0]] : pair
      })
      const again = coefficientsOf(turned, 3)
      close(again?.ac1, found.ac1)
      if (found.kappa === null) assert.equal(again?.kappa, null)
      else close(again?.kappa, found.kappa)
    }),
  )
})

test('a bootstrap says the same from the same seed, holds the estimate and narrows as n grows', () => {
  const table = [
    [40, 9],
    [6, 45],
  ]
  const once = agreementOf(pairsOf(table), 7, 2)
  assert.deepEqual(agreementOf(pairsOf(table), 7, 2), once)
  const large = agreementOf(pairsOf(table.map((row) => row.map((count) => count * 16))), 7, 2)
  const width = ({ interval }: { interval: { low: number; high: number } | null }) =>
    interval === null ? Number.NaN : interval.high - interval.low
  for (const measure of ['kappa', 'ac1'] as const) {
    const { value, interval } = once[measure]
    assert.ok(value !== null && interval !== null && interval.low < value && value < interval.high)
    assert.ok(
      width(large[measure]) < width(once[measure]) / 3,
      `${measure}: a sixteenfold n makes it about four times narrower`,
    )
  }
  // The large-sample error, sqrt(po (1 - po) / n) / (1 - pe) with po .85 and pe .50125, is .0716: resampling must not be far from it.
  close(width(once.kappa), 2 * 1.96 * 0.0716, 0.03)
})

test('the percentile interval of a mean is the normal one, for a sample that is large', () => {
  const draw = seeded(3)
  const values = Array.from({ length: 400 }, () => draw())
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const error = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length / values.length)
  const found = bootstrap(5, (next) => {
    let sum = 0
    for (let i = 0; i < values.length; i++) sum += values[Math.floor(next() * values.length)] ?? 0
    return sum / values.length
  })
  close(found?.low, mean - 1.96 * error, error / 4)
  close(found?.high, mean + 1.96 * error, error / 4)
  assert.equal(
    bootstrap(5, (next) => (next() < 0.2 ? null : 1)),
    null,
  )
})

const drawn = (count: number, one: Drawn): Drawn[] => Array.from({ length: count }, () => one)

test('a weighted share is the one of all that was sampled from, and its n is the effective one', () => {
  // 40 of 200 at one in 20 stand for 800 of 4,000; 10 of 100 at one in 100 for 1,000 of 10,000: 1,800 of 14,000.
  const sample = [
    ...drawn(40, { probability: 0.05, stratum: 'blocked', of: true, counts: true }),
    ...drawn(160, { probability: 0.05, stratum: 'blocked', of: true, counts: false }),
    ...drawn(10, { probability: 0.01, stratum: 'allowed', of: true, counts: true }),
    ...drawn(90, { probability: 0.01, stratum: 'allowed', of: true, counts: false }),
    ...drawn(500, { probability: 0.01, stratum: 'allowed', of: false, counts: true }),
  ]
  const found = weightedShare(sample, 1)
  assert.equal(found.n, Math.floor(14_000 ** 2 / (200 * 20 ** 2 + 100 * 100 ** 2)))
  close(found.value, 1800 / 14_000)
  assert.ok(found.interval !== null && found.interval.low < 0.128 && found.interval.high > 0.129)
})

test('equal weights are no weights, and what never happened is not said to be impossible', () => {
  const equal = [
    ...drawn(30, { probability: 0.05, stratum: 'one', of: true, counts: true }),
    ...drawn(170, { probability: 0.05, stratum: 'one', of: true, counts: false }),
  ]
  const found = weightedShare(equal, 1)
  assert.equal(found.n, 200)
  close(found.value, 0.15)
  close(found.interval?.low, wilson(30, 200).low, 0.01)
  close(found.interval?.high, wilson(30, 200).high, 0.01)
  const never = weightedShare(drawn(120, { probability: 0.01, stratum: 'one', of: true, counts: false }), 1)
  assert.deepEqual(never.interval, wilson(0, 120))
  assert.equal(weightedShare([], 1).standing, 'insufficient')
})
