// What may be said of a share, by how much it was seen: under 30 nothing, under 100 the interval alone, from 100 on the share with its
// interval. Wilson for counts; for a random sample drawn with unequal probability, weights and a bootstrap. Pure: the bootstrap's
// draws come from a seed, so that the same records always say the same.
// Wilson, Probable Inference (JASA 22, 1927); Hajek's ratio and Kish's effective size: Lohr, Sampling, chapters 6 and 7.

export const INTERVAL_FROM = 30
export const SHARE_FROM = 100
export type Standing = 'insufficient' | 'interval_only' | 'enough'
export type Interval = { readonly low: number; readonly high: number }

/** `n`: how many were seen; of a weighted share its effective size, rounded down. Null: too few to say. */
export type Share = {
  readonly standing: Standing
  readonly n: number
  readonly value: number | null
  readonly interval: Interval | null
}

const Z_95 = 1.959963984540054
export const RESAMPLES = 2000

export function standingOf(n: number): Standing {
  if (n < INTERVAL_FROM) return 'insufficient'
  return n < SHARE_FROM ? 'interval_only' : 'enough'
}

/** What may be said of a value with this interval, seen n times. */
export function sayable(n: number, value: number | null, interval: () => Interval | null): Share {
  const standing = standingOf(n)
  return {
    standing,
    n,
    value: standing === 'enough' ? value : null,
    interval: standing === 'insufficient' || value === null ? null : interval(),
  }
}

/** Wilson's 95 % score interval of `count` in `n`, without continuity correction. */
export function wilson(count: number, n: number): Interval {
  if (n <= 0 || count < 0 || count > n) throw new RangeError('a count lies between 0 and n, and n is positive')
  const share = count / n
  const square = Z_95 ** 2
  const middle = share + square / (2 * n)
  const reach = Z_95 * Math.sqrt((share * (1 - share)) / n + square / (4 * n * n))
  const scale = 1 + square / n
  return { low: count === 0 ? 0 : (middle - reach) / scale, high: count === n ? 1 : (middle + reach) / scale }
}

export function shareOf(count: number, n: number): Share {
  return sayable(n, n === 0 ? null : count / n, () => wilson(count, n))
}

/** One of a random sample: with which probability it was drawn, and from which stratum; resampled within it. */
export type Drawn = {
  readonly probability: number
  readonly stratum: string
  readonly counts: boolean
  readonly of: boolean
}

/**
 * The share of those that count among those it is `of`, each weighted by one over its probability (Hajek). Its n is Kish's effective
 * size; the interval is of the percentiles of a bootstrap within strata. Where none or all count, resampling would claim certainty: there
 * the interval is Wilson's for the effective size.
 */
export function weightedShare(sample: readonly Drawn[], seed: number): Share {
  const sums = { weight: 0, squares: 0, counting: 0 }
  for (const { of, counts, probability } of sample) {
    if (!of) continue
    sums.weight += 1 / probability
    sums.squares += 1 / probability ** 2
    if (counts) sums.counting += 1 / probability
  }
  const n = sums.squares === 0 ? 0 : Math.floor(sums.weight ** 2 / sums.squares + 1e-9)
  const value = sums.weight === 0 ? null : sums.counting / sums.weight
  return sayable(n, value, () => {
    if (sums.counting === 0) return wilson(0, n)
    if (sums.counting === sums.weight) return wilson(n, n)
    const strata = [...Map.groupBy(sample, (one) => one.stratum).values()]
    return bootstrap(seed, (draw) => resampledRatio(strata, draw))
  })
}

function resampledRatio(strata: readonly (readonly Drawn[])[], draw: () => number): number | null {
  let over = 0
  let under = 0
  for (const stratum of strata)
    for (let left = stratum.length; left > 0; left--) {
      const one = stratum[Math.floor(draw() * stratum.length)]
      if (one === undefined || !one.of) continue
      under += 1 / one.probability
      if (one.counts) over += 1 / one.probability
    }
  return under === 0 ? null : over / under
}

/**
 * The 2.5th and 97.5th percentiles of a statistic over resamples; null where more than one in twenty has none. `draw` is evenly in
 * [0, 1).
 */
export function bootstrap(seed: number, statistic: (draw: () => number) => number | null): Interval | null {
  const draw = seeded(seed)
  const values: number[] = []
  for (let again = 0; again < RESAMPLES; again++) {
    const value = statistic(draw)
    if (value !== null) values.push(value)
  }
  if (values.length < RESAMPLES * 0.95) return null
  values.sort((a, b) => a - b)
  return { low: percentile(values, 0.025), high: percentile(values, 0.975) }
}

/** Of sorted values, between the two nearest in proportion (type 7 of Hyndman and Fan). */
function percentile(sorted: readonly number[], q: number): number {
  const at = q * (sorted.length - 1)
  const low = sorted[Math.floor(at)]
  const high = sorted[Math.ceil(at)]
  if (low === undefined || high === undefined) throw new RangeError('no values')
  return low + (high - low) * (at - Math.floor(at))
}

/** Evenly in [0, 1) from 32 bits of state (mulberry32, Tommy Ettinger, public domain). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
