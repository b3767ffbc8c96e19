// Euler's method on the probability-flow ODE (arXiv 2206.00364, algorithm 2 without churn), in the σ parametrisation.
// Source: diffusers schedulers/scheduling_euler_discrete.py.
import type { Fields } from '../runtime/fields.ts'
import { flowLevels, placedAlready, wholeTimesteps } from './custom.ts'
import { readPlacing } from './placing.ts'
import { combine, readNoiseSchedule, refuseCustom, torchLinspace } from './schedule.ts'
import type { Custom, PlanSteps } from './scheduler.ts'
import {
  cleanWeightsAt,
  firstSigma,
  type SigmaSteps,
  scaleAt,
  sigmaSteps,
  slopeWeightsAt,
  spacedTimesteps,
  trainedSigmas,
} from './sigma-space.ts'
import { sigmaToTimestep } from './sigmas.ts'

// Beyond what any model was trained on; float32 has no room for latents far above it.
const MOST_SIGMA = 10_000

export function euler(fields: Fields): PlanSteps {
  const schedule = readNoiseSchedule(fields, { spacing: 'linspace' })
  const placing = readPlacing(fields, { lu: false })
  const logLinear = fields.choiceIf('interpolation_type', ['linear', 'log_linear']) === 'log_linear'
  const { prediction } = schedule
  // Only a model of v is called with log σ; for the others diffusers keeps discrete timesteps.
  const continuous =
    fields.choiceIf('timestep_type', ['discrete', 'continuous']) === 'continuous' && prediction === 'v_prediction'
  const endsAtZero = fields.choiceIf('final_sigmas_type', ['zero', 'sigma_min']) !== 'sigma_min'
  const trained = trainedSigmas(schedule)
  const [smallest, greatest] = [trained.sigmas[0] ?? 0, trained.sigmas.at(-1) ?? 0]

  const place = (steps: number, custom: Custom | undefined): SigmaSteps => {
    if (custom?.sigmas !== undefined) {
      refuseCustom({ timesteps: custom.timesteps }, ['timesteps'])
      const sigmas = flowLevels('sigmas', custom.sigmas, MOST_SIGMA)
      return { timesteps: sigmas.map((sigma) => sigmaToTimestep(sigma, trained.logSigmas)), sigmas }
    }
    const own = custom?.timesteps && wholeTimesteps(custom.timesteps, schedule.trainSteps)
    if (own && placing) throw placedAlready('timesteps', `use_${placing.kind}_sigmas`)
    if (own && continuous) throw placedAlready('timesteps', 'timestep_type continuous')
    if (!logLinear) return sigmaSteps(schedule, trained, placing, steps, own)
    // One level more than steps: the last step goes from the second smallest to the smallest, and the end is never reached,
    // but that timestep_type continuous makes a timestep of each.
    const count = (own?.length ?? steps) + 1
    const even = Array.from(torchLinspace(Math.log(greatest), Math.log(smallest), count), Math.exp)
    if (placing === null) return { timesteps: own ?? spacedTimesteps(schedule, steps), sigmas: even }
    const placed = placing.place(even[0] ?? 0, even.at(-1) ?? 0, steps)
    return { timesteps: placed.map((sigma) => sigmaToTimestep(sigma, trained.logSigmas)), sigmas: placed }
  }

  return (steps, custom) => {
    const placed = place(steps, custom)
    const sigmas = Float32Array.from([...placed.sigmas, endsAtZero ? 0 : smallest])
    const timesteps = Float32Array.from(placed.timesteps)
    return {
      timesteps: continuous ? sigmas.slice(0, -1).map((sigma) => 0.25 * Math.log(sigma)) : timesteps,
      initNoiseSigma: firstSigma(schedule, sigmas),
      inputScale: (index) => scaleAt(sigmas[index] ?? 0),
      step(index, output, sample) {
        const sigma = sigmas[index] ?? 0
        const dt = (sigmas[index + 1] ?? 0) - sigma
        const [ofSample, ofOutput] = slopeWeightsAt(prediction, sigma)
        const [keep, add] = [1 + ofSample * dt, ofOutput * dt]
        for (let i = 0; i < sample.length; i++) sample[i] = keep * (sample[i] ?? 0) + add * (output[i] ?? 0)
      },
      addNoise: (index, clean, noise) => combine(1, clean, sigmas[index] ?? 0, noise),
      predictClean(index, output, sample) {
        const [ofSample, ofOutput] = cleanWeightsAt(prediction, sigmas[index] ?? 0)
        return combine(ofSample, sample, ofOutput, output)
      },
    }
  }
}
