// The keyed carriers of the mark: which Fourier bins of the tile are pilots, which carry which coded bit, their phases, and for
// larger pictures the tile's own side. Everything follows from HMAC-SHA256(secret, epoch and tile), so a new epoch is an unrelated
// pattern; without the secret the carriers look like noise. Next: embed.ts adds them to a picture, detect.ts reads them back.
import { createHmac } from 'node:crypto'
import { CODED_BITS } from './code.ts'
import { binOf } from './transform.ts'

/** One key epoch. The secret is at least 16 bytes and never leaves the process. */
export type MarkKey = { readonly epoch: number; readonly secret: Uint8Array }

export type Carrier = {
  /** Index of the bin in a spectrum of the pattern's reach, and of its conjugate. */
  readonly bin: number
  readonly mirror: number
  /** Horizontal and vertical frequency, in cycles a tile. */
  readonly u: number
  readonly v: number
  readonly phase: number
  readonly weight: number
  /** Of low frequency, by its band. */
  readonly low: boolean
  /** Radial band, for pilots to tell how well data of their frequency survived. */
  readonly band: number
  /** -1 for a pilot, else the coded bit that it carries. */
  readonly bit: number
}

export type Pattern = {
  /** Side in pixels of the repeating tile. */
  readonly side: number
  /** Largest frequency of either axis, in cycles a tile. */
  readonly reach: number
  readonly epoch: number
  readonly carriers: readonly Carrier[]
  readonly bands: number
}

/** Tiles of small pictures, which hold few of them: under 128 pixels, and under KEYED_FROM. */
const SMALLEST = 64
const SMALL = 128
const KEYED_FROM = 384
// Sides of larger pictures' tiles, by key. JPEG's blocks repeat every 8 pixels: a tile that does not hold a whole number of them is
// not hit everywhere alike.
const KEYED_LEAST = 114
const KEYED_RANGE = 28

// Cycles per pixel: below, the local mean removes the mark; above, JPEG does.
const LOWEST = 6 / 128
const HIGHEST = 32 / 128
const PILOT_SHARE = 0.28
const BANDS = 5
// Below 22 cycles in 128 pixels: where a flat picture's mark keeps most of its energy, and what heavy compression leaves.
const LOW_BANDS = 3

/** The side of the tile that a picture of this size is marked with. Throws RangeError under 64 pixels. */
export function tileSideFor(key: MarkKey, width: number, height: number): number {
  const least = Math.min(width, height)
  if (least < SMALLEST) throw new RangeError(`a picture to mark has at least ${SMALLEST} pixels a side`)
  if (least < SMALL) return SMALLEST
  return least < KEYED_FROM ? SMALL : keyedSide(key)
}

/**
 * Every side that a mark of this key may repeat at, the likeliest first, in a copy that is at its original's scale and measures this:
 * what was cut down may have been larger.
 */
export function tileSidesOf(key: MarkKey, width: number, height: number): number[] {
  const least = Math.min(width, height)
  if (least >= KEYED_FROM) return [keyedSide(key)]
  return least >= SMALL ? [SMALL, keyedSide(key)] : [SMALLEST, SMALL, keyedSide(key)]
}

/** The same, and where the first marks of larger pictures repeat, which no longer are made. */
export function everyTileSideOf(key: MarkKey, width: number, height: number): number[] {
  return [...new Set([...tileSidesOf(key, width, height), SMALL])]
}

function keyedSide(key: MarkKey): number {
  const [first = 0] = createHmac('sha256', key.secret).update(`darkroom tiled-fourier 2/${key.epoch}/side`).digest()
  const side = KEYED_LEAST + (first % KEYED_RANGE)
  return side % 8 === 0 ? side + 1 : side
}

const patterns = new Map<string, { key: MarkKey; pattern: Pattern }>()

/** The carriers for one key and tile side, kept for the few in use. Deterministic; about 1500 of them for a tile of 128. */
export function markPattern(key: MarkKey, side: number): Pattern {
  const name = `${key.epoch}/${side}`
  const known = patterns.get(name)
  if (known !== undefined && known.key === key) return known.pattern
  const pattern = drawPattern(key, side)
  patterns.set(name, { key, pattern })
  return pattern
}

function drawPattern(key: MarkKey, side: number): Pattern {
  if (key.secret.length < 16) throw new RangeError('a mark secret has at least 16 bytes')
  const random = keyedStream(key, side)
  const bins: { u: number; v: number; radius: number }[] = []
  const half = Math.ceil(side / 2)
  for (let v = 1 - half; v < half; v++) {
    for (let u = 0; u < half; u++) {
      if (u === 0 && v <= 0) continue
      const radius = Math.hypot(u, v) / side
      if (radius >= LOWEST && radius < HIGHEST) bins.push({ u, v, radius })
    }
  }
  for (let i = bins.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1))
    const a = bins[i]
    const b = bins[j]
    if (a === undefined || b === undefined) throw new Error('unreachable')
    bins[i] = b
    bins[j] = a
  }
  const reach = Math.ceil(side * HIGHEST) - 1
  const pilots = Math.round(bins.length * PILOT_SHARE)
  const carriers = bins.map(({ u, v, radius }, index): Carrier => {
    const band = Math.min(BANDS - 1, Math.floor(((radius - LOWEST) / (HIGHEST - LOWEST)) * BANDS))
    return {
      bin: binOf(reach, u, v),
      mirror: binOf(reach, -u, -v),
      u,
      v,
      phase: random() * 2 * Math.PI,
      weight: radius ** -0.6,
      band,
      low: band < LOW_BANDS,
      bit: index < pilots ? -1 : (index - pilots) % CODED_BITS,
    }
  })
  return { side, reach, epoch: key.epoch, carriers, bands: BANDS }
}

/** Uniform numbers in [0, 1) from HMAC-SHA256 in counter mode. */
function keyedStream(key: MarkKey, side: number): () => number {
  let block = Buffer.alloc(0)
  let at = 0
  let counter = 0
  return () => {
    if (at >= block.length) {
      block = createHmac('sha256', key.secret)
        .update(`darkroom tiled-fourier 1/${key.epoch}/${side}/${counter++}`)
        .digest()
      at = 0
    }
    const value = block.readUInt32LE(at)
    at += 4
    return value / 2 ** 32
  }
}
