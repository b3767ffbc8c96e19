// Whole timesteps, descending, as DDIM, DDPM and PNDM space them. Source: set_timesteps of diffusers' classes for them.
import { linspace, type NoiseSchedule, roundHalfEven, tooManySteps, trailingTimesteps } from './schedule.ts'

/** n timesteps below the schedule's length. ModelError invalid_input, field `steps`, where there is no room. */
export function discreteTimesteps(schedule: NoiseSchedule, steps: number): number[] {
  const { trainSteps } = schedule
  const timesteps = spaced(schedule, steps)
  if (steps > trainSteps || (timesteps[0] ?? 0) >= trainSteps) throw tooManySteps(steps, trainSteps)
  return timesteps
}

function spaced({ spacing, trainSteps, stepsOffset }: NoiseSchedule, steps: number): number[] {
  switch (spacing) {
    case 'linspace':
      return linspace(0, trainSteps - 1, steps)
        .map(roundHalfEven)
        .reverse()
    case 'leading': {
      const ratio = Math.floor(trainSteps / steps)
      return Array.from({ length: steps }, (_, i) => (steps - 1 - i) * ratio + stepsOffset)
    }
    case 'trailing':
      return trailingTimesteps(trainSteps, trainSteps, steps)
    default:
      return spacing satisfies never
  }
}
