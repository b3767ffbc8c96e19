// The visible label: words on a plate of their own in a lower corner, for whoever looks at a picture and reads no manifest. Drawn on the
// pixels before they are watermarked and signed, so that both cover it. Its capitals are at least a share of the shorter side high
// (GB 45438-2025: 5 %), whatever the picture's shape: what is too long is wrapped and never made smaller. White on nearly black, which no
// picture shows through: a contrast of 18 to 1. The same picture and words give the same pixels on every machine.
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'
import { Fault } from '../../kernel/fault.ts'
import type { Picture } from '../watermark/residual.ts'
import { type Font, type Glyph, readFont } from './font.ts'

export type LabelStyle = {
  readonly text: string
  /** Of the capitals, as a share of the picture's shorter side, in percent. */
  readonly heightPercent: number
  /** A font with outlines, TrueType or OpenType; null: the one that comes with this. */
  readonly fontFile: string | null
}

const PLATE = '#101418'
const INK = '#ffffff'
/** The smallest picture that can be marked; on no other does a label take more of its height. */
const SMALLEST = { width: 128, height: 128 }
const MOST_HEIGHT = 0.5

/** Faults: config_invalid, naming what cannot be drawn, or not within half of the smallest picture's height. */
export async function checkLabel(style: LabelStyle): Promise<void> {
  const { height } = layOut(SMALLEST, style, await fontOf(style))
  if (height > SMALLEST.height * MOST_HEIGHT)
    throw refuse(
      'DARKROOM_LABEL_TEXT',
      `the label is too long: with capitals ${style.heightPercent} % high it would cover more than half of the smallest picture's height`,
    )
}

/** A copy with the label on it. */
export async function drawLabel(picture: Picture, style: LabelStyle): Promise<Picture> {
  const { width, height, left, top, path } = layOut(picture, style, await fontOf(style))
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><rect width="100%" height="100%" fill="${PLATE}"/><path fill="${INK}" d="${path}"/></svg>`
  const plate = await sharp(Buffer.from(svg)).removeAlpha().toColourspace('srgb').raw({ depth: 'uchar' }).toBuffer()
  const rgb = new Uint8Array(picture.rgb)
  for (let y = 0; y < height; y++)
    rgb.set(plate.subarray(y * width * 3, (y + 1) * width * 3), ((top + y) * picture.width + left) * 3)
  return { ...picture, rgb }
}

type Laid = { width: number; height: number; left: number; top: number; path: string }

function layOut({ width, height }: Pick<Picture, 'width' | 'height'>, style: LabelStyle, font: Font): Laid {
  const capHeight = Math.ceil((Math.min(width, height) * style.heightPercent) / 100)
  const scale = capHeight / font.capHeight
  const padding = Math.ceil(capHeight * 0.6)
  const margin = Math.ceil(capHeight * 0.5)
  const letters = [...style.text].map((character) => letterOf(character, font))
  const widest = Math.max(...wordsOf(letters).map((word) => advanceOf(trimmed(word)))) * scale
  // A word that needs the whole width has it, before it is broken.
  const [outside, inside] =
    widest <= width - 2 * (margin + padding) ? [margin, padding] : [0, Math.ceil(capHeight * 0.2)]
  const lines = wrap(letters, (width - 2 * (outside + inside)) / scale)
  const above = Math.ceil(Math.max(font.capHeight, ...letters.map(({ glyph }) => glyph.above)) * scale)
  const below = Math.ceil(Math.max(...letters.map(({ glyph }) => glyph.below)) * scale)
  const pitch = above + below + Math.ceil(capHeight * 0.3)
  const plate = {
    width: Math.min(width - 2 * outside, Math.ceil(Math.max(...lines.map(advanceOf)) * scale) + 2 * inside),
    height: (lines.length - 1) * pitch + above + below + 2 * padding,
  }
  // Baselines and the tops of capitals lie on whole pixels.
  const path = lines.map((line, row) => pathOf(line, scale, inside, padding + above + row * pitch)).join('')
  return { ...plate, left: width - outside - plate.width, top: height - margin - plate.height, path }
}

type Letter = { character: string; glyph: Glyph }

function letterOf(character: string, font: Font): Letter {
  const glyph = font.glyphOf(character)
  if (glyph !== null) return { character, glyph }
  const point = character.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0')
  throw refuse(
    'DARKROOM_LABEL_TEXT',
    `the label has a character that its font does not have (U+${point}); name a font that has it`,
  )
}

const advanceOf = (line: readonly Letter[]) => line.reduce((sum, { glyph }) => sum + glyph.advance, 0)

/** A line ends after a space, a hyphen or an ideograph; within a word only where it is wider than a line, and it begins one then. */
function wrap(letters: readonly Letter[], mostUnits: number): Letter[][] {
  const lines: Letter[][] = [[]]
  for (const word of wordsOf(letters)) {
    const line = lines.at(-1) ?? []
    if (advanceOf([...line, ...trimmed(word)]) <= mostUnits) line.push(...word)
    else if (advanceOf(trimmed(word)) <= mostUnits) lines.push([...word])
    else {
      lines.push([])
      for (const letter of word) {
        const last = lines.at(-1) ?? []
        if (last.length > 0 && advanceOf([...last, letter]) > mostUnits) lines.push([letter])
        else last.push(letter)
      }
    }
  }
  return lines.map(trimmed).filter((line) => line.length > 0)
}

function wordsOf(letters: readonly Letter[]): Letter[][] {
  const words: Letter[][] = [[]]
  for (const letter of letters) {
    words.at(-1)?.push(letter)
    if (/[\s\p{Pd}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u.test(letter.character)) words.push([])
  }
  return words.filter((word) => word.length > 0)
}

function trimmed(line: readonly Letter[]): Letter[] {
  const end = line.findLastIndex(({ character }) => character.trim() !== '')
  return line.slice(0, end + 1)
}

function pathOf(line: readonly Letter[], scale: number, left: number, baseline: number): string {
  let pen = left
  let path = ''
  for (const { glyph } of line) {
    path += glyph.pathAt(pen, baseline, scale)
    pen += glyph.advance * scale
  }
  return path
}

const BUNDLED = fileURLToPath(import.meta.resolve('dejavu-fonts-ttf/ttf/DejaVuSans-Bold.ttf'))
const fonts = new Map<string, Promise<Font>>()

/** Read once. Fault: config_invalid. */
function fontOf({ fontFile }: LabelStyle): Promise<Font> {
  const file = fontFile ?? BUNDLED
  const known = fonts.get(file)
  if (known !== undefined) return known
  const reading = readFile(file).then(
    (bytes) => readFont(bytes, 'DARKROOM_LABEL_FONT_FILE'),
    (cause: unknown) => {
      throw refuse('DARKROOM_LABEL_FONT_FILE', `cannot read the label's font, ${file}`, cause)
    },
  )
  fonts.set(file, reading)
  reading.catch(() => fonts.delete(file))
  return reading
}

/** The field is told beside the problem. */
function refuse(field: string, detail: string, cause?: unknown): Fault {
  return new Fault('config_invalid', { field, detail, cause })
}
