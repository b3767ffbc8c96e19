// Wilson's score interval of a share (Wilson 1927): honest for few trials and for shares near 0 and 1, where the usual one is not.

/** The 97.5 % quantile of the normal distribution: 95 % lie within. */
const Z = 1.959964

export type Share = { hits: number; of: number; share: number; low: number; high: number }

/** RangeError when there were no trials, or more hits than trials. */
export function wilson(hits: number, of: number): Share {
  if (!(of > 0 && hits >= 0 && hits <= of)) throw new RangeError(`${hits} of ${of} is no share`)
  const share = hits / of
  const scale = 1 + Z ** 2 / of
  const middle = (share + Z ** 2 / (2 * of)) / scale
  const half = (Z / scale) * Math.sqrt((share * (1 - share)) / of + Z ** 2 / (4 * of ** 2))
  return { hits, of, share, low: Math.max(0, middle - half), high: Math.min(1, middle + half) }
}
