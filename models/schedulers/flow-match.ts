// The levels of a flow, x_σ = (1 − σ) · x_0 + σ · noise, whose model predicts noise − x_0: what FlowMatchEuler and FlowMatchLCM share.
// A level's timestep is σ · T with its fraction. The fixed shift acts twice: on the bounds here, and on the levels between them.
// Source: diffusers scheduling_flow_match_euler_discrete.py: __init__ and set_timesteps.
import { ModelError } from '../runtime/error.ts'
import type { Fields } from '../runtime/fields.ts'
import { flowLevels } from './custom.ts'
import { readPlacing } from './placing.ts'
import { combine, linspace } from './schedule.ts'
import type { Custom, Scheduler } from './scheduler.ts'
import { readShift, readTerminal } from './time-shift.ts'

const { fround } = Math

export type FlowPlan = {
  timesteps: Float32Array
  /** One more than timesteps: the last is where the sample ends. */
  sigmas: Float32Array
}

export function readFlow(fields: Fields): (steps: number, custom: Custom | undefined) => FlowPlan {
  const trainSteps = fields.integerIf('num_train_timesteps', 1, 100_000) ?? 1000
  const shift = readShift(fields, { amount: 'shift', linear: true, flow: true })
  const stretch = readTerminal(fields, true)
  const placing = readPlacing(fields, { lu: false })
  const inverts = fields.flagIf('invert_sigmas') ?? false
  const smallest = fields.flagIf('use_dynamic_shifting') === true ? 1 / trainSteps : shift([1 / trainSteps], 0)[0]

  return (steps, custom) => {
    const { timesteps: chosen, sigmas: levels } = custom ?? {}
    if (chosen !== undefined) flowLevels('timesteps', chosen, trainSteps)
    if (levels !== undefined) flowLevels('sigmas', levels, 1)
    if (chosen !== undefined && levels !== undefined && chosen.length !== levels.length)
      throw new ModelError('invalid_input', `timesteps: ${chosen.length} for ${levels.length} sigmas`, {
        field: 'timesteps',
      })
    const even = levels ?? chosen?.map((t) => t / trainSteps) ?? linspace(1, fround(smallest ?? 0), steps)
    let sigmas = stretch(shift(even, custom?.imageTokens))
    if (placing !== null) sigmas = placing.place(sigmas[0] ?? 0, sigmas.at(-1) ?? 0, sigmas.length)
    if (inverts) sigmas = sigmas.map((sigma) => 1 - fround(sigma))
    const own = inverts ? undefined : chosen
    return {
      timesteps: Float32Array.from(own ?? sigmas.map((sigma) => fround(sigma) * trainSteps)),
      sigmas: Float32Array.from([...sigmas, inverts ? 1 : 0]),
    }
  }
}

/** The members of a plan that its levels alone decide. */
export function flowMembers(
  sigmas: Float32Array,
): Pick<Scheduler, 'initNoiseSigma' | 'inputScale' | 'addNoise' | 'predictClean'> {
  return {
    initNoiseSigma: 1,
    inputScale: () => 1,
    addNoise: (index, clean, noise) => combine(1 - (sigmas[index] ?? 0), clean, sigmas[index] ?? 0, noise),
    predictClean: (index, output, sample) => combine(1, sample, -(sigmas[index] ?? 0), output),
  }
}
