// Splits a text at special tokens: the leftmost and then the longest, as the `tokenizers` library does with its automaton.
// Sections come back in order, either text between tokens or the id of one; nothing of the text is lost.
import type { SpecialToken, SpecialTokens } from './special-tokens.ts'

type Section = { text: string } | { id: number }
export type Split = (text: string) => number[]

/**
 * Tokenizes around special tokens: those on the raw text first, then `normalize`, then those on the normalised text;
 * `tokenize` reads what lies between.
 */
export function aroundSpecial(
  { tokens }: SpecialTokens,
  normalize: (text: string) => string,
  tokenize: (text: string) => number[],
): Split {
  const raw = splitter(tokens.filter(({ normalized }) => !normalized))
  const normal = splitter(
    tokens.filter(({ normalized }) => normalized).map((token) => ({ ...token, content: normalize(token.content) })),
  )
  const between = (section: Section, next: (text: string) => number[][]) =>
    'id' in section ? [[section.id]] : next(section.text)
  return (text) =>
    raw(text)
      .flatMap((outer) =>
        between(outer, (found) => normal(normalize(found)).flatMap((inner) => between(inner, (t) => [tokenize(t)]))),
      )
      .flat()
}

const WORD = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]/u

function splitter(tokens: readonly SpecialToken[]): (text: string) => Section[] {
  const byContent = new Map(tokens.map((token) => [token.content, token]))
  const contents = [...byContent.keys()].filter((content) => content !== '').sort((a, b) => b.length - a.length)
  if (contents.length === 0) return (text) => (text === '' ? [] : [{ text }])
  const any = new RegExp(contents.map((content) => content.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')).join('|'), 'gu')
  return (text) => {
    const sections: Section[] = []
    let done = 0
    for (const match of text.matchAll(any)) {
      const token = byContent.get(match[0])
      const [start, end] = [match.index, match.index + match[0].length]
      if (token === undefined || (token.singleWord && touchesWord(text, start, end))) continue
      if (start > done) sections.push({ text: text.slice(done, start) })
      sections.push({ id: token.id })
      done = end
    }
    if (done < text.length) sections.push({ text: text.slice(done) })
    return sections
  }
}

function touchesWord(text: string, start: number, end: number): boolean {
  const before = [...text.slice(Math.max(0, start - 2), start)].at(-1) ?? ''
  const after = [...text.slice(end, end + 2)][0] ?? ''
  return WORD.test(before) || WORD.test(after)
}
