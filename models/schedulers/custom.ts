// Timesteps and sigmas of a request's own choice: checked before a plan is made of them.
// diffusers takes any list; here one that is empty, out of range or not descending is refused, since it divides by zero there.
import { ModelError } from '../runtime/error.ts'

/** Whole timesteps of the training schedule, 0 to trainSteps − 1. ModelError invalid_input: field `timesteps`. */
export function wholeTimesteps(timesteps: readonly number[], trainSteps: number): readonly number[] {
  for (const t of timesteps)
    if (!Number.isInteger(t) || t < 0 || t >= trainSteps)
      throw refusal('timesteps', `${t} is not a whole number from 0 to ${trainSteps - 1}`)
  return descending('timesteps', timesteps)
}

/** Noise levels or timesteps of a flow, above 0 and up to `most`. ModelError invalid_input: the field's name. */
export function flowLevels(name: 'timesteps' | 'sigmas', values: readonly number[], most: number): readonly number[] {
  for (const value of values)
    if (!(value > 0 && value <= most)) throw refusal(name, `${value} is not above 0 and at most ${most}`)
  return descending(name, values)
}

/** Levels without the zero that some lists end with: every plan has its end of itself. */
export function withoutEnd(sigmas: readonly number[]): readonly number[] {
  return sigmas.length > 1 && sigmas.at(-1) === 0 ? sigmas.slice(0, -1) : sigmas
}

/** Refuses a custom schedule where the configuration places the levels itself. */
export function placedAlready(name: 'timesteps' | 'sigmas', field: string): ModelError {
  return refusal(name, `none can be chosen with ${field}`)
}

function descending(name: string, values: readonly number[]): readonly number[] {
  if (values.length === 0) throw refusal(name, 'at least one is needed')
  for (const [i, value] of values.entries())
    if (i > 0 && value >= (values[i - 1] ?? 0)) throw refusal(name, 'each must be below the one before')
  return values
}

function refusal(name: string, reason: string): ModelError {
  return new ModelError('invalid_input', `${name}: ${reason}`, { field: name })
}
