// What of a prompt no tokenizer reads, and how token ids are cut and filled up to a text encoder's fixed length.
// Python's tokenizers cannot take an unpaired surrogate at all. ICU orders combining marks in quadratic time, so a long run of
// them is refused too; everything else, NUL and control characters included, is read as Python reads it.
import { ModelError } from '../runtime/error.ts'

/** UTF-16 code units, so that 100,000 characters of any plane fit. */
export const MOST_CODE_UNITS = 200_000
const MOST_MARKS = 1_000

/** ModelError invalid_input, field `prompt`: too long, no Unicode text, or a character under a heap of combining marks. */
export function checkPrompt(text: string, mostCodeUnits: number): void {
  if (text.length > mostCodeUnits) throw wrong(`longer than ${mostCodeUnits} UTF-16 code units`)
  if (!text.isWellFormed()) throw wrong('half of a surrogate pair, which is no character')
  if (longestRun(text, /\p{M}+/gu) > MOST_MARKS) throw wrong(`more than ${MOST_MARKS} combining marks in a row`)
}

function longestRun(text: string, runs: RegExp): number {
  let most = 0
  for (const [run] of text.matchAll(runs)) if (run.length > most) most = Math.max(most, [...run].length)
  return most
}

export function wrong(why: string): ModelError {
  return new ModelError('invalid_input', `prompt: ${why}`, { field: 'prompt' })
}

export type Room = { length: number; before: readonly number[]; after: readonly number[]; pad: number }

/** Puts `tokens` between the marks before and after, cut to fit, and pads to exactly `length`; `used` are not padding. */
export function fit(tokens: readonly number[], { length, before, after, pad }: Room) {
  const kept = tokens.slice(0, length - before.length - after.length)
  const marked = [...before, ...kept, ...after]
  return {
    ids: [...marked, ...Array.from({ length: length - marked.length }, () => pad)],
    used: marked.length,
    truncatedTokens: tokens.length - kept.length,
  }
}
