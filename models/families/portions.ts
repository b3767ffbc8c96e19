// A part of the noise, for models that share the work: the first takes it away up to `end`, the next goes on from `start`.
// Shares are counted in timesteps of the training, as diffusers counts denoising_end and denoising_start of SDXL.
// Source: diffusers pipelines/stable_diffusion_xl/pipeline_stable_diffusion_xl_img2img.py, get_timesteps.
import { ModelError } from '../runtime/error.ts'
import type { SampleRequest } from '../runtime/stepper.ts'
import { roundHalfEven } from '../schedulers/schedule.ts'
import type { Scheduler } from '../schedulers/scheduler.ts'

/** ModelError invalid_input: denoising.start or denoising.end. */
export function checkPortions({ denoising = {}, start }: SampleRequest): void {
  for (const name of ['start', 'end'] as const) {
    const share = denoising[name]
    if (share !== undefined && !(share > 0 && share < 1)) throw wrong(name, 'a number above 0, below 1')
  }
  if (denoising.start === undefined) return
  if (start === undefined) throw wrong('start', 'a picture or latents to go on from')
  if (denoising.end !== undefined && denoising.start >= denoising.end) throw wrong('start', 'less than denoising.end')
}

/** The call of the plan at which noise of the share `start` is gone; undefined where the request names no share. */
export function goesOnAt(plan: Scheduler, trainSteps: number, { denoising }: SampleRequest): number | undefined {
  if (denoising?.start === undefined) return undefined
  const cutoff = cutoffOf(trainSteps, denoising.start)
  let left = plan.timesteps.filter((timestep) => timestep < cutoff).length
  if (left < 1) throw wrong('start', 'a share that leaves a step to take')
  // Of a step of two calls neither is left out: every level but the first is met twice.
  if (plan.callsPerStep === 2 && left % 2 === 0) left++
  return plan.timesteps.length - left
}

/** The plan up to the share `end`. ModelError invalid_input: no step before it. */
export function endingAt(plan: Scheduler, trainSteps: number, { denoising }: SampleRequest): Scheduler {
  if (denoising?.end === undefined) return plan
  const cutoff = cutoffOf(trainSteps, denoising.end)
  const count = plan.timesteps.filter((timestep) => timestep >= cutoff).length
  if (count < 1) throw wrong('end', 'a share that leaves a step to take')
  return { ...plan, timesteps: plan.timesteps.subarray(0, count) }
}

function cutoffOf(trainSteps: number, share: number): number {
  return roundHalfEven(trainSteps - share * trainSteps)
}

function wrong(name: 'start' | 'end', expected: string): ModelError {
  const field = `denoising.${name}`
  return new ModelError('invalid_input', `${field}: expected ${expected}`, { field })
}
