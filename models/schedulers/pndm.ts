// Pseudo numerical methods (PNDM, arXiv 2202.09778): three Runge-Kutta steps of four calls each (PRK), then linear multistep of
// order 4 (PLMS). With skip_prk_steps PLMS begins alone, at lower order, and takes its second timestep twice: n + 1 calls.
// `memory.outputs` holds up to four outputs; `samples` the sample that calls of one step go back to, and PRK's running mean.
// Source: diffusers schedulers/scheduling_pndm.py.

import { ModelError } from '../runtime/error.ts'
import type { Fields } from '../runtime/fields.ts'
import { discreteTimesteps } from './discrete-timesteps.ts'
import { cleanWeights, combine, readNoiseSchedule, refuseCustom, tooManySteps } from './schedule.ts'
import type { Memory, PlanSteps } from './scheduler.ts'
import { refuseSamplePrediction } from './sigma-space.ts'

const PRK_STEPS = 4
const PRK_CALLS = 12

export function pndm(fields: Fields): PlanSteps {
  const schedule = readNoiseSchedule(fields, { spacing: 'leading', rescales: false })
  refuseSamplePrediction(fields, schedule)
  const skipsPrk = fields.flagIf('skip_prk_steps') ?? false
  const { alphasCumprod, trainSteps, prediction } = schedule
  const finalAlpha = (fields.flagIf('set_alpha_to_one') ?? false) ? 1 : (alphasCumprod[0] ?? 1)
  const alphaAt = (t: number) => (t < 0 ? finalAlpha : (alphasCumprod[t] ?? 1))

  return (steps, custom) => {
    refuseCustom(custom, ['timesteps', 'sigmas'])
    const spaced = discreteTimesteps(schedule, steps)
    const stride = Math.floor(trainSteps / steps)
    const half = Math.floor(stride / 2)
    const timesteps = Float32Array.from(skipsPrk ? plmsTimesteps(spaced) : prkTimesteps(spaced, half, trainSteps))
    const levelOf = (index: number): [signal: number, noise: number] => {
      const alpha = alphaAt(timesteps[index] ?? 0)
      return [Math.sqrt(alpha), Math.sqrt(1 - alpha)]
    }

    /** (9) of the paper: from t to `to` by an estimate of the noise, written over `sample`. */
    const transfer = (from: Float32Array, t: number, to: number, estimate: Float32Array, sample: Float32Array) => {
      const [alpha, alphaTo] = [alphaAt(t), alphaAt(to)]
      const keep = Math.sqrt(alphaTo / alpha)
      const scale = (alpha - alphaTo) / (alpha * Math.sqrt(1 - alphaTo) + Math.sqrt(alpha * (1 - alpha) * alphaTo))
      const [noiseX, noiseM] = prediction === 'v_prediction' ? [Math.sqrt(1 - alpha), Math.sqrt(alpha)] : [0, 1]
      const [ofFrom, ofEstimate] = [keep + scale * noiseX, scale * noiseM]
      for (let i = 0; i < sample.length; i++) sample[i] = ofFrom * (from[i] ?? 0) + ofEstimate * (estimate[i] ?? 0)
    }

    const prk = (index: number, output: Float32Array, sample: Float32Array, memory: Memory) => {
      const stage = memory.calls % 4
      if (stage === 0) {
        memory.outputs.push(output.slice())
        memory.samples = [sample.slice(), new Float32Array(sample.length)]
      }
      const [from, mean] = memory.samples
      if (from === undefined || mean === undefined) throw new RangeError('a Runge-Kutta step without its first call')
      const share = stage === 0 || stage === 3 ? 1 / 6 : 1 / 3
      for (let i = 0; i < mean.length; i++) mean[i] = (mean[i] ?? 0) + share * (output[i] ?? 0)
      const to = (timesteps[index] ?? 0) - (memory.calls % 2 === 0 ? half : 0)
      // Counted from the plan's begin, not the run's: one that begins in the middle goes by the plan's first levels, as upstream.
      const t = timesteps[memory.calls - stage] ?? 0
      transfer(from, t, to, stage === 3 ? mean : output, sample)
      if (stage === 3) memory.samples = []
    }

    const plms = (index: number, output: Float32Array, sample: Float32Array, memory: Memory) => {
      const t = timesteps[index] ?? 0
      const { outputs } = memory
      if (memory.calls === 1) {
        // The second call goes the first step again, by the mean of the slopes at both its ends.
        const [first, from] = [outputs[0], memory.samples.pop()]
        if (first === undefined || from === undefined) throw new RangeError('a second call without its first')
        transfer(from, t + stride, t, combine(0.5, output, 0.5, first), sample)
        return
      }
      if (memory.calls === 0) memory.samples.push(sample.slice())
      outputs.push(output.slice())
      if (outputs.length > 4) outputs.shift()
      transfer(sample, t, t - stride, adamsBashforth(outputs), sample)
    }

    return {
      timesteps,
      initNoiseSigma: 1,
      inputScale: () => 1,
      step(index, output, sample, memory) {
        if (!skipsPrk && memory.calls < PRK_CALLS) prk(index, output, sample, memory)
        else plms(index, output, sample, memory)
        memory.calls++
      },
      addNoise(index, clean, noise) {
        const [a, b] = levelOf(index)
        return combine(a, clean, b, noise)
      },
      predictClean(index, output, sample) {
        const [ofSample, ofOutput] = cleanWeights(prediction, ...levelOf(index))
        return combine(ofSample, sample, ofOutput, output)
      },
    }
  }
}

const ADAMS_BASHFORTH: readonly (readonly number[])[] = [
  [1],
  [3 / 2, -1 / 2],
  [23 / 12, -16 / 12, 5 / 12],
  [55 / 24, -59 / 24, 37 / 24, -9 / 24],
]

/** The estimate from the last one to four outputs, oldest first. */
function adamsBashforth(outputs: readonly Float32Array[]): Float32Array {
  const estimate = new Float32Array(outputs[0]?.length ?? 0)
  for (const [back, weight] of (ADAMS_BASHFORTH[outputs.length - 1] ?? []).entries()) {
    const output = outputs.at(-1 - back)
    if (output) for (let i = 0; i < estimate.length; i++) estimate[i] = (estimate[i] ?? 0) + weight * (output[i] ?? 0)
  }
  return estimate
}

/** Descending; the second timestep is called twice. */
function plmsTimesteps(spaced: readonly number[]): number[] {
  return spaced.flatMap((t, i) => (i === 1 ? [t, t] : [t]))
}

/** Each Runge-Kutta step calls at its begin, twice in its middle and once at its end, which lies half a stride above a timestep. */
function prkTimesteps(spaced: readonly number[], half: number, trainSteps: number): number[] {
  if (spaced.length < PRK_STEPS)
    throw new ModelError('invalid_input', `steps: expected ${PRK_STEPS} or more: Runge-Kutta steps come first`, {
      field: 'steps',
    })
  const begins = spaced.slice(0, PRK_STEPS)
  const calls = begins.flatMap((t, i) => (i === 0 ? [t] : [t + half, t + half, t, t])).slice(0, -1)
  if (calls.some((t) => t >= trainSteps)) throw tooManySteps(spaced.length, trainSteps - 1)
  return [...calls, ...spaced.slice(PRK_STEPS - 1)]
}
