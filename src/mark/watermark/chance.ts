// How likely a score is by chance. A score is a sum of the cosines between what a picture has at the pilots' frequencies and the
// pilots' keyed phases. Those phases are independent of the picture and uniform (HMAC is a pseudorandom function), so for any picture at
// all, over keys, E[exp(λ cos φ)] = I₀(λ) ≤ exp(λ²/4), and by Chernoff a look's score z = Σ cos / √(n/2) is at least z with a chance of at
// most exp(-z²/2). Many looks: their sum (Boole). No picture has to be measured for this bound, and none extrapolated from.

/** Upper bound of the chance that any of `looks` looks at a picture without our mark reaches z. */
export function chanceOf(z: number, looks: number): number {
  return z <= 0 ? 1 : Math.min(1, looks * Math.exp((-z * z) / 2))
}

/** The score at which the chance over `looks` looks is at most `chance`. */
export function scoreFor(chance: number, looks: number): number {
  return Math.sqrt(2 * Math.log(looks / chance))
}
