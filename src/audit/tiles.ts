// Where a log's tree and entries lie as files: the paths, widths and bundles of https://c2sp.org/tlog-tiles. Pure. A tile of level l
// has up to 256 hashes of complete subtrees of 256^l leaves; a bundle has the entries under a tile of level 0.
// One spelling a path: what parseTilePath accepts, tilePath and entriesPath print.

export const TILE_WIDTH = 256

const MOST_LEVEL = 63
const LENGTH_BYTES = 2
const MOST_ENTRY_BYTES = 65_535

export interface Tile {
  level: number
  index: number
  /** Hashes in it: TILE_WIDTH, or fewer at the tree's right edge. */
  width: number
}

export type Bundle = Omit<Tile, 'level'>

/** tile/0/x001/x234/067, or with .p/57 when it is partial. Throws a RangeError for what no tree has. */
export function tilePath(level: number, index: number, width: number): string {
  if (!Number.isSafeInteger(level) || level < 0 || level > MOST_LEVEL)
    throw new RangeError(`no tile has level ${level}`)
  return `tile/${level}/${placeOf(index, width)}`
}

/** tile/entries/x001/x234/067, or with .p/57 when it is partial. Throws a RangeError for what no tree has. */
export function entriesPath(index: number, width: number): string {
  return `tile/entries/${placeOf(index, width)}`
}

/** What a path names, or null for every spelling but the canonical one. */
export function parseTilePath(path: string): { level: number | 'entries'; index: number; width: number } | null {
  const match = /^tile\/(entries|\d{1,2})\/((?:x\d{3}\/){0,5}\d{3})(?:\.p\/(\d{1,3}))?$/.exec(path)
  if (match === null) return null
  const [, kind = '', groups = '', partial] = match
  const level = kind === 'entries' ? kind : Number(kind)
  const index = Number(groups.replaceAll(/[x/]/g, ''))
  const width = partial === undefined ? TILE_WIDTH : Number(partial)
  const known = isIndex(index) && isWidth(width) && (level === 'entries' || level <= MOST_LEVEL)
  if (!known) return null
  const canonical = level === 'entries' ? entriesPath(index, width) : tilePath(level, index, width)
  return canonical === path ? { level, index, width } : null
}

/** The hash tiles that a tree of `to` leaves has and one of `from` leaves has not, partial ones included, level by level. RangeError: it shrinks. */
export function tilesBetween(from: number, to: number): Tile[] {
  checkGrowth(from, to)
  const tiles: Tile[] = []
  let [before, after] = [from, to]
  for (let level = 0; after > 0; level++) {
    tiles.push(...entriesBetween(before, after).map((bundle) => ({ level, ...bundle })))
    ;[before, after] = [Math.floor(before / TILE_WIDTH), Math.floor(after / TILE_WIDTH)]
  }
  return tiles
}

/** The bundles of entries that a tree of `to` leaves has and one of `from` leaves has not, the partial one included. RangeError: it shrinks. */
export function entriesBetween(from: number, to: number): Bundle[] {
  checkGrowth(from, to)
  if (from === to) return []
  const first = Math.floor(from / TILE_WIDTH)
  return Array.from({ length: Math.ceil(to / TILE_WIDTH) - first }, (_, i) => ({
    index: first + i,
    width: Math.min(TILE_WIDTH, to - (first + i) * TILE_WIDTH),
  }))
}

/** A bundle: each entry behind its length as a big-endian uint16. Throws a RangeError for an entry that is longer than that counts. */
export function encodeEntries(entries: readonly Uint8Array[]): Buffer {
  const parts = entries.flatMap((entry, i) => {
    if (entry.length > MOST_ENTRY_BYTES)
      throw new RangeError(`entry ${i} has ${entry.length} bytes; ${MOST_ENTRY_BYTES} at the most`)
    const length = Buffer.alloc(LENGTH_BYTES)
    length.writeUInt16BE(entry.length)
    return [length, entry]
  })
  return Buffer.concat(parts)
}

/** The `width` entries of a bundle. Throws a RangeError that says where it is truncated, or how many bytes are left over. */
export function decodeEntries(bytes: Uint8Array, width: number): Buffer[] {
  if (!isWidth(width)) throw new RangeError(`no bundle has ${width} entries`)
  const bundle = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const entries: Buffer[] = []
  let at = 0
  for (let i = 0; i < width; i++) {
    const start = at + LENGTH_BYTES
    const end = start <= bundle.length ? start + bundle.readUInt16BE(at) : start
    if (end > bundle.length)
      throw new RangeError(`the bundle is truncated in entry ${i} of ${width}, at byte ${bundle.length}`)
    entries.push(bundle.subarray(start, end))
    at = end
  }
  if (at < bundle.length) throw new RangeError(`the bundle has ${bundle.length - at} bytes after its ${width} entries`)
  return entries
}

function checkGrowth(from: number, to: number): void {
  if (!isIndex(from) || !isIndex(to) || from > to)
    throw new RangeError(`a tree of ${from} leaves does not grow to ${to}`)
}

function placeOf(index: number, width: number): string {
  if (!isIndex(index)) throw new RangeError(`no tile has index ${index}`)
  if (!isWidth(width)) throw new RangeError(`no tile has width ${width}`)
  const digits = String(index)
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, '0').match(/\d{3}/g) ?? []
  const path = groups.map((group, i) => (i < groups.length - 1 ? `x${group}` : group)).join('/')
  return width === TILE_WIDTH ? path : `${path}.p/${width}`
}

function isIndex(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0
}

function isWidth(width: number): boolean {
  return Number.isSafeInteger(width) && width >= 1 && width <= TILE_WIDTH
}
