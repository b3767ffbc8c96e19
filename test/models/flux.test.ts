// FLUX, dev and schnell, on a tiny random model: equal to diffusers, the same in any company, and refused where it cannot be.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { flowTimestep } from '../../models/families/flow.ts'
import { pack, positions, unpack } from '../../models/families/flux-packing.ts'
import type { SampleRequest } from '../../models/runtime/stepper.ts'
import { type Changes, changesOf, expectCase, readCases, SCHNELL, withFlow } from './flow-model.ts'
import { CAT, expectCompanyOfFour, expectKept, expectLastPreview } from './flow-samples.ts'
import { develop, refused } from './sd-model.ts'

describe('the tiny FLUX equals diffusers, latents after every step and picture', () => {
  for (const one of readCases('flux'))
    it(`${one.kind} ${one.name}`, () => withFlow('flux', changesOf(one), (model) => expectCase(model, one)))
})

describe('FLUX', () => {
  it('leaves each of four samples bit-identical to itself alone', () =>
    withFlow('flux', {}, (model) =>
      expectCompanyOfFour(model, { guidanceScale: 5, trueGuidanceScale: 2, negativePrompt: 'a dog' }),
    ))

  it('is the same where each row has its own positions, as exporters had it before', async () => {
    const byRow = { parts: { 'transformer/model.onnx': 'tiny-flux-dialects/transformer-ids-by-row.onnx' } }
    const requests = [CAT, { ...CAT, id: 'b', seed: 8 }, { ...CAT, id: 'wide', width: 24 }]
    const [once, row] = [{}, byRow].map((changes) =>
      withFlow('flux', changes, async (model) => (await develop(model, ...requests)).map(({ latents }) => latents)),
    )
    assert.deepEqual(await row, await once)
  })

  it('gives back every pixel that the mask keeps, byte for byte', () => withFlow('flux', {}, expectKept))

  it('previews what the model sees', () => withFlow('flux', {}, expectLastPreview))

  it('reads the negative prompt for true guidance alone, and schnell no guidance scale at all', async () => {
    const latents = async (changes: Changes, change: Partial<SampleRequest>) =>
      withFlow('flux', changes, async (model) => (await develop(model, { ...CAT, ...change }))[0]?.latents)
    const plain = await latents({}, {})
    assert.deepEqual(await latents({}, { negativePrompt: 'a dog', trueGuidanceScale: 1 }), plain)
    assert.notDeepEqual(await latents({}, { trueGuidanceScale: 2 }), plain)
    assert.notDeepEqual(await latents({}, { guidanceScale: 4 }), plain)
    const hasty = await latents(SCHNELL, {})
    assert.deepEqual(await latents(SCHNELL, { guidanceScale: 0 }), hasty)
  })
})

describe('packed latents', () => {
  it('lie by squares, channel by channel, and come back as they were', () => {
    const side = { height: 4, width: 6 }
    const latents = Float32Array.from({ length: 2 * 4 * 6 }, (_, i) => i)
    const packed = pack(latents, 2, side)
    // The second token is the square of columns 2 and 3 in rows 0 and 1, of the first channel and then of the second.
    assert.deepEqual([...packed.subarray(8, 16)], [2, 3, 8, 9, 26, 27, 32, 33])
    assert.deepEqual(unpack(packed, 2, side), latents)
  })

  it('stand at their row and column, where all text stands at the origin', () => {
    const { txt_ids, img_ids } = positions({ height: 4, width: 6 }, 2, false)
    assert.deepEqual(txt_ids, { values: new Float32Array(6), dims: [2, 3] })
    assert.deepEqual([...(img_ids?.values ?? [])], [0, 0, 0, 0, 0, 1, 0, 0, 2, 0, 1, 0, 0, 1, 1, 0, 1, 2])
    assert.deepEqual(img_ids?.dims, [6, 3])
  })
})

describe('a pack that FLUX cannot run is refused when it is opened, by field', () => {
  const packs: [string, 'pack_corrupt' | 'pack_unsupported', string, Changes][] = [
    ['no second tokenizer', 'pack_corrupt', 'files', { remove: ['tokenizer_2'] }],
    ['no T5', 'pack_corrupt', 'files', { remove: ['text_encoder_2'] }],
    [
      'a transformer of another family',
      'pack_unsupported',
      'txt_ids',
      { parts: { 'transformer/model.onnx': 'tiny-sd3/transformer/model.onnx' } },
    ],
    [
      'a CLIP that pools nothing',
      'pack_unsupported',
      'pooler_output',
      { parts: { 'text_encoder/model.onnx': 'tiny-sd3/text_encoder/model.onnx' } },
    ],
    ['dev by configuration, schnell by graph', 'pack_unsupported', 'guidance_embeds', { parts: SCHNELL.parts ?? {} }],
    [
      'channels for a control or a mask',
      'pack_unsupported',
      'in_channels',
      { json: { 'transformer/config.json': { in_channels: 96 } } },
    ],
    [
      'an odd number of latents',
      'pack_unsupported',
      'sizes',
      { manifest: { sizes: { default: '16x16', supported: ['16x16', '16x18'], factor: 2 } } },
    ],
    [
      'a scheduler that takes no noise levels',
      'pack_unsupported',
      'scheduler',
      { manifest: { scheduler: 'FlowMatchHeunDiscreteScheduler' } },
    ],
  ]
  for (const [what, code, field, changes] of packs)
    it(`${what}: ${field}`, () =>
      assert.rejects(
        withFlow('flux', changes, async () => {}),
        refused(code, field),
      ))

  it('whole timesteps, which would cut noise levels off: timestep', () => {
    const graph = (type: string) => ({ inputs: new Map([['timestep', { name: 'timestep', type, shape: ['step'] }]]) })
    assert.equal(flowTimestep(graph('float16')), 'vector')
    assert.throws(() => flowTimestep(graph('int64')), refused('pack_unsupported', 'timestep'))
  })
})

describe('a request that FLUX cannot do names its field', () => {
  const requests: [string, Partial<SampleRequest>][] = [
    ['size', { height: 18 }],
    ['guidance_rescale', { guidanceRescale: 0.5 }],
    ['timesteps', { custom: { timesteps: [999, 500] } }],
    ['scheduler', { scheduler: 'FlowMatchHeunDiscreteScheduler' }],
    ['scheduler', { scheduler: 'DPMSolverMultistepScheduler' }],
    ['true_guidance_scale', { trueGuidanceScale: Number.NaN }],
    ['denoising', { denoising: { end: 0.5 } }],
  ]
  it(requests.map(([field]) => field).join(', '), () =>
    withFlow('flux', {}, async (model) => {
      for (const [field, change] of requests)
        await assert.rejects(model.prepare([{ ...CAT, ...change }]), refused('invalid_input', field), field)
    }),
  )
})
