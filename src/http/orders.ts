// A body as an order: the wire's names become ours, null becomes absent. Nothing is decided here; openai-orders.ts adds what only
// OpenAI's calls may say.
import type { GenerationOrder } from '../admit/order.ts'
import type { OutputFormat } from '../kernel/tables.ts'
import type { NewGeneration } from './schemas.ts'

type Shared = Pick<NewGeneration, 'prompt' | 'model' | 'n' | 'size' | 'output_compression' | 'user'> & {
  output_format?: OutputFormat | null | undefined
}

/** What both APIs call by the same name. */
export function sharedOrder(body: Shared): GenerationOrder {
  return {
    prompt: body.prompt,
    model: body.model ?? undefined,
    n: body.n ?? undefined,
    size: body.size ?? undefined,
    outputFormat: body.output_format ?? undefined,
    outputCompression: body.output_compression ?? undefined,
    user: body.user ?? undefined,
  }
}

export function orderOf(body: NewGeneration): GenerationOrder {
  return {
    ...sharedOrder(body),
    negativePrompt: body.negative_prompt ?? undefined,
    quality: body.quality ?? undefined,
    steps: body.steps ?? undefined,
    guidanceScale: body.guidance_scale ?? undefined,
    scheduler: body.scheduler ?? undefined,
    schedulerOptions: body.scheduler_options ?? undefined,
    promptSyntax: body.prompt_syntax ?? undefined,
    guidanceRescale: body.guidance_rescale ?? undefined,
    trueGuidanceScale: body.true_guidance_scale ?? undefined,
    timesteps: body.timesteps ?? undefined,
    sigmas: body.sigmas ?? undefined,
    seed: body.seed ?? undefined,
    purpose: body.purpose ?? undefined,
    previews: body.previews ?? undefined,
    label: body.label ?? undefined,
  }
}
