// A prompt as SDXL reads it: each encoder's hidden states before its last layer, side by side, and the last encoder's projection.
// A base model has two encoders; a refiner has the second alone. Source: diffusers StableDiffusionXLPipeline.encode_prompt.
import type { ClipTokenizer } from '../prompts/clip-tokenizer.ts'
import { ModelError } from '../runtime/error.ts'
import type { Module } from '../runtime/sessions.ts'
import type { PromptSyntax } from '../runtime/stepper.ts'
import type { Output } from '../runtime/tensors.ts'
import { type ChunkedPrompt, chunksOf, encodeChunks } from './chunked.ts'
import { take } from './text-encoders.ts'

export type SdxlEncoder = {
  tokenizer: ClipTokenizer
  module: Pick<Module, 'run'>
  /** Its output [1, length, width]: the hidden states before the last layer. */
  hidden: string
  /** Its output [1, width]; null where only the other's is read. */
  pooled: string | null
}

export type Prompt = {
  /** [1, length, the widths of all encoders] */
  embedding: Output
  /** [1, width] */
  pooled: Output
  truncated: boolean
}

/** Prompts of equal length; equal ones once, by `known`. ModelError invalid_input (field `prompt`), nan, as the sessions. */
export async function encodePrompts(
  encoders: readonly SdxlEncoder[],
  texts: readonly string[],
  syntax: PromptSyntax | undefined,
  known: Map<string, Prompt>,
): Promise<Prompt[]> {
  const read = encoders.map(({ tokenizer }) => chunksOf(tokenizer, texts, syntax))
  const prompts: Prompt[] = []
  for (const i of texts.keys()) {
    const own = read.flatMap((prompt) => prompt[i] ?? [])
    const key = JSON.stringify(own.map(({ chunks }) => chunks))
    const prompt = known.get(key) ?? (await encodePrompt(encoders, own))
    known.set(key, prompt)
    prompts.push(prompt)
  }
  return prompts
}

async function encodePrompt(encoders: readonly SdxlEncoder[], read: readonly ChunkedPrompt[]): Promise<Prompt> {
  const hidden: Output[] = []
  let pooled: Output | null = null
  for (const [i, encoder] of encoders.entries()) {
    const prompt = read[i]
    if (prompt === undefined) throw new TypeError('every encoder has read the prompt')
    const encoded = await encodeChunks(encoder.module, prompt, encoder.hidden)
    hidden.push(encoded.hidden)
    if (encoder.pooled !== null) pooled = take(encoded.first, encoder.pooled)
  }
  if (pooled === null) throw new TypeError('the last encoder projects')
  return { embedding: sideBySide(hidden), pooled, truncated: read.some(({ truncated }) => truncated) }
}

/** The prompt that a model knows as none. */
export function zeroed({ embedding, pooled }: Prompt): Prompt {
  const zeros = ({ values, dims }: Output): Output => ({ values: new Float32Array(values.length), dims })
  return { embedding: zeros(embedding), pooled: zeros(pooled), truncated: false }
}

/** [1, length, width] of each to [1, length, all widths]. */
function sideBySide(parts: readonly Output[]): Output {
  const [, length = 0] = parts[0]?.dims ?? []
  const widths = parts.map(({ dims }) => dims[2] ?? 0)
  if (parts.some(({ dims }) => dims.length !== 3 || dims[1] !== length))
    throw new ModelError('pack_unsupported', 'the text encoders return hidden states of different lengths', {
      field: 'hidden_states',
    })
  const width = widths.reduce((sum, one) => sum + one, 0)
  const values = new Float32Array(length * width)
  let left = 0
  for (const [i, part] of parts.entries()) {
    const own = widths[i] ?? 0
    for (let row = 0; row < length; row++)
      values.set(part.values.subarray(row * own, (row + 1) * own), row * width + left)
    left += own
  }
  return { values, dims: [1, length, width] }
}
