// Ancestral DPM-Solver-2: as kdpm2.ts, but a step ends below the next level and noise brings it back up.
// One draw a step, after its second call. Source: diffusers schedulers/scheduling_k_dpm_2_ancestral_discrete.py.
import type { Fields } from '../runtime/fields.ts'
import { ancestral } from './euler-ancestral.ts'
import { geometricMean, midpoint } from './kdpm2.ts'
import type { PlanSteps } from './scheduler.ts'

export function kdpm2Ancestral(fields: Fields): PlanSteps {
  return midpoint(fields, (sigma, next) => {
    const { up, down } = ancestral(sigma, next)
    return { middle: geometricMean(sigma, down), down, up }
  })
}
