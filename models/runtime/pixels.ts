// Between bytes and planes: what a decoder returns, what an encoder wants, what an edit keeps, and a picture made smaller.
// Planes are [3, height, width] in -1..1; bytes are RGB, rows from the top. Nothing here knows a model.
import type { Size } from './manifest.ts'
import type { Rgb } from './stepper.ts'

/** Planes in -1..1 to bytes; what lies outside is held at the ends. */
export function toRgb(planes: Float32Array, pixels: number): Uint8Array {
  const rgb = new Uint8Array(pixels * 3)
  for (let channel = 0; channel < 3; channel++)
    for (let i = 0; i < pixels; i++) {
      const value = (planes[channel * pixels + i] ?? 0) / 2 + 0.5
      rgb[i * 3 + channel] = Math.round(Math.min(Math.max(value, 0), 1) * 255)
    }
  return rgb
}

/** Bytes to planes in -1..1. */
export function toPlanes({ width, height, rgb }: Rgb): Float32Array {
  const pixels = width * height
  const planes = new Float32Array(pixels * 3)
  for (let channel = 0; channel < 3; channel++)
    for (let i = 0; i < pixels; i++)
      planes[channel * pixels + i] = 2 * Math.fround((rgb[i * 3 + channel] ?? 0) / 255) - 1
  return planes
}

/** Lays `over` on `under`, each pixel as far as the mask lets it: 0 keeps the byte beneath, 255 takes the one above. */
export function layOver(under: Uint8Array, over: Uint8Array, mask: Uint8Array): Uint8Array {
  return over.map((value, i) => {
    const share = (mask[Math.floor(i / 3)] ?? 0) / 255
    return Math.round((under[i] ?? 0) * (1 - share) + value * share)
  })
}

/** The size of a preview: half the picture's, but with no side under `leastSide`. Null where the picture itself is smaller. */
export function previewSize({ width, height }: Size, leastSide: number): Size | null {
  const side = Math.min(width, height)
  if (side < leastSide) return null
  const scale = Math.max(0.5, leastSide / side)
  return { width: Math.round(width * scale), height: Math.round(height * scale) }
}

/** A picture as its preview shows it: with half its detail, at half its size or as large as `leastSide` asks. */
export function previewOf(picture: Rgb, leastSide: number): Rgb {
  const half = shrink(picture, { width: Math.round(picture.width / 2), height: Math.round(picture.height / 2) })
  return repeated(half, previewSize(picture, leastSide) ?? half)
}

/** Each new pixel repeats the old one that it lies in. */
function repeated(picture: Rgb, { width, height }: Size): Rgb {
  if (picture.width === width && picture.height === height) return picture
  const rgb = new Uint8Array(width * height * 3)
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const row = Math.floor((y * picture.height) / height)
      const from = (row * picture.width + Math.floor((x * picture.width) / width)) * 3
      rgb.set(picture.rgb.subarray(from, from + 3), (y * width + x) * 3)
    }
  return { width, height, rgb }
}

/** Averages over area: each new pixel is the mean of what it covers, with fractions at its edges. Never enlarges. */
export function shrink(picture: Rgb, { width, height }: Size): Rgb {
  if (picture.width === width && picture.height === height) return picture
  const narrow = averaged(Float32Array.from(picture.rgb), picture.height, picture.width, width, 3)
  // Rows of the narrow picture, each taken as one pixel of many channels.
  const low = averaged(narrow, 1, picture.height, height, width * 3)
  return { width, height, rgb: Uint8Array.from(low, Math.round) }
}

/** [lines, from, channels] to [lines, to, channels]. */
function averaged(values: Float32Array, lines: number, from: number, to: number, channels: number): Float32Array {
  const out = new Float32Array(lines * to * channels)
  const step = from / to
  for (let at = 0; at < to; at++) {
    const [begin, end] = [at * step, Math.min((at + 1) * step, from)]
    for (let source = Math.floor(begin); source < end; source++) {
      const share = (Math.min(end, source + 1) - Math.max(begin, source)) / step
      for (let line = 0; line < lines; line++)
        for (let c = 0; c < channels; c++) {
          const i = (line * to + at) * channels + c
          out[i] = (out[i] ?? 0) + share * (values[(line * from + source) * channels + c] ?? 0)
        }
    }
  }
  return out
}
