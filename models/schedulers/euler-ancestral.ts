// Ancestral Euler: a step goes further down than the next noise level, and fresh noise brings the sample back up to it.
// σ_up² = σ₊² (σ² − σ₊²) / σ², σ_down² = σ₊² − σ_up². One draw a step, the last one's unused.
// Source: diffusers schedulers/scheduling_euler_ancestral_discrete.py.
import type { Fields } from '../runtime/fields.ts'
import { combine, readNoiseSchedule, refuseCustom } from './schedule.ts'
import type { PlanSteps } from './scheduler.ts'
import {
  cleanWeightsAt,
  firstSigma,
  refuseSamplePrediction,
  scaleAt,
  sigmaSteps,
  slopeWeightsAt,
  trainedSigmas,
} from './sigma-space.ts'

const fround = Math.fround

export function eulerAncestral(fields: Fields): PlanSteps {
  const schedule = readNoiseSchedule(fields, { spacing: 'linspace' })
  refuseSamplePrediction(fields, schedule)
  const { prediction } = schedule
  const trained = trainedSigmas(schedule)

  return (steps, custom) => {
    refuseCustom(custom, ['timesteps', 'sigmas'])
    const placed = sigmaSteps(schedule, trained, null, steps)
    const sigmas = Float32Array.from([...placed.sigmas, 0])
    return {
      timesteps: Float32Array.from(placed.timesteps),
      initNoiseSigma: firstSigma(schedule, sigmas),
      inputScale: (index) => scaleAt(sigmas[index] ?? 0),
      step(index, output, sample, _memory, noise) {
        const sigma = sigmas[index] ?? 0
        const { up, down } = ancestral(sigma, sigmas[index + 1] ?? 0)
        const dt = down - sigma
        const [ofSample, ofOutput] = slopeWeightsAt(prediction, sigma)
        const [keep, add] = [1 + ofSample * dt, ofOutput * dt]
        const fresh = noise.randn(sample.length)
        for (let i = 0; i < sample.length; i++)
          sample[i] = keep * (sample[i] ?? 0) + add * (output[i] ?? 0) + up * (fresh[i] ?? 0)
      },
      addNoise: (index, clean, noise) => combine(1, clean, sigmas[index] ?? 0, noise),
      predictClean(index, output, sample) {
        const [ofSample, ofOutput] = cleanWeightsAt(prediction, sigmas[index] ?? 0)
        return combine(ofSample, sample, ofOutput, output)
      },
    }
  }
}

/**
 * How a step from σ to `next` splits: down by the ODE, up by noise. Rounded to float32 at each operation, as torch does it: the
 * difference cancels where the step is long, and what is left of it decides. Where nothing is left, the exact σ₊² / σ.
 */
export function ancestral(sigma: number, next: number): { up: number; down: number } {
  const [square, nextSquare] = [fround(sigma * sigma), fround(next * next)]
  const up = fround(Math.sqrt(fround(fround(nextSquare * fround(square - nextSquare)) / square)))
  const rest = fround(nextSquare - fround(up * up))
  return { up, down: rest > 0 ? fround(Math.sqrt(rest)) : nextSquare / sigma }
}
