// What LCM and TCD share: a schedule of few steps, chosen among the even ones that the model was distilled on.
// Source: diffusers scheduling_lcm.py and scheduling_tcd.py: __init__ and set_timesteps with strength 1; an edit begins later.
import type { Fields } from '../runtime/fields.ts'
import { wholeTimesteps } from './custom.ts'
import {
  cleanWeights,
  combine,
  type Prediction,
  readBetas,
  refuseCustom,
  tooManySteps,
  unsupported,
} from './schedule.ts'
import type { Custom, Scheduler } from './scheduler.ts'

/** Noise level of a timestep: the roots of ᾱ and of 1 − ᾱ. */
export type LevelOf = (timestep: number) => [signal: number, noise: number]

export type Distilled = {
  prediction: Prediction
  alphasCumprod: Float32Array
  levelOf: LevelOf
  timesteps(steps: number, custom: Custom | undefined): Float32Array
}

export function readDistilled(fields: Fields): Distilled {
  const betas = readBetas(fields, { start: 0.00085, end: 0.012, kind: 'scaled_linear' })
  const { trainSteps, alphasCumprod } = betas
  const prediction = fields.choiceIf('prediction_type', ['epsilon', 'sample', 'v_prediction']) ?? 'epsilon'
  if (betas.zeroTerminalSnr && prediction === 'epsilon')
    throw unsupported(fields, 'rescale_betas_zero_snr', 'true with epsilon, where the first sample has no signal,')
  const original = fields.integerIf('original_inference_steps', 1, trainSteps) ?? 50
  const stride = Math.floor(trainSteps / original)
  // The classes have these fields and no use for them: steps are spaced by the distillation, and none goes below timestep 0.
  fields.choiceIf('timestep_spacing', ['linspace', 'leading', 'trailing'])
  fields.integerIf('steps_offset', 0, trainSteps)
  fields.flagIf('set_alpha_to_one')
  return {
    prediction,
    alphasCumprod,
    levelOf(timestep) {
      const alpha = alphasCumprod[timestep]
      if (alpha === undefined) throw new RangeError(`timestep ${timestep} of ${trainSteps}`)
      return [Math.sqrt(alpha), Math.sqrt(1 - alpha)]
    },
    timesteps(steps, custom) {
      refuseCustom(custom, ['sigmas'])
      if (custom?.timesteps !== undefined) return Float32Array.from(wholeTimesteps(custom.timesteps, trainSteps))
      if (steps > original) throw tooManySteps(steps, original)
      const skip = original / steps
      return Float32Array.from({ length: steps }, (_, i) => (original - Math.floor(i * skip)) * stride - 1)
    },
  }
}

export function distilledMembers(
  timesteps: Float32Array,
  { levelOf, prediction }: Distilled,
): Pick<Scheduler, 'initNoiseSigma' | 'inputScale' | 'addNoise' | 'predictClean'> {
  const at = (index: number) => levelOf(timesteps[index] ?? -1)
  return {
    initNoiseSigma: 1,
    inputScale: () => 1,
    addNoise(index, clean, noise) {
      const [a, b] = at(index)
      return combine(a, clean, b, noise)
    },
    predictClean(index, output, sample) {
      const [ofSample, ofOutput] = cleanWeights(prediction, ...at(index))
      return combine(ofSample, sample, ofOutput, output)
    },
  }
}
