// The visible label, measured on pixels: how high its letters are, how they stand out, that nothing else is touched, and that no font of
// the machine takes part.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import opentype from 'opentype.js'
import { isFault } from '../../src/kernel/fault.ts'
import { readFont } from '../../src/mark/label/font.ts'
import { checkLabel, drawLabel, type LabelStyle } from '../../src/mark/label/label.ts'
import type { Picture } from '../../src/mark/watermark/residual.ts'
import { boxOf, linesOf, measure } from './lettering.ts'
import { textured } from './pictures.ts'

const STYLE: LabelStyle = { text: 'AI-generated', heightPercent: 5, fontFile: null }
const FONT = 'node_modules/dejavu-fonts-ttf/ttf/DejaVuSans-Bold.ttf'
let home: string
before(async () => {
  home = await mkdtemp(join(tmpdir(), 'darkroom-label-'))
})
after(() => rm(home, { recursive: true, force: true }))

const plain = (width: number, height: number): Picture => ({
  width,
  height,
  rgb: new Uint8Array(width * height * 3).fill(140),
})
async function looked(picture: Picture, style: LabelStyle) {
  const labelled = await drawLabel(picture, style)
  const box = boxOf(picture, labelled)
  return { ...measure(labelled, box), box }
}
const refuses = (field: string, says: RegExp) => (error: unknown) =>
  isFault(error, 'config_invalid') && error.field === field && says.test(error.message)

for (const [width, height] of [
  [128, 128],
  [512, 128],
  [128, 512],
  [1024, 1024],
] as const)
  test(`at ${width} × ${height} the capitals are a twentieth of the shorter side high, in a corner, and stand out`, async () => {
    const { letters, contrast, box } = await looked(plain(width, height), STYLE)
    assert.ok(letters >= (Math.min(width, height) * 5) / 100, `${letters} pixels`)
    assert.ok(contrast >= 4.5, `${contrast} to 1`)
    assert.ok(box.right < width - 1 && box.bottom < height - 1 && box.left > 0)
    assert.ok(width - box.right < width / 10 && height - box.bottom < height / 10)
  })

test('what is too long for a narrow picture is wrapped, at the same height, and nothing is cut off', async () => {
  const style = { ...STYLE, text: 'Made by artificial intelligence' }
  const wide = await looked(plain(1024, 128), style)
  const narrow = await looked(plain(128, 512), style)
  assert.deepEqual([wide.lines, narrow.lines, narrow.letters], [1, 2, wide.letters])
  assert.equal(narrow.touchesEdge, false)
  const word = await looked(plain(128, 512), { ...STYLE, text: 'W'.repeat(30) })
  assert.ok(word.lines > 1 && !word.touchesEdge, 'a word too long for a line is broken')
})

test('a line ends at a hyphen or a space; a word is broken only where it is wider than the picture, and begins a line then', async () => {
  const high = { ...STYLE, heightPercent: 10 }
  const small = plain(128, 128)
  const rowsOf = async (text: string) => {
    const labelled = await drawLabel(small, { ...high, text })
    return linesOf(labelled, boxOf(small, labelled))
  }
  const [hyphen] = await rowsOf('AI-')
  const [word] = await rowsOf('generated')
  assert.deepEqual(await rowsOf('AI-generated'), [hyphen, word])
  assert.deepEqual(await rowsOf('AI generated'), [(await rowsOf('AI'))[0], word])
  const { touchesEdge } = await looked(small, { ...high, text: 'AI-generated' })
  assert.equal(touchesEdge, false)
  const broken = await rowsOf('AI-generatedgenerated')
  assert.deepEqual([broken.length > 2, broken[0]], [true, hyphen])
  await checkLabel({ ...high, text: 'AI-generated' })
  await checkLabel({ ...high, text: 'Made by AI' })
})

test('outside its plate the picture is as it was, and the same label is the same pixels', async () => {
  const picture = await textured(31, 256)
  const labelled = await drawLabel(picture, STYLE)
  const box = boxOf(picture, labelled)
  assert.ok((box.right - box.left) * (box.bottom - box.top) < (256 * 256) / 8)
  assert.deepEqual(labelled, await drawLabel(picture, STYLE))
})

test('no font of the machine takes part: without any, and without how fonts are drawn there, the pixels are the same', async () => {
  const program = `import { drawLabel } from '${join(process.cwd(), 'src/mark/label/label.ts')}'
    const picture = { width: 256, height: 256, rgb: new Uint8Array(256 * 256 * 3).fill(140) }
    const { rgb } = await drawLabel(picture, ${JSON.stringify(STYLE)})
    process.stdout.write((await import('node:crypto')).createHash('sha256').update(rgb).digest('hex'))`
  const empty = join(home, 'fonts.conf')
  await writeFile(empty, '<fontconfig></fontconfig>')
  const env = { PATH: process.env.PATH, HOME: home, FONTCONFIG_FILE: empty, FONTCONFIG_PATH: home }
  const there = execFileSync(process.execPath, ['--input-type=module', '-e', program], { env, encoding: 'utf8' })
  const here = await drawLabel(plain(256, 256), STYLE)
  assert.equal(there, createHash('sha256').update(here.rgb).digest('hex'))
})

test('a character that the font lacks, a text too long, and what is no font are refused by their variables', async () => {
  await checkLabel(STYLE)
  await checkLabel({ ...STYLE, text: 'Généré par IA', heightPercent: 10 })
  await checkLabel({ ...STYLE, text: 'Создано ИИ' })
  const text = (value: string) => checkLabel({ ...STYLE, text: value })
  await assert.rejects(text('AI生成'), refuses('DARKROOM_LABEL_TEXT', /U\+751F/))
  await assert.rejects(
    text('W'.repeat(60)),
    refuses('DARKROOM_LABEL_TEXT', /^the label is too long: with capitals 5 % high.*more than half/),
  )
  const broken = join(home, 'broken.ttf')
  const font = await readFile(FONT)
  for (const bytes of [Buffer.from('hello'), font.subarray(0, 20_000), Buffer.alloc(0)]) {
    await writeFile(broken, bytes)
    await assert.rejects(
      checkLabel({ ...STYLE, fontFile: broken }),
      refuses('DARKROOM_LABEL_FONT_FILE', /^this is no font/),
    )
  }
  const away = { ...STYLE, fontFile: join(home, 'away.ttf') }
  await assert.rejects(checkLabel(away), refuses('DARKROOM_LABEL_FONT_FILE', /cannot read the label's font/))
  // What was mended is read again.
  await writeFile(broken, font)
  await checkLabel({ ...STYLE, fontFile: broken })
})

test('a letter with an accent reaches higher, one with a tail lower, a space draws nothing, and what is lacking is known to', async () => {
  const { capHeight, glyphOf } = readFont(await readFile(FONT), 'x')
  const glyph = (character: string) => glyphOf(character) ?? assert.fail(character)
  assert.deepEqual([glyph('H').above, glyph('H').below], [capHeight, 0])
  assert.ok(glyph('Ä').above > capHeight && glyph('g').below > 0 && glyph('Ж').advance > 0)
  assert.deepEqual([glyph(' ').pathAt(0, 0, 1), glyph(' ').advance > 0], ['', true])
  assert.match(glyph('I').pathAt(10, 20, 0.01), /^M\d/)
  assert.equal(glyphOf('生'), null)
})

test('a font with PostScript outlines draws the letters that it has, Chinese ones for example', async () => {
  const square = (units: number) => {
    const path = new opentype.Path()
    path.moveTo(50, 0)
    path.lineTo(50, units)
    path.lineTo(units, units)
    path.lineTo(units, 0)
    path.close()
    return path
  }
  const glyphs = ['', 'A', 'H', 'I', '生', '成'].map(
    (letter, i) =>
      new opentype.Glyph({
        name: letter === '' ? '.notdef' : `glyph${i}`,
        unicode: letter.codePointAt(0) ?? 0,
        advanceWidth: 900,
        path: square(letter === '成' ? 400 : 700),
      }),
  )
  const font = new opentype.Font({
    familyName: 'Squares',
    styleName: 'Regular',
    unitsPerEm: 1000,
    ascender: 800,
    descender: -200,
    glyphs,
  })
  const bytes = Buffer.from(font.toArrayBuffer())
  assert.equal(bytes.toString('latin1', 0, 4), 'OTTO')
  const fontFile = join(home, 'squares.otf')
  await writeFile(fontFile, bytes)
  const style = { ...STYLE, text: 'AI生成', fontFile }
  await checkLabel(style)
  const { letters } = await looked(plain(256, 256), style)
  assert.ok(letters >= 12, `${letters} pixels high`)
  await assert.rejects(checkLabel({ ...style, text: 'AIX' }), refuses('DARKROOM_LABEL_TEXT', /U\+0058/))
})
