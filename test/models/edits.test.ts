// Edits on the tiny random model: equal to diffusers' image-to-image and inpainting, kept pixels kept, and previews on the way.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { operationsOf } from '../../models/families/sd-operations.ts'
import { readPackManifest } from '../../models/runtime/pack.ts'
import { previewSteps, type SampleRequest, type Start } from '../../models/runtime/stepper.ts'
import type { SchedulerName } from '../../models/schedulers/scheduler.ts'
import { expectLatents } from './golden-latents.ts'
import { deviation, floats, worst } from './parity.ts'
import { develop, refused, withPack } from './sd-model.ts'
import { type Changes, temporaryFolder, writeTinyPack } from './tiny.ts'

type Ask = {
  prompt: string
  negative: string
  seed: number
  width: number
  height: number
  steps: number
  guidance: number
  strength: number
}
type Case = {
  kind: 'image' | 'inpaint' | 'inpaint-unet'
  name: string
  scheduler: SchedulerName
  config: Record<string, unknown>
  ask: Ask
  picture: string
  mask: string | null
  latents: string
  image: string
  overlaid: string
}
const golden: { cases: Case[] } = JSON.parse(readFileSync(new URL('../goldens/edits.json', import.meta.url), 'utf8'))
const INPAINTS: Changes = {
  dialects: { 'unet/model.onnx': 'unet-inpaint.onnx' },
  json: { 'unet/config.json': { in_channels: 9, out_channels: 4 } },
}
const bytes = (base64: string) => new Uint8Array(Buffer.from(base64, 'base64'))

const SIZE = { width: 16, height: 16 }
const picture = { ...SIZE, rgb: Uint8Array.from({ length: 16 * 16 * 3 }, (_, i) => (i * 37) % 256) }
const mask = Uint8Array.from({ length: 16 * 16 }, (_, i) => (i % 16 >= 8 ? 255 : 0))
const START: Start = { picture, mask: null, strength: 0.6 }
const EDIT: SampleRequest = {
  id: 'a',
  prompt: 'the red cat',
  negativePrompt: '',
  seed: 3,
  ...SIZE,
  steps: 5,
  guidanceScale: 5,
  start: START,
}

function requestOf({ ask, picture: rgb, mask: given }: Case): SampleRequest {
  const { prompt, negative, seed, width, height, steps, guidance, strength } = ask
  return {
    ...{ id: 'golden', prompt, negativePrompt: negative, seed, width, height, steps, guidanceScale: guidance },
    start: { picture: { width, height, rgb: bytes(rgb) }, mask: given === null ? null : bytes(given), strength },
  }
}

describe('an edit equals diffusers, latents after every step and picture', () => {
  for (const one of golden.cases)
    it(`${one.kind} ${one.name}`, () => {
      const { kind, scheduler, config } = one
      const unet = kind === 'inpaint-unet' ? INPAINTS : {}
      const json = { ...unet.json, 'scheduler/scheduler_config.json': config }
      return withPack({ ...unet, json, manifest: { scheduler } }, async (model) => {
        const request = requestOf(one)
        const sample = await expectLatents(model, request, one.latents)
        const made = await model.finish(sample)
        const wanted = bytes(one.overlaid)
        const off = made.rgb.filter((value, i) => Math.abs(value - (wanted[i] ?? -9)) > 1)
        assert.equal(off.length, 0, 'bytes differ by more than rounding')
        if (kind !== 'image') return
        const levels = Float32Array.from(made.rgb, (value) => value / 255)
        assert.ok(worst(levels, floats(one.image)) < 0.5 / 255 + 1e-3)
      })
    })
})

describe('inpainting', () => {
  it('gives back every pixel that the mask keeps, byte for byte, whatever the autoencoder makes of it', async () => {
    for (const changes of [{}, INPAINTS])
      await withPack(changes, async (model) => {
        const [sample] = await develop(model, { ...EDIT, start: { picture, mask, strength: 1 } })
        assert.ok(sample)
        const { rgb } = await model.finish(sample)
        const kept = rgb.filter((_, i) => mask[Math.floor(i / 3)] === 0)
        assert.deepEqual(
          kept,
          picture.rgb.filter((_, i) => mask[Math.floor(i / 3)] === 0),
        )
        const free = rgb.filter((value, i) => mask[Math.floor(i / 3)] === 255 && value !== picture.rgb[i])
        assert.ok(free.length > 300, 'the rest is painted anew')
      })
  })

  it('leaves a sample bit-identical to itself alone, whatever else is in the batch', async () => {
    const others: SampleRequest[] = [
      { ...EDIT, id: 'b', seed: 9, start: { picture, mask: null, strength: 0.4 } },
      { ...EDIT, id: 'c', start: undefined },
      { ...EDIT, id: 'd', seed: 4, start: { picture, mask, strength: 1 } },
    ]
    await withPack({}, async (model) => {
      const edit = { ...EDIT, start: { picture, mask, strength: 0.8 } }
      const [alone] = await develop(model, edit)
      const [together] = await develop(model, edit, ...others)
      assert.deepEqual(together?.latents, alone?.latents)
      const [second] = await develop(model, {
        ...EDIT,
        id: 'b',
        seed: 9,
        start: { picture, mask: null, strength: 0.4 },
      })
      const [, companion] = await develop(model, edit, ...others)
      assert.deepEqual(companion?.latents, second?.latents)
    })
  })
})

describe('what a pack cannot edit is refused by its field', () => {
  const wrong: [string, string, Changes, Partial<SampleRequest>][] = [
    ['a pack without an encoder', 'image', { remove: ['vae_encoder/model.onnx'] }, {}],
    ['a picture of another size', 'image', {}, { start: { ...START, picture: { ...picture, width: 8 } } }],
    [
      'a picture cut short',
      'image',
      {},
      { start: { ...START, picture: { ...picture, rgb: picture.rgb.subarray(3) } } },
    ],
    ['a mask of another size', 'mask', {}, { start: { ...START, mask: mask.subarray(1) } }],
    ['no strength', 'strength', {}, { start: { ...START, strength: 0 } }],
    ['more strength than there is', 'strength', {}, { start: { ...START, strength: 1.01 } }],
    ['a strength that is no number', 'strength', {}, { start: { ...START, strength: Number.NaN } }],
    ['a strength that leaves no step', 'strength', {}, { start: { ...START, strength: 0.19 } }],
    ['a model that inpaints, without a picture', 'image', INPAINTS, { start: undefined }],
    ['a model that inpaints, without a mask', 'mask', INPAINTS, {}],
    ['half a preview', 'previews', {}, { previews: 0.5 }],
  ]
  for (const [what, field, changes, request] of wrong)
    it(`${what}: ${field}`, () =>
      withPack(changes, (model) =>
        assert.rejects(model.prepare([{ ...EDIT, ...request }]), refused('invalid_input', field)),
      ))

  it('and its operations say so before anybody asks', async () => {
    await using folder = await temporaryFolder()
    const of = async (id: string, changes: Changes) =>
      operationsOf(await readPackManifest(await writeTinyPack(folder.path, { id, ...changes })))
    assert.deepEqual(await of('all', {}), ['generate', 'edit', 'inpaint'])
    assert.deepEqual(await of('bare', { remove: ['vae_encoder/model.onnx'] }), ['generate'])
    assert.deepEqual(await of('inpaints', INPAINTS), ['inpaint'])
  })
})

describe('a preview', () => {
  it('falls after evenly spread steps, never after the last', () => {
    assert.deepEqual(previewSteps(20, 3), [5, 10, 15])
    assert.deepEqual(previewSteps(20, 1), [10])
    assert.deepEqual(previewSteps(2, 3), [1])
    assert.deepEqual(previewSteps(1, 3), [])
    assert.deepEqual(previewSteps(20, 0), [])
  })

  it('is what the model sees at that step, and leaves the sample and its mates as they are', () =>
    withPack({}, async (model) => {
      const plain = { ...EDIT, start: undefined, steps: 6 }
      const [bare] = await develop(model, plain)
      const [sample, mate] = await model.prepare([
        { ...plain, previews: 2 },
        { ...plain, id: 'mate', seed: 8 },
      ])
      assert.ok(sample && mate)
      const seen: [number, number][] = []
      let last: Uint8Array | undefined
      while (sample.index < sample.total) {
        await model.step([sample, mate])
        const shown = await model.preview(sample)
        if (shown) {
          seen.push([sample.index, shown.index])
          last = shown.picture.rgb
        }
      }
      assert.deepEqual(seen, [
        [2, 0],
        [4, 1],
      ])
      assert.equal(await model.preview(mate), null)
      assert.deepEqual(sample.latents, bare?.latents)
      assert.notDeepEqual(last, (await model.finish(sample)).rgb)
    }))

  it('of the last step would be the picture: the guess of DDIM, Euler and DPM-Solver ends where the sample ends', () =>
    withPack({}, async (model) => {
      for (const scheduler of ['DDIMScheduler', 'EulerDiscreteScheduler', 'DPMSolverMultistepScheduler'] as const) {
        const request = { ...EDIT, start: undefined, steps: 3, scheduler }
        const [sample] = await model.prepare([request])
        assert.ok(sample)
        // The guess is taken after step 3 of 3 here, which no order asks for.
        const spied = { ...sample, previewAt: [3] }
        while (spied.index < spied.total) await model.step([spied])
        const guess = spied.previews[0]?.latents
        assert.ok(guess)
        const bound = scheduler === 'DDIMScheduler' ? 0.2 : 1e-4
        assert.ok(worst(guess, spied.latents) / deviation(spied.latents) < bound, scheduler)
      }
    }))

  it('of an inpainting keeps the pixels that the picture keeps', () =>
    withPack({}, async (model) => {
      const [sample] = await model.prepare([{ ...EDIT, start: { picture, mask, strength: 1 }, previews: 1 }])
      assert.ok(sample)
      while (sample.previews.length === 0) await model.step([sample])
      const shown = await model.preview(sample)
      assert.deepEqual(shown?.picture.rgb.subarray(0, 24), picture.rgb.subarray(0, 24))
    }))
})
