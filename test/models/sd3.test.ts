// Stable Diffusion 3.5 on a tiny random model: equal to diffusers, the same in any company, and refused where it cannot be.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { SampleRequest } from '../../models/runtime/stepper.ts'
import { type Changes, changesOf, expectCase, readCases, withFlow } from './flow-model.ts'
import { CAT, expectCompanyOfFour, expectKept, expectLastPreview, PICTURE } from './flow-samples.ts'
import { develop, refused } from './sd-model.ts'

describe('the tiny Stable Diffusion 3.5 equals diffusers, latents after every step and picture', () => {
  for (const one of readCases('sd3'))
    it(`${one.kind} ${one.name}`, () => withFlow('sd3', changesOf(one), (model) => expectCase(model, one)))
})

describe('Stable Diffusion 3.5', () => {
  it('leaves each of four samples bit-identical to itself alone', () =>
    withFlow('sd3', {}, (model) => expectCompanyOfFour(model, { negativePrompt: 'a dog' })))

  it('gives back every pixel that the mask keeps, byte for byte', () => withFlow('sd3', {}, expectKept))

  it('previews what the model sees', () => withFlow('sd3', {}, expectLastPreview))

  it('says that a prompt was cut where T5, or without it CLIP, did not read all of it', async () => {
    const long = { ...CAT, prompt: 'the cat on the ring and the dog in the ring of the red cat with a ring', steps: 1 }
    const cut = (changes: Changes, request: SampleRequest) =>
      withFlow('sd3', changes, async (model) => (await develop(model, request))[0]?.truncated)
    assert.equal(await cut({}, long), false)
    assert.equal(await cut({ manifest: { t5_tokens: 5 } }, long), true)
    assert.equal(await cut({ remove: ['text_encoder_3', 'tokenizer_3'] }, long), true)
    assert.equal(await cut({ remove: ['text_encoder_3', 'tokenizer_3'] }, CAT), false)
  })
})

const transformer = (change: Record<string, unknown>): Changes => ({ json: { 'transformer/config.json': change } })

describe('a pack that Stable Diffusion 3.5 cannot run is refused when it is opened, by field', () => {
  const packs: [string, 'pack_corrupt' | 'pack_unsupported', string, Changes][] = [
    ['no second tokenizer', 'pack_corrupt', 'files', { remove: ['tokenizer_2'] }],
    ['T5 without its tokenizer', 'pack_corrupt', 'files', { remove: ['tokenizer_3'] }],
    [
      'a transformer of another family',
      'pack_unsupported',
      'hidden_states',
      { parts: { 'transformer/model.onnx': 'tiny-sd/unet/model.onnx' } },
    ],
    [
      'a transformer with inputs that nobody feeds',
      'pack_unsupported',
      'img_ids',
      { parts: { 'transformer/model.onnx': 'tiny-flux/transformer/model.onnx' } },
    ],
    [
      'a CLIP without projection',
      'pack_unsupported',
      'text_embeds',
      { parts: { 'text_encoder/model.onnx': 'tiny-flux/text_encoder/model.onnx' } },
    ],
    [
      'a T5 of another width',
      'pack_unsupported',
      'last_hidden_state',
      { parts: { 'text_encoder_3/model.onnx': 'tiny-flux/text_encoder_2/model.onnx' } },
    ],
    [
      'a CLIP whose hidden states do not reach the last layer but one',
      'pack_unsupported',
      'hidden_states.4',
      { json: { 'text_encoder/config.json': { num_hidden_layers: 5 } } },
    ],
    ['another patch', 'pack_unsupported', 'patch_size', transformer({ patch_size: 4 })],
    ['too few positions for its sizes', 'pack_unsupported', 'sizes', transformer({ pos_embed_max_size: 5 })],
    [
      'a side of half a token',
      'pack_unsupported',
      'sizes',
      { manifest: { sizes: { default: '16x16', supported: ['16x16', '18x16'], factor: 2 } } },
    ],
    ['channels for a mask', 'pack_unsupported', 'in_channels', transformer({ in_channels: 33 })],
    ['another width of text', 'pack_unsupported', 'joint_attention_dim', transformer({ joint_attention_dim: 4096 })],
    ['a scheduler of no flow', 'pack_unsupported', 'scheduler', { manifest: { scheduler: 'DDIMScheduler' } }],
    [
      'a dynamic shift of no known end',
      'pack_unsupported',
      'max_shift',
      {
        json: {
          'scheduler/scheduler_config.json': {
            use_flow_sigmas: true,
            prediction_type: 'flow_prediction',
            use_dynamic_shifting: true,
          },
        },
        manifest: { scheduler: 'UniPCMultistepScheduler' },
      },
    ],
    ['a T5 longer than any', 'pack_corrupt', 't5_tokens', { manifest: { t5_tokens: 513 } }],
  ]
  for (const [what, code, field, changes] of packs)
    it(`${what}: ${field}`, () =>
      assert.rejects(
        withFlow('sd3', changes, async () => {}),
        refused(code, field),
      ))
})

describe('a request that Stable Diffusion 3.5 cannot do names its field', () => {
  const requests: [string, Partial<SampleRequest>][] = [
    ['size', { width: 18 }],
    ['guidance_rescale', { guidanceRescale: 0.5 }],
    ['timesteps', { custom: { timesteps: [999, 500] } }],
    ['sigmas', { custom: { sigmas: [0.5, 0.7] } }],
    ['scheduler', { scheduler: 'EulerDiscreteScheduler' }],
    ['true_guidance_scale', { trueGuidanceScale: 2 }],
    ['conditioning', { conditioning: {} }],
    ['strength', { start: { picture: PICTURE, mask: null, strength: 1e-20 } }],
  ]
  for (const [field, change] of requests)
    it(field, () =>
      withFlow('sd3', {}, (model) =>
        assert.rejects(model.prepare([{ ...CAT, ...change }]), refused('invalid_input', field)),
      ),
    )
})
