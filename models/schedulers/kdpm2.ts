// DPM-Solver-2 as k-diffusion has it: a first call steps to the middle of σ and the next level (in log σ), a second goes all the
// way by the slope found there. Two calls a step, the last has one. Shared with kdpm2-ancestral.ts, which ends lower and adds noise.
// Source: diffusers schedulers/scheduling_k_dpm_2_discrete.py.
import type { Fields } from '../runtime/fields.ts'
import { readPlacing } from './placing.ts'
import { combine, readNoiseSchedule, refuseCustom, roundHalfEven } from './schedule.ts'
import type { PlanSteps, Scheduler } from './scheduler.ts'
import {
  cleanWeightsAt,
  firstSigma,
  refuseSamplePrediction,
  scaleAt,
  sigmaSteps,
  slopeWeightsAt,
  trainedSigmas,
} from './sigma-space.ts'
import { sigmaToTimestep } from './sigmas.ts'

/** Where a step from σ to `next` goes by its two calls, and how much noise follows. */
export type Split = (sigma: number, next: number) => { middle: number; down: number; up: number }

export function kdpm2(fields: Fields): PlanSteps {
  return midpoint(fields, (sigma, next) => ({ middle: geometricMean(sigma, next), down: next, up: 0 }))
}

export function geometricMean(a: number, b: number): number {
  return Math.exp((Math.log(a) + Math.log(b)) / 2)
}

export function midpoint(fields: Fields, split: Split): PlanSteps {
  const schedule = readNoiseSchedule(fields, { spacing: 'linspace', start: 0.00085, end: 0.012, rescales: false })
  refuseSamplePrediction(fields, schedule)
  const placing = readPlacing(fields, { lu: false })
  const { prediction } = schedule
  const trained = trainedSigmas(schedule)

  return (steps, custom): Scheduler => {
    refuseCustom(custom, ['timesteps', 'sigmas'])
    const placed = sigmaSteps(schedule, trained, placing, steps)
    const rounds = placing?.kind === 'karras'
    const whole = rounds ? placed.timesteps.map(roundHalfEven) : placed.timesteps
    const sigmas = Float32Array.from([...placed.sigmas, 0])
    const splits = placed.sigmas.map((_, i) => split(sigmas[i] ?? 0, sigmas[i + 1] ?? 0))
    const timesteps = whole.flatMap((t, i) => {
      const middle = splits[i]?.middle ?? 0
      return i === steps - 1 ? [t] : [t, sigmaToTimestep(middle, trained.logSigmas)]
    })
    const levelOf = (index: number) => {
      const sigma = sigmas[index >> 1] ?? 0
      const { middle, down, up } = splits[index >> 1] ?? { middle: 0, down: 0, up: 0 }
      const second = index % 2 === 1
      return { second, sigma, middle, down, up, seen: second ? middle : sigma }
    }
    return {
      timesteps: Float32Array.from(timesteps),
      callsPerStep: 2,
      initNoiseSigma: firstSigma(schedule, sigmas),
      inputScale: (index) => scaleAt(levelOf(index).seen),
      step(index, output, sample, memory, noise) {
        const { second, sigma, middle, down, up, seen } = levelOf(index)
        const [ofSample, ofOutput] = slopeWeightsAt(prediction, seen)
        const before = second ? memory.samples.pop() : sample
        if (before === undefined) throw new RangeError(`call ${index} is a step's second, and the first was never made`)
        if (!second) memory.samples.push(sample.slice())
        const dt = (second ? down : middle) - sigma
        for (let i = 0; i < sample.length; i++) {
          const slope = ofSample * (sample[i] ?? 0) + ofOutput * (output[i] ?? 0)
          sample[i] = (before[i] ?? 0) + slope * dt
        }
        if (!second || up === 0) return
        const fresh = noise.randn(sample.length)
        for (let i = 0; i < sample.length; i++) sample[i] = (sample[i] ?? 0) + up * (fresh[i] ?? 0)
      },
      // A second call's picture is noised as its step's end, though the sample is still in the middle: as upstream.
      addNoise: (index, clean, noise) => combine(1, clean, sigmas[(index + 1) >> 1] ?? 0, noise),
      predictClean(index, output, sample) {
        const [ofSample, ofOutput] = cleanWeightsAt(prediction, levelOf(index).seen)
        return combine(ofSample, sample, ofOutput, output)
      },
    }
  }
}
