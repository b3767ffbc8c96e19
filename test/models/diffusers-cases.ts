// What pipeline_sdxl.py wrote: a call of a diffusers pipeline, and the latents and picture that came of it; asked of a model here.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import type { Model } from '../../models/families/opening.ts'
import type { MicroConditioning, SampleRequest, Start } from '../../models/runtime/stepper.ts'
import type { SchedulerName } from '../../models/schedulers/scheduler.ts'
import { expectLatents } from './golden-latents.ts'
import { floats } from './parity.ts'

type Pair = [number, number]
type Call = {
  guidance_rescale?: number
  strength?: number
  timesteps?: number[]
  sigmas?: number[]
  denoising_start?: number
  denoising_end?: number
  original_size?: Pair
  crops_coords_top_left?: Pair
  target_size?: Pair
  negative_original_size?: Pair
  negative_crops_coords_top_left?: Pair
  negative_target_size?: Pair
  aesthetic_score?: number
  negative_aesthetic_score?: number
}
export type Case = {
  name: string
  twin: string
  kind: 'text' | 'image' | 'inpaint' | 'sd' | 'lcm'
  scheduler: SchedulerName
  config: Record<string, unknown>
  ask: {
    prompt: string
    negative: string | null
    seed: number
    width: number
    height: number
    steps: number
    guidance: number
  }
  call: Call
  given: string | null
  picture: string | null
  mask: string | null
  latents: string
  rgb: string | null
}

export function readCases(file: string): Case[] {
  const golden: { cases: Case[] } = JSON.parse(readFileSync(new URL(`../goldens/${file}`, import.meta.url), 'utf8'))
  return golden.cases
}

export function requestOf(one: Case, id = 'golden'): SampleRequest {
  const { ask, call } = one
  const { prompt, negative, seed, width, height, steps, guidance } = ask
  const { timesteps, sigmas, guidance_rescale: guidanceRescale, denoising_start: start, denoising_end: end } = call
  // diffusers' Euler is told of the zero at the end, too.
  const custom = timesteps || sigmas ? { timesteps, sigmas: sigmas?.filter((sigma) => sigma > 0) } : undefined
  return {
    ...{ id, prompt, negativePrompt: negative ?? '', seed, width, height, steps, guidanceScale: guidance },
    guidanceRescale,
    custom,
    start: startOf(one),
    ...(start === undefined && end === undefined ? {} : { denoising: { start, end } }),
    ...(one.kind === 'sd' || one.kind === 'lcm' ? {} : { conditioning: conditioningOf(call, negative) }),
  }
}

function startOf({ ask, call, given, picture, mask }: Case): Start | undefined {
  if (given === null && picture === null) return undefined
  const { width, height } = ask
  return {
    picture: picture === null ? null : { width, height, rgb: bytes(picture) },
    latents: given === null ? undefined : floats(given),
    mask: mask === null ? null : bytes(mask),
    strength: call.strength ?? 1,
  }
}

function conditioningOf(call: Call, negative: string | null): MicroConditioning {
  const size = (pair?: Pair) => pair && { height: pair[0], width: pair[1] }
  const corner = (pair?: Pair) => pair && { top: pair[0], left: pair[1] }
  return {
    originalSize: size(call.original_size),
    cropsTopLeft: corner(call.crops_coords_top_left),
    targetSize: size(call.target_size),
    negativeOriginalSize: size(call.negative_original_size),
    negativeCropsTopLeft: corner(call.negative_crops_coords_top_left),
    negativeTargetSize: size(call.negative_target_size),
    aestheticScore: call.aesthetic_score,
    negativeAestheticScore: call.negative_aesthetic_score,
    emptyNegative: negative === '' ? 'encoded' : undefined,
  }
}

function bytes(base64: string): Uint8Array {
  return new Uint8Array(Buffer.from(base64, 'base64'))
}

/** Latents after every step to 1e-3 of their deviation, and the picture to 1/255 on average, both far better in fact. */
export async function expectCase(model: Model, one: Case): Promise<void> {
  const sample = await expectLatents(model, requestOf(one), one.latents)
  if (one.rgb === null) return
  const { rgb } = await model.finish(sample)
  const wanted = bytes(one.rgb)
  assert.equal(rgb.length, wanted.length)
  // Where a mask keeps pixels, this runtime gives them back as they came; the pipelines leave that to the caller.
  const mask = one.mask === null ? null : bytes(one.mask)
  const off = rgb.map((value, i) =>
    (mask?.[Math.floor(i / 3)] ?? 255) < 255 ? 0 : Math.abs(value - (wanted[i] ?? 999)),
  )
  assert.ok(off.reduce((sum, value) => sum + value, 0) <= off.length / 200, 'picture')
}
