// SDXL on a tiny random model: base, refiner and Turbo equal to diffusers, the same in every dialect and in any company.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { SampleRequest, Start } from '../../models/runtime/stepper.ts'
import { type Case, expectCase, readCases, requestOf } from './diffusers-cases.ts'
import { deviation, floats, worst } from './parity.ts'
import { develop } from './sd-model.ts'
import { type Changes, withSdxl } from './sdxl-model.ts'

const cases = [...readCases('sdxl.json'), ...readCases('sdxl-edits.json')]
const byName = (name: string): Case => cases.find((one) => one.name === name) ?? assert.fail(name)
const scheduled = ({ config, scheduler }: Case): Changes => ({
  json: { 'scheduler/scheduler_config.json': config },
  manifest: { scheduler },
})

const CAT: SampleRequest = {
  ...{
    id: 'a',
    prompt: 'the red cat!',
    negativePrompt: '',
    seed: 3,
    width: 16,
    height: 16,
    steps: 5,
    guidanceScale: 5,
  },
}
const picture = { width: 16, height: 16, rgb: Uint8Array.from({ length: 16 * 16 * 3 }, (_, i) => (i * 37) % 256) }
const mask = Uint8Array.from({ length: 16 * 16 }, (_, i) => (i % 16 >= 8 ? 255 : 0))
const START: Start = { picture, mask, strength: 0.8 }

describe('the tiny SDXL equals diffusers, latents after every step and picture', () => {
  for (const one of cases)
    it(`${one.twin} ${one.kind} ${one.name}`, () =>
      withSdxl(one.twin, scheduled(one), (model) => expectCase(model, one)))
})

describe('latents handed from the base to the refiner', () => {
  for (const [from, to] of [
    ['end', 'refine'],
    ['end-heun', 'refine-heun'],
    ['no-negative', 'refine-noised'],
    ['end', 'refine-inpaint'],
  ] as const)
    it(`go on as in diffusers: ${from}, then ${to}`, async () => {
      const [first, second] = [byName(from), byName(to)]
      const begun = await withSdxl('base', scheduled(first), async (base) => (await develop(base, requestOf(first)))[0])
      const given = requestOf(second)
      assert.ok(begun && given.start)
      const request = { ...given, start: { ...given.start, latents: begun.latents } }
      await withSdxl('refiner', scheduled(second), async (refiner) => {
        const [sample] = await develop(refiner, request)
        assert.ok(sample)
        const wanted = floats(second.latents).subarray(-sample.latents.length)
        assert.ok(worst(sample.latents, wanted) / deviation(wanted) < 1e-3)
      })
      // What was handed over is the first sample's own still.
      assert.deepEqual(
        begun.latents,
        (await withSdxl('base', scheduled(first), (base) => develop(base, requestOf(first))))[0]?.latents,
      )
    })
})

describe('what an exporter called things makes no difference', () => {
  const reference = withSdxl('base', {}, async (model) => (await develop(model, CAT))[0]?.latents)
  for (const [dialect, parts] of Object.entries({
    'a scalar timestep': { 'unet/model.onnx': 'tiny-sdxl-parts/unet-scalar.onnx' },
    'int32 ids, and only the hidden states that are read': {
      'text_encoder/model.onnx': 'tiny-sdxl-parts/text_encoder-int32.onnx',
      'text_encoder_2/model.onnx': 'tiny-sdxl-parts/text_encoder_2-int32.onnx',
    },
  }))
    it(dialect, () =>
      withSdxl('base', { parts }, async (model) => {
        const other = { ...CAT, id: 'b', seed: 9, steps: 7 }
        const [together] = await develop(model, CAT, other)
        assert.deepEqual(together?.latents, await reference)
      }),
    )
})

describe('a batch of SDXL', () => {
  it('leaves each of four samples bit-identical to itself alone, whatever the others are told', () =>
    withSdxl('base', {}, async (model) => {
      const requests: SampleRequest[] = [
        CAT,
        {
          ...CAT,
          id: 'b',
          seed: 9,
          steps: 7,
          negativePrompt: 'a dog',
          conditioning: { cropsTopLeft: { top: 4, left: 8 } },
        },
        { ...CAT, id: 'c', steps: 3, guidanceScale: 0, scheduler: 'EulerAncestralDiscreteScheduler' },
        { ...CAT, id: 'd', seed: 4, start: START, denoising: { end: 0.7 } },
      ]
      const together = await develop(model, ...requests)
      for (const [i, request] of requests.entries()) {
        const [alone] = await develop(model, request)
        assert.deepEqual(together[i]?.latents, alone?.latents)
      }
    }))

  it('of four of one seed is four times the same, and of a refiner as well', async () => {
    const four = (request: SampleRequest) => [0, 1, 2, 3].map((i) => ({ ...request, id: `${i}` }))
    for (const [twin, request] of [
      ['base', CAT],
      ['refiner', { ...CAT, start: { ...START, mask: null } }],
    ] as const)
      await withSdxl(twin, {}, async (model) => {
        const [alone] = await develop(model, request)
        for (const sample of await develop(model, ...four(request))) assert.deepEqual(sample.latents, alone?.latents)
      })
  })
})

describe('an empty negative prompt', () => {
  const of = (changes: Changes, conditioning?: SampleRequest['conditioning']) =>
    withSdxl('base', changes, async (model) => (await develop(model, { ...CAT, conditioning }))[0]?.latents)

  it('is zeros or encoded as the pack says, and otherwise where the request says so', async () => {
    const encodes = { json: { 'model_index.json': { force_zeros_for_empty_prompt: false } } }
    const silent = { remove: ['model_index.json'] }
    const zeros = await of({})
    const encoded = await of(encodes)
    assert.notDeepEqual(zeros, encoded)
    assert.deepEqual(await of({}, { emptyNegative: 'encoded' }), encoded)
    assert.deepEqual(await of(encodes, { emptyNegative: 'zeros' }), zeros)
    assert.deepEqual(await of(silent), zeros)
  })

  it('that is not empty is never zeros', () =>
    withSdxl('base', {}, async (model) => {
      const dog = { ...CAT, negativePrompt: 'a dog' }
      const [given, zeroed] = await develop(model, dog, { ...dog, conditioning: { emptyNegative: 'zeros' } })
      assert.deepEqual(zeroed?.latents, given?.latents)
    }))
})

it('a prompt that is longer than the encoders read is said to be cut', () =>
  withSdxl('base', {}, async (model) => {
    const [cut, whole, unread] = await develop(
      model,
      { ...CAT, prompt: 'the red cat '.repeat(9) },
      { ...CAT, id: 'b' },
      { ...CAT, id: 'c', guidanceScale: 1, negativePrompt: 'the red cat '.repeat(9) },
    )
    assert.deepEqual([cut?.truncated, whole?.truncated, unread?.truncated], [true, false, false])
  }))
