// The words of a policy's phrases as numbers, and how a word of a text is recognised as one of them: as it stands, by its beginning,
// without its repeats ("goooore"), and one letter off where the policy says that nothing innocent is spelled like it.
// Misspellings cost linear time: both sides drop one letter and meet in a map (deletion neighbourhoods, as SymSpell has them).
import { withoutRepeats } from './fold.ts'

export type Vocabulary = {
  /** The number of a word, or of a beginning ("decapitat*"); new ones are learnt. */
  learn(token: string): number
  /** The numbers that a word of a text stands for. */
  read(word: string): readonly number[]
  /** Whether it is a word of the policy as it stands, or begins like one. */
  knows(word: string): boolean
  readonly size: () => number
}

const NOTHING: readonly number[] = []
/** Shorter words have too many neighbours. */
const MISSPELLED = { least: 6, most: 20 }

/** `unmistakable`: words that a word one letter off is read as. */
export function openVocabulary(unmistakable: readonly string[]): Vocabulary {
  const exact = new Map<string, number>()
  const unrepeated = new Map<string, number[]>()
  const prefixes = new Map<string, { prefix: string; symbol: number }[]>()
  // Most words of a text begin like no word of the policy; one look here spares them the maps.
  const beginnings = new Uint8Array(65_536)
  const neighbours = neighbourhoods(unmistakable)

  const knownSymbols = (word: string): readonly number[] => {
    const short = shortPrefixes(prefixes, word)
    if (short === undefined && beginnings[beginningOf(word)] === 0) return NOTHING
    const whole = exact.get(word)
    const candidates = prefixes.get(word.slice(0, 4))
    if (candidates === undefined && short === undefined) return whole === undefined ? NOTHING : [whole]
    const found = [...(candidates ?? []), ...(short ?? [])]
      .filter(({ prefix }) => word.startsWith(prefix))
      .map(({ symbol }) => symbol)
    if (whole !== undefined) found.push(whole)
    return found
  }
  const corrected = (word: string): readonly number[] => {
    if (word.length < MISSPELLED.least || word.length > MISSPELLED.most) return NOTHING
    const meant = nearest(neighbours, word)
    return meant === undefined ? NOTHING : knownSymbols(meant)
  }
  return {
    learn(token) {
      const known = exact.get(token)
      if (known !== undefined) return known
      const symbol = exact.size
      exact.set(token, symbol)
      const word = token.endsWith('*') ? token.slice(0, -1) : token
      beginnings[beginningOf(word)] = 1
      if (word === token) append(unrepeated, withoutRepeats(word), symbol)
      else append(prefixes, word.slice(0, 4), { prefix: word, symbol })
      return symbol
    },
    read(word) {
      const symbols = knownSymbols(word)
      if (symbols.length > 0) return symbols
      if (!hasRun(word)) return corrected(word)
      const short = withoutRepeats(word)
      const found = [...knownSymbols(short), ...(unrepeated.get(short) ?? NOTHING)]
      return found.length > 0 ? found : corrected(short)
    },
    knows: (word) => knownSymbols(word).length > 0,
    size: () => exact.size,
  }
}

/** Beginnings of fewer than four letters exist only in scripts other than Latin. */
function shortPrefixes(prefixes: ReadonlyMap<string, { prefix: string; symbol: number }[]>, word: string) {
  if (word.charCodeAt(0) < 0x600) return undefined
  const found = [1, 2, 3].flatMap((letters) =>
    letters > word.length ? [] : (prefixes.get(word.slice(0, letters)) ?? []).filter((one) => one.prefix.length < 4),
  )
  return found.length === 0 ? undefined : found
}

/** Every unmistakable word under itself and under itself less one letter. */
function neighbourhoods(words: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>()
  for (const word of words) for (const key of [word, ...withoutOne(word)]) append(found, key, word)
  return found
}

/** The unmistakable word that `word` is one insertion, deletion, substitution or swap away from; its first letter is right. */
function nearest(neighbours: ReadonlyMap<string, readonly string[]>, word: string): string | undefined {
  const first = word.charCodeAt(0)
  const fits = (meant: string) => meant.charCodeAt(0) === first && oneOff(word, meant)
  const whole = neighbours.get(word)?.find(fits)
  if (whole !== undefined) return whole
  for (let at = 1; at < word.length; at++) {
    const meant = neighbours.get(word.slice(0, at) + word.slice(at + 1))?.find(fits)
    if (meant !== undefined) return meant
  }
  return undefined
}

function* withoutOne(word: string) {
  for (let at = 1; at < word.length; at++) yield word.slice(0, at) + word.slice(at + 1)
}

/** Whether two words differ by one edit at most. Doubling a last letter or adding one is an inflection in some language: no edit. */
function oneOff(one: string, other: string): boolean {
  let start = 0
  while (start < one.length && one[start] === other[start]) start++
  let [endOne, endOther] = [one.length, other.length]
  while (endOne > start && endOther > start && one[endOne - 1] === other[endOther - 1]) {
    endOne--
    endOther--
  }
  const [left, right] = [endOne - start, endOther - start]
  if (left <= 1 && right <= 1) return true
  return left === 2 && right === 2 && one[start] === other[start + 1] && one[start + 1] === other[start]
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
