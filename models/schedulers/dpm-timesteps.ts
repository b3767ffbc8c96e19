// How DPM-Solver, UniPC and DEIS space their timesteps: n + 1 points, the last one dropped.
// Source: diffusers DPMSolverMultistepScheduler.set_timesteps.
import { linspace, roundHalfEven, type Spacing, tooManySteps, trailingTimesteps } from './schedule.ts'

/** Whole timesteps below `last`, which a clipped schedule has before `trainSteps`. ModelError invalid_input: field `steps`. */
export function solverTimesteps(
  { spacing, stepsOffset }: { spacing: Spacing; stepsOffset: number },
  last: number,
  trainSteps: number,
  steps: number,
): number[] {
  if (steps >= last) throw tooManySteps(steps, last - 1)
  switch (spacing) {
    case 'linspace':
      return linspace(0, last - 1, steps + 1)
        .map(roundHalfEven)
        .reverse()
        .slice(0, -1)
    case 'leading': {
      const ratio = Math.floor(last / (steps + 1))
      return Array.from({ length: steps }, (_, i) => (steps - i) * ratio + stepsOffset)
    }
    case 'trailing':
      return trailingTimesteps(last, trainSteps, steps)
    default:
      return spacing satisfies never
  }
}
