// What a caller may ask for, checked against the model's card and the service's limits. Nothing is corrected silently: what cannot
// be done is refused by the name of its field, and what was left out comes from the card.
import { randomInt } from 'node:crypto'
import type { Config } from '../kernel/config.ts'
import { Fault } from '../kernel/fault.ts'
import type { ModelCard, Operation, PromptSyntax, Quality, Size } from '../kernel/model.ts'
import type { Sampling, SchedulerOptions } from '../kernel/sampling.ts'
import type { OutputFormat } from '../kernel/tables.ts'
import { MAX_USER_CHARACTERS } from '../tenant/users.ts'
import { between, invalid, whole } from './bounds.ts'
import { requireNegative } from './negative-prompt.ts'
import { scheduleOf } from './sampling.ts'

/** As it arrives, its shape already checked. Absent: the model's default. */
export type GenerationOrder = {
  prompt: string
  negativePrompt?: string | undefined
  model?: string | undefined
  n?: number | undefined
  /** `auto` or `WIDTHxHEIGHT`. */
  size?: string | undefined
  quality?: Quality | 'auto' | undefined
  steps?: number | undefined
  guidanceScale?: number | undefined
  scheduler?: string | undefined
  /** What is changed of the scheduler's configuration, by diffusers' names. */
  schedulerOptions?: SchedulerOptions | undefined
  promptSyntax?: PromptSyntax | undefined
  guidanceRescale?: number | undefined
  trueGuidanceScale?: number | undefined
  /** Of one's own choice, descending; not both. `steps` is their number. */
  timesteps?: readonly number[] | undefined
  sigmas?: readonly number[] | undefined
  seed?: number | undefined
  outputFormat?: OutputFormat | undefined
  outputCompression?: number | undefined
  /** Pictures on the way, 0-3 an image; none unless asked for. */
  previews?: number | undefined
  /** A visible label on each picture. */
  label?: boolean | undefined
  background?: 'transparent' | 'opaque' | 'auto' | undefined
  purpose?: string | undefined
  user?: string | undefined
  /** What it starts from: with another picture it is another order. */
  edit?: { inputs: readonly string[]; strength: number | null; fidelity: 'low' | 'high' } | undefined
}

/** Everything decided: two recipes that are equal make equal pictures on one device. */
export type Recipe = {
  card: ModelCard
  prompt: string
  negativePrompt: string | null
  size: Size
  quality: Quality
  steps: number
  guidanceScale: number
  scheduler: string
  sampling: Sampling
  seed: number
  n: number
  outputFormat: OutputFormat
  /** 0-100; null where the format has none. */
  outputCompression: number | null
  previews: number
  label: boolean
  purpose: string | null
  user: string | null
}

/** Seeds are 32-bit and unsigned; image i of a request has seed + i, which wraps. */
export const SEEDS = 2 ** 32
const MAX_GUIDANCE = 30
const MAX_PREVIEWS = 3

type Limits = Pick<Config['limits'], 'promptCharacters' | 'imagesPerRequest' | 'steps'>

/** Faults: invalid_request and model_unknown, each with its field. */
export function checkOrder(
  order: GenerationOrder,
  models: readonly ModelCard[],
  defaultModel: string,
  limits: Limits,
  operation: Operation = 'generate',
  labels: Config['label']['policy'] = 'request',
): Recipe {
  const card = cardFor(order.model ?? defaultModel, models)
  requireOperation(card, operation, models)
  const quality = order.quality === undefined || order.quality === 'auto' ? 'medium' : order.quality
  const outputFormat = order.outputFormat ?? 'png'
  const size = sizeOf(order.size ?? 'auto', card)
  requireNegative(order, card)
  if (order.background === 'transparent')
    throw invalid('background', `model ${card.id} cannot draw a transparent background`)
  return {
    card,
    prompt: promptOf(order.prompt, limits.promptCharacters),
    negativePrompt: order.negativePrompt
      ? text(order.negativePrompt, 'negative_prompt', limits.promptCharacters)
      : null,
    size,
    quality,
    guidanceScale: between(order.guidanceScale ?? card.guidanceScale, 'guidance_scale', 0, MAX_GUIDANCE),
    ...scheduleOf(order, card, { size, quality, mostSteps: limits.steps }),
    seed: whole(order.seed ?? randomInt(SEEDS), 'seed', 0, SEEDS - 1),
    n: whole(order.n ?? 1, 'n', 1, limits.imagesPerRequest),
    outputFormat,
    outputCompression: compressionOf(order.outputCompression, outputFormat),
    previews: whole(order.previews ?? 0, 'previews', 0, MAX_PREVIEWS),
    label: labelOf(order.label, labels),
    purpose: order.purpose ?? null,
    user: order.user ? text(order.user, 'user', MAX_USER_CHARACTERS) : null,
  }
}

function cardFor(id: string, models: readonly ModelCard[]): ModelCard {
  const card = models.find((one) => one.id === id)
  if (card !== undefined) return card
  const known = models.map((one) => one.id).join(', ') || 'none'
  throw new Fault('model_unknown', { field: 'model', detail: `there is no such model; models here: ${known}` })
}

const CANNOT = {
  generate: 'draws only what it is given a picture and a mask for',
  edit: 'cannot edit a picture as a whole',
  inpaint: 'cannot edit by a mask',
} as const satisfies Record<Operation, string>

function requireOperation(card: ModelCard, operation: Operation, models: readonly ModelCard[]): void {
  if (card.operations.includes(operation)) return
  const able = models.filter((one) => one.operations.includes(operation)).map((one) => one.id)
  const others = able.length === 0 ? 'no model here can' : `models that can: ${able.join(', ')}`
  throw invalid('model', `model ${card.id} ${CANNOT[operation]}; ${others}`)
}

function promptOf(prompt: string, limit: number): string {
  // Spaces and characters that nobody sees say nothing.
  if (prompt.replace(/[\s\p{Cf}]/gu, '') === '') throw invalid('prompt', 'the prompt is empty')
  return text(prompt, 'prompt', limit)
}

function text(value: string, field: string, limit: number): string {
  // A string has at most as many characters as UTF-16 units; counting is only needed above the limit.
  const length = value.length > limit ? [...value].length : value.length
  if (length > limit) throw invalid(field, `${field} has ${length} characters; at most ${limit} are read`)
  if (value.includes('\0') || !value.isWellFormed())
    throw invalid(field, `${field} has a character that is not text (U+0000 or half a surrogate pair)`)
  return value
}

function sizeOf(size: string, card: ModelCard): Size {
  if (size === 'auto') return card.sizes.default
  const [, width, height] = /^([1-9]\d{0,4})x([1-9]\d{0,4})$/.exec(size) ?? []
  const found = card.sizes.supported.find((one) => String(one.width) === width && String(one.height) === height)
  if (found !== undefined) return found
  const known = card.sizes.supported.map(sizeText).join(', ')
  throw invalid('size', `model ${card.id} cannot draw this size; its sizes: auto, ${known}`)
}

export function sizeText({ width, height }: Size): string {
  return `${width}x${height}`
}

function compressionOf(compression: number | undefined, format: OutputFormat): number | null {
  if (format === 'png') {
    if (compression === undefined) return null
    throw invalid('output_compression', 'output_compression needs output_format jpeg or webp')
  }
  return whole(compression ?? 100, 'output_compression', 0, 100)
}

function labelOf(label: boolean | undefined, policy: Config['label']['policy']): boolean {
  if (policy === 'always' && label === false) throw invalid('label', 'every picture here carries a visible label')
  return policy === 'always' || label === true
}
