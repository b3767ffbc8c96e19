// Where a sample begins: at noise, or at a picture's latents with the noise of the step that it joins.
// Draws come in diffusers' order, picture, noise, picture without what the mask gives free, and latents are sampled from the
// encoder's distribution, not its mode: an equal seed gives an equal picture. Sources: diffusers
// pipeline_stable_diffusion_img2img.py and pipeline_stable_diffusion_inpaint.py. Next: denoise.ts.
import { ModelError } from '../runtime/error.ts'
import type { Size } from '../runtime/manifest.ts'
import type { Noise } from '../runtime/noise.ts'
import { toPlanes } from '../runtime/pixels.ts'
import type { Rgb, SampleRequest, Start } from '../runtime/stepper.ts'
import { allFinite } from '../runtime/tensors.ts'
import { withoutEnd } from '../schedulers/custom.ts'
import { type Scheduler, startingAt } from '../schedulers/scheduler.ts'
import type { LatentSpace } from './latent-space.ts'
import { only } from './outputs.ts'

export type Beginning = {
  /** The steps that are taken. */
  scheduler: Scheduler
  /** [latentChannels, height, width] */
  latents: Float32Array
  /** What stays of the picture, put back after each step. */
  keep: Keep | null
  /** Channels that follow the latents into a UNet which inpaints: mask, then masked latents. */
  condition: Float32Array | null
}

export type Keep = {
  latents: Float32Array
  noise: Float32Array
  /** 1 where latents are free, 0 where they are kept; [height, width]. */
  mask: Float32Array
}

/** [2 · latentChannels, height, width] mean and log variance, or latents that the graph has sampled itself. */
type Encoded = Float32Array
/** One encoding a picture, however many samples begin at it. */
export type Encodings = Map<object, Encoded>

/** How a family's pipelines let an edit join the plan. */
export type Joining = {
  /** The first step of `steps` that is taken. */
  first(steps: number, strength: number): number
  /** With a mask and full strength an edit begins at noise alone, whatever the first step's noise level. */
  fresh: boolean
  /** The call of the plan at which latents go on that carry its noise already: no noise is added, and strength is nothing. */
  goesOnAt?: number | undefined
}

/** Of Stable Diffusion and SDXL: the steps taken are rounded down. */
export const UNET_JOINING: Joining = {
  first: (steps, strength) => steps - Math.min(Math.trunc(steps * strength), steps),
  fresh: true,
}

export async function begin(
  parts: LatentSpace,
  request: SampleRequest,
  plan: Scheduler,
  noise: Noise,
  known: Encodings,
  joining: Joining = UNET_JOINING,
): Promise<Beginning> {
  const { latentChannels, sizes } = parts
  const size = latentChannels * (request.height / sizes.factor) * (request.width / sizes.factor)
  const { start } = request
  if (start === undefined) {
    const latents = noise.randn(size).map((value) => value * plan.initNoiseSigma)
    return { scheduler: plan, latents, keep: null, condition: null }
  }
  // a. Join the plan where `strength` of its steps are left, or where others left off.
  const { timesteps, sigmas } = request.custom ?? {}
  const steps = timesteps?.length ?? (sigmas && withoutEnd(sigmas).length) ?? request.steps
  const first = joining.first(steps, start.strength)
  const { goesOnAt } = joining
  const scheduler = startingAt(plan, goesOnAt ?? first * (plan.callsPerStep ?? 1))
  if (goesOnAt === undefined && (first >= steps || scheduler.timesteps.length < 1))
    throw new ModelError('invalid_input', `strength: ${steps} steps leave none to take`, { field: 'strength' })

  // b. The picture's latents, and noise. A mask with full strength begins at noise alone.
  const fresh = goesOnAt === undefined && joining.fresh && start.mask !== null && start.strength === 1
  const clean = fresh && parts.inpaints ? null : await latentsOf(parts, start, size, known, noise)
  if (goesOnAt !== undefined && clean !== null && start.mask === null)
    return { scheduler, latents: clean, keep: null, condition: null }
  const drawn = noise.randn(size)
  const joined = (from: Float32Array) => (goesOnAt === undefined ? scheduler.addNoise(0, from, drawn) : from.slice())
  const latents = fresh || clean === null ? drawn.map((value) => value * scheduler.initNoiseSigma) : joined(clean)
  if (start.mask === null) return { scheduler, latents, keep: null, condition: null }

  // c. The mask in latents, and how the UNet comes to know of it.
  const mask = latentMask(start.mask, request, sizes.factor)
  if (!parts.inpaints) {
    if (clean === null) throw new TypeError('an ordinary UNet keeps by latents')
    return { scheduler, latents, keep: { latents: clean, noise: drawn, mask }, condition: null }
  }
  const { picture, mask: free } = start
  if (picture === null) throw new TypeError('a request to a model that inpaints was checked')
  const visible = await encode(parts, picture, () => withoutFree(picture, free), known, start)
  const hidden = draw(visible, size, parts, noise)
  const condition = new Float32Array(mask.length + size)
  condition.set(mask)
  condition.set(hidden, mask.length)
  return { scheduler, latents, keep: null, condition }
}

/** The latents that an edit begins at: those handed over, else drawn from what the encoder makes of the picture. */
async function latentsOf(
  parts: LatentSpace,
  { picture, latents }: Start,
  size: number,
  known: Encodings,
  noise: Noise,
): Promise<Float32Array> {
  if (latents !== undefined) return latents.slice()
  if (picture === null) throw new TypeError('a request for an edit was checked')
  return draw(await encode(parts, picture, () => toPlanes(picture), known, picture), size, parts, noise)
}

/**
 * After a step: what the mask keeps is the picture's again, with the noise of the step to come, and clean after the last.
 * `index` is the next step's.
 */
export function putBack(latents: Float32Array, keep: Keep, scheduler: Scheduler, index: number): void {
  const done = index >= scheduler.timesteps.length
  const kept = done ? keep.latents : scheduler.addNoise(index, keep.latents, keep.noise)
  const cells = keep.mask.length
  for (let i = 0; i < latents.length; i++) {
    const free = keep.mask[i % cells] ?? 0
    latents[i] = (1 - free) * (kept[i] ?? 0) + free * (latents[i] ?? 0)
  }
}

/** Encodes what `planes` makes of a picture, once under `key`. */
async function encode(
  { vaeEncoder }: LatentSpace,
  { width, height }: Size,
  planes: () => Float32Array,
  known: Encodings,
  key: object,
): Promise<Encoded> {
  const done = known.get(key)
  if (done !== undefined) return done
  if (vaeEncoder === null) throw new TypeError('a request for an edit was checked')
  const outputs = await vaeEncoder.run({ sample: { values: planes(), dims: [1, 3, height, width] } })
  const { values } = only(outputs, 'latent_parameters')
  if (!allFinite(values)) throw new ModelError('nan', 'the encoder returned values that are not numbers')
  known.set(key, values)
  return values
}

/** mean + std · noise, shifted and scaled. An exporter that samples in the graph leaves nothing to draw. */
function draw(encoded: Encoded, size: number, { scalingFactor, shiftFactor }: LatentSpace, noise: Noise): Float32Array {
  if (encoded.length === size) return encoded.map((value) => (value - shiftFactor) * scalingFactor)
  if (encoded.length !== 2 * size)
    throw new ModelError('pack_unsupported', `the encoder returned ${encoded.length} values for ${size} latents`, {
      field: 'latent_parameters',
    })
  const drawn = noise.randn(size)
  return drawn.map((value, i) => {
    const logVariance = Math.min(Math.max(encoded[size + i] ?? 0, -30), 20)
    return scalingFactor * ((encoded[i] ?? 0) + Math.exp(0.5 * logVariance) * value - shiftFactor)
  })
}

function isFree(value: number | undefined): boolean {
  return (value ?? 0) >= 127.5
}

/** Nearest, as torch's interpolate: the pixel at each cell's upper left speaks for it. */
function latentMask(mask: Uint8Array, pixels: Size, factor: number): Float32Array {
  const [width, height] = [pixels.width / factor, pixels.height / factor]
  return Float32Array.from({ length: width * height }, (_, i) => {
    const [x, y] = [i % width, Math.floor(i / width)]
    return isFree(mask[y * factor * pixels.width + x * factor]) ? 1 : 0
  })
}

/** The picture as planes, zero where the mask is free. */
function withoutFree(picture: Rgb, mask: Uint8Array): Float32Array {
  const pixels = picture.width * picture.height
  return toPlanes(picture).map((value, i) => (isFree(mask[i % pixels]) ? 0 : value))
}
