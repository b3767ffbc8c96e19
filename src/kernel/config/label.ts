// The visible label on pictures: who gets it, and how it looks. Its words are drawn into files that others keep: shown characters alone.
import { resolve } from 'node:path'
import type { Reader } from './reader.ts'

const SHOWN = /^(?! )[^\p{C}\p{Zl}\p{Zp}]{1,40}(?<! )$/u

export function readLabel({ choice, text, integer, optional, problems }: Reader) {
  const words = text('DARKROOM_LABEL_TEXT', 'AI-generated')
  if (!SHOWN.test(words)) problems.push('DARKROOM_LABEL_TEXT: expected 1 to 40 printable characters')
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
