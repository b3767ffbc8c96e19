// Crops, borders and numbers around a resized picture, as the libraries that trained the classifiers do them. Pure.
// Where they round to whole pixels they differ, so each function says whose rounding it has.
import { ModelError } from './error.ts'
import type { Size } from './manifest.ts'
import { type Filter, resample } from './resample.ts'
import type { Rgb } from './stepper.ts'

export type Triple = readonly [number, number, number]

/** ModelError: invalid_input. Every classifier looks here first. */
export function expectPicture({ width, height, rgb }: Rgb): void {
  const whole = Number.isInteger(width) && Number.isInteger(height) && width >= 1 && height >= 1
  if (!whole || rgb.length !== width * height * 3)
    throw new ModelError('invalid_input', 'picture: expected width × height × 3 bytes', { field: 'picture' })
}

/** The size whose shorter side is `side`, the longer cut down to whole pixels (transformers, torchvision). */
export function shortestSide({ width, height }: Size, side: number): Size {
  const long = Math.trunc((side * Math.max(width, height)) / Math.min(width, height))
  return width <= height ? { width: side, height: long } : { width: long, height: side }
}

export type Fit = {
  /** The picture's size when it is resized, and the frame that is cut from its middle. */
  resized: Size
  frame: Size
  filter: Filter
  /** Rounds what is spare on both sides to what lies before the frame; negative where the frame is larger. */
  gap: (spare: number) => number
  /** Where the picture does not reach. */
  fill?: Triple
}

/** Resizes, then cuts or borders around the middle; computes no pixel outside the frame. */
export function fitCentre(picture: Rgb, { resized, frame, filter, gap, fill = [0, 0, 0] }: Fit): Rgb {
  const [left, top] = [gap(resized.width - frame.width), gap(resized.height - frame.height)]
  const window = {
    left: Math.max(0, left),
    top: Math.max(0, top),
    width: Math.min(resized.width, frame.width),
    height: Math.min(resized.height, frame.height),
  }
  const part = resample(picture, resized, filter, window)
  if (part.width === frame.width && part.height === frame.height) return part
  const rgb = new Uint8Array(frame.width * frame.height * 3)
  for (let i = 0; i < rgb.length; i++) rgb[i] = fill[i % 3] ?? 0
  for (let y = 0; y < part.height; y++) {
    const row = part.rgb.subarray(y * part.width * 3, (y + 1) * part.width * 3)
    rgb.set(row, ((y + Math.max(0, -top)) * frame.width + Math.max(0, -left)) * 3)
  }
  return { ...frame, rgb }
}

/** Python's `//`, of transformers' center_crop. */
export const floorGap = (spare: number): number => Math.floor(spare / 2)

/** torchvision's and timm's: a crop rounds half to even, a border is the smaller half first. */
export function torchGap(spare: number): number {
  return spare < 0 ? -Math.floor(-spare / 2) : roundHalfEven(spare / 2)
}

/** Python's round(). */
export function roundHalfEven(value: number): number {
  const low = Math.floor(value)
  const rest = value - low
  return rest > 0.5 || (rest === 0.5 && low % 2 !== 0) ? low + 1 : low
}

/** (value/255 − mean) / std in float32, step by step as NumPy and torch compute it; [1, 3, height, width]. */
export function normalise({ width, height, rgb }: Rgb, mean: Triple, std: Triple) {
  const pixels = width * height
  const values = new Float32Array(pixels * 3)
  for (let c = 0; c < 3; c++) {
    const table = Float32Array.from({ length: 256 }, (_, value) => {
      const centred = Math.fround(Math.fround(value / 255) - Math.fround(mean[c] ?? 0))
      return centred / Math.fround(std[c] ?? 1)
    })
    for (let i = 0; i < pixels; i++) values[c * pixels + i] = table[rgb[i * 3 + c] ?? 0] ?? 0
  }
  return { values, dims: [1, 3, height, width] }
}
