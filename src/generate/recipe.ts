// How a picture was made: enough to make it again on a device of the same kind, and to say why another kind gives another one. It
// goes into the facts of the picture's move and onto its row. Of an edit's inputs it holds salted digests, never pixels.
import type { Made } from '../kernel/model.ts'
import { type Sampling, samplingOf } from '../kernel/sampling.ts'
import type { Order } from './records.ts'
import type { StartDigests } from './start.ts'

export type Recipe = {
  model: string
  model_version: string
  /** SHA-256 of the pack's manifest. */
  pack: string
  operation: Order['operation']
  scheduler: string
  /** SHA-256 of the scheduler's configuration in the pack. */
  scheduler_config: string | null
  provider: string
  dtype: string | null
  runtime: string | null
  /** Rows of every call of the denoiser; null: as many as there were, which on a GPU may show in the last bits. */
  slot_rows: number | null
  steps: number
  guidance_scale: number
  /** What the order asked of sampling beyond these; null: nothing. */
  sampling: Sampling | null
  seed: number
  /** WIDTHxHEIGHT */
  size: string
  start: { image: string; mask: string | null; strength: number | null } | null
}

export function recipeOf(order: Order, seed: number, made: Made, start: StartDigests | null): Recipe {
  return {
    model: order.model,
    model_version: order.model_version,
    pack: order.pack_digest,
    operation: order.operation,
    scheduler: order.scheduler,
    scheduler_config: made.schedulerConfig ?? null,
    provider: made.provider,
    dtype: made.dtype ?? null,
    runtime: made.runtime ?? null,
    slot_rows: made.slotRows ?? null,
    steps: order.steps,
    guidance_scale: order.guidance_scale,
    sampling: order.sampling === null ? null : samplingOf(order.sampling),
    seed,
    size: `${order.width}x${order.height}`,
    start: start && { ...start, strength: order.strength },
  }
}
