// What a model is to the stages: a card to validate against and functions to call. The packs and sessions behind them belong to
// models/ and the inference child.

import type { Fault } from './fault.ts'

export type Size = { width: number; height: number }
export type Quality = 'low' | 'medium' | 'high'

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
  /** Packs that classify this model's pictures. None: every image is held for a person. */
  classifiers: readonly string[]
  createdAt: Date
}

/** 8-bit RGB, rows from the top, width × height × 3 bytes. */
export type Picture = { width: number; height: number; rgb: Uint8Array }

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
}

export type GenerateHooks = {
  onStep: (step: number, total: number) => void
  /** Called once per finished sample, in order; the next is not delivered before it resolves. */
  onPicture: (id: string, picture: Picture, made: { truncated: boolean; provider: string }) => Promise<void>
  /** A sample that failed alone; the others go on, and the call does not throw for it. */
  onFailure: (id: string, fault: Fault) => void
  signal: AbortSignal
}

/** Renders the samples on the device. Faults: nan, out_of_memory, timeout, model_error, cancelled, pack_corrupt. */
export type Generate = (modelId: string, samples: readonly SampleOrder[], hooks: GenerateHooks) => Promise<void>

/** Calibrated scores in [0, 1] by policy category. */
export type Classify = (
  classifierId: string,
  picture: Picture,
) => Promise<{
  version: string
  digest: string
  categories: Record<string, number>
}>
