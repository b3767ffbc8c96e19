// Where UniPC puts its steps: as DPM-Solver does, but for its flow, which takes sigmas of one's own and begins short of 1,
// where no signal is left to take the logarithm of.
// Source: diffusers UniPCMultistepScheduler.set_timesteps.
import type { Fields } from '../runtime/fields.ts'
import { flowLevels, placedAlready } from './custom.ts'
import { readPlacing } from './placing.ts'
import { interpolate, linspace, refuseCustom, unsupported } from './schedule.ts'
import type { Custom } from './scheduler.ts'
import { type Place, placeBetween, readTraining, toPlaced } from './solver-schedule.ts'
import { readShift, readTerminal } from './time-shift.ts'

const SHORT = 1e-6

export function unipcSchedule(fields: Fields, endsAtZero: boolean): Place {
  const training = readTraining(fields, { spaces: true, rescales: true, clips: false })
  const { trainSteps, trained } = training
  const placing = readPlacing(fields, { lu: false })
  const flow = fields.flagIf('use_flow_sigmas') ?? false
  const shift = readShift(fields, { amount: 'flow_shift', linear: true, flow })
  const stretch = readTerminal(fields, flow)
  if (flow && placing !== null && placing.kind !== 'karras')
    throw unsupported(fields, 'use_flow_sigmas', `true with ${placing.kind} levels`)
  // A flow's levels times the number of training steps are its timesteps, whole ones.
  const toTimestep = (sigma: number) => Math.trunc(sigma * trainSteps)

  const place = (steps: number, custom: Custom | undefined): [timesteps: number[], sigmas: number[]] => {
    const spaced = training.space(steps)
    if (placing !== null) {
      const [timesteps, sigmas] = placeBetween(training, placing, steps, true)
      if (!flow) return [timesteps, sigmas]
      const shares = sigmas.map((sigma) => sigma / (sigma + 1))
      return [shares.map(toTimestep), shares]
    }
    if (!flow) return [spaced, interpolate(spaced, trained)]
    const even = custom?.sigmas ?? linspace(1, 1 / trainSteps, steps + 1).slice(0, -1)
    const sigmas = [...stretch(shift(even, custom?.imageTokens))]
    const first = sigmas[0] ?? 1
    if (Math.abs(first - 1) < SHORT) sigmas[0] = first - SHORT
    return [sigmas.map(toTimestep), sigmas]
  }

  return (steps, custom) => {
    refuseCustom(custom, flow ? ['timesteps'] : ['timesteps', 'sigmas'])
    const chosen = custom?.sigmas
    if (chosen !== undefined) {
      if (placing !== null) throw placedAlready('sigmas', `${placing.kind} levels`)
      flowLevels('sigmas', chosen, 1)
    }
    const [timesteps, sigmas] = place(chosen?.length ?? steps, custom)
    const smallest = flow || placing !== null ? sigmas.at(-1) : trained[0]
    return toPlaced(timesteps, [...sigmas, endsAtZero ? 0 : (smallest ?? 0)], flow)
  }
}
