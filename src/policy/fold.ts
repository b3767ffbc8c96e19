// The plain reading of a text, for matching only: never shown, stored or sent to a model.
// Policy phrases and prompts go through the same fold, so an accent or a full-width letter never decides a match.
// Marks that change what is said stay (Devanagari, Thai, Hangul, the voicing of kana); those that only decorate or help to read
// aloud go, and so do spellings that one hand writes and another does not (Arabic hamza, nukta, traditional Han). Linear in the text.
import { SHAPES, SPELLINGS } from './lookalikes.ts'

const PLAIN_ASCII = /^[ -~\t\n\r]*$/
// Characters that take no room: format controls (zero-width, soft hyphen, bidi, tags), variation selectors and blank letters.
const INVISIBLE =
  /(?:\p{Cf}|\u034f|[\u115f\u1160]|[\u17b4\u17b5]|[\u180b-\u180f]|[\u2800\u3164\uffa0]|[\ufe00-\ufe0f]|[\u{e0100}-\u{e01ef}])+/gu
const DECORATED = /([\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}\p{Script=Common}])[\p{Mn}\p{Me}]+/gu
/** Combining strokes, accents and rings that belong to no script, on letters of any. */
const STROKES = /(?:[\u0300-\u036f]|[\u0483-\u0489]|[\u1ab0-\u1aff]|[\u1dc0-\u1dff]|[\u20d0-\u20ff]|[\ufe20-\ufe2f])+/g
/** Arabic vowel signs and the stretching of letters, and Devanagari's nukta. */
const READING_AIDS = /(?:\u0640|[\u064b-\u0652]|[\u0656-\u065f]|\u0670|\u093c)+/g
const SPELLED = new RegExp(`[${[...SPELLINGS.keys()].join('')}]`, 'gu')
const SHAPED = new RegExp(`[${[...SHAPES.keys()].join('')}]`, 'gu')
// Letters in circles and squares, and flag letters, that NFKC leaves alone.
const BADGES = /[\u{1f150}-\u{1f169}\u{1f170}-\u{1f189}\u{1f1e6}-\u{1f1ff}]/gu

function badgeLetter(badge: string): string {
  const point = badge.codePointAt(0) ?? 0
  const first = point >= 0x1f1e6 ? 0x1f1e6 : point >= 0x1f170 ? 0x1f170 : 0x1f150
  return String.fromCharCode(97 + point - first)
}

/** NFKC without invisible characters, without marks that only decorate, in lower case and in one spelling. */
export function foldText(text: string): string {
  if (PLAIN_ASCII.test(text)) return text.toLowerCase()
  return text
    .replace(INVISIBLE, '')
    .normalize('NFKD')
    .replace(INVISIBLE, '')
    .replace(DECORATED, '$1')
    .replace(STROKES, '')
    .replace(BADGES, badgeLetter)
    .toLowerCase()
    .normalize('NFC')
    .replace(READING_AIDS, '')
    .replace(SHAPED, (letter) => SHAPES.get(letter) ?? letter)
    .replace(SPELLED, (letter) => SPELLINGS.get(letter) ?? letter)
}

/** Every run of one letter shortened to a single one: `goooore` and `gore` both give `gore`. */
export function withoutRepeats(word: string): string {
  return word.replace(/(.)\1+/gsu, '$1')
}
