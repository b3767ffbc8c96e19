// Where DPM-Solver and DEIS put their steps: along the training schedule, between its largest and smallest level, or along a
// flow. The classes share all of it but what `Policy` lists. UniPC, whose flow differs, builds on the same parts.
// Source: diffusers scheduling_dpmsolver_multistep.py, _singlestep.py, scheduling_deis_multistep.py: set_timesteps.
import type { Fields } from '../runtime/fields.ts'
import { placedAlready, wholeTimesteps } from './custom.ts'
import { solverTimesteps } from './dpm-timesteps.ts'
import { type Placing, readPlacing } from './placing.ts'
import {
  interpolate,
  linspace,
  readBetas,
  readSpacing,
  refuseCustom,
  roundHalfEven,
  trainingSigmas,
  unsupported,
} from './schedule.ts'
import type { Custom } from './scheduler.ts'
import { sigmaToTimestep } from './sigmas.ts'
import { type Level, toLevel } from './solver-levels.ts'
import { readShift } from './time-shift.ts'

/** One more level than timesteps: the last is where the sample ends. */
export type Placed = { timesteps: Float32Array; levels: readonly Level[] }
export type Place = (steps: number, custom: Custom | undefined) => Placed

type Policy = {
  /** The class has timestep_spacing and steps_offset; rescale_betas_zero_snr; lambda_min_clipped; use_lu_lambdas. */
  spaces: boolean
  rescales: boolean
  clips: boolean
  lu: boolean
  takesTimesteps: boolean
  /** Under a cosine schedule karras' timesteps are cut off, not rounded. */
  cutsCosine: boolean
  /** What follows the last step: zero, the training's smallest level, or where levels are not the training's the last one again. */
  end: 'zero' | 'smallest' | 'last'
}

export function solverSchedule(fields: Fields, policy: Policy): Place {
  const training = readTraining(fields, policy)
  const { trainSteps, trained, cosine } = training
  const placing = readPlacing(fields, policy)
  const flow = fields.flagIf('use_flow_sigmas') ?? false
  const shift = readShift(fields, { amount: 'flow_shift', linear: false, flow })
  if (flow && placing !== null) throw unsupported(fields, 'use_flow_sigmas', `true with ${placing.kind} levels`)
  const rounds = !(policy.cutsCosine && cosine)

  const place = (
    steps: number,
    custom: Custom | undefined,
  ): [timesteps: readonly number[], sigmas: readonly number[]] => {
    const chosen = custom?.timesteps
    if (chosen !== undefined) {
      if (flow) throw placedAlready('timesteps', 'use_flow_sigmas')
      if (placing !== null) throw placedAlready('timesteps', `${placing.kind} levels`)
      return [chosen, interpolate(wholeTimesteps(chosen, trainSteps), trained)]
    }
    const spaced = training.space(steps)
    if (placing !== null) return placeBetween(training, placing, steps, rounds)
    if (!flow) return [spaced, interpolate(spaced, trained)]
    // As upstream counts: a last bit decides where a timestep is cut off.
    const even = linspace(1, 1 / trainSteps, steps + 1).map((signal) => 1 - signal)
    const sigmas = shift(even.slice(1).reverse(), custom?.imageTokens)
    return [sigmas.map((sigma) => Math.trunc(sigma * trainSteps)), sigmas]
  }

  return (steps, custom) => {
    refuseCustom(custom, policy.takesTimesteps ? ['sigmas'] : ['timesteps', 'sigmas'])
    const [timesteps, sigmas] = place(steps, custom)
    const own = policy.end === 'last' && (placing !== null || flow)
    const end = policy.end === 'zero' ? 0 : own ? (sigmas.at(-1) ?? 0) : (trained[0] ?? 0)
    return toPlaced(timesteps, [...sigmas, end], flow)
  }
}

export type Training = ReturnType<typeof readTraining>

/** The training's levels, ascending, and how many of them may be stepped on. */
export function readTraining(fields: Fields, has: { spaces: boolean; rescales: boolean; clips: boolean }) {
  const betas = readBetas(fields, { rescales: has.rescales })
  const { trainSteps } = betas
  const spacing = has.spaces
    ? readSpacing(fields, 'linspace', trainSteps)
    : ({ spacing: 'linspace', stepsOffset: 0 } as const)
  const trained = trainingSigmas(betas)
  // λ = −log σ descends with t; below the clip (a cosine schedule's end) no step is taken.
  const lambdaMin = (has.clips ? fields.numberIf('lambda_min_clipped') : undefined) ?? -Infinity
  const last = trained.filter((sigma) => -Math.log(sigma) >= lambdaMin).length
  return {
    trainSteps,
    trained,
    logSigmas: trained.map(Math.log),
    cosine: betas.betaSchedule === 'squaredcos_cap_v2',
    space: (steps: number) => solverTimesteps(spacing, last, trainSteps, steps),
  }
}

/** Levels between the training's largest and smallest, and the timesteps that come nearest; all but lu's and karras' are cut off. */
export function placeBetween(
  { trained, logSigmas }: Training,
  { kind, place }: Placing,
  steps: number,
  rounds: boolean,
): [timesteps: number[], sigmas: number[]] {
  const sigmas = place(trained.at(-1) ?? 0, trained[0] ?? 0, steps)
  const toWhole = rounds && (kind === 'karras' || kind === 'lu') ? roundHalfEven : Math.trunc
  return [sigmas.map((sigma) => toWhole(sigmaToTimestep(sigma, logSigmas))), sigmas]
}

export function toPlaced(timesteps: readonly number[], sigmas: readonly number[], flow: boolean): Placed {
  return {
    timesteps: Float32Array.from(timesteps),
    levels: sigmas.map((sigma) => toLevel(Math.fround(sigma), flow)),
  }
}
