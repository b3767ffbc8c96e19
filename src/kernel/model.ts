// What a model is to the stages: a card to validate against and functions to call. The packs and sessions behind them belong to
// models/ and the inference child.

import type { Fault } from './fault.ts'
import type { SchedulerOptions } from './sampling.ts'

export type Size = { width: number; height: number }
export type Quality = 'low' | 'medium' | 'high'
/** Make a picture of nothing, change a given one, paint anew what a mask gives free. */
export type Operation = 'generate' | 'edit' | 'inpaint'

/** plain: every character counts. weighted: `(x:1.2)`, `[x]` and BREAK, and prompts of several chunks. */
export type PromptSyntax = 'plain' | 'weighted'

/** A schedule as it is asked for. */
export type Plan = Size & {
  scheduler: string
  /** What is changed of its configuration. */
  schedulerOptions?: SchedulerOptions | undefined
  steps: number
  /** Of one's own choice, descending, in the place of `steps` that the scheduler spaces. */
  timesteps?: readonly number[] | undefined
  sigmas?: readonly number[] | undefined
}

/** A weighted prompt as its words may be read, without its syntax. */
export type ReadWeighted = (prompt: string) => {
  texts: readonly string[]
  /** A weight beyond what any model takes. */
  tooHeavy: boolean
}

/** What a pack says of itself; served by GET /v1/models and used to check a request. */
export type ModelCard = {
  id: string
  version: string
  /** SHA-256 of the pack's manifest, which holds the digest of every file. */
  digest: string
  licence: string
  sizes: { default: Size; supported: readonly Size[]; factor: number }
  quality: Readonly<Record<Quality, { steps: number }>>
  guidanceScale: number
  scheduler: string
  schedulers: readonly string[]
  promptTokens: number
  promptSyntaxes: readonly PromptSyntax[]
  /** Whether it reads a negative prompt: with guidance, or true guidance, above 1. */
  negativePrompt: boolean
  /** Whether guidance can be brought back to the prompted prediction's deviation. */
  guidanceRescale: boolean
  /** Whether it has guidance by the negative prompt beside a guidance scale that is an input. */
  trueGuidance: boolean
  /** Why a plan cannot be made, by the field that stands in its way; null when it can. */
  refusePlan: (plan: Plan) => { field: string; detail: string } | null
  /** What its files allow: an edit needs an encoder, an inpainting UNet does nothing else. */
  operations: readonly Operation[]
  /** Packs that classify this model's pictures. None: every image is held for a person. */
  classifiers: readonly string[]
  createdAt: Date
}

/** 8-bit RGB, rows from the top, width × height × 3 bytes. */
export type Picture = { width: number; height: number; rgb: Uint8Array }

/** Where an edit starts from, in place of noise alone. */
export type Start = {
  /** Of the order's own size. */
  picture: Picture
  /** One byte a pixel: 255 is painted anew, 0 is kept. Null: the whole picture changes. */
  mask: Uint8Array | null
  /** (0, 1]: the share of the steps that is taken; 1 forgets the picture. */
  strength: number
}

/** What a sample looks like on its way, decoded from its real latents and scored as a finished picture would be. */
export type Preview = {
  /** From 0. */
  index: number
  picture: Picture
  /** What each classifier of the model said; null: the model has none. */
  scores: readonly ({ id: string } & Classification)[] | null
}

export type SampleOrder = {
  id: string
  prompt: string
  negativePrompt: string
  seed: number
  width: number
  height: number
  steps: number
  guidanceScale: number
  scheduler: string
  schedulerOptions?: SchedulerOptions
  /** Plain unless said. */
  promptSyntax?: PromptSyntax
  guidanceRescale?: number
  trueGuidanceScale?: number
  /** Timesteps or noise levels of the order's own choice. */
  custom?: Pick<Plan, 'timesteps' | 'sigmas'>
  start?: Start
  /** Previews wanted on the way, evenly spread over the steps; 0 unless said. */
  previews?: number
}

/** How a picture was made, beyond its order. A rehearsal has no model, so it knows only its provider. */
export type Made = {
  /** The prompt was longer than the model reads. */
  truncated: boolean
  provider: string
  /** What the denoiser computes with, and the runtime that computes it with its version. */
  dtype?: string
  runtime?: string
  /** SHA-256 of the scheduler's configuration in the pack. */
  schedulerConfig?: string
  /** Rows of every call of the denoiser; absent where there were as many as there were. */
  slotRows?: number
}

export type GenerateHooks = {
  onStep: (step: number, total: number) => void
  /** Called once per finished sample, in order; the next is not delivered before it resolves. */
  onPicture: (id: string, picture: Picture, made: Made) => Promise<void>
  /** Never waited for: a preview that is late is dropped. */
  onPreview?: (id: string, preview: Preview) => void
  /** A sample that failed alone; the others go on, and the call does not throw for it. */
  onFailure: (id: string, fault: Fault) => void
  signal: AbortSignal
}

/** Renders the samples on the device. Faults: nan, out_of_memory, timeout, model_error, cancelled, pack_corrupt. */
export type Generate = (modelId: string, samples: readonly SampleOrder[], hooks: GenerateHooks) => Promise<void>

/** Calibrated scores in [0, 1] by policy category, and the classifier that gave them. */
export type Classification = { version: string; digest: string; categories: Record<string, number> }

export type Classify = (classifierId: string, picture: Picture) => Promise<Classification>
