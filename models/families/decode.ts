// Latents to planes in -1..1: whole, or in overlapping tiles where a whole picture does not fit into memory; and once more in
// float32, where a decoder in float16 overflowed and the pack has the other. Pictures are decoded one at a time.
// Tiles and their blending are diffusers' (AutoencoderKL.tiled_decode), so that a tiled picture is the same picture there.
import { ModelError } from '../runtime/error.ts'
import type { Module } from '../runtime/sessions.ts'
import { allFinite, type Output } from '../runtime/tensors.ts'
import { only } from './outputs.ts'

export type Decoding = {
  decoder: Pick<Module, 'run'>
  /** Opens the same decoder in float32; null where the pack has none. */
  float32: (() => Promise<Pick<Module, 'run'>>) | null
  tiling: Tiling
}

export type Tiling = {
  /** Side of a tile, in latents; a multiple of 4, so that a quarter of it overlaps. */
  tileLatents: number
  /** Pixels to one latent. */
  factor: number
  /** From so many latents on, tiles come first; below, only where memory ran out. */
  fromLatents: number
}

/** [1, channels, height, width] to [1, 3, height · factor, width · factor]. ModelError nan, out_of_memory, model_error. */
export async function decode(parts: Decoding, latents: Output): Promise<Output> {
  const planes = await decodeSomehow(parts.decoder, parts.tiling, latents)
  if (allFinite(planes.values)) return planes
  if (parts.float32 !== null) {
    const again = await decodeSomehow(await parts.float32(), parts.tiling, latents)
    if (allFinite(again.values)) return again
  }
  throw new ModelError('nan', 'the decoder returned values that are not numbers', { field: 'image' })
}

async function decodeSomehow(decoder: Pick<Module, 'run'>, tiling: Tiling, latents: Output): Promise<Output> {
  const [, , height = 0, width = 0] = latents.dims
  const side = Math.max(height, width)
  if (side > tiling.tileLatents && height * width >= tiling.fromLatents) return decodeTiled(decoder, tiling, latents)
  try {
    return await decodeWhole(decoder, latents)
  } catch (error) {
    const tileLatents = Math.min(tiling.tileLatents, Math.ceil(side / 8) * 4)
    const memory = error instanceof ModelError && error.code === 'out_of_memory'
    if (!memory || tileLatents >= side) throw error
    return decodeTiled(decoder, { ...tiling, tileLatents }, latents)
  }
}

async function decodeWhole(decoder: Pick<Module, 'run'>, latents: Output): Promise<Output> {
  const image = only(await decoder.run({ latent_sample: latents }), 'sample')
  if (image.dims[1] !== 3)
    throw new ModelError('pack_unsupported', `the decoder returned ${image.dims[1]} channels`, { field: 'image' })
  return image
}

const OVERLAP = 0.25

/** A decoded tile: [3, height, width]. */
type Tile = { values: Float32Array; height: number; width: number }

async function decodeTiled(
  decoder: Pick<Module, 'run'>,
  { tileLatents, factor }: Tiling,
  latents: Output,
): Promise<Output> {
  const [, , height = 0, width = 0] = latents.dims
  const stride = Math.trunc(tileLatents * (1 - OVERLAP))
  const blend = Math.trunc(tileLatents * factor * OVERLAP)
  const kept = tileLatents * factor - blend
  const whole: Tile = {
    values: new Float32Array(3 * height * factor * width * factor),
    height: height * factor,
    width: width * factor,
  }
  let above: Tile[] = []
  for (let top = 0, y = 0; top < height; top += stride, y += kept) {
    const row: Tile[] = []
    for (let left = 0, x = 0; left < width; left += stride, x += kept) {
      const tile = await decodeTile(decoder, cut(latents, top, left, tileLatents))
      const [over, before] = [above[row.length], row.at(-1)]
      // Neighbours are blended already themselves when they are blended in.
      if (over) blendRows(over, tile, blend)
      if (before) blendColumns(before, tile, blend)
      paste(whole, tile, y, x, kept)
      row.push(tile)
    }
    above = row
  }
  return { values: whole.values, dims: [1, 3, whole.height, whole.width] }
}

async function decodeTile(decoder: Pick<Module, 'run'>, latents: Output): Promise<Tile> {
  const { values, dims } = await decodeWhole(decoder, latents)
  return { values, height: dims[2] ?? 0, width: dims[3] ?? 0 }
}

/** The part of latents [1, channels, height, width] from (top, left), at most `side` each way. */
function cut({ values, dims }: Output, top: number, left: number, side: number): Output {
  const [, channels = 0, height = 0, width = 0] = dims
  const [rows, columns] = [Math.min(side, height - top), Math.min(side, width - left)]
  const part = new Float32Array(channels * rows * columns)
  for (let line = 0; line < channels * rows; line++) {
    const from = (Math.floor(line / rows) * height + top + (line % rows)) * width + left
    part.set(values.subarray(from, from + columns), line * columns)
  }
  return { values: part, dims: [1, channels, rows, columns] }
}

/** The upper `extent` rows of a tile fade in from the lowest of the one above. */
function blendRows(above: Tile, tile: Tile, extent: number): void {
  const rows = Math.min(above.height, tile.height, extent)
  for (let channel = 0; channel < 3; channel++)
    for (let y = 0; y < rows; y++) {
      const share = y / rows
      const from = (channel * above.height + above.height - rows + y) * above.width
      const at = (channel * tile.height + y) * tile.width
      for (let x = 0; x < tile.width; x++)
        tile.values[at + x] = (above.values[from + x] ?? 0) * (1 - share) + (tile.values[at + x] ?? 0) * share
    }
}

/** The same from the left. */
function blendColumns(before: Tile, tile: Tile, extent: number): void {
  const columns = Math.min(before.width, tile.width, extent)
  for (let line = 0; line < 3 * tile.height; line++)
    for (let x = 0; x < columns; x++) {
      const share = x / columns
      const from = line * before.width + before.width - columns + x
      const at = line * tile.width + x
      tile.values[at] = (before.values[from] ?? 0) * (1 - share) + (tile.values[at] ?? 0) * share
    }
}

/** Lays the upper left `kept` pixels of a tile, as far as they reach into the whole. */
function paste(whole: Tile, tile: Tile, y: number, x: number, kept: number): void {
  const rows = Math.min(kept, tile.height, whole.height - y)
  const columns = Math.min(kept, tile.width, whole.width - x)
  for (let line = 0; line < 3 * rows; line++) {
    const [channel, row] = [Math.floor(line / rows), line % rows]
    const from = (channel * tile.height + row) * tile.width
    whole.values.set(tile.values.subarray(from, from + columns), (channel * whole.height + y + row) * whole.width + x)
  }
}
