// What SDXL's UNet is told of a picture beside the prompt: `time_ids`, six numbers of a base model, five of a refiner.
// Each field of a request's conditioning takes effect as in diffusers' pipelines, or is refused where they have no place for it.
// Source: diffusers pipelines/stable_diffusion_xl, _get_add_time_ids of text-to-image, image-to-image and inpainting.
import { ModelError } from '../runtime/error.ts'
import type { Size } from '../runtime/manifest.ts'
import type { MicroConditioning, SampleRequest } from '../runtime/stepper.ts'

export type TimeIds = { prompt: readonly number[]; negative: readonly number[] }

const ORIGIN = { top: 0, left: 0 }
const AESTHETIC = { prompt: 6, negative: 2.5 }
const MOST_PIXELS = 65_536

/** ModelError invalid_input, a field of `conditioning`. */
export function timeIdsOf(request: SampleRequest, refines: boolean): TimeIds {
  const { conditioning = {}, start } = request
  checkConditioning(conditioning)
  if (refines) return refinerIds(request, conditioning)
  for (const field of ['aestheticScore', 'negativeAestheticScore'] as const)
    if (conditioning[field] !== undefined) throw wrong(field, 'none; only a refiner is told of beauty')
  const { originalSize = sizeOf(request), cropsTopLeft = ORIGIN, targetSize = sizeOf(request) } = conditioning
  const { negativeOriginalSize, negativeCropsTopLeft, negativeTargetSize } = conditioning
  const prompt = [...pair(originalSize), ...corner(cropsTopLeft), ...pair(targetSize)]
  if (start !== undefined) {
    if (negativeCropsTopLeft !== undefined)
      throw wrong('negativeCropsTopLeft', 'none; an edit has one cut for both prompts')
    const sizes = [negativeOriginalSize ?? originalSize, negativeTargetSize ?? targetSize] as const
    return { prompt, negative: [...pair(sizes[0]), ...corner(cropsTopLeft), ...pair(sizes[1])] }
  }
  if (negativeOriginalSize && negativeTargetSize) {
    const crops = negativeCropsTopLeft ?? ORIGIN
    return { prompt, negative: [...pair(negativeOriginalSize), ...corner(crops), ...pair(negativeTargetSize)] }
  }
  for (const field of ['negativeOriginalSize', 'negativeCropsTopLeft', 'negativeTargetSize'] as const)
    if (conditioning[field] !== undefined)
      throw wrong(field, 'the negative prompt’s original and target size both, or neither')
  return { prompt, negative: prompt }
}

function refinerIds(request: SampleRequest, conditioning: MicroConditioning): TimeIds {
  for (const field of ['targetSize', 'negativeTargetSize'] as const)
    if (conditioning[field] !== undefined) throw wrong(field, 'none; a refiner is told of beauty in its place')
  const { originalSize = sizeOf(request), cropsTopLeft = ORIGIN, aestheticScore = AESTHETIC.prompt } = conditioning
  const { negativeOriginalSize = originalSize, negativeCropsTopLeft = ORIGIN } = conditioning
  const score = conditioning.negativeAestheticScore ?? AESTHETIC.negative
  return {
    prompt: [...pair(originalSize), ...corner(cropsTopLeft), aestheticScore],
    negative: [...pair(negativeOriginalSize), ...corner(negativeCropsTopLeft), score],
  }
}

function checkConditioning(conditioning: MicroConditioning): void {
  for (const field of ['originalSize', 'targetSize', 'negativeOriginalSize', 'negativeTargetSize'] as const) {
    const size = conditioning[field]
    if (size && ![size.width, size.height].every((side) => isPixels(side) && side > 0))
      throw wrong(field, `whole numbers from 1 to ${MOST_PIXELS}`)
  }
  for (const field of ['cropsTopLeft', 'negativeCropsTopLeft'] as const) {
    const crops = conditioning[field]
    if (crops && ![crops.top, crops.left].every(isPixels)) throw wrong(field, `whole numbers from 0 to ${MOST_PIXELS}`)
  }
  for (const field of ['aestheticScore', 'negativeAestheticScore'] as const) {
    const score = conditioning[field]
    if (score !== undefined && !(score >= 0 && score <= 10)) throw wrong(field, 'a number from 0 to 10')
  }
}

function isPixels(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= MOST_PIXELS
}

function sizeOf({ width, height }: Size): Size {
  return { width, height }
}

function pair({ width, height }: Size): [number, number] {
  return [height, width]
}

function corner({ top, left }: typeof ORIGIN): [number, number] {
  return [top, left]
}

/** Fields are named as a request's JSON names them. */
function wrong(name: keyof MicroConditioning, expected: string): ModelError {
  const field = `conditioning.${name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`
  return new ModelError('invalid_input', `${field}: expected ${expected}`, { field })
}
