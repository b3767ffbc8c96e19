// Other ways to place the noise levels between σ_max and σ_min, and the way back from a noise level to a timestep.
// Source: diffusers EulerDiscreteScheduler._convert_to_karras, _convert_to_exponential, _convert_to_beta,
// _sigma_to_t.
import { betaQuantile } from './beta-quantile.ts'
import { linspace } from './schedule.ts'

/** "Elucidating the Design Space" (arXiv 2206.00364), eq. 5, with ρ = 7. Descending, n values. */
export function karrasSigmas(max: number, min: number, n: number): number[] {
  const rho = 7
  const [high, low] = [max ** (1 / rho), min ** (1 / rho)]
  return linspace(0, 1, n).map((ramp) => (high + ramp * (low - high)) ** rho)
}

/** Even in log σ. Descending, n values. */
export function exponentialSigmas(max: number, min: number, n: number): number[] {
  return linspace(Math.log(max), Math.log(min), n).map(Math.exp)
}

/** "Beta Sampling is All You Need" (arXiv 2407.12173): quantiles of Beta(alpha, beta). Descending, n values. */
export function betaSigmas(max: number, min: number, n: number, alpha = 0.6, beta = 0.6): number[] {
  return linspace(0, 1, n).map((share) => min + betaQuantile(1 - share, alpha, beta) * (max - min))
}

/**
 * The timestep, with a fraction, whose training σ this is; even between neighbours in log σ, held at both ends.
 * `logSigmas` are the float32 logarithms of the training sigmas, ascending.
 */
export function sigmaToTimestep(sigma: number, logSigmas: Float32Array): number {
  const logSigma = Math.log(Math.max(sigma, 1e-10))
  let low = 0
  for (let i = 1; i < logSigmas.length - 1 && (logSigmas[i] ?? 0) <= logSigma; i++) low = i
  const [a, b] = [logSigmas[low] ?? 0, logSigmas[low + 1] ?? logSigmas[low] ?? 0]
  const weight = a === b ? 0 : Math.min(Math.max((a - logSigma) / (a - b), 0), 1)
  return low + weight
}
