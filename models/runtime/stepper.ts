// The stepper: how any family generates. prepare -> step, as often as the sample has steps -> finish; preview in between.
// Every sample carries its own step, timestep and scheduler memory, so samples of different age share one model call,
// join and leave between steps, and are previewed, preempted or cancelled there. There is no closed loop to be inside of.
import type { SchedulerOptions } from '../schedulers/planners.ts'
import type { Custom, SchedulerName } from '../schedulers/scheduler.ts'
import type { ModelError } from './error.ts'
import type { Size } from './manifest.ts'

/** Where an edit starts from, in place of noise alone. */
export type Start = {
  /** Of the request's own size. Requests that share one object share its encoding. Null: `latents` stand for it. */
  picture: Rgb | null
  /** Latents of the request's size in the place of the picture's encoding, as another model of the same autoencoder left them. */
  latents?: Float32Array | undefined
  /** One byte a pixel: 255 is painted anew, 0 is kept. Null: the whole picture changes. */
  mask: Uint8Array | null
  /** (0, 1]: the share of the steps that is taken. */
  strength: number
}

/** What an SDXL model was told in training of a picture's size, its cut and its beauty. Of the request's size unless said. */
export type MicroConditioning = {
  originalSize?: Size | undefined
  /** In pixels; from 0, 0 unless said. */
  cropsTopLeft?: { top: number; left: number } | undefined
  targetSize?: Size | undefined
  /** The same for the negative prompt. */
  negativeOriginalSize?: Size | undefined
  negativeCropsTopLeft?: { top: number; left: number } | undefined
  negativeTargetSize?: Size | undefined
  /** A refiner's: 6 and 2.5 unless said. */
  aestheticScore?: number | undefined
  negativeAestheticScore?: number | undefined
  /** `encoded`: an empty negative prompt is encoded like any other, also where the model zeroes it. */
  emptyNegative?: 'zeros' | 'encoded' | undefined
}

/**
 * plain: every character counts, and what a text encoder does not read is cut, as in diffusers. weighted: `(x:1.2)`, `[x]` and BREAK
 * as the webui reads them, and prompts of several chunks.
 */
export type PromptSyntax = 'plain' | 'weighted'

export type SampleRequest = {
  id: string
  prompt: string
  /** Empty: none, as diffusers' call without one, which some models take as zeros (see `conditioning.emptyNegative`). */
  negativePrompt: string
  /** Plain unless said. */
  promptSyntax?: PromptSyntax | undefined
  /** As torch.manual_seed: the low 32 bits count. */
  seed: number
  /** Pixels. */
  width: number
  height: number
  steps: number
  /** Classifier-free guidance; 1 or less switches it off. */
  guidanceScale: number
  /**
   * Classifier-free guidance by the negative prompt where `guidanceScale` is an input of the model (FLUX); 1 or less, and none
   * said, switches it off.
   */
  trueGuidanceScale?: number | undefined
  /** From 0, which is none, to 1: how far guidance is brought back to the prompted prediction's own deviation. */
  guidanceRescale?: number | undefined
  scheduler?: SchedulerName | undefined
  /** What is changed of the scheduler's configuration. */
  schedulerOptions?: SchedulerOptions | undefined
  /** Timesteps or noise levels of one's own choice. */
  custom?: Pick<Custom, 'timesteps' | 'sigmas'> | undefined
  start?: Start | undefined
  conditioning?: MicroConditioning | undefined
  /**
   * Which part of the noise is taken away, as shares of it above 0 and below 1: up to `end`, so that another model goes on with
   * the sample's latents; from `start`, where `start.latents` or the picture carry the noise that is left, and strength is nothing.
   */
  denoising?: { start?: number | undefined; end?: number | undefined } | undefined
  /** Previews, evenly spread over the steps; none unless said. */
  previews?: number | undefined
}

/** RGB, eight bits, row-major, no padding. */
export type Rgb = { width: number; height: number; rgb: Uint8Array }
export type Picture = Rgb & {
  id: string
  /** The prompt, or the negative prompt, was longer than the model reads. */
  truncated: boolean
}

/** What any family's sample has; the rest is the family's own. */
export type Sample = {
  readonly id: string
  /** Steps to take in all; those taken. */
  readonly total: number
  index: number
  /** Why this sample can go no further. Others in its batch are not touched. */
  failure: ModelError | null
  /** Previews that are due, oldest first: clean latents as the model saw them at their step. `preview` takes one away. */
  readonly previews: PendingPreview[]
}

export type PendingPreview = { readonly index: number; readonly latents: Float32Array }

export type Stepper<S extends Sample> = {
  /** Encodes prompts, draws the first latents. ModelError invalid_input (a field), out_of_memory, model_error. */
  prepare(requests: readonly SampleRequest[]): Promise<S[]>
  /** Takes each sample one step further; compatible ones share a model call. A sample's own trouble goes to `failure`. */
  step(samples: readonly S[]): Promise<void>
  /** Decodes. ModelError nan, out_of_memory, model_error. */
  finish(sample: S): Promise<Picture>
  /** Decodes the oldest preview that is due; null when none is. The sample itself is not touched. ModelError as finish. */
  preview(sample: S): Promise<{ index: number; picture: Rgb } | null>
}

/** A step may be taken: not failed, not done. */
export function isRunning(sample: Sample): boolean {
  return sample.failure === null && sample.index < sample.total
}

/** After which of `total` steps `count` previews are due: evenly spread, never after the last; fewer where steps are few. */
export function previewSteps(total: number, count: number): number[] {
  const steps = Array.from({ length: count }, (_, i) => Math.round(((i + 1) * total) / (count + 1)))
  return [...new Set(steps)].filter((step) => step >= 1 && step < total)
}

/** Groups by key, in order of first appearance. */
export function groupBy<T>(items: readonly T[], key: (item: T) => string): T[][] {
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const group = groups.get(key(item))
    if (group) group.push(item)
    else groups.set(key(item), [item])
  }
  return [...groups.values()]
}
