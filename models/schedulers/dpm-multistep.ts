// DPM-Solver and DPM-Solver++ (arXiv 2206.00927, 2211.01095), multistep, orders 1 to 3: the last outputs stand in for a derivative.
// The sample keeps unit variance; each output is first converted to x_0 (++) or to noise. `memory` holds `solver_order` of them.
// Source: diffusers schedulers/scheduling_dpmsolver_multistep.py; the stochastic and flow variants are refused by name.
import type { Fields } from '../runtime/fields.ts'
import { dpmTimesteps } from './dpm-timesteps.ts'
import { cleanWeights, combine, readNoiseSchedule, refuseCustom, refuseFlags, unsupported } from './schedule.ts'
import type { Memory, PlanSteps } from './scheduler.ts'
import { applyThreshold, readThreshold } from './threshold.ts'

type Level = { alpha: number; sigma: number; lambda: number }

export function dpmMultistep(fields: Fields): PlanSteps {
  const schedule = readNoiseSchedule(fields, { spacing: 'linspace' })
  const order = fields.integerIf('solver_order', 1, 3) ?? 2
  const algorithm = fields.choiceIf('algorithm_type', ALGORITHMS) ?? 'dpmsolver++'
  if (algorithm !== 'dpmsolver' && algorithm !== 'dpmsolver++') throw unsupported(fields, 'algorithm_type', algorithm)
  const midpoint = fields.choiceIf('solver_type', ['midpoint', 'heun']) !== 'heun'
  const lowerOrderFinal = fields.flagIf('lower_order_final') ?? true
  const eulerAtFinal = fields.flagIf('euler_at_final') ?? false
  const endsAtZero = fields.choiceIf('final_sigmas_type', ['zero', 'sigma_min']) !== 'sigma_min'
  if (algorithm === 'dpmsolver' && endsAtZero) throw unsupported(fields, 'final_sigmas_type', 'zero with dpmsolver')
  const variance = fields.textIf('variance_type')
  if (variance !== undefined) throw unsupported(fields, 'variance_type', variance)
  refuseFlags(fields, ['use_beta_sigmas', 'use_flow_sigmas', 'use_dynamic_shifting'])
  // These two speak only where the flags above are on.
  fields.numberIf('flow_shift')
  fields.textIf('time_shift_type')
  const place = dpmTimesteps(fields, schedule, endsAtZero)
  const threshold = readThreshold(fields)
  const plus = algorithm === 'dpmsolver++'
  const { prediction } = schedule

  return (steps, custom) => {
    refuseCustom(custom, ['timesteps', 'sigmas'])
    const { timesteps, sigmas } = place(steps)
    const levels = Array.from(sigmas, toLevel)
    const last = timesteps.length - 1
    const few = lowerOrderFinal && timesteps.length < 15
    return {
      timesteps,
      initNoiseSigma: 1,
      inputScale: () => 1,
      step(index, output, sample, memory) {
        // The output that falls out of the window lends its array to the new one.
        const spare = memory.outputs.length === order ? memory.outputs.shift() : undefined
        memory.outputs.push(convert(output, sample, levelAt(levels, index), spare))
        const drops = index === last && (eulerAtFinal || few || endsAtZero)
        const usable = drops ? 1 : index === last - 1 && few ? 2 : order
        // Early steps have fewer outputs to go by.
        const used = Math.min(usable, memory.outputs.length, index + 1)
        advance(used, levels, index, sample, memory)
      },
      addNoise(index, clean, noise) {
        const { alpha, sigma } = levelAt(levels, index)
        return combine(alpha, clean, sigma, noise)
      },
      predictClean(index, output, sample) {
        const { alpha, sigma } = levelAt(levels, index)
        const [ofSample, ofOutput] = cleanWeights(prediction, alpha, sigma)
        return combine(ofSample, sample, ofOutput, output)
      },
    }
  }

  /** The model's output as x_0 (++) or as noise. Both are linear in the sample and the output. */
  function convert(
    output: Float32Array,
    sample: Float32Array,
    { alpha, sigma }: Level,
    spare?: Float32Array,
  ): Float32Array {
    const [ofSample, ofOutput] = cleanWeights(prediction, alpha, sigma)
    const clean = spare ?? new Float32Array(output.length)
    for (let i = 0; i < clean.length; i++) clean[i] = ofSample * (sample[i] ?? 0) + ofOutput * (output[i] ?? 0)
    if (threshold) applyThreshold(clean, threshold)
    if (plus) return clean
    for (let i = 0; i < clean.length; i++) clean[i] = ((sample[i] ?? 0) - alpha * (clean[i] ?? 0)) / sigma
    return clean
  }

  function advance(used: number, levels: readonly Level[], index: number, sample: Float32Array, memory: Memory): void {
    const [t, s0, s1, s2] = [levelAt(levels, index + 1), levelAt(levels, index), levels[index - 1], levels[index - 2]]
    const h = t.lambda - s0.lambda
    const keep = plus ? t.sigma / s0.sigma : t.alpha / s0.alpha
    // φ functions of the exponential integrator; both algorithms are one formula with the sign of h turned.
    const sign = plus ? -1 : 1
    const scale = plus ? t.alpha : t.sigma
    const e = Math.expm1(sign * h)
    const w0 = -scale * e
    const w1 = used === 2 && midpoint ? 0.5 * w0 : -sign * scale * (e / h - sign)
    const w2 = -scale * ((e - sign * h) / h ** 2 - 0.5)
    const r0 = s1 ? (s0.lambda - s1.lambda) / h : 1
    const r1 = s1 && s2 ? (s1.lambda - s2.lambda) / h : 1
    // Divided differences of the last outputs m0, m1, m2, written as one weight for each.
    const bend = used === 3 ? (w1 * r0 + w2) / (r0 + r1) : 0
    const slope = used > 1 ? (w1 + bend) / r0 : 0
    const weights = [w0 + slope, -slope - bend / r1, bend / r1]
    for (let i = 0; i < sample.length; i++) sample[i] = keep * (sample[i] ?? 0)
    for (let back = 0; back < used; back++) {
      const output = memory.outputs.at(-1 - back)
      const weight = weights[back] ?? 0
      if (output) for (let i = 0; i < sample.length; i++) sample[i] = (sample[i] ?? 0) + weight * (output[i] ?? 0)
    }
  }
}

const ALGORITHMS = ['dpmsolver++', 'dpmsolver', 'sde-dpmsolver++', 'sde-dpmsolver'] as const

function toLevel(sigma: number): Level {
  const alpha = 1 / Math.sqrt(sigma ** 2 + 1)
  return { alpha, sigma: sigma * alpha, lambda: -Math.log(sigma) }
}

function levelAt(levels: readonly Level[], index: number): Level {
  const level = levels[index]
  if (level === undefined) throw new RangeError(`step ${index} of ${levels.length - 1}`)
  return level
}
