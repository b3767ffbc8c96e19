// Prompts longer than a text encoder, as stable-diffusion-webui encodes them: chunks of length - 2 tokens, each between its own
// start and end, encoded apart and joined along the sequence. A BREAK closes a chunk early. A chunk that is full a little after
// a comma ends at the comma (webui's default of 20 tokens), so that no phrase of a list is torn; 0 switches that off.
// After encoding, weights scale each token's hidden state, and the whole chunk is brought back to its old mean.
import type { ClipTokenizer } from './clip-tokenizer.ts'
import { wrong } from './prompt-text.ts'
import type { Piece } from './weights.ts'

/** Exactly the tokenizer's `length` ids, and a weight for each; 1 at start, end and padding. */
export type Chunk = { ids: number[]; weights: number[] }

export type ChunkOptions = {
  /** Chunks beyond these are cut, and their tokens counted as truncated. */
  maxChunks?: number
  /** A comma at most this many tokens before the end of a full chunk ends it. */
  commaBacktrack?: number
}

type Marks = Pick<ClipTokenizer, 'length' | 'start' | 'end' | 'pad'>
type Token = { id: number; weight: number }

const MOST_CHUNKS = 4
const COMMA_BACKTRACK = 20
/** Beyond it float32 hidden states soon are no numbers; pictures fall apart long before. */
export const MOST_WEIGHT = 1_000

/** At least one chunk. ModelError invalid_input, field `prompt`: a text that is none, a weight beyond 1,000. */
export function chunk(
  pieces: readonly Piece[],
  tokenizer: Marks & Pick<ClipTokenizer, 'comma' | 'tokens'>,
  { maxChunks = MOST_CHUNKS, commaBacktrack = COMMA_BACKTRACK }: ChunkOptions = {},
): { chunks: Chunk[]; truncatedTokens: number } {
  const room = tokenizer.length - 2
  const full: Token[][] = []
  let now: Token[] = []
  let comma = -1
  const close = (carried: Token[] = []) => {
    full.push(now)
    now = carried
    comma = -1
  }
  for (const piece of pieces) {
    if (piece === 'BREAK') {
      close()
      continue
    }
    if (!(Math.abs(piece.weight) <= MOST_WEIGHT)) throw wrong(`a weight of more than ${MOST_WEIGHT}`)
    for (const id of tokenizer.tokens(piece.text)) {
      if (id === tokenizer.comma) comma = now.length
      // What follows the last comma moves to the next chunk, unless that comma is the one that finds no room.
      if (now.length === room) close(comma >= 0 && room - comma <= commaBacktrack ? now.splice(comma + 1) : [])
      now.push({ id, weight: piece.weight })
    }
  }
  if (now.length > 0 || full.length === 0) close()
  return {
    chunks: full.slice(0, maxChunks).map((tokens) => marked(tokens, tokenizer)),
    truncatedTokens: full.slice(maxChunks).reduce((sum, tokens) => sum + tokens.length, 0),
  }
}

/** Adds empty chunks to the shorter, so that prompt and negative prompt are equally long. */
export function evenOut(one: readonly Chunk[], other: readonly Chunk[], marks: Marks): [Chunk[], Chunk[]] {
  const count = Math.max(one.length, other.length)
  const filled = (chunks: readonly Chunk[]) => [
    ...chunks,
    ...Array.from({ length: count - chunks.length }, () => marked([], marks)),
  ]
  return [filled(one), filled(other)]
}

/**
 * Weighs one chunk's hidden states [weights.length, width] in place and restores their mean. Weights of 1 change no bit.
 * Where the weighted mean is 0, so that no factor restores it, the states stay as weighted.
 */
export function applyWeights(hidden: Float32Array, weights: readonly number[], width: number): void {
  if (hidden.length !== weights.length * width)
    throw new RangeError(`${hidden.length} hidden values for ${weights.length} weights of width ${width}`)
  if (weights.every((weight) => weight === 1)) return
  const before = sum(hidden)
  for (const [row, weight] of weights.entries()) scale(hidden.subarray(row * width, (row + 1) * width), weight)
  const after = sum(hidden)
  if (after !== 0) scale(hidden, before / after)
}

function scale(values: Float32Array, factor: number): void {
  for (const [i, value] of values.entries()) values[i] = value * factor
}

function sum(values: Float32Array): number {
  return values.reduce((total, value) => total + value, 0)
}

function marked(tokens: readonly Token[], { length, start, end, pad }: Marks): Chunk {
  const ids = [start, ...tokens.map(({ id }) => id), end]
  const weights = [1, ...tokens.map(({ weight }) => weight), 1]
  const left = length - ids.length
  return {
    ids: [...ids, ...Array.from({ length: left }, () => pad)],
    weights: [...weights, ...Array.from({ length: left }, () => 1)],
  }
}
