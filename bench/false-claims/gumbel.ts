// The distribution of the largest of many scores, fitted by its moments (Gumbel 1958), to tell what lies beyond what was counted.
const EULER = 0.5772156649015329

/** The chance that the next maximum reaches `z`, by a fit to those seen. RangeError for fewer than two different ones. */
export function gumbelChance(maxima: readonly number[], z: number): number {
  const mean = maxima.reduce((sum, one) => sum + one, 0) / maxima.length
  const variance = maxima.reduce((sum, one) => sum + (one - mean) ** 2, 0) / (maxima.length - 1)
  if (!(variance > 0)) throw new RangeError('the spread of one value is not known')
  const scale = Math.sqrt(6 * variance) / Math.PI
  const location = mean - EULER * scale
  return -Math.expm1(-Math.exp(-(z - location) / scale))
}
