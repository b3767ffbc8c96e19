// A body as an order: the wire's names become ours, null becomes absent. Nothing is decided here.
import type { GenerationOrder } from '../admit/order.ts'
import type { NewGeneration } from './schemas.ts'

export function orderOf(body: NewGeneration): GenerationOrder {
  return {
    prompt: body.prompt,
    negativePrompt: body.negative_prompt ?? undefined,
    model: body.model ?? undefined,
    n: body.n ?? undefined,
    size: body.size ?? undefined,
    quality: body.quality ?? undefined,
    steps: body.steps ?? undefined,
    guidanceScale: body.guidance_scale ?? undefined,
    scheduler: body.scheduler ?? undefined,
    seed: body.seed ?? undefined,
    outputFormat: body.output_format ?? undefined,
    outputCompression: body.output_compression ?? undefined,
    purpose: body.purpose ?? undefined,
    user: body.user ?? undefined,
  }
}
