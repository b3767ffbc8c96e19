// Letters as outlines, from a TrueType file: what is drawn comes from that file's bytes alone. No font of the machine takes part, nor any
// setting of how fonts are drawn there, and a character that the file lacks is known to lack. One glyph a character, left to right: enough
// for Latin, Greek, Cyrillic and Chinese, and not for scripts that join their letters.
// Tables and formats: OpenType 1.9 (cmap 4 and 12, glyf, loca, hmtx).
import { Fault } from '../../kernel/fault.ts'

/** In units of the font, y upward. */
export type Point = { readonly x: number; readonly y: number; readonly on: boolean }
export type Contour = readonly Point[]

export type Font = {
  /** Of a capital without accents. */
  readonly capHeight: number
  /** Null: the font does not have it. */
  readonly glyphOf: (character: string) => Glyph | null
}
export type Glyph = { readonly advance: number; readonly contours: readonly Contour[] }

/** Fault: config_invalid, where the bytes are no TrueType font with outlines. */
export function readFont(bytes: Buffer, field: string): Font {
  try {
    return parse(bytes)
  } catch (cause) {
    throw new Fault('config_invalid', { field, detail: 'this is no TrueType font with outlines', cause })
  }
}

const DEEPEST = 6

function parse(bytes: Buffer): Font {
  const table = tablesOf(bytes)
  const [head, loca, glyf, hmtx] = [table('head'), table('loca'), table('glyf'), table('hmtx')]
  const metrics = table('hhea').readUInt16BE(34)
  const long = head.readInt16BE(50) === 1
  const offset = (glyph: number) => (long ? loca.readUInt32BE(glyph * 4) : loca.readUInt16BE(glyph * 2) * 2)
  const contoursOf = (glyph: number, depth = 0): Contour[] => {
    const data = glyf.subarray(offset(glyph), offset(glyph + 1))
    if (data.length === 0) return []
    if (depth > DEEPEST) throw new RangeError('a glyph made of itself')
    const count = data.readInt16BE(0)
    return count >= 0 ? simple(data, count) : composite(data, (part) => contoursOf(part, depth + 1))
  }
  const indexOf = mappingOf(table('cmap'))
  const glyphOf = (character: string): Glyph | null => {
    const index = indexOf(character.codePointAt(0) ?? 0)
    if (index === 0) return null
    return { advance: hmtx.readUInt16BE(Math.min(index, metrics - 1) * 4), contours: contoursOf(index) }
  }
  const capHeight = Math.max(
    ...(glyphOf('H')
      ?.contours.flat()
      .map(({ y }) => y) ?? []),
  )
  if (!(capHeight > 0)) throw new RangeError('no capitals')
  return { capHeight, glyphOf }
}

function tablesOf(bytes: Buffer): (name: string) => Buffer {
  const found = new Map<string, Buffer>()
  for (let i = 0, at = 12; i < bytes.readUInt16BE(4); i++, at += 16) {
    const from = bytes.readUInt32BE(at + 8)
    found.set(bytes.toString('latin1', at, at + 4), bytes.subarray(from, from + bytes.readUInt32BE(at + 12)))
  }
  return (name) => {
    const table = found.get(name)
    if (table === undefined) throw new RangeError(`no table ${name}`)
    return table
  }
}

/** From code points to glyphs; 0 is none. */
function mappingOf(cmap: Buffer): (codePoint: number) => number {
  let best: { format: number; table: Buffer } | null = null
  for (let i = 0, at = 4; i < cmap.readUInt16BE(2); i++, at += 8) {
    const table = cmap.subarray(cmap.readUInt32BE(at + 4))
    const format = table.readUInt16BE(0)
    if ((format === 4 || format === 12) && (best === null || format > best.format)) best = { format, table }
  }
  if (best === null) throw new RangeError('no mapping of Unicode')
  const { format, table } = best
  return format === 12 ? (codePoint) => inGroups(table, codePoint) : (codePoint) => inSegments(table, codePoint)
}

function inGroups(table: Buffer, codePoint: number): number {
  for (let i = 0, at = 16; i < table.readUInt32BE(12); i++, at += 12)
    if (codePoint >= table.readUInt32BE(at) && codePoint <= table.readUInt32BE(at + 4))
      return table.readUInt32BE(at + 8) + codePoint - table.readUInt32BE(at)
  return 0
}

function inSegments(table: Buffer, codePoint: number): number {
  const size = table.readUInt16BE(6)
  const [ends, starts] = [14, 16 + size]
  for (let i = 0; i < size; i += 2) {
    if (codePoint > table.readUInt16BE(ends + i)) continue
    const start = table.readUInt16BE(starts + i)
    if (codePoint < start) return 0
    const delta = table.readUInt16BE(starts + size + i)
    const at = starts + 2 * size + i
    const range = table.readUInt16BE(at)
    if (range === 0) return (codePoint + delta) & 0xffff
    const glyph = table.readUInt16BE(at + range + 2 * (codePoint - start))
    return glyph === 0 ? 0 : (glyph + delta) & 0xffff
  }
  return 0
}

const ON = 1
const REPEATS = 8

function simple(data: Buffer, count: number): Contour[] {
  const ends = Array.from({ length: count }, (_, i) => data.readUInt16BE(10 + i * 2))
  const total = (ends.at(-1) ?? -1) + 1
  let at = 10 + count * 2
  at += 2 + data.readUInt16BE(at)
  const flags: number[] = []
  while (flags.length < total) {
    const flag = data.readUInt8(at++)
    const times = (flag & REPEATS) === 0 ? 1 : data.readUInt8(at++) + 1
    for (let i = 0; i < times; i++) flags.push(flag)
  }
  const axis = (short: number, same: number): number[] => {
    let value = 0
    return flags.slice(0, total).map((flag) => {
      if ((flag & short) !== 0) value += (flag & same) === 0 ? -data.readUInt8(at++) : data.readUInt8(at++)
      else if ((flag & same) === 0) {
        value += data.readInt16BE(at)
        at += 2
      }
      return value
    })
  }
  const xs = axis(2, 16)
  const ys = axis(4, 32)
  const points = xs.map((x, i) => ({ x, y: ys[i] ?? 0, on: ((flags[i] ?? 0) & ON) !== 0 }))
  return ends.map((end, i) => points.slice(i === 0 ? 0 : (ends[i - 1] ?? 0) + 1, end + 1))
}

const WORDS = 1
const OFFSETS = 2
const SCALE = 8
const MORE = 32
const TWO_SCALES = 64
const MATRIX = 128

function composite(data: Buffer, contoursOf: (glyph: number) => Contour[]): Contour[] {
  const found: Contour[] = []
  for (let at = 10, flags = MORE; (flags & MORE) !== 0; ) {
    flags = data.readUInt16BE(at)
    const glyph = data.readUInt16BE(at + 2)
    at += 4
    const words = (flags & WORDS) !== 0
    const [dx, dy] =
      (flags & OFFSETS) === 0
        ? [0, 0]
        : words
          ? [data.readInt16BE(at), data.readInt16BE(at + 2)]
          : [data.readInt8(at), data.readInt8(at + 1)]
    at += words ? 4 : 2
    const numbers = (flags & MATRIX) !== 0 ? 4 : (flags & TWO_SCALES) !== 0 ? 2 : (flags & SCALE) !== 0 ? 1 : 0
    const [a = 1, b, c, d] = Array.from({ length: numbers }, (_, i) => data.readInt16BE(at + i * 2) / 16_384)
    at += numbers * 2
    const [xx, xy, yx, yy] = numbers === 4 ? [a, b ?? 0, c ?? 0, d ?? 1] : [a, 0, 0, numbers === 2 ? (b ?? 1) : a]
    for (const contour of contoursOf(glyph))
      found.push(contour.map(({ x, y, on }) => ({ x: x * xx + y * yx + dx, y: x * xy + y * yy + dy, on })))
  }
  return found
}
