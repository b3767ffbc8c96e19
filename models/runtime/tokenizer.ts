// The tokenizer of families with one CLIP text encoder and plain prompts; models/prompts/ has the others, weights and chunks.
import { openClipTokenizer } from '../prompts/clip-tokenizer.ts'
import type { Pack } from './pack.ts'

export type PromptTokenizer = {
  /** Token ids, exactly `length` of them; `truncated` when the prompt did not fit. ModelError invalid_input. */
  encode(prompt: string): { ids: number[]; truncated: boolean }
  readonly length: number
}

/** Opens <part>/ of a pack (usually `tokenizer`). ModelError: pack_missing, pack_corrupt, pack_unsupported. */
export async function openTokenizer(pack: Pack, part: string, length: number): Promise<PromptTokenizer> {
  const tokenizer = await openClipTokenizer(pack, part, length)
  return {
    length,
    encode(prompt) {
      const { ids, truncatedTokens } = tokenizer.encode(prompt)
      return { ids, truncated: truncatedTokens > 0 }
    },
  }
}
