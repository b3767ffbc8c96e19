// The phrase language of a policy, and its parser. It has no regular expressions, so no phrase can be slow.
//   gore            the word            decapitat*      every word that begins so (four letters at least)
//   gun|pistol      either word         gory?           a word that may be left out
//   gun ~3 child    up to three other words between
// A phrase becomes a short list of steps over words; book.ts finds them in a text.
import { foldText } from './fold.ts'

/** One word of a phrase: exact words, beginnings of words, and how many other words may stand before it. */
export type Step = { readonly words: readonly string[]; readonly prefixes: readonly string[]; readonly gap: number }

export type ParsedPhrase = { readonly ok: true; readonly variants: readonly (readonly Step[])[] }
export type PhraseProblem = { readonly ok: false; readonly reason: string }

const MAX_STEPS = 12
const MAX_GAPS = 2
const MAX_GAP_WORDS = 8
const MIN_PREFIX = 4
const WORD = /^[\p{L}\p{N}\p{M}]+$/u
const SINGLE_TOKEN_SCRIPT = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u

/** Parses one phrase; `variants` has one entry per combination of its optional words. */
export function parsePhrase(source: string): ParsedPhrase | PhraseProblem {
  const parts = foldText(source).trim().split(/\s+/)
  let variants: Step[][] = [[]]
  let gap = 0
  let gaps = 0
  for (const [index, part] of parts.entries()) {
    const distance = /^~(\d+)$/.exec(part)
    if (distance !== null) {
      if (gap > 0 || index === 0 || index === parts.length - 1) return bad('a gap stands between two words')
      gap = Number(distance[1])
      gaps++
      if (gap < 1 || gap > MAX_GAP_WORDS) return bad(`a gap is 1 to ${MAX_GAP_WORDS} words`)
      continue
    }
    const optional = part.endsWith('?')
    if (optional && (index === 0 || index === parts.length - 1 || gap > 0))
      return bad('a word that may be left out stands inside the phrase, not at its ends or after a gap')
    const step = parseStep(optional ? part.slice(0, -1) : part, gap)
    if ('reason' in step) return step
    gap = 0
    const extended = variants.map((steps) => [...steps, step])
    variants = optional ? [...variants, ...extended] : extended
  }
  if (gaps > MAX_GAPS) return bad(`a phrase has at most ${MAX_GAPS} gaps`)
  if (parts.length > MAX_STEPS) return bad(`a phrase has at most ${MAX_STEPS} parts`)
  return { ok: true, variants }
}

function parseStep(part: string, gap: number): Step | PhraseProblem {
  const words: string[] = []
  const prefixes: string[] = []
  for (const choice of part.split('|')) {
    const prefix = choice.endsWith('*')
    const word = prefix ? choice.slice(0, -1) : choice
    if (!WORD.test(word)) return bad('write plain words with spaces between them')
    if (word.length > 1 && SINGLE_TOKEN_SCRIPT.test(word))
      return bad('write Han and kana characters with spaces between them')
    if (prefix && word.length < MIN_PREFIX) return bad(`a beginning has at least ${MIN_PREFIX} letters`)
    const chosen = prefix ? prefixes : words
    if (chosen.includes(word)) return bad('the same word stands twice in one choice')
    chosen.push(word)
  }
  return { words, prefixes, gap }
}

function bad(reason: string): PhraseProblem {
  return { ok: false, reason }
}
