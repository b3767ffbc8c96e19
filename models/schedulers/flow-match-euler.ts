// Euler's method along a rectified flow (arXiv 2403.03206): SD3 and FLUX. The model's output is the flow's velocity.
// Drawn anew at each level instead, where the configuration says so: FlowMatchLCM does nothing else.
// Source: diffusers scheduling_flow_match_euler_discrete.py, scheduling_flow_match_lcm.py.
import type { Fields } from '../runtime/fields.ts'
import { flowMembers, readFlow } from './flow-match.ts'
import { unsupported } from './schedule.ts'
import type { PlanSteps } from './scheduler.ts'

export function flowMatchEuler(fields: Fields): PlanSteps {
  return flowSteps(fields, fields.flagIf('stochastic_sampling') ?? false)
}

export function flowMatchLcm(fields: Fields): PlanSteps {
  // The sample would grow between steps; how is of no matter where it doesn't.
  if (fields.has('scale_factors')) throw unsupported(fields, 'scale_factors', 'a size for each step')
  fields.listIf('scale_factors')
  fields.textIf('upscale_mode')
  return flowSteps(fields, true)
}

function flowSteps(fields: Fields, stochastic: boolean): PlanSteps {
  const place = readFlow(fields)
  return (steps, custom) => {
    const { timesteps, sigmas } = place(steps, custom)
    return {
      timesteps,
      ...flowMembers(sigmas),
      step(index, output, sample, _memory, noise) {
        const [sigma, next] = [sigmas[index] ?? 0, sigmas[index + 1] ?? 0]
        if (!stochastic) {
          for (let i = 0; i < sample.length; i++) sample[i] = (sample[i] ?? 0) + (next - sigma) * (output[i] ?? 0)
          return
        }
        const drawn = noise.randn(sample.length)
        for (let i = 0; i < sample.length; i++) {
          const clean = (sample[i] ?? 0) - sigma * (output[i] ?? 0)
          sample[i] = (1 - next) * clean + next * (drawn[i] ?? 0)
        }
      },
    }
  }
}
