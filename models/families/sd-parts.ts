// What a Stable Diffusion pack is made of, and what may be asked of it.
// Opening one: sd-pack.ts. Working with it: sd.ts.
import { ModelError } from '../runtime/error.ts'
import type { Size } from '../runtime/manifest.ts'
import type { Module } from '../runtime/sessions.ts'
import type { SampleRequest } from '../runtime/stepper.ts'
import type { Output } from '../runtime/tensors.ts'
import type { PromptTokenizer } from '../runtime/tokenizer.ts'
import type { PlanSteps, SchedulerName } from '../schedulers/scheduler.ts'

export type SdParts = {
  tokenizer: PromptTokenizer
  textEncoder: Pick<Module, 'run'>
  unet: Pick<Module, 'run'>
  vaeDecoder: Pick<Module, 'run'>
  /** Null: the pack makes pictures of nothing alone. */
  vaeEncoder: Pick<Module, 'run'> | null
  /** vector: one timestep a row, so samples at different steps share a run. single: one timestep a run. */
  timestep: 'vector' | 'single' | 'scalar'
  latentChannels: number
  /** The UNet takes a mask and the masked picture's latents after its own: it was trained to inpaint. */
  inpaints: boolean
  scalingFactor: number
  sizes: { supported: readonly Size[]; factor: number }
  scheduler: SchedulerName
  planFor(name: SchedulerName): PlanSteps
}

/** The output of this name, or the only one where an exporter named it otherwise. */
export function only(outputs: ReadonlyMap<string, Output>, name: string): Output {
  const [first] = outputs.values()
  const output = outputs.get(name) ?? (outputs.size === 1 ? first : undefined)
  if (output === undefined) throw new ModelError('pack_unsupported', `no output ${name}`, { field: name })
  return output
}

/** ModelError invalid_input: a request that this model cannot do, by its field. */
export function checkRequest(parts: SdParts, request: SampleRequest): void {
  const wrong = (field: string, expected: string) =>
    new ModelError('invalid_input', `${field}: expected ${expected}`, { field })
  const { sizes } = parts
  const { width, height, seed, steps, guidanceScale, previews = 0 } = request
  if (!sizes.supported.some((size) => size.width === width && size.height === height))
    throw wrong('size', `one of ${sizes.supported.map((size) => `${size.width}x${size.height}`).join(', ')}`)
  if (!Number.isSafeInteger(seed) || seed < 0) throw wrong('seed', 'a whole number from 0')
  if (!Number.isInteger(steps) || steps < 1) throw wrong('steps', 'a whole number from 1')
  if (!Number.isFinite(guidanceScale) || guidanceScale < 0) throw wrong('guidance_scale', 'a number from 0')
  if (!Number.isInteger(previews) || previews < 0) throw wrong('previews', 'a whole number from 0')
  checkStart(parts, request, wrong)
}

type Wrong = (field: string, expected: string) => ModelError

function checkStart({ vaeEncoder, inpaints }: SdParts, { start, width, height }: SampleRequest, wrong: Wrong): void {
  if (start === undefined) {
    if (inpaints) throw wrong('image', 'a picture with a mask; this model paints in pictures and makes none of nothing')
    return
  }
  const { picture, mask, strength } = start
  if (vaeEncoder === null) throw wrong('image', 'no picture; this pack has no encoder')
  if (picture.width !== width || picture.height !== height || picture.rgb.length !== width * height * 3)
    throw wrong('image', `a picture of ${width}x${height}`)
  if (mask === null && inpaints) throw wrong('mask', 'a mask; this model paints in pictures')
  if (mask !== null && mask.length !== width * height) throw wrong('mask', `a mask of ${width}x${height}`)
  if (!(strength > 0 && strength <= 1)) throw wrong('strength', 'a number above 0, up to 1')
}
