// Between pixels and latents, for every family whose autoencoder is diffusers' AutoencoderKL; and what may be asked of such a model.
// Where a sample begins: start.ts. How it is denoised: denoise.ts.
import { ModelError } from '../runtime/error.ts'
import type { Size } from '../runtime/manifest.ts'
import { layOver, toRgb } from '../runtime/pixels.ts'
import type { Module } from '../runtime/sessions.ts'
import type { Rgb, SampleRequest, Start } from '../runtime/stepper.ts'
import { allFinite } from '../runtime/tensors.ts'
import { decode, type Tiling } from './decode.ts'

export type LatentSpace = {
  vaeDecoder: Pick<Module, 'run'>
  /** Null: the pack makes pictures of nothing alone. */
  vaeEncoder: Pick<Module, 'run'> | null
  latentChannels: number
  /** The denoiser takes a mask and the masked picture's latents after its own: it was trained to inpaint. */
  inpaints: boolean
  /** Latents are (encoded − shift) · scale. */
  scalingFactor: number
  shiftFactor: number
  sizes: { supported: readonly Size[]; factor: number }
  tiling: Tiling
  /** Opens the decoder in float32; null where the pack has none beside one in float16. */
  float32Decoder: (() => Promise<Pick<Module, 'run'>>) | null
}

/** Decodes latents [1, channels, height, width]. What the decoder returns is [1, 3, height, width] in -1..1. */
export async function develop(
  { vaeDecoder, float32Decoder, tiling, latentChannels, scalingFactor, shiftFactor }: LatentSpace,
  { height, width, start }: { height: number; width: number; start: Start | null },
  latents: Float32Array,
): Promise<Rgb> {
  const scaled = latents.map((value) => value / scalingFactor + shiftFactor)
  const dims = [1, latentChannels, height, width]
  const image = await decode({ decoder: vaeDecoder, float32: float32Decoder, tiling }, { values: scaled, dims })
  const [, , rows = 0, columns = 0] = image.dims
  const rgb = toRgb(image.values, columns * rows)
  // Encoding and decoding change every pixel a little: those that the mask keeps are given back as they came.
  const { picture, mask } = start ?? {}
  return { width: columns, height: rows, rgb: picture && mask ? layOver(picture.rgb, rgb, mask) : rgb }
}

/** Fields that not every family has a place for. */
export type OwnField = 'conditioning' | 'denoising' | 'trueGuidanceScale' | 'promptSyntax'
const OWN_FIELDS: readonly (readonly [OwnField, name: string])[] = [
  ['conditioning', 'conditioning'],
  ['denoising', 'denoising'],
  ['trueGuidanceScale', 'true_guidance_scale'],
  ['promptSyntax', 'prompt_syntax'],
]

/** ModelError invalid_input: a request that this model cannot do, by its field. `own` are the fields that its family reads. */
export function checkRequest(parts: LatentSpace, request: SampleRequest, own: readonly OwnField[] = []): void {
  const wrong = (field: string, expected: string) =>
    new ModelError('invalid_input', `${field}: expected ${expected}`, { field })
  const { sizes } = parts
  const { width, height, seed, steps, guidanceScale, previews = 0, guidanceRescale = 0 } = request
  if (!sizes.supported.some((size) => size.width === width && size.height === height))
    throw wrong('size', `one of ${sizes.supported.map((size) => `${size.width}x${size.height}`).join(', ')}`)
  if (!Number.isSafeInteger(seed) || seed < 0) throw wrong('seed', 'a whole number from 0')
  if (!Number.isInteger(steps) || steps < 1) throw wrong('steps', 'a whole number from 1')
  if (!Number.isFinite(guidanceScale) || guidanceScale < 0) throw wrong('guidance_scale', 'a number from 0')
  if (!(guidanceRescale >= 0 && guidanceRescale <= 1)) throw wrong('guidance_rescale', 'a number from 0 to 1')
  if (!Number.isInteger(previews) || previews < 0) throw wrong('previews', 'a whole number from 0')
  for (const [field, name] of OWN_FIELDS)
    if (request[field] !== undefined && !own.includes(field)) throw wrong(name, 'none; this model knows no such thing')
  checkStart(parts, request, wrong)
}

type Wrong = (field: string, expected: string) => ModelError

function checkStart(parts: LatentSpace, { start, width, height }: SampleRequest, wrong: Wrong): void {
  const { vaeEncoder, inpaints, latentChannels, sizes } = parts
  if (start === undefined) {
    if (inpaints) throw wrong('image', 'a picture with a mask; this model paints in pictures and makes none of nothing')
    return
  }
  const { picture, latents, mask, strength } = start
  if (picture === null && (latents === undefined || inpaints)) throw wrong('image', 'a picture')
  if (picture !== null && vaeEncoder === null && (latents === undefined || inpaints))
    throw wrong('image', 'no picture; this pack has no encoder')
  if (picture && (picture.width !== width || picture.height !== height || picture.rgb.length !== width * height * 3))
    throw wrong('image', `a picture of ${width}x${height}`)
  const size = latentChannels * (width / sizes.factor) * (height / sizes.factor)
  if (latents && (latents.length !== size || !allFinite(latents))) throw wrong('latents', `${size} numbers`)
  if (mask === null && inpaints) throw wrong('mask', 'a mask; this model paints in pictures')
  if (mask !== null && mask.length !== width * height) throw wrong('mask', `a mask of ${width}x${height}`)
  if (!(strength > 0 && strength <= 1)) throw wrong('strength', 'a number above 0, up to 1')
}
