// Linear multistep (Adams-Bashforth on uneven steps) of order 4 on the probability-flow ODE: the last slopes make a polynomial
// in σ, which is integrated over the step. `memory.outputs` holds up to four slopes, oldest first.
// Source: diffusers schedulers/scheduling_lms_discrete.py.
import type { Fields } from '../runtime/fields.ts'
import { type Placing, readPlacing } from './placing.ts'
import { combine, readNoiseSchedule, refuseCustom } from './schedule.ts'
import type { PlanSteps } from './scheduler.ts'
import { cleanWeightsAt, firstSigma, scaleAt, sigmaSteps, slopeWeightsAt, trainedSigmas } from './sigma-space.ts'
import { karrasSigmas } from './sigmas.ts'

const ORDER = 4

export function lms(fields: Fields): PlanSteps {
  const schedule = readNoiseSchedule(fields, { spacing: 'linspace', rescales: false })
  const placing = withoutBounds(readPlacing(fields, { lu: false }))
  const { prediction } = schedule
  const trained = trainedSigmas(schedule)

  return (steps, custom) => {
    refuseCustom(custom, ['timesteps', 'sigmas'])
    const placed = sigmaSteps(schedule, trained, placing, steps)
    const sigmas = Float32Array.from([...placed.sigmas, 0])
    return {
      timesteps: Float32Array.from(placed.timesteps),
      initNoiseSigma: firstSigma(schedule, sigmas),
      inputScale: (index) => scaleAt(sigmas[index] ?? 0),
      step(index, output, sample, memory) {
        const [ofSample, ofOutput] = slopeWeightsAt(prediction, sigmas[index] ?? 0)
        memory.outputs.push(combine(ofSample, sample, ofOutput, output))
        if (memory.outputs.length > ORDER) memory.outputs.shift()
        // A run that begins in the middle has the weights of a full memory for what is in its own, as upstream.
        for (const [back, weight] of weights(sigmas, index).entries()) {
          const slope = memory.outputs.at(-1 - back)
          if (slope) for (let i = 0; i < sample.length; i++) sample[i] = (sample[i] ?? 0) + weight * (slope[i] ?? 0)
        }
      },
      addNoise: (index, clean, noise) => combine(1, clean, sigmas[index] ?? 0, noise),
      predictClean(index, output, sample) {
        const [ofSample, ofOutput] = cleanWeightsAt(prediction, sigmas[index] ?? 0)
        return combine(ofSample, sample, ofOutput, output)
      },
    }
  }
}

/** The integrals of the Lagrange polynomials over the step, the newest slope's first; at most as many as steps so far. */
function weights(sigmas: Float32Array, index: number): number[] {
  const nodes = Array.from(sigmas.slice(Math.max(index + 1 - ORDER, 0), index + 1)).reverse()
  const [from, to] = [sigmas[index] ?? 0, sigmas[index + 1] ?? 0]
  // Two Gauss points integrate a cubic without error.
  const [middle, reach] = [(from + to) / 2, (to - from) / 2 / Math.sqrt(3)]
  return nodes.map((node, j) => {
    const lagrange = (sigma: number) =>
      nodes.reduce((product, other, k) => (k === j ? product : (product * (sigma - other)) / (node - other)), 1)
    return ((lagrange(middle - reach) + lagrange(middle + reach)) / 2) * (to - from)
  })
}

/** This class alone drops the configuration's sigma_min and sigma_max where levels are karras'. */
function withoutBounds(placing: Placing | null): Placing | null {
  return placing?.kind === 'karras' ? { kind: 'karras', place: karrasSigmas } : placing
}
