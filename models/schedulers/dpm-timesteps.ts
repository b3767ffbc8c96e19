// Where DPM-Solver multistep puts its steps: its own spacings (n + 1 points, the last one dropped) and its own sigmas.
// Source: diffusers DPMSolverMultistepScheduler.set_timesteps.
import type { Fields } from '../runtime/fields.ts'
import {
  interpolate,
  linspace,
  type NoiseSchedule,
  roundHalfEven,
  tooManySteps,
  trailingTimesteps,
  trainingSigmas,
} from './schedule.ts'
import { exponentialSigmas, karrasSigmas, sigmaToTimestep } from './sigmas.ts'

export type Placed = { timesteps: Float32Array; sigmas: Float32Array }

export function dpmTimesteps(fields: Fields, schedule: NoiseSchedule, endsAtZero: boolean): (steps: number) => Placed {
  const flags = ['use_karras_sigmas', 'use_lu_lambdas', 'use_exponential_sigmas'] as const
  const [chosen, second] = flags.filter((name) => fields.flagIf(name) === true)
  if (second !== undefined) throw fields.bad(second, 'at most one way to place sigmas')
  const trained = trainingSigmas(schedule)
  const logSigmas = trained.map(Math.log)
  const [smallest, largest] = [trained[0] ?? 0, trained.at(-1) ?? 0]
  // λ = −log σ descends with t; below the clip (a cosine schedule's end) no step is taken.
  const lambdaMin = fields.numberIf('lambda_min_clipped') ?? -Infinity
  const lastTimestep = trained.filter((sigma) => -Math.log(sigma) >= lambdaMin).length
  const rounds = schedule.betaSchedule !== 'squaredcos_cap_v2'

  const placeSigmas = (steps: number): number[] | null => {
    switch (chosen) {
      case 'use_karras_sigmas':
        return karrasSigmas(largest, smallest, steps)
      case 'use_lu_lambdas':
      case 'use_exponential_sigmas':
        // Lu's uniform λ (ρ = 1) is uniform log σ.
        return exponentialSigmas(largest, smallest, steps)
      case undefined:
        return null
      default:
        return chosen satisfies never
    }
  }

  return (steps) => {
    const spaced = spacedTimesteps(schedule, lastTimestep, steps)
    const placed = placeSigmas(steps)
    const inner = placed ?? interpolate(spaced, trained)
    const timesteps = placed
      ? placed.map((sigma) => {
          const t = sigmaToTimestep(sigma, logSigmas)
          // diffusers rounds, except here, where its cast to int64 cuts the fraction off.
          return rounds && chosen !== 'use_exponential_sigmas' ? roundHalfEven(t) : Math.trunc(t)
        })
      : spaced
    return {
      timesteps: Float32Array.from(timesteps),
      sigmas: Float32Array.from([...inner, endsAtZero ? 0 : smallest]),
    }
  }
}

function spacedTimesteps(schedule: NoiseSchedule, lastTimestep: number, steps: number): number[] {
  const { trainSteps, stepsOffset } = schedule
  if (steps >= lastTimestep) throw tooManySteps(steps, lastTimestep - 1)
  switch (schedule.spacing) {
    case 'linspace':
      return linspace(0, lastTimestep - 1, steps + 1)
        .map(roundHalfEven)
        .reverse()
        .slice(0, -1)
    case 'leading': {
      const ratio = Math.floor(lastTimestep / (steps + 1))
      return Array.from({ length: steps }, (_, i) => (steps - i) * ratio + stepsOffset)
    }
    case 'trailing':
      return trailingTimesteps(lastTimestep, trainSteps, steps)
    default:
      return schedule.spacing satisfies never
  }
}
