// The phrase language of a policy, and its parser. It has no regular expressions, so no phrase can be slow.
//   gore            the word                   decapitat*      every word that begins so (four letters at least)
//   gun|pistol      either word                gory?           a word that may be left out
//   death_camp      words in a row, as one     @person         every word of the group `person` in the phrase's language
//   gun ~3 child    up to three words between  rat ~3~ jew     the same, in either order
// Han and kana are words of one character each: 自杀 is two words in a row. Short beginnings are for scripts that write little.
// A phrase becomes a short list of steps over words; book.ts finds them in a text.
import { foldText } from './fold.ts'

/** Words in a row, of which each may be a beginning ("decapitat*"). */
export type Choice = readonly string[]
/** One place of a phrase: what may stand there, and how many other words may stand before it. */
export type Step = { readonly choices: readonly Choice[]; readonly gap: number }
/** The choices of a named group, as a policy writes them, or undefined. */
export type Groups = (name: string) => readonly string[] | undefined

export type ParsedPhrase = { readonly ok: true; readonly variants: readonly (readonly Step[])[] }
export type PhraseProblem = { readonly ok: false; readonly reason: string }

const MAX_STEPS = 12
const MAX_GAPS = 3
const MAX_GAP_WORDS = 12
const MIN_PREFIX = 4
const WORD = /^[\p{L}\p{N}\p{M}]+$/u
const IDEOGRAPH_OR_RUN =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]|[^\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]+/gu
/** Syllables and consonants of these say as much as two Latin letters, so their beginnings may be shorter. */
const SHORT_PREFIX: readonly (readonly [script: RegExp, letters: number])[] = [
  [/^\p{Script=Hangul}+$/u, 2],
  [/^[\p{Script=Arabic}\p{Script=Devanagari}\p{M}]+$/u, 3],
]
const NO_GROUPS: Groups = () => undefined

/** Parses one phrase; `variants` has one entry per combination of its optional words, and per order. */
export function parsePhrase(source: string, groups: Groups = NO_GROUPS): ParsedPhrase | PhraseProblem {
  const parts = foldText(source).trim().split(/\s+/)
  let variants: Step[][] = [[]]
  /** What stands before a gap of either order, once one was met. */
  let before: Step[][] | null = null
  let between = 0
  let gap = 0
  let gaps = 0
  for (const [index, part] of parts.entries()) {
    const distance = /^~(\d+)(~?)$/.exec(part)
    if (distance !== null) {
      if (gap > 0 || index === 0 || index === parts.length - 1) return bad('a gap stands between two words')
      gap = Number(distance[1])
      gaps++
      if (gap < 1 || gap > MAX_GAP_WORDS) return bad(`a gap is 1 to ${MAX_GAP_WORDS} words`)
      if (distance[2] !== '~') continue
      if (before !== null) return bad('one gap of a phrase can be of either order')
      before = variants
      variants = [[]]
      between = gap
      gap = 0
      continue
    }
    const optional = part.endsWith('?')
    if (optional && (index === 0 || index === parts.length - 1 || gap > 0 || variants[0]?.length === 0))
      return bad('a word that may be left out stands inside the phrase, not at its ends or after a gap')
    const choices = parseChoices(optional ? part.slice(0, -1) : part, groups, parts.length > 1)
    if ('reason' in choices) return choices
    const step: Step = { choices, gap }
    gap = 0
    const extended = variants.map((steps) => [...steps, step])
    variants = optional ? [...variants, ...extended] : extended
  }
  if (gaps > MAX_GAPS) return bad(`a phrase has at most ${MAX_GAPS} gaps`)
  if (parts.length > MAX_STEPS) return bad(`a phrase has at most ${MAX_STEPS} parts`)
  return { ok: true, variants: before === null ? variants : eitherOrder(before, variants, between) }
}

function eitherOrder(ones: readonly Step[][], others: readonly Step[][], gap: number): Step[][] {
  const after = (steps: readonly Step[]) => steps.map((step, index) => (index === 0 ? { ...step, gap } : step))
  return ones.flatMap((one) =>
    others.flatMap((other) => [
      [...one, ...after(other)],
      [...other, ...after(one)],
    ]),
  )
}

/** `among`: whether other parts of the phrase say more than this one. */
function parseChoices(part: string, groups: Groups, among: boolean): Choice[] | PhraseProblem {
  const choices: Choice[] = []
  const seen = new Set<string>()
  for (const written of part.split('|')) {
    const group = written.startsWith('@') ? groups(written.slice(1)) : [written]
    if (group === undefined) return bad(`"${written}" is no group of words in this language`)
    for (const one of group) {
      const choice = parseChoice(foldText(one), among)
      if ('reason' in choice) return choice
      if (seen.has(choice.join(' '))) {
        if (!written.startsWith('@') && !part.includes('@')) return bad('the same word stands twice in one choice')
        continue
      }
      seen.add(choice.join(' '))
      choices.push(choice)
    }
  }
  return choices
}

function parseChoice(written: string, among: boolean): Choice | PhraseProblem {
  const words: string[] = []
  for (const part of written.split('_')) {
    const prefix = part.endsWith('*')
    const pieces = (prefix ? part.slice(0, -1) : part).match(IDEOGRAPH_OR_RUN) ?? ['']
    if (pieces.some((piece) => !WORD.test(piece))) return bad('write plain words with spaces between them')
    const last = pieces.at(-1) ?? ''
    const short = SHORT_PREFIX.find(([script]) => script.test(last))?.[1]
    const least = short === undefined ? MIN_PREFIX : among || written.includes('_') ? short - 1 : short
    if (prefix && last.length < least) return bad(`a beginning has at least ${least} letters`)
    words.push(...(prefix ? [...pieces.slice(0, -1), `${last}*`] : pieces))
  }
  return words
}

function bad(reason: string): PhraseProblem {
  return { ok: false, reason }
}
