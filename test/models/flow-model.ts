// The tiny SD3 and FLUX opened for a test, with parts exchanged; and what pipeline_flow.py wrote, asked of them here.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { cp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Model } from '../../models/families/opening.ts'
import type { SampleRequest } from '../../models/runtime/stepper.ts'
import type { SchedulerName } from '../../models/schedulers/scheduler.ts'
import { expectLatents } from './golden-latents.ts'
import { floats, worst } from './parity.ts'
import { openTiny } from './sd-model.ts'
import { temporaryFolder, writeManifest } from './tiny.ts'

const GOLDENS = fileURLToPath(new URL('../goldens/', import.meta.url))
const SCHEDULER = 'scheduler/scheduler_config.json'
export type Family = 'sd3' | 'flux'

export type Changes = {
  /** Path in the pack to a file of test/goldens. */
  parts?: Record<string, string>
  /** Path in the pack to what changes in its JSON; a scheduler's is whole. */
  json?: Record<string, Record<string, unknown>>
  remove?: readonly string[]
  manifest?: Record<string, unknown>
}

export async function withFlow<T>(family: Family, changes: Changes, use: (model: Model) => Promise<T>): Promise<T> {
  await using folder = await temporaryFolder()
  const id = `tiny-${family}`
  const dir = join(folder.path, id)
  await cp(join(GOLDENS, id), dir, { recursive: true })
  for (const [path, file] of Object.entries(changes.parts ?? {})) await cp(join(GOLDENS, file), join(dir, path))
  for (const [path, change] of Object.entries(changes.json ?? {}))
    await writeFile(
      join(dir, path),
      JSON.stringify(path === SCHEDULER ? change : { ...readConfig(family, path), ...change }),
    )
  for (const path of changes.remove ?? []) await rm(join(dir, path), { recursive: true })
  const own = { id, family, scheduler: 'FlowMatchEulerDiscreteScheduler', t5_tokens: 24 }
  await writeManifest(dir, { ...own, ...changes.manifest })
  await using model = await openTiny(dir)
  return await use(model)
}

function readConfig(family: Family, path: string): Record<string, unknown> {
  return JSON.parse(readFileSync(join(GOLDENS, `tiny-${family}`, path), 'utf8'))
}

export const SCHNELL: Changes = {
  parts: { 'transformer/model.onnx': 'tiny-flux-dialects/transformer-schnell.onnx' },
  json: { 'transformer/config.json': { guidance_embeds: false } },
}

type Ask = {
  prompt: string
  negative: string
  seed: number
  width: number
  height: number
  steps: number
  guidance: number
  t5_tokens: number | null
  true_guidance?: number
  sigmas?: number[]
  strength?: number
  schnell?: boolean
  without_t5?: boolean
}
export type Case = {
  kind: 'text' | 'image' | 'inpaint'
  name: string
  scheduler: SchedulerName
  config: Record<string, unknown>
  ask: Ask
  latents: string
  image: string
  overlaid: string
  picture: string | null
  mask: string | null
}

export function readCases(family: Family): Case[] {
  const golden: { cases: Case[] } = JSON.parse(readFileSync(join(GOLDENS, `pipeline-${family}.json`), 'utf8'))
  return golden.cases
}

export function changesOf({ ask, scheduler, config }: Case): Changes {
  const variant = ask.schnell ? SCHNELL : {}
  return {
    ...variant,
    json: { ...variant.json, [SCHEDULER]: config },
    remove: ask.without_t5 ? ['text_encoder_3', 'tokenizer_3'] : [],
    manifest: { t5_tokens: ask.t5_tokens, scheduler },
  }
}

export function requestOf({ ask, picture, mask }: Case, id = 'golden'): SampleRequest {
  const { prompt, negative, seed, width, height, steps, guidance, strength = 1 } = ask
  return {
    ...{ id, prompt, negativePrompt: negative, seed, width, height, steps, guidanceScale: guidance },
    trueGuidanceScale: ask.true_guidance,
    custom: ask.sigmas && { sigmas: ask.sigmas },
    start:
      picture === null
        ? undefined
        : { picture: { width, height, rgb: bytes(picture) }, mask: mask === null ? null : bytes(mask), strength },
  }
}

/** Latents after every step to 1e-3 of their deviation, the picture to a level. */
export async function expectCase(model: Model, one: Case): Promise<void> {
  const sample = await expectLatents(model, requestOf(one), one.latents)
  const made = await model.finish(sample)
  const wanted = bytes(one.overlaid)
  const off = made.rgb.filter((value, i) => Math.abs(value - (wanted[i] ?? -9)) > 1)
  assert.equal(`${made.width}x${made.height}`, `${one.ask.width}x${one.ask.height}`)
  assert.equal(off.length, 0, 'bytes differ by more than rounding')
  if (one.kind === 'inpaint') return
  const levels = Float32Array.from(made.rgb, (value) => value / 255)
  assert.ok(worst(levels, floats(one.image)) < 0.5 / 255 + 1e-3, 'image')
}

function bytes(base64: string): Uint8Array {
  return new Uint8Array(Buffer.from(base64, 'base64'))
}
