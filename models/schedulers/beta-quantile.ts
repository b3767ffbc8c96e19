// The quantile function of the beta distribution: the inverse of the regularised incomplete beta function I_x(a, b).
// Good to 1e-12 for shapes from 0.1 to 10, where the series' terms stay small. Sources: DLMF 8.17 and 5.11.

/** The x in [0, 1] below which a share p of Beta(a, b) lies. */
export function betaQuantile(p: number, a: number, b: number): number {
  if (p <= 0) return 0
  if (p >= 1) return 1
  // I_x(a, b) = 1 − I_{1−x}(b, a): the series is only ever summed in the lower half, where it converges like 2⁻ⁿ.
  if (p > lowerIncomplete(0.5, a, b)) return 1 - lowerQuantile(1 - p, b, a)
  return lowerQuantile(p, a, b)
}

function lowerQuantile(p: number, a: number, b: number): number {
  let [low, high] = [0, 0.5]
  for (let halving = 0; halving < 60; halving++) {
    const middle = (low + high) / 2
    if (lowerIncomplete(middle, a, b) < p) low = middle
    else high = middle
  }
  return (low + high) / 2
}

/** I_x(a, b) for x ≤ 1/2: x^a / (a B(a, b)) · F(a, 1 − b; a + 1; x), DLMF 8.17.7. */
function lowerIncomplete(x: number, a: number, b: number): number {
  let [term, sum] = [1, 1]
  for (let n = 0; n < 200 && Math.abs(term) > 1e-17; n++) {
    term *= ((n + 1 - b) / (n + 1)) * x
    sum += (term * a) / (a + n + 1)
  }
  return Math.exp(a * Math.log(x) - logGamma(a) - logGamma(b) + logGamma(a + b)) * (sum / a)
}

/** ln Γ(x) for x > 0, by Stirling's series above 10 and Γ(x + 1) = x Γ(x) below. DLMF 5.11.1. */
function logGamma(x: number): number {
  let [at, product] = [x, 1]
  while (at < 10) product *= at++
  const series =
    1 / (12 * at) - 1 / (360 * at ** 3) + 1 / (1260 * at ** 5) - 1 / (1680 * at ** 7) + 1 / (1188 * at ** 9)
  return (at - 0.5) * Math.log(at) - at + 0.5 * Math.log(2 * Math.PI) + series - Math.log(product)
}
