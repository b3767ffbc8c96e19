// What may be asked of SD3 and FLUX, and how many tokens a picture is to them; known without a graph.
import { ModelError } from '../runtime/error.ts'
import type { SampleRequest } from '../runtime/stepper.ts'

/** Latents to a side of the square that is one token. */
export const PATCH = 2

/** Tokens of a picture of so many latents. */
export function imageTokens({ height, width }: { height: number; width: number }): number {
  return (height / PATCH) * (width / PATCH)
}

/** ModelError invalid_input: what these families' pipelines do not have. */
export function checkFlowRequest({
  custom,
  guidanceRescale = 0,
  trueGuidanceScale = 1,
}: Pick<SampleRequest, 'custom' | 'guidanceRescale' | 'trueGuidanceScale'>): void {
  if (guidanceRescale !== 0) throw none('guidance_rescale')
  if (custom?.timesteps !== undefined) throw none('timesteps')
  if (!(trueGuidanceScale >= 0 && trueGuidanceScale < Infinity))
    throw new ModelError('invalid_input', 'true_guidance_scale: expected a number from 0', {
      field: 'true_guidance_scale',
    })
}

function none(field: string): ModelError {
  return new ModelError('invalid_input', `${field}: this model has none`, { field })
}
