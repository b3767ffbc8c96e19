// Finds a policy's phrases in a text that is already cut into words.
// Time is linear in the number of words: a phrase is tried only where its first word stands, and its gaps are bounded.
// A list's exceptions hide their words from that list alone ("bath bomb" hides "bomb", not "pipe bomb" beside it).
import { withoutRepeats } from './fold.ts'
import type { Step } from './phrases.ts'

/** One word of a text: its reading, or several when it can be read in more than one way. */
export type Reading = string | readonly string[]
export type PhraseSource = {
  list: string
  language: string
  exception: boolean
  variants: readonly (readonly Step[])[]
}
export type PhraseHit = { readonly list: string; readonly phrases: number; readonly languages: readonly string[] }

export type PhraseBook = {
  /** Whether some phrase names this very word (or a beginning of it). */
  knows(word: string): boolean
  /** What each list found in any of the streams, by list name. */
  find(streams: readonly (readonly Reading[])[]): ReadonlyMap<string, PhraseHit>
}

type CompiledStep = { readonly symbols: ReadonlySet<number>; readonly gap: number }
type Pattern = { phrase: number; list: string; language: string; exception: boolean; steps: readonly CompiledStep[] }
type Stream = readonly (readonly number[] | undefined)[]

const NOTHING: readonly number[] = []

export function compilePhrases(sources: readonly PhraseSource[]): PhraseBook {
  const exact = new Map<string, number>()
  const unrepeated = new Map<string, number[]>()
  const prefixes = new Map<string, { prefix: string; symbol: number }[]>()
  const startsWith: Pattern[][] = []
  // Most words of a text begin like no word of the policy; one look here spares them the maps.
  const beginnings = new Uint8Array(65_536)

  const symbolOf = (key: string, learn: (symbol: number) => void) => {
    const known = exact.get(key)
    if (known !== undefined) return known
    const symbol = startsWith.length
    exact.set(key, symbol)
    startsWith.push([])
    beginnings[beginningOf(key.endsWith('*') ? key.slice(0, -1) : key)] = 1
    learn(symbol)
    return symbol
  }
  const wordSymbol = (word: string) => symbolOf(word, (symbol) => append(unrepeated, withoutRepeats(word), symbol))
  const prefixSymbol = (prefix: string) =>
    symbolOf(`${prefix}*`, (symbol) => append(prefixes, prefix.slice(0, 4), { prefix, symbol }))

  for (const [phrase, source] of sources.entries()) {
    for (const variant of source.variants) {
      const steps = variant.map((step) => ({
        gap: step.gap,
        symbols: new Set([...step.words.map(wordSymbol), ...step.prefixes.map(prefixSymbol)]),
      }))
      const { list, language, exception } = source
      for (const symbol of steps[0]?.symbols ?? [])
        startsWith[symbol]?.push({ phrase, list, language, exception, steps })
    }
  }

  const symbolsOfWord = (word: string): readonly number[] => {
    if (beginnings[beginningOf(word)] === 0) return NOTHING
    const whole = exact.get(word)
    const candidates = prefixes.get(word.slice(0, 4))
    if (candidates === undefined) return whole === undefined ? NOTHING : [whole]
    const found = candidates.filter(({ prefix }) => word.startsWith(prefix)).map(({ symbol }) => symbol)
    if (whole !== undefined) found.push(whole)
    return found
  }
  const symbolsOf = (reading: Reading): readonly number[] | undefined => {
    if (typeof reading === 'string') {
      const symbols = readWord(reading)
      return symbols.length === 0 ? undefined : symbols
    }
    const symbols = reading.flatMap(readWord)
    return symbols.length === 0 ? undefined : symbols
  }
  const readWord = (word: string): readonly number[] => {
    const symbols = symbolsOfWord(word)
    if (symbols.length > 0 || !hasRun(word)) return symbols
    const short = withoutRepeats(word)
    return [...symbolsOfWord(short), ...(unrepeated.get(short) ?? NOTHING)]
  }

  return {
    knows: (word) => symbolsOfWord(word).length > 0,
    find(streams) {
      const hits = new Map<string, { list: string; phrases: Set<number>; languages: Set<string> }>()
      for (const readings of streams) {
        const stream: Stream = readings.map(symbolsOf)
        const named = [...stream.keys()].filter((at) => stream[at] !== undefined)
        if (named.length === 0) continue
        const hidden = hide(stream, named, startsWith)
        eachStart(stream, named, startsWith, (pattern, at) => {
          if (pattern.exception) return
          const hit = hits.get(pattern.list)
          if (hit?.phrases.has(pattern.phrase)) return
          if (endOf(pattern, 0, at, stream, hidden.get(pattern.list)) < 0) return
          if (hit === undefined)
            hits.set(pattern.list, {
              list: pattern.list,
              phrases: new Set([pattern.phrase]),
              languages: new Set([pattern.language]),
            })
          else {
            hit.phrases.add(pattern.phrase)
            hit.languages.add(pattern.language)
          }
        })
      }
      return new Map(
        [...hits].map(([list, hit]) => [
          list,
          { list, phrases: hit.phrases.size, languages: [...hit.languages].sort() },
        ]),
      )
    },
  }
}

type Starts = readonly (readonly Pattern[])[]

/** Visits each pattern wherever its first word stands; `named` are the places of words that the policy names. */
function eachStart(stream: Stream, named: readonly number[], starts: Starts, visit: (p: Pattern, at: number) => void) {
  for (const at of named)
    for (const symbol of stream[at] ?? NOTHING) for (const pattern of starts[symbol] ?? []) visit(pattern, at)
}

/** The words that each list's exceptions cover, by list. */
function hide(stream: Stream, named: readonly number[], starts: Starts): Map<string, Set<number>> {
  const hidden = new Map<string, Set<number>>()
  eachStart(stream, named, starts, (pattern, at) => {
    if (!pattern.exception) return
    const end = endOf(pattern, 0, at, stream, undefined)
    if (end < 0) return
    const words = hidden.get(pattern.list) ?? new Set()
    for (let i = at; i < end; i++) words.add(i)
    hidden.set(pattern.list, words)
  })
  return hidden
}

/** Where the pattern's match that begins with step `index` at `at` ends (exclusive), or -1. */
function endOf(p: Pattern, index: number, at: number, stream: Stream, hidden: ReadonlySet<number> | undefined): number {
  const step = p.steps[index]
  if (step === undefined) return at
  const last = index === 0 ? at : Math.min(at + step.gap, stream.length - 1)
  for (let i = at; i <= last; i++) {
    if (hidden?.has(i) || !stream[i]?.some((symbol) => step.symbols.has(symbol))) continue
    const end = endOf(p, index + 1, i + 1, stream, hidden)
    if (end >= 0) return end
  }
  return -1
}

function hasRun(word: string): boolean {
  for (let i = 2; i < word.length; i++)
    if (word.charCodeAt(i) === word.charCodeAt(i - 1) && word.charCodeAt(i) === word.charCodeAt(i - 2)) return true
  return false
}

/** A 16-bit hash of the first three characters (fewer for a shorter word). */
function beginningOf(word: string): number {
  const first = word.charCodeAt(0)
  const second = word.length > 1 ? word.charCodeAt(1) : 0
  const third = word.length > 2 ? word.charCodeAt(2) : 0
  return ((first * 31 + second) * 31 + third) & 0xffff
}

function append<K, V>(map: Map<K, V[]>, key: K, value: V) {
  const values = map.get(key)
  if (values === undefined) map.set(key, [value])
  else values.push(value)
}
