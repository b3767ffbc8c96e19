// DDIM (arXiv 2010.02502) with η = 0: deterministic, one model call a step. Numbers in comments are the paper's equations.
// Source: diffusers schedulers/scheduling_ddim.py.
import type { Fields } from '../runtime/fields.ts'
import { discreteTimesteps } from './discrete-timesteps.ts'
import { cleanWeights, combine, readNoiseSchedule, refuseCustom } from './schedule.ts'
import type { PlanSteps } from './scheduler.ts'
import { applyThreshold, readThreshold } from './threshold.ts'

export function ddim(fields: Fields): PlanSteps {
  const schedule = readNoiseSchedule(fields, { spacing: 'leading' })
  const clips = fields.flagIf('clip_sample') ?? true
  const range = fields.numberIf('clip_sample_range', 0) ?? 1
  const threshold = readThreshold(fields)
  const { alphasCumprod, trainSteps, prediction } = schedule
  const finalAlpha = (fields.flagIf('set_alpha_to_one') ?? true) ? 1 : (alphasCumprod[0] ?? 1)

  return (steps, custom) => {
    refuseCustom(custom, ['timesteps', 'sigmas'])
    const timesteps = Float32Array.from(discreteTimesteps(schedule, steps))
    const stride = Math.floor(trainSteps / steps)
    const levelOf = (index: number): [signal: number, noise: number] => {
      const alpha = alphasCumprod[timesteps[index] ?? 0] ?? 1
      return [Math.sqrt(alpha), Math.sqrt(1 - alpha)]
    }
    return {
      timesteps,
      initNoiseSigma: 1,
      inputScale: () => 1,
      step(index, output, sample) {
        const t = timesteps[index] ?? 0
        const [a, b] = levelOf(index)
        const alphaBefore = t - stride >= 0 ? (alphasCumprod[t - stride] ?? 1) : finalAlpha
        // (12) the predicted x_0 and the noise that belongs to it: each a weight for the sample and one for the output.
        const [cleanX, cleanM, noiseX, noiseM] =
          prediction === 'epsilon'
            ? [1 / a, -b / a, 0, 1]
            : prediction === 'sample'
              ? [0, 1, 1 / b, -a / b]
              : [a, -b, b, a]
        const clean = new Float32Array(sample.length)
        for (let i = 0; i < clean.length; i++) clean[i] = cleanX * (sample[i] ?? 0) + cleanM * (output[i] ?? 0)
        if (threshold) applyThreshold(clean, threshold)
        else if (clips)
          for (let i = 0; i < clean.length; i++) clean[i] = Math.min(Math.max(clean[i] ?? 0, -range), range)
        // (12) again: the direction that points to x_t, then x_{t-1}.
        const [rootBefore, direction] = [Math.sqrt(alphaBefore), Math.sqrt(1 - alphaBefore)]
        for (let i = 0; i < sample.length; i++) {
          const noise = noiseX * (sample[i] ?? 0) + noiseM * (output[i] ?? 0)
          sample[i] = rootBefore * (clean[i] ?? 0) + direction * noise
        }
      },
      addNoise(index, clean, noise) {
        const [a, b] = levelOf(index)
        return combine(a, clean, b, noise)
      },
      predictClean(index, output, sample) {
        const [a, b] = levelOf(index)
        const [ofSample, ofOutput] = cleanWeights(prediction, a, b)
        return combine(ofSample, sample, ofOutput, output)
      },
    }
  }
}
