// What is said of many measurements: quantiles by nearest rank, the slope of a series, and whether a series still grows once it is
// warm. The middle is in ../median.ts.
import { median } from '../median.ts'

export type Point = { at: number; value: number }

/** The smallest measurement that at least the share `q` of them do not exceed (nearest rank); `q` in (0, 1]. */
export function quantile(values: readonly number[], q: number): number {
  const ranked = values.toSorted((a, b) => a - b)
  const found = ranked[Math.max(0, Math.ceil(q * ranked.length) - 1)]
  if (found === undefined) throw new RangeError('no measurements')
  return found
}

/** Ordinary least squares: how much the value grows when `at` grows by one. */
export function slopeOf(points: readonly Point[]): number {
  if (points.length < 2) throw new RangeError('a slope needs two points')
  const meanAt = mean(points.map(({ at }) => at))
  const meanValue = mean(points.map(({ value }) => value))
  let along = 0
  let square = 0
  for (const { at, value } of points) {
    along += (at - meanAt) * (value - meanValue)
    square += (at - meanAt) ** 2
  }
  if (square === 0) throw new RangeError('a slope needs two different places')
  return along / square
}

/** The last quarter's median over the second quarter's, less one: .15 says 15 % more. The first quarter warms up. */
export function growthOf(points: readonly Point[]): number {
  const quarter = Math.floor(points.length / 4)
  if (quarter === 0) throw new RangeError('growth needs four points')
  const middleOf = (from: number, to?: number) => median(points.slice(from, to).map(({ value }) => value))
  return middleOf(-quarter) / middleOf(quarter, 2 * quarter) - 1
}

/** Median, and how far the measurements lie apart. */
export function spread(values: readonly number[], digits: number): string {
  const [low, high] = [Math.min(...values), Math.max(...values)]
  return `${median(values).toFixed(digits)} (${low.toFixed(digits)}–${high.toFixed(digits)})`
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
