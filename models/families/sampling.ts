// What a model takes of a request beyond prompt, size and seed, read from its files alone: whoever lists models opens no session.
// The families refuse the same by the same names (latent-space.ts, flow.ts), and plan as is tried here: sd.ts, sdxl.ts, sd3.ts, flux.ts.
import { ModelError } from '../runtime/error.ts'
import { readFields } from '../runtime/fields.ts'
import type { TextToImageManifest } from '../runtime/manifest.ts'
import { type Pack, packFileIf, readPackJson } from '../runtime/pack.ts'
import type { PromptSyntax, SampleRequest } from '../runtime/stepper.ts'
import { openPlanners } from '../schedulers/planners.ts'
import { linspace } from '../schedulers/schedule.ts'
import type { Scheduler, SchedulerName } from '../schedulers/scheduler.ts'
import { checkFlowRequest, imageTokens } from './flow-request.ts'
import { SCHEDULING, usesFlowSigmas } from './schedulers.ts'

const UNET = 'unet/config.json'

export type SamplingTaken = {
  /** Plain is every model's. */
  promptSyntaxes: readonly PromptSyntax[]
  /** With guidance above 1, or with true guidance where there is that. */
  negativePrompt: boolean
  guidanceRescale: boolean
  /** Guidance by the negative prompt beside a guidance scale that is an input. */
  trueGuidance: boolean
}

/** ModelError pack_corrupt: a configuration that is no JSON object. */
export async function samplingOf(pack: Pack, { family }: TextToImageManifest): Promise<SamplingTaken> {
  switch (family) {
    case 'sd':
    case 'sdxl':
    case 'sdxl-refiner': {
      // A UNet that was taught guidance makes one prediction: there is no negative one, and no other to bring it back to.
      const guided = !(await isTaughtGuidance(pack))
      return {
        promptSyntaxes: ['plain', 'weighted'],
        negativePrompt: guided,
        guidanceRescale: guided,
        trueGuidance: false,
      }
    }
    case 'sd3':
      return { promptSyntaxes: ['plain'], negativePrompt: true, guidanceRescale: false, trueGuidance: false }
    case 'flux':
      return { promptSyntaxes: ['plain'], negativePrompt: true, guidanceRescale: false, trueGuidance: true }
    default:
      return family satisfies never
  }
}

export type Planned = Pick<SampleRequest, 'steps' | 'width' | 'height' | 'custom' | 'schedulerOptions'> & {
  scheduler: SchedulerName
}

/**
 * Tries the plan that a request asks for: why it cannot be made, by its field, or null. What is wrong with the pack itself refuses no
 * request here: such a pack does not open. ModelError pack_missing, pack_corrupt.
 */
export async function openPlanning(
  pack: Pack,
  manifest: TextToImageManifest,
): Promise<(planned: Planned) => ModelError | null> {
  const plan = plannerOf(await readPackJson(pack, SCHEDULING), manifest)
  return (planned) => {
    try {
      plan(planned)
      return null
    } catch (error) {
      if (!(error instanceof ModelError)) throw error
      return error.code === 'invalid_input' ? error : null
    }
  }
}

function plannerOf(config: unknown, { family, sizes }: TextToImageManifest): (planned: Planned) => Scheduler {
  const planFor = openPlanners(config, SCHEDULING)
  if (family !== 'sd3' && family !== 'flux')
    return ({ scheduler, schedulerOptions, steps, custom }) => planFor(scheduler, schedulerOptions)(steps, custom)
  const spaces = family === 'flux' && !usesFlowSigmas(config)
  return (planned) => {
    checkFlowRequest(planned)
    const { scheduler, schedulerOptions, steps, custom } = planned
    const sigmas = custom?.sigmas ?? (spaces ? linspace(1, 1 / steps, steps) : undefined)
    const latents = { height: planned.height / sizes.factor, width: planned.width / sizes.factor }
    return planFor(scheduler, schedulerOptions)(steps, { sigmas, imageTokens: imageTokens(latents) })
  }
}

async function isTaughtGuidance(pack: Pack): Promise<boolean> {
  if (packFileIf(pack, UNET) === null) return false
  return readFields(await readPackJson(pack, UNET), UNET).has('time_cond_proj_dim')
}
