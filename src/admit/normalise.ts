// The matcher's copy of a prompt: cut into words, each with every way a reader would take it. The prompt itself is untouched.
// Stream one holds the plain words. Stream two exists only when the text hides words: m.a.s.s, m-a-s-s, m a s s, m@$$.
// Words are whole (Scunthorpe is one word), so nothing inside an innocent word is ever found. Time is linear.
import type { PhraseBook, Reading } from '../policy/book.ts'
import { foldText } from '../policy/fold.ts'
import { LOOKALIKES } from '../policy/lookalikes.ts'

export type WordStreams = readonly (readonly Reading[])[]

const LEET: ReadonlyMap<string, string> = new Map(
  Object.entries({
    ...{ '0': 'o', '1': 'i', '2': 'z', '3': 'e', '4': 'a', '5': 's', '6': 'g', '7': 't', '8': 'b', '9': 'g' },
    ...{ '@': 'a', $: 's', '!': 'i', '|': 'i', '+': 't', '€': 'e', '£': 'l', '¢': 'c' },
  }),
)
const FILLERS = new Set([
  'a',
  'an',
  'the',
  'of',
  'in',
  'on',
  'at',
  'and',
  'with',
  'to',
  'is',
  'being',
  'by',
  'as',
  'scene',
])
/** The article, prepositions and conjunctions that Arabic writes in one with the next word. */
const ARABIC_PREFIX = /^(?:ال|[وفبكل]ال|لل|[وفبكل])(\p{Script=Arabic}{3,})$/u
/** Strokes in one word of which each may be i or l; with more, all are one or all the other. */
const MAX_STROKES = 4
const MAX_SPACED_LETTERS = 200
const MAX_WORD_LETTERS = 24

// Character classes: what separates words, what makes them, what may stand inside one.
const SPACE = 1
const LETTER = 2
const JOINER = 3
const APOSTROPHE = 4
const BREAK = 5
const IDEOGRAPH = 6
const JOINERS = new Set([...'.-_*/\\~+^=#@$!|€£¢·•‐‑–—'])
/** By UTF-16 code unit; 0 is not known yet. */
const classes = new Uint8Array(65_536)

function classOf(text: string, at: number): number {
  const unit = text.charCodeAt(at)
  const known = classes[unit] ?? 0
  if (known !== 0 && (unit < 0xd800 || unit > 0xdfff)) return known
  const found = classify(String.fromCodePoint(text.codePointAt(at) ?? 32))
  classes[unit] = found
  return found
}

function classify(character: string): number {
  if (/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u.test(character)) return IDEOGRAPH
  if (/[\p{L}\p{N}\p{M}]/u.test(character)) return LETTER
  if (/\s/u.test(character)) return SPACE
  if (/['’ʼ`´]/u.test(character)) return APOSTROPHE
  return JOINERS.has(character) ? JOINER : BREAK
}

/** A run of letters; `plain` when it is all a-z, `gap` the number of characters between it and the word before. */
type Word = {
  readonly text: string
  readonly plain: boolean
  readonly chunk: number
  readonly gap: number
  readonly single: boolean
}
/** What stands between spaces and hard punctuation ("m.a-s$"); `hides` when signs stand between or before its letters. */
type Chunk = { readonly start: number; end: number; hides: boolean }

/** `book` says which words the policy names, which only steers how letters that stand apart are put together. */
export function normalise(
  text: string,
  { knows: isWord, innocent }: Pick<PhraseBook, 'knows' | 'innocent'>,
): WordStreams {
  const folded = foldText(withoutInnocent(text, innocent))
  const { words, chunks, hides } = cut(folded)
  const plain = words.map((word) => (word.plain ? word.text : readings(word.text)))
  return hides ? [plain, readHidden(folded, words, chunks, isWord)] : [plain]
}

const PLAIN_ASCII = /^[ -~\t\n\r]*$/
const HARMLESS = 'neverlisted'

/** Words that only their accents make innocent give way to one that no list has. */
function withoutInnocent(text: string, innocent: (written: string) => boolean): string {
  if (PLAIN_ASCII.test(text)) return text
  return text.normalize('NFC').replace(/[\p{L}\p{M}]+/gu, (word) => (innocent(word.toLowerCase()) ? HARMLESS : word))
}

function cut(text: string): { words: Word[]; chunks: Chunk[]; hides: boolean } {
  const words: Word[] = []
  const chunks: Chunk[] = []
  let chunk: Chunk | null = null
  let hides = false
  let singles = 0
  let wordStart = -1
  let wordEnd = 0
  let plain = true
  let before = SPACE
  const endWord = (at: number) => {
    const single = at - wordStart === 1
    words.push({ text: text.slice(wordStart, at), plain, chunk: chunks.length - 1, gap: wordStart - wordEnd, single })
    singles = single ? singles + 1 : 0
    if (singles > 2 || (singles > 1 && isSyllable(text.charCodeAt(wordStart)))) hides = true
    wordStart = -1
    wordEnd = at
    plain = true
  }
  for (let at = 0; at < text.length; ) {
    const unit = text.charCodeAt(at)
    const kind = classOf(text, at)
    const size = unit >= 0xd800 && unit <= 0xdbff && at + 1 < text.length ? 2 : 1
    if (kind !== LETTER && wordStart >= 0) endWord(at)
    if (kind === LETTER || kind === JOINER || kind === APOSTROPHE) {
      if (chunk === null) {
        chunk = { start: at, end: at, hides: false }
        chunks.push(chunk)
      } else if ((kind === LETTER && before !== LETTER) || (unit === 0x24 && before === LETTER)) {
        chunk.hides = true
        hides = true
      }
      chunk.end = at + size
    } else chunk = null
    if (kind === LETTER) {
      if (wordStart < 0) wordStart = at
      if (unit < 97 || unit > 122) plain = false
    } else if (kind === IDEOGRAPH) {
      chunks.push({ start: at, end: at + size, hides: false })
      words.push({ text: text.slice(at, at + size), plain: true, chunk: chunks.length - 1, gap: 0, single: false })
      wordEnd = at + size
    }
    before = kind
    at += size
  }
  if (wordStart >= 0) endWord(text.length)
  return { words, chunks, hides }
}

/** How one word may be read: as it stands, with lookalikes as Latin, with digits and signs as letters, without Arabic's prefixes. */
function readings(word: string): Reading {
  if (/^[a-z]*$/.test(word)) return word
  const latin = toLatin(word)
  const bases = latin === null || latin === word ? [word] : [word, latin]
  const found = new Set(bases)
  for (const base of bases) {
    if (!/[a-z]/.test(base)) continue
    for (const letters of leetReadings(base)) found.add(letters)
  }
  const stem = ARABIC_PREFIX.exec(word)?.[1]
  if (stem !== undefined) for (const one of [stem, ARABIC_PREFIX.exec(stem)?.[1]]) if (one !== undefined) found.add(one)
  return found.size === 1 ? word : [...found]
}

/** Digits and signs as letters; 1, | and ! each as i or as l. Nothing when something else is left. */
function leetReadings(base: string): string[] {
  const strokes = base.match(/[1|!]/g)?.length ?? 0
  const choices = strokes > MAX_STROKES ? [0, 2 ** strokes - 1] : [...Array(2 ** strokes).keys()]
  const found = choices.map((choice) => {
    let at = 0
    return mapAll(
      base.replace(/[1|!]/g, () => ((choice >> at++) & 1 ? 'l' : 'i')),
      LEET,
    )
  })
  return found.filter((letters) => /^[a-z]+$/.test(letters))
}

/** Null when some letter looks like no Latin one: then it is a word of its own script, not a disguise. */
function toLatin(word: string): string | null {
  const mapped = mapAll(word, LOOKALIKES)
  return /^[a-z0-9@$!|+€£¢]+$/.test(mapped) ? mapped : null
}

function mapAll(text: string, table: ReadonlyMap<string, string>): string {
  let mapped = ''
  for (const character of text) mapped += table.get(character) ?? character
  return mapped
}

/** The second stream: chunks without their signs, and single letters put together. */
function readHidden(
  text: string,
  words: readonly Word[],
  chunks: readonly Chunk[],
  isWord: (w: string) => boolean,
): Reading[] {
  const stream: Reading[] = []
  for (let at = 0; at < words.length; ) {
    const spaced = spacedRun(words, at)
    const word = words[at]
    if (spaced > at + 2 || (spaced === at + 2 && isSyllable(word?.text.charCodeAt(0) ?? 0))) {
      stream.push(...spell(words.slice(at, spaced), isWord))
      at = spaced
    } else if (word !== undefined && chunks[word.chunk]?.hides === true) {
      stream.push(joined(text, chunks[word.chunk] ?? { start: 0, end: 0, hides: false }))
      const chunk = word.chunk
      while (words[at]?.chunk === chunk) at++
    } else {
      if (word !== undefined) stream.push(word.plain ? word.text : readings(word.text))
      at++
    }
  }
  return stream
}

/** Whether it is a Hangul syllable, of which two make a word. */
function isSyllable(unit: number): boolean {
  return unit >= 0xac00 && unit <= 0xd7a3
}

const NOT_LETTER = /[^\p{L}\p{N}\p{M}]/gu
const NOT_LETTER_OR_SIGN = /[^\p{L}\p{N}\p{M}@$!|+€£¢]/gu

/** A chunk as one word with every reading: its signs taken as letters, and its signs left out. */
function joined(text: string, chunk: Chunk): Reading {
  let { start, end } = chunk
  while (start < end && classOf(text, start) !== LETTER && !'@$€£¢'.includes(text.charAt(start))) start++
  while (end > start && classOf(text, end - 1) !== LETTER && text.charAt(end - 1) !== '$') end--
  const inner = text.slice(start, end)
  const all = new Set([readings(inner.replace(NOT_LETTER_OR_SIGN, '')), readings(inner.replace(NOT_LETTER, ''))].flat())
  return [...all]
}

/** Where a run of single letters that begins at `at` ends. */
function spacedRun(words: readonly Word[], at: number): number {
  let end = at
  while (end < words.length && end - at < MAX_SPACED_LETTERS && words[end]?.single === true) end++
  return end
}

/** Spells a run of single letters: split where its gaps widen, then read as whole words where they fit exactly. */
function spell(run: readonly Word[], isWord: (word: string) => boolean): Reading[] {
  const narrow = Math.min(...run.slice(1).map((word) => word.gap))
  const pieces: string[] = []
  for (const [index, word] of run.entries()) {
    if (index === 0 || word.gap > narrow) pieces.push(word.text)
    else pieces.push(`${pieces.pop() ?? ''}${word.text}`)
  }
  return pieces.flatMap((piece) => {
    const whole = readings(piece)
    const forms = typeof whole === 'string' ? [whole] : whole
    if (forms.some(isWord)) return [whole]
    for (const form of forms) {
      const parts = segment(form, isWord)
      if (parts !== null) return parts
    }
    return [whole]
  })
}

/** Cuts letters into words that the policy names (and fillers), the fewest possible; null when they do not fit. */
function segment(letters: string, isWord: (word: string) => boolean): string[] | null {
  // best[end]: how few words reach `end`, and where the last of them begins.
  const best: ({ count: number; from: number } | undefined)[] = [{ count: 0, from: 0 }]
  for (let end = 1; end <= letters.length; end++) {
    for (let from = Math.max(0, end - MAX_WORD_LETTERS); from < end; from++) {
      const count = (best[from]?.count ?? Number.POSITIVE_INFINITY) + 1
      if (count >= (best[end]?.count ?? Number.POSITIVE_INFINITY)) continue
      const word = letters.slice(from, end)
      if (FILLERS.has(word) || (word.length > 2 && isWord(word))) best[end] = { count, from }
    }
  }
  const words: string[] = []
  for (let end = letters.length; end > 0; ) {
    const step = best[end]
    if (step === undefined) return null
    words.unshift(letters.slice(step.from, end))
    end = step.from
  }
  return words
}
