// A prompt on its way through CLIP: one chunk as diffusers cuts it, or, where the request asks for weights, as many as the webui makes.
// Each chunk is encoded apart and weighed; hidden states follow each other along the sequence, the projection is the first chunk's.
import { applyWeights, type Chunk, chunk, evenOut } from '../prompts/chunks.ts'
import type { ClipTokenizer } from '../prompts/clip-tokenizer.ts'
import { readWeights } from '../prompts/weights.ts'
import type { Module } from '../runtime/sessions.ts'
import type { PromptSyntax } from '../runtime/stepper.ts'
import type { Output } from '../runtime/tensors.ts'
import { take } from './text-encoders.ts'

export type ChunkedPrompt = { chunks: readonly Chunk[]; truncated: boolean }

/** Prompts as chunks, equally many of each. ModelError invalid_input, field `prompt`. */
export function chunksOf(
  tokenizer: ClipTokenizer,
  texts: readonly string[],
  syntax: PromptSyntax = 'plain',
): ChunkedPrompt[] {
  const read = texts.map((text) => (syntax === 'plain' ? plain(tokenizer, text) : weighted(tokenizer, text)))
  const [longest] = read.toSorted((a, b) => b.chunks.length - a.chunks.length)
  return read.map((one) => ({ ...one, chunks: evenOut(one.chunks, longest?.chunks ?? [], tokenizer)[0] }))
}

function plain(tokenizer: ClipTokenizer, text: string): ChunkedPrompt {
  const { ids, truncatedTokens } = tokenizer.encode(text)
  return { chunks: [{ ids, weights: ids.map(() => 1) }], truncated: truncatedTokens > 0 }
}

function weighted(tokenizer: ClipTokenizer, text: string): ChunkedPrompt {
  const { chunks, truncatedTokens } = chunk(readWeights(text), tokenizer)
  return { chunks, truncated: truncatedTokens > 0 }
}

/** Hidden states [1, chunks · length, width] by their output's name, and all outputs of the first chunk. ModelError nan, as the session. */
export async function encodeChunks(
  module: Pick<Module, 'run'>,
  { chunks }: ChunkedPrompt,
  hidden: string,
): Promise<{ hidden: Output; first: ReadonlyMap<string, Output> }> {
  const encoded: { states: Output; outputs: ReadonlyMap<string, Output> }[] = []
  for (const { ids, weights } of chunks) {
    const outputs = await module.run({ input_ids: { values: ids, dims: [1, ids.length] } })
    const states = take(outputs, hidden)
    applyWeights(states.values, weights, states.dims[2] ?? 0)
    encoded.push({ states, outputs })
  }
  const [first] = encoded
  if (first === undefined) throw new TypeError('a prompt has a chunk')
  return { hidden: joined(encoded.map(({ states }) => states)), first: first.outputs }
}

/** [1, length, width] of each to [1, all lengths, width]. */
function joined(parts: readonly Output[]): Output {
  const [first] = parts
  if (first === undefined || parts.length === 1) return first ?? { values: new Float32Array(0), dims: [1, 0, 0] }
  const [, length = 0, width = 0] = first.dims
  const values = new Float32Array(parts.length * length * width)
  for (const [i, part] of parts.entries()) values.set(part.values, i * length * width)
  return { values, dims: [1, parts.length * length, width] }
}
