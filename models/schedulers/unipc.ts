// UniPC (arXiv 2302.04867), multistep, orders 1 to 3: a predictor, and once the model has seen its sample, a corrector that takes
// the same step again. `memory` holds the last outputs and the sample that the predictor stepped from.
// Source: diffusers schedulers/scheduling_unipc_multistep.py.
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
import { readThreshold } from './threshold.ts'
import { unipcSchedule } from './unipc-schedule.ts'

export function unipc(fields: Fields): PlanSteps {
  const order = fields.integerIf('solver_order', 1, 3) ?? 2
  const clean = fields.flagIf('predict_x0') ?? true
  // Other solvers' rules stand for the default.
  const exponential = fields.choiceIf('solver_type', ['bh1', 'bh2', 'midpoint', 'heun', 'logrho']) !== 'bh1'
  const lowerOrderFinal = fields.flagIf('lower_order_final') ?? true
  const uncorrected = new Set(fields.numbersIf('disable_corrector') ?? [])
  if (fields.has('solver_p')) throw unsupported(fields, 'solver_p', 'another predictor')
  fields.textIf('solver_p')
  const endsAtZero = fields.choiceIf('final_sigmas_type', ['zero', 'sigma_min']) !== 'sigma_min'
  // Where λ has no end, only x_0 at first order has a limit.
  if (endsAtZero && !clean) throw unsupported(fields, 'final_sigmas_type', 'zero without predict_x0')
  if (endsAtZero && !lowerOrderFinal && order > 1)
    throw unsupported(fields, 'lower_order_final', 'false with final_sigmas_type zero')
  const prediction = readSolverPrediction(fields)
  const threshold = readThreshold(fields)
  if (!clean && threshold) throw unsupported(fields, 'thresholding', 'true without predict_x0')
  if (!clean && prediction === 'flow_prediction')
    throw unsupported(fields, 'prediction_type', `${prediction} without predict_x0`)
  const convert = converter(prediction, threshold, clean ? 'clean' : 'noise')
  const place = unipcSchedule(fields, endsAtZero)

  return (steps, custom) => {
    const { timesteps, levels } = place(steps, custom)
    const orderAt = (index: number) => (lowerOrderFinal ? Math.min(order, timesteps.length - index) : order)
    return {
      timesteps,
      ...levelMembers(levels, prediction),
      step(index, output, sample, memory) {
        const { outputs } = memory
        const [before] = memory.samples
        const converted = convert(output, sample, levelAt(levels, index))
        if (before !== undefined && !uncorrected.has(index - 1)) {
          const used = Math.min(orderAt(index - 1), outputs.length)
          const { keep, weights, latest } = unite(levels, index - 1, used, clean, exponential, 'corrector')
          advance(sample, keep, before, outputs, weights)
          for (let i = 0; i < sample.length; i++) sample[i] = (sample[i] ?? 0) + latest * (converted[i] ?? 0)
        }
        spareOf(outputs, order)
        outputs.push(converted)
        memory.samples = [sample.slice()]
        const used = Math.min(orderAt(index), outputs.length)
        const { keep, weights } = unite(levels, index, used, clean, exponential, 'predictor')
        advance(sample, keep, sample, outputs, weights)
      },
    }
  }
}

type United = {
  keep: number
  /** Of the outputs up to the one at the step, the last one first. */
  weights: number[]
  /** Of the output at the level that is stepped to: the corrector's. */
  latest: number
}

/** The paper's B(h) update from level `index` to the next; `order` outputs are known, and the corrector knows one more. */
function unite(
  levels: readonly Level[],
  index: number,
  order: number,
  clean: boolean,
  exponential: boolean,
  role: 'predictor' | 'corrector',
): United {
  const [t, s] = [levelAt(levels, index + 1), levelAt(levels, index)]
  const h = t.lambda - s.lambda
  const hh = clean ? -h : h
  const e = Math.expm1(hh)
  const scale = clean ? t.alpha : t.sigma
  const keep = clean ? t.sigma / s.sigma : t.alpha / s.alpha
  // Before B(h), which is infinite where the last step ends at σ = 0 by the rule bh1: upstream's sample is no number there.
  if (role === 'predictor' && order === 1) return { keep, weights: [-scale * e], latest: 0 }

  const bh = exponential ? e : hh
  const ratios = Array.from({ length: order - 1 }, (_, i) => (levelAt(levels, index - 1 - i).lambda - s.lambda) / h)
  const points = role === 'corrector' ? [...ratios, 1] : ratios
  // Row i is the i-th power of the points, and asks for φ_{i+2} · (i + 1)! · hh / B(h).
  const wanted: number[] = []
  let phi = e / hh - 1
  let factorial = 1
  for (let i = 0; i < points.length; i++) {
    wanted.push((phi * factorial) / bh)
    factorial *= i + 2
    phi = phi / hh - 1 / factorial
  }
  // One unknown is taken as 1/2, whatever its equation: so it is upstream, and in the paper.
  const shares =
    points.length === 1
      ? [0.5]
      : solve(
          wanted.map((_, i) => points.map((point) => point ** i)),
          wanted,
        )
  const differences = shares.map((share, i) => (-scale * bh * share) / (points[i] ?? 1))
  const first = -scale * e - differences.reduce((sum, weight) => sum + weight, 0)
  const latest = role === 'corrector' ? (differences.pop() ?? 0) : 0
  return { keep, weights: [first, ...differences], latest }
}

/** Gauss without pivots: a Vandermonde matrix of distinct points, at most 3 × 3, whose first row is ones. */
function solve(rows: readonly (readonly number[])[], right: readonly number[]): number[] {
  const a = rows.map((row, i) => [...row, right[i] ?? 0])
  const n = a.length
  for (const [i, pivot] of a.entries())
    for (const row of a.slice(i + 1)) {
      const factor = (row[i] ?? 0) / (pivot[i] ?? 1)
      for (let k = i; k <= n; k++) row[k] = (row[k] ?? 0) - factor * (pivot[k] ?? 0)
    }
  const x = new Array<number>(n).fill(0)
  for (let i = n - 1; i >= 0; i--) {
    const row = a[i] ?? []
    const known = x.reduce((sum, value, k) => (k > i ? sum + value * (row[k] ?? 0) : sum), 0)
    x[i] = ((row[n] ?? 0) - known) / (row[i] ?? 1)
  }
  return x
}
