// DDPM (arXiv 2006.11239): ancestral sampling from the posterior q(x_{t−1} | x_t, x_0), whose mean is the paper's (7).
// One draw a step, none at timestep 0. The variance is fixed; models that learn it are refused by name.
// Source: diffusers schedulers/scheduling_ddpm.py.
import { ModelError } from '../runtime/error.ts'
import type { Fields } from '../runtime/fields.ts'
import { wholeTimesteps } from './custom.ts'
import { discreteTimesteps } from './discrete-timesteps.ts'
import { cleanWeights, combine, readNoiseSchedule, refuseCustom } from './schedule.ts'
import type { PlanSteps } from './scheduler.ts'
import { applyThreshold, readThreshold } from './threshold.ts'

export function ddpm(fields: Fields): PlanSteps {
  const schedule = readNoiseSchedule(fields, { spacing: 'leading', kinds: ['laplace', 'sigmoid'] })
  const large = readVariance(fields) === 'fixed_large'
  const clips = fields.flagIf('clip_sample') ?? true
  const range = fields.numberIf('clip_sample_range', 0) ?? 1
  const threshold = readThreshold(fields)
  const { alphasCumprod, trainSteps, prediction } = schedule

  return (steps, custom) => {
    refuseCustom(custom, ['sigmas'])
    const own = custom?.timesteps && wholeTimesteps(custom.timesteps, trainSteps)
    const timesteps = Float32Array.from(own ?? discreteTimesteps(schedule, steps))
    const alphaAt = (index: number): number => {
      const t = timesteps[index]
      return t === undefined ? 1 : (alphasCumprod[t] ?? 1)
    }
    return {
      timesteps,
      initNoiseSigma: 1,
      inputScale: () => 1,
      step(index, output, sample, _memory, noise) {
        const [alpha, alphaBefore] = [alphaAt(index), alphaAt(index + 1)]
        const beta = 1 - alpha / alphaBefore
        const [cleanX, cleanM] = cleanWeights(prediction, Math.sqrt(alpha), Math.sqrt(1 - alpha))
        const clean = combine(cleanX, sample, cleanM, output)
        if (threshold) applyThreshold(clean, threshold)
        else if (clips)
          for (let i = 0; i < clean.length; i++) clean[i] = Math.min(Math.max(clean[i] ?? 0, -range), range)
        // (7) the posterior's mean: so much of x_0, so much of x_t; and its variance, or the upper bound β.
        const ofClean = (Math.sqrt(alphaBefore) * beta) / (1 - alpha)
        const ofSample = (Math.sqrt(alpha / alphaBefore) * (1 - alphaBefore)) / (1 - alpha)
        const variance = large ? beta : Math.max(((1 - alphaBefore) / (1 - alpha)) * beta, 1e-20)
        for (let i = 0; i < sample.length; i++) sample[i] = ofClean * (clean[i] ?? 0) + ofSample * (sample[i] ?? 0)
        if (timesteps[index] === 0) return
        const [deviation, fresh] = [Math.sqrt(variance), noise.randn(sample.length)]
        for (let i = 0; i < sample.length; i++) sample[i] = (sample[i] ?? 0) + deviation * (fresh[i] ?? 0)
      },
      addNoise: (index, clean, noise) =>
        combine(Math.sqrt(alphaAt(index)), clean, Math.sqrt(1 - alphaAt(index)), noise),
      predictClean(index, output, sample) {
        const [ofSample, ofOutput] = cleanWeights(prediction, Math.sqrt(alphaAt(index)), Math.sqrt(1 - alphaAt(index)))
        return combine(ofSample, sample, ofOutput, output)
      },
    }
  }
}

const VARIANCES = [
  'fixed_small',
  'fixed_small_log',
  'fixed_large',
  'fixed_large_log',
  'learned',
  'learned_range',
] as const

function readVariance(fields: Fields): 'fixed_small' | 'fixed_large' {
  const kind = fields.choiceIf('variance_type', VARIANCES) ?? 'fixed_small'
  const refused = (reason: string) =>
    new ModelError('pack_unsupported', `${fields.file}: variance_type: ${kind} is not supported: ${reason}`, {
      file: fields.file,
      field: 'variance_type',
    })
  switch (kind) {
    case 'fixed_small':
    case 'fixed_small_log': // The same deviation, by way of its logarithm.
      return 'fixed_small'
    case 'fixed_large':
      return kind
    case 'fixed_large_log':
      throw refused('diffusers takes the root of a negative logarithm, which is no number')
    case 'learned':
    case 'learned_range':
      throw refused('it needs a model that puts out its variance')
    default:
      return kind satisfies never
  }
}
