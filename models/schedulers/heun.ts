// Heun's method on the probability-flow ODE (arXiv 2206.00364, algorithm 2 without churn): two calls a step, the last has one.
// The first call goes to the next level by Euler and keeps slope and sample; the second goes again, by the mean of both slopes.
// Source: diffusers schedulers/scheduling_heun_discrete.py.
import type { Fields } from '../runtime/fields.ts'
import { placedAlready, wholeTimesteps } from './custom.ts'
import { readPlacing } from './placing.ts'
import { combine, readNoiseSchedule, refuseCustom } from './schedule.ts'
import type { PlanSteps } from './scheduler.ts'
import { cleanWeightsAt, firstSigma, scaleAt, sigmaSteps, trainedSigmas } from './sigma-space.ts'

export function heun(fields: Fields): PlanSteps {
  const schedule = readNoiseSchedule(fields, {
    spacing: 'linspace',
    start: 0.00085,
    end: 0.012,
    kinds: ['exp'],
    rescales: false,
  })
  const placing = readPlacing(fields, { lu: false })
  const clips = fields.flagIf('clip_sample') ?? false
  const range = fields.numberIf('clip_sample_range', 0) ?? 1
  const { prediction } = schedule
  const trained = trainedSigmas(schedule)

  return (steps, custom) => {
    refuseCustom(custom, ['sigmas'])
    const own = custom?.timesteps && wholeTimesteps(custom.timesteps, schedule.trainSteps)
    if (own && placing) throw placedAlready('timesteps', `use_${placing.kind}_sigmas`)
    const placed = sigmaSteps(schedule, trained, placing, steps, own)
    // Every level but the first and the end is met twice: as a step's end and as the next one's begin.
    const sigmas = Float32Array.from([...twiceButFirst(placed.sigmas), 0])
    return {
      timesteps: Float32Array.from(twiceButFirst(placed.timesteps)),
      callsPerStep: 2,
      initNoiseSigma: firstSigma(schedule, sigmas),
      inputScale: (index) => scaleAt(sigmas[index] ?? 0),
      step(index, output, sample, memory) {
        const sigma = sigmas[index] ?? 0
        const [ofSample, ofOutput] = cleanWeightsAt(prediction, sigma)
        const slope = new Float32Array(sample.length)
        for (let i = 0; i < slope.length; i++) {
          const clean = ofSample * (sample[i] ?? 0) + ofOutput * (output[i] ?? 0)
          slope[i] = ((sample[i] ?? 0) - (clips ? Math.min(Math.max(clean, -range), range) : clean)) / sigma
        }
        const [before, kept] = [memory.samples.pop(), memory.outputs.pop()]
        if (before === undefined || kept === undefined) {
          memory.samples.push(sample.slice())
          memory.outputs.push(slope)
          const dt = (sigmas[index + 1] ?? 0) - sigma
          for (let i = 0; i < sample.length; i++) sample[i] = (sample[i] ?? 0) + (slope[i] ?? 0) * dt
          return
        }
        const dt = sigma - (sigmas[index - 1] ?? 0)
        for (let i = 0; i < sample.length; i++)
          sample[i] = (before[i] ?? 0) + (((kept[i] ?? 0) + (slope[i] ?? 0)) / 2) * dt
      },
      addNoise: (index, clean, noise) => combine(1, clean, sigmas[index] ?? 0, noise),
      predictClean(index, output, sample) {
        const [ofSample, ofOutput] = cleanWeightsAt(prediction, sigmas[index] ?? 0)
        return combine(ofSample, sample, ofOutput, output)
      },
    }
  }
}

function twiceButFirst(values: readonly number[]): number[] {
  return values.flatMap((value, i) => (i === 0 ? [value] : [value, value]))
}
