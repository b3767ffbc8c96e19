// How an order has its latents denoised: steps, scheduler, a schedule of its own, and what few models take. The card says what a model
// takes and tries the plan, so that nothing of it fails once the order is queued. What was left out is the model's own way.
import type { ModelCard, Quality, Size } from '../kernel/model.ts'
import type { Sampling } from '../kernel/sampling.ts'
import { between, invalid, whole } from './bounds.ts'
import type { GenerationOrder } from './order.ts'

export type Schedule = { steps: number; scheduler: string; sampling: Sampling }

const MAX_TRUE_GUIDANCE = 50
/** Values of a schedule of one's own. */
const MAX_VALUES = 100

type Asked = { size: Size; quality: Quality; mostSteps: number }

/** Fault: invalid_request, with the field. */
export function scheduleOf(order: GenerationOrder, card: ModelCard, { size, quality, mostSteps }: Asked): Schedule {
  const scheduler = schedulerOf(order.scheduler ?? card.scheduler, card)
  const { timesteps } = order
  const options = order.schedulerOptions ?? {}
  const schedulerOptions = Object.keys(options).length === 0 ? undefined : options
  const sigmas = withoutEnd(order.sigmas)
  if (timesteps !== undefined && sigmas !== undefined)
    throw invalid('sigmas', 'a schedule is given as timesteps or as sigmas, not as both')
  const own =
    ownSchedule('timesteps', timesteps, order.steps, mostSteps) ?? ownSchedule('sigmas', sigmas, order.steps, mostSteps)
  const steps = own?.length ?? whole(order.steps ?? card.quality[quality].steps, 'steps', 1, mostSteps)
  const refusal = card.refusePlan({ ...size, scheduler, schedulerOptions, steps, timesteps, sigmas })
  if (refusal !== null) throw invalid(refusal.field, `${refusal.detail} (${scheduler} of model ${card.id})`)
  const sampling: Sampling = {
    ...(schedulerOptions === undefined ? {} : { scheduler_options: schedulerOptions }),
    ...syntaxOf(order, card),
    ...rescaleOf(order, card),
    ...trueGuidanceOf(order, card),
    ...(timesteps === undefined ? {} : { timesteps: [...timesteps] }),
    ...(sigmas === undefined ? {} : { sigmas: [...sigmas] }),
  }
  return { steps, scheduler, sampling }
}

/** A zero at the end is the end: lists that were published with it and without it are the same schedule. */
function withoutEnd(sigmas: readonly number[] | undefined): readonly number[] | undefined {
  return sigmas !== undefined && sigmas.length > 1 && sigmas.at(-1) === 0 ? sigmas.slice(0, -1) : sigmas
}

function schedulerOf(scheduler: string, card: ModelCard): string {
  if (card.schedulers.includes(scheduler)) return scheduler
  throw invalid('scheduler', `model ${card.id} has no such scheduler; its schedulers: ${card.schedulers.join(', ')}`)
}

function ownSchedule(
  field: 'timesteps' | 'sigmas',
  values: readonly number[] | undefined,
  steps: number | undefined,
  mostSteps: number,
): readonly number[] | undefined {
  if (values === undefined) return undefined
  const most = Math.min(MAX_VALUES, mostSteps)
  if (values.length < 1 || values.length > most) throw invalid(field, `${field} has 1 to ${most} numbers`)
  for (const [i, value] of values.entries())
    if (!Number.isFinite(value) || value < 0 || value >= (values[i - 1] ?? Infinity))
      throw invalid(field, `${field} is a list of numbers from 0, each below the one before`)
  if (steps !== undefined && steps !== values.length)
    throw invalid('steps', `steps is ${steps}, and ${field} has ${values.length}; leave steps out`)
  return values
}

function syntaxOf({ promptSyntax = 'plain' }: GenerationOrder, card: ModelCard): Pick<Sampling, 'prompt_syntax'> {
  if (!card.promptSyntaxes.includes(promptSyntax))
    throw invalid(
      'prompt_syntax',
      `model ${card.id} reads no such prompts; its syntaxes: ${card.promptSyntaxes.join(', ')}`,
    )
  return promptSyntax === 'plain' ? {} : { prompt_syntax: promptSyntax }
}

function rescaleOf({ guidanceRescale = 0 }: GenerationOrder, card: ModelCard): Pick<Sampling, 'guidance_rescale'> {
  const rescale = between(guidanceRescale, 'guidance_rescale', 0, 1)
  if (rescale === 0) return {}
  if (!card.guidanceRescale) throw invalid('guidance_rescale', `model ${card.id} has no guidance to rescale`)
  return { guidance_rescale: rescale }
}

function trueGuidanceOf(
  { trueGuidanceScale }: GenerationOrder,
  card: ModelCard,
): Pick<Sampling, 'true_guidance_scale'> {
  if (trueGuidanceScale === undefined) return {}
  if (!card.trueGuidance)
    throw invalid('true_guidance_scale', `model ${card.id} has no such thing; its guidance is guidance_scale`)
  return { true_guidance_scale: between(trueGuidanceScale, 'true_guidance_scale', 0, MAX_TRUE_GUIDANCE) }
}
