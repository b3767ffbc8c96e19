// DPM-Solver and DPM-Solver++ (arXiv 2206.00927, 2211.01095), multistep, orders 1 to 3: the last outputs stand in for a derivative.
// The sample keeps unit variance; each output is first converted to x_0 (++) or to noise. `memory` holds `solver_order` of them.
// Source: diffusers schedulers/scheduling_dpmsolver_multistep.py.
import type { Fields } from '../runtime/fields.ts'
import { readDpmRules } from './dpm-algorithm.ts'
import { addFreshNoise, type DpmWeights, dpmWeights } from './dpm-weights.ts'
import type { PlanSteps } from './scheduler.ts'
import { advance, type Level, levelAt, levelMembers, spareOf } from './solver-levels.ts'
import { solverSchedule } from './solver-schedule.ts'

export function dpmMultistep(fields: Fields): PlanSteps {
  const rules = readDpmRules(fields, ['dpmsolver++', 'dpmsolver', 'sde-dpmsolver++', 'sde-dpmsolver'])
  const { algorithm, stochastic, order, midpoint, endsAtZero, prediction, convert } = rules
  const lowerOrderFinal = fields.flagIf('lower_order_final') ?? true
  const eulerAtFinal = fields.flagIf('euler_at_final') ?? false
  const place = solverSchedule(fields, {
    spaces: true,
    rescales: true,
    clips: true,
    lu: true,
    takesTimesteps: true,
    cutsCosine: true,
    end: endsAtZero ? 'zero' : 'smallest',
  })

  return (steps, custom) => {
    const { timesteps, levels } = place(steps, custom)
    const last = timesteps.length - 1
    const few = lowerOrderFinal && timesteps.length < 15
    return {
      timesteps,
      ...levelMembers(levels, prediction),
      step(index, output, sample, { outputs }, noise) {
        const spare = spareOf(outputs, order)
        outputs.push(convert(output, sample, levelAt(levels, index), spare))
        const drops = index === last && (eulerAtFinal || few || endsAtZero)
        const usable = drops ? 1 : index === last - 1 && few ? 2 : order
        // Early steps have fewer outputs to go by.
        const used = Math.min(usable, outputs.length)
        const weights = dpmWeights(algorithm, levelAt(levels, index), levelAt(levels, index + 1))
        advance(sample, weights.keep, sample, outputs, ofOutputs(used, levels, index, weights, midpoint))
        if (stochastic) addFreshNoise(sample, weights.noise, noise.randn(sample.length))
      },
    }
  }
}

/** Divided differences of the last outputs, written as one weight for each. */
function ofOutputs(
  used: number,
  levels: readonly Level[],
  index: number,
  { value, midpoint, heun, second }: DpmWeights,
  byMidpoint: boolean,
): number[] {
  if (used === 1) return [value]
  const [t, s0, s1] = [levelAt(levels, index + 1), levelAt(levels, index), levelAt(levels, index - 1)]
  const h = t.lambda - s0.lambda
  const r0 = (s0.lambda - s1.lambda) / h
  if (used === 2) {
    const slope = (byMidpoint ? midpoint : heun) / r0
    return [value + slope, -slope]
  }
  const r1 = (s1.lambda - levelAt(levels, index - 2).lambda) / h
  const bend = (heun * r0 + second) / (r0 + r1)
  const slope = (heun + bend) / r0
  return [value + slope, -slope - bend / r1, bend / r1]
}
