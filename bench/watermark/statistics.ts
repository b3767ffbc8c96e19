// The rules by which marks are counted: one false-positive rule for every method, and who is ahead of whom.

/** Chance of at least `hits` heads in `of` throws of a fair coin. */
export function binomialTail(hits: number, of: number): number {
  if (!(Number.isInteger(hits) && Number.isInteger(of) && hits >= 0 && of > 0)) {
    throw new RangeError(`${hits} of ${of} is no count`)
  }
  let ways = 1
  let sum = 0
  // From the all-heads end: ways of k heads, k = of, of - 1, ...
  for (let k = of; k >= hits; k--) {
    sum += ways
    ways = (ways * k) / (of - k + 1)
  }
  return sum / 2 ** of
}

/** The least number of agreeing bits that a picture without this payload reaches with a chance of at most `chance`; null if none is enough. */
export function leastAgreeing(of: number, chance: number): number | null {
  for (let hits = 0; hits <= of; hits++) if (binomialTail(hits, of) <= chance) return hits
  return null
}

export type Count = { hits: number; of: number }
export type Standing = 'ahead' | 'behind' | 'both all' | 'both none' | 'level'

/** One row by its decoding rates: ours against a peer's. */
export function standing(ours: Count, peer: Count): Standing {
  const difference = ours.hits * peer.of - peer.hits * ours.of
  if (difference !== 0) return difference > 0 ? 'ahead' : 'behind'
  if (ours.hits === ours.of) return 'both all'
  return ours.hits === 0 ? 'both none' : 'level'
}
