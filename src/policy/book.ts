// Finds a policy's phrases in a text that is already cut into words.
// Time is linear in the number of words: a phrase is tried only where its first word stands, only if all its words stand somewhere,
// and its gaps are bounded. A list's exceptions hide their words from that list alone ("bath bomb" hides "bomb", not "pipe bomb").
import type { Step } from './phrases.ts'
import { openVocabulary } from './vocabulary.ts'

/** One word of a text: its reading, or several when it can be read in more than one way. */
export type Reading = string | readonly string[]
export type PhraseSource = {
  list: string
  language: string
  exception: boolean
  variants: readonly (readonly Step[])[]
}
export type PhraseHit = { readonly list: string; readonly phrases: number; readonly languages: readonly string[] }

/** What the policy says of spelling beside its phrases. */
export type Spelling = {
  /** Words that nothing innocent is spelled like: a word one letter off is read as them. */
  readonly unmistakable: readonly string[]
  /** Words that are innocent as written, accents and all. */
  readonly asWritten: readonly string[]
}

export type PhraseBook = {
  /** Whether a word, as written and in lower case, is innocent although without its accents it would be another. */
  innocent(written: string): boolean
  /** Whether some phrase names this very word (or a beginning of it). */
  knows(word: string): boolean
  /** What each list found in any of the streams, by list name. */
  find(streams: readonly (readonly Reading[])[]): ReadonlyMap<string, PhraseHit>
}

/** `symbols`: choices of one word; `rows`: choices of several in a row, by their first. */
type Row = readonly number[]
type CompiledStep = {
  readonly symbols: ReadonlySet<number>
  readonly rows: ReadonlyMap<number, readonly Row[]>
  readonly gap: number
}
type Pattern = {
  readonly id: number
  readonly phrase: number
  readonly list: string
  readonly language: string
  readonly exception: boolean
  readonly steps: readonly CompiledStep[]
}
type Words = readonly (readonly number[] | undefined)[]
/** The words of one text as numbers, where the policy names one, and which of its patterns have all their words somewhere. */
type Stream = { readonly words: Words; readonly named: readonly number[]; readonly possible: (p: Pattern) => boolean }

const NOTHING: readonly number[] = []

export function compilePhrases(sources: readonly PhraseSource[], spelling: Spelling): PhraseBook {
  const vocabulary = openVocabulary(spelling.unmistakable)
  const innocent = new Set(spelling.asWritten.map((word) => word.normalize('NFC').toLowerCase()))
  const startsWith = new Map<number, Pattern[]>()
  const patterns: Pattern[] = []
  for (const [phrase, { list, language, exception, variants }] of sources.entries()) {
    for (const variant of variants) {
      const steps = variant.map((step) => compileStep(step, vocabulary.learn))
      const pattern: Pattern = { id: patterns.length, phrase, list, language, exception, steps }
      patterns.push(pattern)
      for (const symbol of firstSymbols(steps[0])) {
        const starting = startsWith.get(symbol)
        if (starting === undefined) startsWith.set(symbol, [pattern])
        else starting.push(pattern)
      }
    }
  }
  const symbolsOf = (reading: Reading): readonly number[] | undefined => {
    const symbols = typeof reading === 'string' ? vocabulary.read(reading) : reading.flatMap(vocabulary.read)
    return symbols.length === 0 ? undefined : symbols
  }
  const streamOf = (readings: readonly Reading[]): Stream => {
    const words = readings.map(symbolsOf)
    const named = [...words.keys()].filter((at) => words[at] !== undefined)
    const present = new Uint8Array(vocabulary.size())
    for (const at of named) for (const symbol of words[at] ?? NOTHING) present[symbol] = 1
    return { words, named, possible: whetherPossible(present, patterns.length) }
  }

  return {
    innocent: (written) => innocent.has(written),
    knows: vocabulary.knows,
    find(streams) {
      const hits = new Map<string, { list: string; phrases: Set<number>; languages: Set<string> }>()
      for (const stream of streams.map(streamOf)) {
        if (stream.named.length === 0) continue
        const hidden = hide(stream, startsWith)
        eachStart(stream, startsWith, (pattern, at) => {
          if (pattern.exception) return
          const hit = hits.get(pattern.list)
          if (hit?.phrases.has(pattern.phrase)) return
          if (endOf(pattern, 0, at, stream.words, hidden.get(pattern.list)) < 0) return
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

function compileStep({ choices, gap }: Step, learn: (token: string) => number): CompiledStep {
  const symbols = new Set<number>()
  const rows = new Map<number, Row[]>()
  for (const [first = '', ...more] of choices) {
    const symbol = learn(first)
    if (more.length === 0) symbols.add(symbol)
    else rows.set(symbol, [...(rows.get(symbol) ?? []), [symbol, ...more.map(learn)]])
  }
  return { symbols, rows, gap }
}

function firstSymbols(step: CompiledStep | undefined): Set<number> {
  return new Set([...(step?.symbols ?? []), ...(step?.rows.keys() ?? [])])
}

/** Whether all of a pattern's words stand somewhere, worked out once a pattern. */
function whetherPossible(present: Uint8Array, patterns: number): (pattern: Pattern) => boolean {
  // 0: not known yet; 1: no; 2: yes.
  const known = new Uint8Array(patterns)
  const stands = ({ symbols, rows }: CompiledStep): boolean => {
    for (const symbol of symbols) if (present[symbol] === 1) return true
    for (const starting of rows.values())
      if (starting.some((row) => row.every((symbol) => present[symbol] === 1))) return true
    return false
  }
  return ({ id, steps }) => {
    if (known[id] === 0) known[id] = steps.every(stands) ? 2 : 1
    return known[id] === 2
  }
}

type Starts = ReadonlyMap<number, readonly Pattern[]>

/** Visits each possible pattern wherever its first word stands. */
function eachStart({ words, named, possible }: Stream, starts: Starts, visit: (p: Pattern, at: number) => void) {
  for (const at of named)
    for (const symbol of words[at] ?? NOTHING)
      for (const pattern of starts.get(symbol) ?? []) if (possible(pattern)) visit(pattern, at)
}

/** The words that each list's exceptions cover, by list. */
function hide(stream: Stream, starts: Starts): Map<string, Set<number>> {
  const hidden = new Map<string, Set<number>>()
  eachStart(stream, starts, (pattern, at) => {
    if (!pattern.exception) return
    const end = endOf(pattern, 0, at, stream.words, undefined)
    if (end < 0) return
    const words = hidden.get(pattern.list) ?? new Set()
    for (let i = at; i < end; i++) words.add(i)
    hidden.set(pattern.list, words)
  })
  return hidden
}

/** Where the pattern's match that begins with step `index` at `at` ends (exclusive), or -1. */
function endOf(p: Pattern, index: number, at: number, words: Words, hidden: ReadonlySet<number> | undefined): number {
  const step = p.steps[index]
  if (step === undefined) return at
  const last = index === 0 ? at : Math.min(at + step.gap, words.length - 1)
  for (let i = at; i <= last; i++) {
    const symbols = words[i]
    if (symbols === undefined || hidden?.has(i)) continue
    if (symbols.some((symbol) => step.symbols.has(symbol))) {
      const end = endOf(p, index + 1, i + 1, words, hidden)
      if (end >= 0) return end
    }
    if (step.rows.size === 0) continue
    for (const symbol of symbols)
      for (const row of step.rows.get(symbol) ?? []) {
        if (!standsAt(row, i, words, hidden)) continue
        const end = endOf(p, index + 1, i + row.length, words, hidden)
        if (end >= 0) return end
      }
  }
  return -1
}

function standsAt(row: Row, at: number, words: Words, hidden: ReadonlySet<number> | undefined): boolean {
  return row.every((symbol, index) => words[at + index]?.includes(symbol) === true && !hidden?.has(at + index))
}
