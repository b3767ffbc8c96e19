// DEIS (arXiv 2204.13902), multistep, orders 1 to 3: the last outputs, as noise, through a polynomial in log ρ, ρ = σ / α, whose
// integral is exact. `memory` holds `solver_order` of them.
// Source: diffusers schedulers/scheduling_deis_multistep.py.
import type { Fields } from '../runtime/fields.ts'
import { unsupported } from './schedule.ts'
import type { PlanSteps } from './scheduler.ts'
import {
  advance,
  converter,
  type Level,
  levelAt,
  levelMembers,
  readSolverPrediction,
  spareOf,
} from './solver-levels.ts'
import { solverSchedule } from './solver-schedule.ts'
import { readThreshold } from './threshold.ts'

export function deis(fields: Fields): PlanSteps {
  const order = fields.integerIf('solver_order', 1, 3) ?? 2
  // Names of DPM-Solver's kinds and rules stand for the only ones there are, but not those of its stochastic kinds.
  const algorithm = fields.choiceIf('algorithm_type', ALGORITHMS) ?? 'deis'
  if (algorithm.startsWith('sde')) throw unsupported(fields, 'algorithm_type', algorithm)
  fields.choiceIf('solver_type', ['logrho', 'midpoint', 'heun', 'bh1', 'bh2'])
  const lowerOrderFinal = fields.flagIf('lower_order_final') ?? true
  const prediction = readSolverPrediction(fields)
  const convert = converter(prediction, readThreshold(fields), 'noise')
  const place = solverSchedule(fields, {
    spaces: true,
    rescales: false,
    clips: false,
    lu: false,
    takesTimesteps: false,
    cutsCosine: false,
    end: 'last',
  })

  return (steps, custom) => {
    const { timesteps, levels } = place(steps, custom)
    const left = lowerOrderFinal && timesteps.length < 15 ? timesteps.length : Infinity
    return {
      timesteps,
      ...levelMembers(levels, prediction),
      step(index, output, sample, { outputs }) {
        const spare = spareOf(outputs, order)
        outputs.push(convert(output, sample, levelAt(levels, index), spare))
        const used = Math.min(left - index, outputs.length)
        const [s, t] = [levelAt(levels, index), levelAt(levels, index + 1)]
        advance(sample, t.alpha / s.alpha, sample, outputs, ofOutputs(used, levels, index))
      },
    }
  }
}

const ALGORITHMS = ['deis', 'dpmsolver', 'dpmsolver++', 'sde-dpmsolver', 'sde-dpmsolver++'] as const

/** α_t times the integral over ρ of the Lagrange polynomials in log ρ through the last outputs' levels. */
function ofOutputs(used: number, levels: readonly Level[], index: number): number[] {
  const [s, t] = [levelAt(levels, index), levelAt(levels, index + 1)]
  const [from, to] = [s.sigma / s.alpha, t.sigma / t.alpha]
  if (used === 1) return [t.alpha * (to - from)]
  const logs = Array.from({ length: used }, (_, i) => {
    const level = levelAt(levels, index - i)
    return Math.log(level.sigma / level.alpha)
  })
  return logs.map((own, i) => {
    const others = logs.filter((_, k) => k !== i)
    const [a = 0, b] = others
    const integral = (rho: number) => {
      const log = Math.log(rho)
      // ∫ (log ρ − a) dρ, and ∫ (log ρ − a)(log ρ − b) dρ.
      return b === undefined ? rho * (log - 1 - a) : rho * (log ** 2 - 2 * log + 2 - (a + b) * (log - 1) + a * b)
    }
    const height = others.reduce((product, other) => product * (own - other), 1)
    return (t.alpha * (integral(to) - integral(from))) / height
  })
}
