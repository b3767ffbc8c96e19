// Letters as outlines, from a font file's own bytes: no font of the machine takes part, nor any setting of how fonts are drawn there, and a
// character that the file lacks is known to lack. One glyph a character, left to right: enough for Latin, Greek, Cyrillic and Chinese, and
// not for scripts that join their letters.
import opentype from 'opentype.js'
import { Fault } from '../../kernel/fault.ts'

/** Lengths are in units of the font. */
export type Font = {
  /** Of a capital without accents. */
  readonly capHeight: number
  /** Null: the font does not have it. */
  readonly glyphOf: (character: string) => Glyph | null
}
export type Glyph = {
  readonly advance: number
  /** How far it reaches over the baseline and under it; not below zero. */
  readonly above: number
  readonly below: number
  /** SVG path data of it with its origin at `x`, `y`, so many pixels a unit. */
  readonly pathAt: (x: number, y: number, scale: number) => string
}

const DECIMALS = 3

/** Fault: config_invalid, where the bytes are no font with outlines. */
export function readFont(bytes: Buffer, field: string): Font {
  try {
    const font = opentype.parse(new Uint8Array(bytes).buffer)
    const glyphOf = (character: string): Glyph | null => {
      const glyph = font.charToGlyph(character)
      // The first glyph of any font stands for what it lacks.
      if (glyph.index === 0) return null
      const { y1, y2 } = glyph.getBoundingBox()
      return {
        advance: glyph.advanceWidth ?? 0,
        above: Math.max(0, y2),
        below: Math.max(0, -y1),
        pathAt: (x, y, scale) => glyph.getPath(x, y, font.unitsPerEm * scale).toPathData(DECIMALS),
      }
    }
    const capHeight = glyphOf('H')?.above ?? 0
    if (!(capHeight > 0)) throw new RangeError('no capitals')
    return { capHeight, glyphOf }
  } catch (cause) {
    throw new Fault('config_invalid', { field, detail: 'this is no font with outlines', cause })
  }
}
