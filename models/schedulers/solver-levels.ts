// What the solvers in λ (half the log signal-to-noise ratio) share: their levels, and model outputs turned into x_0 or noise.
// A level is α · x_0 + σ · noise, of unit variance or, in a flow, with α = 1 − σ.
// Source: diffusers scheduling_dpmsolver_multistep.py (_sigma_to_alpha_sigma_t, convert_model_output).
import type { Fields } from '../runtime/fields.ts'
import { cleanWeights, combine, type Prediction } from './schedule.ts'
import type { Scheduler } from './scheduler.ts'
import { applyThreshold, type Threshold } from './threshold.ts'

export type SolverPrediction = Prediction | 'flow_prediction'
export type Level = { alpha: number; sigma: number; lambda: number; placed: number }

export function readSolverPrediction(fields: Fields): SolverPrediction {
  return fields.choiceIf('prediction_type', ['epsilon', 'sample', 'v_prediction', 'flow_prediction']) ?? 'epsilon'
}

/** `placed` is noise over signal, or in a flow the share of noise. */
export function toLevel(placed: number, flow: boolean): Level {
  if (flow) return { alpha: 1 - placed, sigma: placed, lambda: Math.log(1 - placed) - Math.log(placed), placed }
  const alpha = 1 / Math.sqrt(placed ** 2 + 1)
  return { alpha, sigma: placed * alpha, lambda: -Math.log(placed), placed }
}

export function levelAt(levels: readonly Level[], index: number): Level {
  const level = levels[index]
  if (level === undefined) throw new RangeError(`step ${index} of ${levels.length - 1}`)
  return level
}

/** x_0 at a level: the weight of the sample and that of the model's output. */
function cleanAt(prediction: SolverPrediction, level: Level): [ofSample: number, ofOutput: number] {
  return prediction === 'flow_prediction' ? [1, -level.placed] : cleanWeights(prediction, level.alpha, level.sigma)
}

export type Convert = (output: Float32Array, sample: Float32Array, level: Level, spare?: Float32Array) => Float32Array

/** Makes x_0 of the model's output, or the noise that belongs to it. `spare` lends its array. */
export function converter(prediction: SolverPrediction, threshold: Threshold | null, to: 'clean' | 'noise'): Convert {
  return (output, sample, level, spare) => {
    const [ofSample, ofOutput] = cleanAt(prediction, level)
    const { alpha, sigma } = level
    const out = spare ?? new Float32Array(output.length)
    for (let i = 0; i < out.length; i++) out[i] = ofSample * (sample[i] ?? 0) + ofOutput * (output[i] ?? 0)
    if (threshold) applyThreshold(out, threshold)
    if (to === 'clean') return out
    for (let i = 0; i < out.length; i++) out[i] = ((sample[i] ?? 0) - alpha * (out[i] ?? 0)) / sigma
    return out
  }
}

/** The members of a plan that its levels alone decide. */
export function levelMembers(
  levels: readonly Level[],
  prediction: SolverPrediction,
): Pick<Scheduler, 'initNoiseSigma' | 'inputScale' | 'addNoise' | 'predictClean'> {
  return {
    initNoiseSigma: 1,
    inputScale: () => 1,
    addNoise(index, clean, noise) {
      const { alpha, sigma } = levelAt(levels, index)
      return combine(alpha, clean, sigma, noise)
    },
    predictClean(index, output, sample) {
      const [ofSample, ofOutput] = cleanAt(prediction, levelAt(levels, index))
      return combine(ofSample, sample, ofOutput, output)
    },
  }
}

/** keep · sample + Σ weights · outputs, over `sample`; the last output has the first weight. */
export function advance(
  sample: Float32Array,
  keep: number,
  base: Float32Array,
  outputs: readonly Float32Array[],
  weights: readonly number[],
): void {
  for (let i = 0; i < sample.length; i++) sample[i] = keep * (base[i] ?? 0)
  for (const [back, weight] of weights.entries()) {
    const output = outputs[outputs.length - 1 - back]
    if (output === undefined) throw new RangeError(`${weights.length} outputs are needed, ${outputs.length} are kept`)
    for (let i = 0; i < sample.length; i++) sample[i] = (sample[i] ?? 0) + weight * (output[i] ?? 0)
  }
}

/** Keeps the last `order` outputs; the one that falls out of the window lends its array to the next. */
export function spareOf(outputs: Float32Array[], order: number): Float32Array | undefined {
  return outputs.length === order ? outputs.shift() : undefined
}
