// TCD (arXiv 2402.19159): each call jumps along the trajectory to a timestep s, and fresh noise goes back from s to the next.
// η, the paper's γ, says how far beyond the next timestep s is: at 0 nothing is drawn.
// Source: diffusers schedulers/scheduling_tcd.py.
import { ModelError } from '../runtime/error.ts'
import type { Fields } from '../runtime/fields.ts'
import { distilledMembers, readDistilled } from './distilled.ts'
import { refuseFlags } from './schedule.ts'
import type { PlanSteps } from './scheduler.ts'
import { readThreshold } from './threshold.ts'

export function tcd(fields: Fields): PlanSteps {
  const distilled = readDistilled(fields)
  // The class has these fields and does nothing by them.
  refuseFlags(fields, ['clip_sample', 'thresholding'])
  readThreshold(fields)
  fields.numberIf('clip_sample_range', 0)
  fields.numberIf('timestep_scaling', 0)
  const { prediction, alphasCumprod, levelOf } = distilled

  return (steps, custom) => {
    const eta = custom?.eta ?? 0
    if (!(eta >= 0 && eta <= 1))
      throw new ModelError('invalid_input', `eta: ${eta} is not from 0 to 1`, { field: 'eta' })
    const timesteps = distilled.timesteps(steps, custom)
    return {
      timesteps,
      ...distilledMembers(timesteps, distilled),
      step(index, output, sample, _memory, noise) {
        const [a, b] = levelOf(timesteps[index] ?? -1)
        const next = timesteps[index + 1]
        // Float32, as torch multiplies: a product just below a whole number is a timestep less.
        const target = Math.floor(Math.fround(Math.fround(1 - eta) * (next ?? 0)))
        const [root, rest] = levelOf(target)
        // x_0 and the noise that belongs to it, each from the sample and the output.
        const [cleanX, cleanM, noiseX, noiseM] =
          prediction === 'epsilon'
            ? [1 / a, -b / a, 0, 1]
            : prediction === 'sample'
              ? [0, 1, 1 / b, -a / b]
              : [a, -b, b, a]
        const [ofSample, ofOutput] = [root * cleanX + rest * noiseX, root * cleanM + rest * noiseM]
        const draws = eta > 0 && next !== undefined
        // ᾱ of the next timestep over that of s.
        const kept = draws ? (alphasCumprod[next] ?? 1) / (alphasCumprod[target] ?? 1) : 1
        const drawn = draws ? noise.randn(sample.length) : undefined
        const [keep, add] = [Math.sqrt(kept), Math.sqrt(1 - kept)]
        for (let i = 0; i < sample.length; i++) {
          const there = ofSample * (sample[i] ?? 0) + ofOutput * (output[i] ?? 0)
          sample[i] = keep * there + add * (drawn?.[i] ?? 0)
        }
      },
    }
  }
}
