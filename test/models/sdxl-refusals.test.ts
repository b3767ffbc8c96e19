// What an SDXL pack or request asks for and cannot have is refused by file and field, before anything is drawn.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { operationsOf } from '../../models/families/sd-operations.ts'
import { ModelError } from '../../models/runtime/error.ts'
import type { SampleRequest, Start } from '../../models/runtime/stepper.ts'
import { develop, refused, withPack } from './sd-model.ts'
import { type Changes, withSdxl, withSdxlFolder } from './sdxl-model.ts'

const read = (path: string) => JSON.parse(readFileSync(new URL(`../goldens/${path}`, import.meta.url), 'utf8'))
const picture = { width: 16, height: 16, rgb: Uint8Array.from({ length: 16 * 16 * 3 }, (_, i) => (i * 37) % 256) }
const START: Start = { picture, mask: null, strength: 0.6 }
const HANDED: Start = { picture: null, latents: new Float32Array(4 * 8 * 8), mask: null, strength: 0.6 }
const CAT: SampleRequest = {
  ...{ id: 'a', prompt: 'the red cat', negativePrompt: '', seed: 3, width: 16, height: 16, steps: 5, guidanceScale: 5 },
}
const SIZE = { width: 16, height: 16 }
const UNET = read('tiny-sdxl/unet/config.json')
const DECODER = read('tiny-sdxl/vae_decoder/config.json')
const TEXT = read('tiny-sdxl/text_encoder/config.json')
const half = (part: string) => ({ [`${part}/model.onnx`]: `tiny-sdxl-parts/${part}-float16.onnx` })
const upcast = (force_upcast: boolean) => ({ 'vae_decoder/config.json': { ...DECODER, force_upcast } })

describe('a pack that cannot run is refused when it is opened, by file and field', () => {
  const packs: [what: string, file: string, field: string | undefined, changes: Changes, twin?: string][] = [
    ['no second tokenizer', 'tokenizer_2', 'files', { remove: ['tokenizer_2'] }],
    ['no first tokenizer', 'tokenizer/', 'files', { remove: ['tokenizer'] }],
    ['no second text encoder', 'text_encoder_2/model.onnx', 'files', { remove: ['text_encoder_2'] }],
    ['no scheduler', 'scheduler/scheduler_config.json', 'files', { remove: ['scheduler'] }],
    [
      'a UNet without pooled text',
      'unet/model.onnx',
      'text_embeds',
      { parts: { 'unet/model.onnx': 'tiny-sd/unet/model.onnx' } },
    ],
    [
      'a refiner’s UNet in a base model',
      'unet/model.onnx',
      'time_ids',
      { parts: { 'unet/model.onnx': 'tiny-sdxl-parts/unet-refiner.onnx' } },
    ],
    [
      'a base model’s UNet in a refiner',
      'unet/model.onnx',
      'time_ids',
      { parts: { 'unet/model.onnx': 'tiny-sdxl/unet/model.onnx' } },
      'refiner',
    ],
    [
      'a UNet whose configuration counts other time ids',
      'unet/config.json',
      'projection_class_embeddings_input_dim',
      { json: { 'unet/config.json': { ...UNET, projection_class_embeddings_input_dim: 28 } } },
    ],
    [
      'an encoder without hidden states',
      'text_encoder/model.onnx',
      'hidden_states.1',
      { parts: { 'text_encoder/model.onnx': 'tiny-sd/text_encoder/model.onnx' } },
    ],
    [
      'an encoder of more layers than the graph gives',
      'text_encoder/model.onnx',
      'hidden_states.6',
      { json: { 'text_encoder/config.json': { ...TEXT, num_hidden_layers: 7 } } },
    ],
    [
      'a second encoder that does not project',
      'text_encoder_2/model.onnx',
      'text_embeds',
      {
        parts: { 'text_encoder_2/model.onnx': 'tiny-sdxl/text_encoder/model.onnx' },
        json: { 'text_encoder_2/config.json': TEXT },
      },
    ],
    [
      'latents with a mean of their own',
      'vae_decoder/config.json',
      'latents_mean',
      { json: { 'vae_decoder/config.json': { ...DECODER, latents_mean: [0, 0, 0, 0] } } },
    ],
    [
      'latents that are shifted',
      'vae_decoder/config.json',
      'shift_factor',
      { json: { 'vae_decoder/config.json': { ...DECODER, shift_factor: 0.1 } } },
    ],
    [
      'a base model that is told of beauty',
      'model_index.json',
      'requires_aesthetics_score',
      { json: { 'model_index.json': { requires_aesthetics_score: true } } },
    ],
    [
      'a refiner that is not',
      'model_index.json',
      'requires_aesthetics_score',
      { json: { 'model_index.json': { requires_aesthetics_score: false } } },
      'refiner',
    ],
    [
      'a decoder in float16 that needs float32',
      'vae_decoder/config.json',
      'force_upcast',
      { parts: half('vae_decoder'), json: upcast(true) },
    ],
    [
      'an encoder in float16 that needs float32',
      'vae_decoder/config.json',
      'force_upcast',
      { parts: half('vae_encoder'), json: upcast(true) },
    ],
  ]
  for (const [what, file, field, changes, twin = 'base'] of packs)
    it(what, () =>
      assert.rejects(
        withSdxl(twin, changes, async () => {}),
        (error) =>
          error instanceof ModelError &&
          (error.code === 'pack_unsupported' || error.code === 'pack_corrupt') &&
          error.field === field &&
          (error.file ?? '').includes(file),
      ),
    )
})

describe('a decoder in float16', () => {
  const drawn = (changes: Changes) =>
    withSdxl('base', changes, async (model) => {
      const [sample] = await develop(model, CAT)
      assert.ok(sample)
      return (await model.finish(sample)).rgb
    })

  it('serves where the pack says that it does not overflow; else float32 beside it draws every picture', async () => {
    const [reference, alone] = [await drawn({}), await drawn({ parts: half('vae_decoder'), json: upcast(false) })]
    const off = alone.map((value, i) => Math.abs(value - (reference[i] ?? 999)))
    assert.ok(off.some((value) => value > 0) && off.every((value) => value <= 2), 'float16, not float32')
    const float32 = { 'vae_decoder_float32/model.onnx': 'tiny-sdxl/vae_decoder/model.onnx' }
    const upcasted = await drawn({ parts: { ...half('vae_decoder'), ...float32 }, json: upcast(true) })
    assert.deepEqual(upcasted, reference)
  })
})

describe('a request that a model cannot do is refused by its field', () => {
  const requests: [field: string, change: Partial<SampleRequest>, twin?: string][] = [
    ['conditioning.original_size', { conditioning: { originalSize: { width: 0, height: 16 } } }],
    ['conditioning.target_size', { conditioning: { targetSize: { width: 16, height: 1.5 } } }],
    ['conditioning.crops_top_left', { conditioning: { cropsTopLeft: { top: -1, left: 0 } } }],
    ['conditioning.aesthetic_score', { conditioning: { aestheticScore: 6 } }],
    ['conditioning.negative_aesthetic_score', { conditioning: { negativeAestheticScore: 6 } }],
    ['conditioning.negative_original_size', { conditioning: { negativeOriginalSize: SIZE } }],
    ['conditioning.negative_target_size', { conditioning: { negativeTargetSize: SIZE } }],
    ['conditioning.negative_crops_top_left', { conditioning: { negativeCropsTopLeft: { top: 0, left: 0 } } }],
    [
      'conditioning.negative_crops_top_left',
      { start: START, conditioning: { negativeCropsTopLeft: { top: 0, left: 0 } } },
    ],
    ['conditioning.target_size', { start: START, conditioning: { targetSize: SIZE } }, 'refiner'],
    ['conditioning.negative_target_size', { start: START, conditioning: { negativeTargetSize: SIZE } }, 'refiner'],
    ['conditioning.aesthetic_score', { start: START, conditioning: { aestheticScore: 10.5 } }, 'refiner'],
    ['denoising.end', { denoising: { end: 0 } }],
    ['denoising.end', { denoising: { end: 1.2 } }],
    ['denoising.end', { denoising: { end: 0.001 } }],
    ['denoising.start', { denoising: { start: 0.5 } }],
    ['denoising.start', { start: START, denoising: { start: Number.NaN } }],
    ['denoising.start', { start: START, denoising: { start: 0.6, end: 0.6 } }],
    ['denoising.start', { start: START, denoising: { start: 0.9999 } }],
    ['denoising.end', { start: { ...START, strength: 0.4 }, denoising: { end: 0.2 } }],
    ['image', {}, 'refiner'],
    ['image', { start: { ...HANDED, mask: new Uint8Array(256) } }, 'inpaint'],
    ['image', { start: { ...HANDED, latents: undefined } }],
    ['latents', { start: { ...HANDED, latents: new Float32Array(4) } }],
    ['latents', { start: { ...HANDED, latents: new Float32Array(4 * 8 * 8).fill(Number.NaN) } }],
    ['strength', { start: { ...HANDED, strength: 0.1 } }],
  ]
  for (const [i, [field, change, twin = 'base']] of requests.entries())
    it(`${i + 1}. ${twin}: ${field}`, () =>
      withSdxl(twin, {}, (model) =>
        assert.rejects(model.prepare([{ ...CAT, ...change }]), refused('invalid_input', field)),
      ))

  it('what only SDXL knows is refused by Stable Diffusion, not ignored', () =>
    withPack({}, async (model) => {
      const asked: Partial<SampleRequest>[] = [{ conditioning: {} }, { denoising: { end: 0.5 } }]
      for (const change of asked)
        await assert.rejects(
          model.prepare([{ ...CAT, ...change }]),
          refused('invalid_input', Object.keys(change)[0] ?? ''),
        )
    }))
})

it('what a pack can do is said before anybody asks: a refiner makes nothing of nothing', async () => {
  const of = (twin: string, changes: Changes = {}) => withSdxlFolder(twin, changes, operationsOf)
  assert.deepEqual(await of('base'), ['generate', 'edit', 'inpaint'])
  assert.deepEqual(await of('refiner'), ['edit', 'inpaint'])
  assert.deepEqual(await of('inpaint'), ['inpaint'])
  assert.deepEqual(await of('refiner', { remove: ['vae_encoder'] }), [])
})
