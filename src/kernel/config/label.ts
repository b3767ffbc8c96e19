// The visible label on pictures: who gets it, and how it looks. Its words are drawn into files that others keep: shown characters alone.
import { resolve } from 'node:path'
import type { Reader } from './reader.ts'

const SHOWN = /^(?! )[^\p{C}\p{Zl}\p{Zp}]{1,40}(?<! )$/u
/** Letters are drawn one by one and left to right, as they stand in the font: enough for these scripts, without marks that combine. */
const DRAWN =
  /^(?!\p{M})[\p{scx=Common}\p{scx=Latin}\p{scx=Greek}\p{scx=Cyrillic}\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}\p{scx=Hangul}]$/u

export function readLabel({ choice, text, integer, optional, problems }: Reader) {
  const words = text('DARKROOM_LABEL_TEXT', 'AI-generated')
  if (!SHOWN.test(words)) problems.push('DARKROOM_LABEL_TEXT: expected 1 to 40 printable characters')
  const joined = [...words].find((character) => !DRAWN.test(character))
  if (joined !== undefined)
    problems.push(
      `DARKROOM_LABEL_TEXT: expected Latin, Greek, Cyrillic, Chinese, Japanese or Korean letters without combining marks, and not ${codePointOf(joined)}: letters are drawn one by one, left to right`,
    )
  const fontFile = optional('DARKROOM_LABEL_FONT_FILE')
  return {
    /** `request`: where an order asks for it; `always`: on every picture. */
    policy: choice('DARKROOM_LABEL', 'request', ['request', 'always']),
    text: words,
    /** Of its capitals, of the picture's shorter side. */
    heightPercent: integer('DARKROOM_LABEL_HEIGHT_PERCENT', 5, 5, 10),
    /** Null: the one that comes with the program. */
    fontFile: fontFile === null ? null : resolve(fontFile),
  }
}

const codePointOf = (character: string) => `U+${character.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0')}`
