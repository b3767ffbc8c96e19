// The words of a weighted prompt without its syntax, for whoever judges what is asked for. A piece is encoded apart from its neighbours,
// so `(mass:1.1)acre` may be read as one word or as two, and `(nu:1.1)de(child)` cut anywhere: each reading is given. Linear time.
import { MOST_WEIGHT } from './chunks.ts'
import { readWeights } from './weights.ts'

export type Readings = {
  texts: readonly string[]
  /** A weight beyond what any model here takes. */
  tooHeavy: boolean
}

// No prompt has it: it is where one piece ends and the next begins.
const SEAM = '\0'

/**
 * Joined, as a person reads it; apart, as a text encoder is given it; and letter by letter where pieces touch, for readers who know
 * words.
 */
export function readingsOf(prompt: string): Readings {
  const pieces = readWeights(prompt.replaceAll(SEAM, ' '))
  const marked = pieces.map((piece) => (piece === 'BREAK' ? ' ' : piece.text)).join(SEAM)
  const spelled = marked.split(/(\s+)/).map((word) => (word.includes(SEAM) ? letterByLetter(word) : word))
  return {
    texts: [marked.replaceAll(SEAM, ''), marked.replaceAll(SEAM, ' '), spelled.join('')],
    tooHeavy: pieces.some((piece) => piece !== 'BREAK' && !(Math.abs(piece.weight) <= MOST_WEIGHT)),
  }
}

/** Wider apart from what is around it than its letters are from each other. */
function letterByLetter(word: string): string {
  const letters =
    word
      .replaceAll(SEAM, '')
      .normalize('NFC')
      .match(/\P{M}\p{M}*/gu) ?? []
  return `  ${letters.join(' ')}  `
}
