// One step of DPM-Solver from one level to a later one: the exact integral, and what each derivative of the output adds to it
// (arXiv 2206.00927, 2211.01095). Stochastic kinds go twice as far towards x_0 and make up for it with noise.
// Source: diffusers scheduling_dpmsolver_multistep.py, *_order_update.
import type { Level } from './solver-levels.ts'

export type DpmAlgorithm = 'dpmsolver++' | 'dpmsolver' | 'sde-dpmsolver++' | 'sde-dpmsolver'

/** Weights of the sample, of the output's value, first derivative (by two rules) and second, over λ; and of fresh noise. */
export type DpmWeights = {
  keep: number
  value: number
  midpoint: number
  heun: number
  second: number
  noise: number
}

export function dpmWeights(algorithm: DpmAlgorithm, from: Level, to: Level): DpmWeights {
  const h = to.lambda - from.lambda
  // φ functions of the exponential integrator; x_0 and noise are one formula with the sign of h turned.
  switch (algorithm) {
    case 'dpmsolver++': {
      const e = Math.expm1(-h)
      const value = -to.alpha * e
      return {
        keep: to.sigma / from.sigma,
        value,
        midpoint: value / 2,
        heun: to.alpha * (e / h + 1),
        second: -to.alpha * ((e + h) / h ** 2 - 0.5),
        noise: 0,
      }
    }
    case 'dpmsolver': {
      const e = Math.expm1(h)
      const value = -to.sigma * e
      return {
        keep: to.alpha / from.alpha,
        value,
        midpoint: value / 2,
        heun: -to.sigma * (e / h - 1),
        second: -to.sigma * ((e - h) / h ** 2 - 0.5),
        noise: 0,
      }
    }
    case 'sde-dpmsolver++': {
      const e = Math.expm1(-2 * h)
      const value = -to.alpha * e
      return {
        keep: (to.sigma / from.sigma) * Math.exp(-h),
        value,
        midpoint: value / 2,
        heun: to.alpha * (e / (2 * h) + 1),
        // The half has the other sign than in the plain kind: so it is upstream.
        second: -to.alpha * ((e + 2 * h) / (2 * h) ** 2 + 0.5),
        noise: to.sigma * Math.sqrt(-e),
      }
    }
    case 'sde-dpmsolver': {
      const e = Math.expm1(h)
      const value = -2 * to.sigma * e
      return {
        keep: to.alpha / from.alpha,
        value,
        midpoint: value / 2,
        heun: -2 * to.sigma * (e / h - 1),
        second: Number.NaN,
        noise: to.sigma * Math.sqrt(Math.expm1(2 * h)),
      }
    }
    default:
      return algorithm satisfies never
  }
}

export function addFreshNoise(sample: Float32Array, weight: number, drawn: Float32Array): void {
  for (let i = 0; i < sample.length; i++) sample[i] = (sample[i] ?? 0) + weight * (drawn[i] ?? 0)
}
