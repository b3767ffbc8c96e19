// The keyed carriers of the mark: which Fourier bins of the tile are pilots, which carry which coded bit, and their phases.
// Everything follows from HMAC-SHA256(secret, epoch and tile), so a new epoch is an unrelated pattern; without the secret the
// carriers look like noise. Next: embed.ts adds them to a picture, detect.ts reads them back.
import { createHmac } from 'node:crypto'
import { CODED_BITS } from './code.ts'

/** One key epoch. The secret is at least 16 bytes and never leaves the process. */
export type MarkKey = { readonly epoch: number; readonly secret: Uint8Array }

/** Side in pixels of the repeating tile. Pictures with a side under 128 use the small one. */
export type TileSide = 64 | 128

export type Carrier = {
  /** Index of the bin in a row-major spectrum, and of its conjugate. */
  readonly bin: number
  readonly mirror: number
  /** Horizontal and vertical frequency, in cycles a tile (0 ≤ u, v < side). */
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
  readonly side: TileSide
  readonly epoch: number
  readonly carriers: readonly Carrier[]
  readonly bands: number
}

// Cycles per pixel: below, the local mean removes the mark; above, JPEG does.
const LOWEST = 6 / 128
const HIGHEST = 32 / 128
const PILOT_SHARE = 0.28
const BANDS = 5
// Below 22 cycles a tile of 128: where a flat picture's mark keeps most of its energy, and what heavy compression leaves.
const LOW_BANDS = 3

/** The carriers for one key and tile side. Deterministic; about 1500 of them for a tile of 128. */
export function markPattern(key: MarkKey, side: TileSide): Pattern {
  if (key.secret.length < 16) throw new RangeError('a mark secret has at least 16 bytes')
  const random = keyedStream(key, side)
  const bins: { u: number; v: number; radius: number }[] = []
  for (let v = -side / 2 + 1; v < side / 2; v++) {
    for (let u = 0; u < side / 2; u++) {
      if (u === 0 && v <= 0) continue
      const radius = Math.hypot(u, v) / side
      if (radius >= LOWEST && radius < HIGHEST) bins.push({ u, v: (v + side) % side, radius })
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
  const pilots = Math.round(bins.length * PILOT_SHARE)
  const carriers = bins.map(({ u, v, radius }, index): Carrier => {
    const band = Math.min(BANDS - 1, Math.floor(((radius - LOWEST) / (HIGHEST - LOWEST)) * BANDS))
    return {
      bin: v * side + u,
      mirror: ((side - v) % side) * side + ((side - u) % side),
      u,
      v,
      phase: random() * 2 * Math.PI,
      weight: radius ** -0.6,
      band,
      low: band < LOW_BANDS,
      bit: index < pilots ? -1 : (index - pilots) % CODED_BITS,
    }
  })
  return { side, epoch: key.epoch, carriers, bands: BANDS }
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
