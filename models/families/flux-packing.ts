// FLUX's latents by squares of two by two: [channels, height, width] to [tokens, channels · 4] and back, and where tokens stand.
// A square's four latents lie side by side, channel by channel. Source: diffusers FluxPipeline, `_pack_latents`.
import type { Conditioning } from './denoise.ts'
import { imageTokens, PATCH } from './flow-request.ts'
import type { Beginning } from './start.ts'

/** In latents. */
export type Side = { height: number; width: number }

export function pack(latents: Float32Array, channels: number, side: Side): Float32Array {
  const packed = new Float32Array(latents.length)
  placesOf(channels, side, (at, from) => {
    packed[at] = latents[from] ?? 0
  })
  return packed
}

export function unpack(packed: Float32Array, channels: number, side: Side): Float32Array {
  const latents = new Float32Array(packed.length)
  placesOf(channels, side, (from, at) => {
    latents[at] = packed[from] ?? 0
  })
  return latents
}

/** A beginning with its latents packed, and the mask for each of them. */
export function packBeginning({ keep, ...beginning }: Beginning, channels: number, side: Side): Beginning {
  const packed = (latents: Float32Array) => pack(latents, channels, side)
  const whole = (mask: Float32Array) =>
    Float32Array.from({ length: mask.length * channels }, (_, i) => mask[i % mask.length] ?? 0)
  return {
    ...beginning,
    latents: packed(beginning.latents),
    keep: keep && { latents: packed(keep.latents), noise: packed(keep.noise), mask: packed(whole(keep.mask)) },
  }
}

/** [tokens, 3], or [1, tokens, 3] by row: zeros for text; zero, row and column for a picture's. */
export function positions(side: Side, textTokens: number, byRow: boolean): Conditioning {
  const tokens = imageTokens(side)
  const columns = side.width / PATCH
  const picture = Float32Array.from({ length: tokens * 3 }, (_, i) => {
    const token = Math.floor(i / 3)
    return [0, Math.floor(token / columns), token % columns][i % 3] ?? 0
  })
  const dims = (length: number) => (byRow ? [1, length, 3] : [length, 3])
  return {
    txt_ids: { values: new Float32Array(textTokens * 3), dims: dims(textTokens) },
    img_ids: { values: picture, dims: dims(tokens) },
  }
}

function placesOf(channels: number, { height, width }: Side, place: (packed: number, latent: number) => void): void {
  const columns = width / PATCH
  for (let channel = 0; channel < channels; channel++)
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const token = Math.floor(y / PATCH) * columns + Math.floor(x / PATCH)
        const within = channel * PATCH * PATCH + (y % PATCH) * PATCH + (x % PATCH)
        place(token * channels * PATCH * PATCH + within, (channel * height + y) * width + x)
      }
}
