// Heun's method along a rectified flow: two calls a step but for the last, the second at the level that the first one reached.
// Between them `memory` holds the first velocity and the sample that it was taken at.
// Source: diffusers schedulers/scheduling_flow_match_heun_discrete.py, without churn, which is not the configuration's.
import type { Fields } from '../runtime/fields.ts'
import { flowMembers } from './flow-match.ts'
import { linspace, refuseCustom } from './schedule.ts'
import type { PlanSteps } from './scheduler.ts'
import { positive } from './time-shift.ts'

const { fround } = Math

export function flowMatchHeun(fields: Fields): PlanSteps {
  const trainSteps = fields.integerIf('num_train_timesteps', 1, 100_000) ?? 1000
  const amount = positive(fields, 'shift', 1)
  // Twice, as in FlowMatchEuler.
  const shift = (sigma: number) => (amount * sigma) / (1 + (amount - 1) * sigma)
  const smallest = fround(shift(1 / trainSteps))

  return (steps, custom) => {
    refuseCustom(custom, ['timesteps', 'sigmas'])
    const levels = linspace(1, smallest, steps).map(shift)
    // One entry a call: each level but the first is called at twice.
    const called = Float32Array.from(levels.flatMap((sigma, i) => (i === 0 ? [sigma] : [sigma, sigma])))
    const sigmas = Float32Array.from([...called, 0])
    return {
      timesteps: called.map((sigma) => sigma * trainSteps),
      ...flowMembers(sigmas),
      callsPerStep: 2,
      step(index, output, sample, memory) {
        const [velocity] = memory.outputs
        const [base] = memory.samples
        if (velocity === undefined || base === undefined) {
          const dt = (sigmas[index + 1] ?? 0) - (sigmas[index] ?? 0)
          memory.outputs = [output.slice()]
          memory.samples = [sample.slice()]
          for (let i = 0; i < sample.length; i++) sample[i] = (sample[i] ?? 0) + dt * (output[i] ?? 0)
          return
        }
        const dt = (sigmas[index] ?? 0) - (sigmas[index - 1] ?? 0)
        for (let i = 0; i < sample.length; i++)
          sample[i] = (base[i] ?? 0) + (dt / 2) * ((velocity[i] ?? 0) + (output[i] ?? 0))
        memory.outputs = []
        memory.samples = []
      },
    }
  }
}
