// DPM-Solver and DPM-Solver++ (arXiv 2206.00927, 2211.01095), singlestep, orders 1 to 3: steps come in groups of the order, and
// each step of a group starts anew from the group's first sample with one output more. `memory` holds that sample.
// Source: diffusers schedulers/scheduling_dpmsolver_singlestep.py.
import type { Fields } from '../runtime/fields.ts'
import { readDpmRules } from './dpm-algorithm.ts'
import { addFreshNoise, type DpmWeights, dpmWeights } from './dpm-weights.ts'
import { unsupported } from './schedule.ts'
import type { PlanSteps } from './scheduler.ts'
import { advance, type Level, levelAt, levelMembers, spareOf } from './solver-levels.ts'
import { solverSchedule } from './solver-schedule.ts'

export function dpmSinglestep(fields: Fields): PlanSteps {
  const rules = readDpmRules(fields, ['dpmsolver++', 'dpmsolver', 'sde-dpmsolver++'])
  const { algorithm, stochastic, order, midpoint, endsAtZero, prediction, convert } = rules
  if (algorithm === 'dpmsolver' && fields.flagIf('thresholding') === true)
    throw unsupported(fields, 'thresholding', `true with ${algorithm}`)
  const lowerOrderFinal = fields.flagIf('lower_order_final') ?? false
  const place = solverSchedule(fields, {
    spaces: false,
    rescales: false,
    clips: true,
    lu: false,
    takesTimesteps: true,
    cutsCosine: false,
    end: endsAtZero ? 'zero' : 'smallest',
  })

  return (steps, custom) => {
    const { timesteps, levels } = place(steps, custom)
    const orders = groups(timesteps.length, order, lowerOrderFinal, endsAtZero)
    return {
      timesteps,
      ...levelMembers(levels, prediction),
      step(index, output, sample, memory, noise) {
        const { outputs } = memory
        const spare = spareOf(outputs, order)
        outputs.push(convert(output, sample, levelAt(levels, index), spare))
        // A run that begins within a group has fewer outputs to go by.
        const used = Math.min(orders[index] ?? 1, outputs.length)
        if (used === 1) memory.samples = [sample.slice()]
        const [base] = memory.samples
        if (base === undefined) throw new TypeError('a group begins with a step of order 1')
        const weights = dpmWeights(algorithm, levelAt(levels, index + 1 - used), levelAt(levels, index + 1))
        advance(sample, weights.keep, base, outputs, ofOutputs(used, levels, index, weights, midpoint))
        if (stochastic) addFreshNoise(sample, weights.noise, noise.randn(sample.length))
      },
    }
  }
}

/** The order of each step, which is lower at the end where that is asked for, or at σ = 0. A group may be left open there. */
function groups(steps: number, order: number, lowerOrderFinal: boolean, endsAtZero: boolean): number[] {
  const orders = Array.from({ length: steps }, (_, i) => (i % order) + 1)
  if (endsAtZero || (lowerOrderFinal && (order === 2 || steps % 3 === 0))) orders[steps - 1] = 1
  return orders
}

function ofOutputs(
  used: number,
  levels: readonly Level[],
  index: number,
  { value, midpoint, heun, second }: DpmWeights,
  byMidpoint: boolean,
): number[] {
  if (used === 1) return [value]
  const start = levelAt(levels, index + 1 - used).lambda
  const h = levelAt(levels, index + 1).lambda - start
  // How far into the group's span the last output was taken, and the one before.
  const r0 = (levelAt(levels, index).lambda - start) / h
  if (used === 2) {
    const slope = (byMidpoint ? midpoint : heun) / r0
    return [slope, value - slope]
  }
  const r1 = (levelAt(levels, index - 1).lambda - start) / h
  const far = byMidpoint ? heun : (2 * second - heun * r1) / (r0 - r1)
  const near = byMidpoint ? 0 : (heun * r0 - 2 * second) / (r0 - r1)
  return [far / r0, near / r1, value - near / r1 - far / r0]
}
