// LCM (arXiv 2310.04378): each call jumps to x_0 by the consistency function, and fresh noise goes back to the next timestep.
// Source: diffusers schedulers/scheduling_lcm.py.
import type { Fields } from '../runtime/fields.ts'
import { distilledMembers, readDistilled } from './distilled.ts'
import type { PlanSteps } from './scheduler.ts'
import { applyThreshold, readThreshold } from './threshold.ts'

// The deviation of data that the boundary condition is made for.
const SIGMA_DATA = 0.5

export function lcm(fields: Fields): PlanSteps {
  const distilled = readDistilled(fields)
  const clips = fields.flagIf('clip_sample') ?? false
  const range = fields.numberIf('clip_sample_range', 0) ?? 1
  const threshold = readThreshold(fields)
  const scaling = fields.numberIf('timestep_scaling', 0) ?? 10

  return (steps, custom) => {
    const timesteps = distilled.timesteps(steps, custom)
    const members = distilledMembers(timesteps, distilled)
    return {
      timesteps,
      ...members,
      step(index, output, sample, _memory, noise) {
        const clean = members.predictClean(index, output, sample)
        if (threshold) applyThreshold(clean, threshold)
        else if (clips)
          for (let i = 0; i < clean.length; i++) clean[i] = Math.min(Math.max(clean[i] ?? 0, -range), range)
        // At timestep 0 the consistency function is the identity.
        const scaled = (timesteps[index] ?? 0) * scaling
        const reach = scaled ** 2 + SIGMA_DATA ** 2
        const [skip, jump] = [SIGMA_DATA ** 2 / reach, scaled / Math.sqrt(reach)]
        const next = timesteps[index + 1]
        const [a, b] = next === undefined ? [1, 0] : distilled.levelOf(next)
        const drawn = next === undefined ? undefined : noise.randn(sample.length)
        for (let i = 0; i < sample.length; i++)
          sample[i] = a * (jump * (clean[i] ?? 0) + skip * (sample[i] ?? 0)) + b * (drawn?.[i] ?? 0)
      },
    }
  }
}
