// What methods in the σ parametrisation share: a sample is x_0 + σ · noise, and the model sees it divided by √(σ² + 1).
// Euler, its ancestral form, Heun, LMS and the two KDPM2 stand on this. Source: set_timesteps of diffusers' classes for them.
import type { Fields } from '../runtime/fields.ts'
import type { Placing } from './placing.ts'
import {
  interpolate,
  linspace,
  type NoiseSchedule,
  type Prediction,
  roundHalfEven,
  tooManySteps,
  trailingTimesteps,
  trainingSigmas,
  unsupported,
} from './schedule.ts'
import { sigmaToTimestep } from './sigmas.ts'

/** n timesteps and the noise level at each, descending, without the end. */
export type SigmaSteps = { timesteps: readonly number[]; sigmas: readonly number[] }

/** The training sigmas, ascending, float32, and their logarithms. */
export type Trained = { sigmas: Float32Array; logSigmas: Float32Array }

export function trainedSigmas(schedule: NoiseSchedule): Trained {
  const sigmas = trainingSigmas(schedule)
  return { sigmas, logSigmas: sigmas.map(Math.log) }
}

/** Evenly spaced timesteps, or the request's own, or a placing's levels with the timesteps that belong to them. */
export function sigmaSteps(
  schedule: NoiseSchedule,
  { sigmas, logSigmas }: Trained,
  placing: Placing | null,
  steps: number,
  own?: readonly number[],
): SigmaSteps {
  const timesteps = own ?? spacedTimesteps(schedule, steps)
  const spaced = interpolate(timesteps, sigmas)
  if (placing === null) return { timesteps, sigmas: spaced }
  const placed = placing.place(spaced[0] ?? 0, spaced.at(-1) ?? 0, steps)
  return { timesteps: placed.map((sigma) => sigmaToTimestep(sigma, logSigmas)), sigmas: placed }
}

export function spacedTimesteps(schedule: NoiseSchedule, steps: number): number[] {
  const { trainSteps, stepsOffset } = schedule
  if (steps > trainSteps) throw tooManySteps(steps, trainSteps)
  switch (schedule.spacing) {
    case 'linspace':
      return linspace(0, trainSteps - 1, steps)
        .map(Math.fround)
        .reverse()
    case 'leading': {
      const ratio = Math.floor(trainSteps / steps)
      return Array.from({ length: steps }, (_, i) => roundHalfEven((steps - 1 - i) * ratio) + stepsOffset)
    }
    case 'trailing':
      return trailingTimesteps(trainSteps, trainSteps, steps)
    default:
      return schedule.spacing satisfies never
  }
}

/** The standard deviation of the first latents: leading spacing begins below the largest σ, so that it counts the picture in. */
export function firstSigma(schedule: NoiseSchedule, sigmas: Float32Array): number {
  const largest = sigmas.reduce((most, sigma) => Math.max(most, sigma), 0)
  return schedule.spacing === 'leading' ? Math.sqrt(largest ** 2 + 1) : largest
}

export function scaleAt(sigma: number): number {
  return 1 / Math.sqrt(sigma ** 2 + 1)
}

/** x_0 from a sample x_0 + σ · noise: the weight of the sample and that of the model's output. */
export function cleanWeightsAt(prediction: Prediction, sigma: number): [ofSample: number, ofOutput: number] {
  switch (prediction) {
    case 'epsilon':
      return [1, -sigma]
    case 'sample':
      return [0, 1]
    case 'v_prediction':
      return [1 / (sigma ** 2 + 1), -sigma / Math.sqrt(sigma ** 2 + 1)]
    default:
      return prediction satisfies never
  }
}

/** dx/dσ = (x − x_0) / σ: linear in the sample and the output, so again one weight for each. */
export function slopeWeightsAt(prediction: Prediction, sigma: number): [ofSample: number, ofOutput: number] {
  const [ofSample, ofOutput] = cleanWeightsAt(prediction, sigma)
  return [(1 - ofSample) / sigma, -ofOutput / sigma]
}

/** Some methods have no form for models that predict x_0 itself. */
export function refuseSamplePrediction(fields: Fields, { prediction }: NoiseSchedule): void {
  if (prediction === 'sample') throw unsupported(fields, 'prediction_type', prediction)
}
