// Euler's method on the probability-flow ODE (arXiv 2206.00364, algorithm 2 without churn), in the σ parametrisation.
// The sample carries its noise at scale σ; the model sees it divided by √(σ² + 1).
// Source: diffusers schedulers/scheduling_euler_discrete.py.
import type { Fields } from '../runtime/fields.ts'
import {
  combine,
  interpolate,
  linspace,
  type NoiseSchedule,
  type Prediction,
  readNoiseSchedule,
  refuseCustom,
  refuseFlags,
  roundHalfEven,
  tooManySteps,
  torchLinspace,
  trailingTimesteps,
  trainingSigmas,
} from './schedule.ts'
import type { PlanSteps } from './scheduler.ts'
import { exponentialSigmas, karrasSigmas, sigmaToTimestep } from './sigmas.ts'

export function euler(fields: Fields): PlanSteps {
  const schedule = readNoiseSchedule(fields, { spacing: 'linspace' })
  refuseFlags(fields, ['use_beta_sigmas'])
  const karras = fields.flagIf('use_karras_sigmas') ?? false
  const exponential = fields.flagIf('use_exponential_sigmas') ?? false
  if (karras && exponential) throw fields.bad('use_exponential_sigmas', 'at most one way to place sigmas')
  const [sigmaMin, sigmaMax] = [fields.numberIf('sigma_min', 0), fields.numberIf('sigma_max', 0)]
  const logLinear = fields.choiceIf('interpolation_type', ['linear', 'log_linear']) === 'log_linear'
  const continuous = fields.choiceIf('timestep_type', ['discrete', 'continuous']) === 'continuous'
  const endsAtZero = fields.choiceIf('final_sigmas_type', ['zero', 'sigma_min']) !== 'sigma_min'
  const { prediction, spacing } = schedule
  const trained = trainingSigmas(schedule)
  const logSigmas = trained.map(Math.log)

  return (steps, custom) => {
    refuseCustom(custom, ['timesteps', 'sigmas'])
    let timesteps = eulerTimesteps(schedule, steps)
    let inner = logLinear
      ? Array.from(torchLinspace(Math.log(trained.at(-1) ?? 0), Math.log(trained[0] ?? 0), steps + 1), Math.exp)
      : interpolate(timesteps, trained)
    if (karras || exponential) {
      const place = karras ? karrasSigmas : exponentialSigmas
      inner = place(sigmaMax ?? inner[0] ?? 0, sigmaMin ?? inner.at(-1) ?? 0, steps)
      timesteps = inner.map((sigma) => sigmaToTimestep(sigma, logSigmas))
    }
    const sigmas = Float32Array.from([...inner, endsAtZero ? 0 : (trained[0] ?? 0)])
    if (continuous && prediction === 'v_prediction')
      timesteps = Array.from(sigmas.subarray(0, steps), (s) => 0.25 * Math.log(s))
    const largest = sigmas.reduce((most, sigma) => Math.max(most, sigma), 0)
    return {
      timesteps: Float32Array.from(timesteps),
      initNoiseSigma: spacing === 'leading' ? Math.sqrt(largest ** 2 + 1) : largest,
      inputScale: (index) => 1 / Math.sqrt((sigmas[index] ?? 0) ** 2 + 1),
      step(index, output, sample) {
        const sigma = sigmas[index] ?? 0
        const dt = (sigmas[index + 1] ?? 0) - sigma
        // x_0 is linear in the sample and the output, and so is the step along (x − x_0) / σ.
        const [ofSample, ofOutput] = cleanWeights(prediction, sigma)
        const keep = 1 + ((1 - ofSample) / sigma) * dt
        const add = (-ofOutput / sigma) * dt
        for (let i = 0; i < sample.length; i++) sample[i] = keep * (sample[i] ?? 0) + add * (output[i] ?? 0)
      },
      addNoise: (index, clean, noise) => combine(1, clean, sigmas[index] ?? 0, noise),
      predictClean(index, output, sample) {
        const [ofSample, ofOutput] = cleanWeights(prediction, sigmas[index] ?? 0)
        return combine(ofSample, sample, ofOutput, output)
      },
    }
  }
}

/** x_0 from a sample x_0 + σ · noise: the weight of the sample and that of the model's output. */
function cleanWeights(prediction: Prediction, sigma: number): [ofSample: number, ofOutput: number] {
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

function eulerTimesteps(schedule: NoiseSchedule, steps: number): number[] {
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
