// What an order may ask of sampling, held against the card: what its model does not take is refused by its field before it is queued.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkOrder, type GenerationOrder } from '../../src/admit/order.ts'
import { isFault } from '../../src/kernel/fault.ts'
import type { ModelCard, Plan } from '../../src/kernel/model.ts'
import { samplingOf, storedSampling, syntaxOf } from '../../src/kernel/sampling.ts'
import { CARD } from '../http/service.ts'

const limits = { promptCharacters: 100, imagesPerRequest: 4, steps: 50 }
const check = (order: Partial<GenerationOrder>, card: ModelCard = CARD) =>
  checkOrder({ prompt: 'a boat', ...order }, [card], card.id, limits)
const FLUX: ModelCard = { ...CARD, promptSyntaxes: ['plain'], guidanceRescale: false, trueGuidance: true }
const TAUGHT: ModelCard = { ...CARD, negativePrompt: false, guidanceRescale: false }

test('what the model does by itself is not kept: an order for it is an order for nothing', () => {
  const { sampling } = check({ promptSyntax: 'plain', guidanceRescale: 0 })
  assert.deepEqual(sampling, {})
  assert.deepEqual(check({ promptSyntax: 'plain', guidanceRescale: 0 }, FLUX).sampling, {})
  assert.equal(storedSampling(sampling), null)
})

test('what is asked is kept as it is stored, and read back', () => {
  const { sampling, steps } = check({ promptSyntax: 'weighted', guidanceRescale: 0.7, timesteps: [999, 500, 0] })
  assert.deepEqual(sampling, { prompt_syntax: 'weighted', guidance_rescale: 0.7, timesteps: [999, 500, 0] })
  assert.equal(steps, 3)
  assert.deepEqual(samplingOf(JSON.parse(storedSampling(sampling) ?? '')), sampling)
  assert.deepEqual([syntaxOf(JSON.parse(storedSampling(sampling) ?? '')), syntaxOf(null)], ['weighted', 'plain'])
  const schedulerOptions = { use_karras_sigmas: true, solver_order: 3 }
  assert.deepEqual(check({ schedulerOptions }).sampling, { scheduler_options: schedulerOptions })
  assert.deepEqual(check({ schedulerOptions: {} }).sampling, {})
  assert.throws(() => samplingOf({ scheduler_options: { beta_start: 1 } }), TypeError)
  assert.deepEqual(check({ trueGuidanceScale: 4 }, FLUX).sampling, { true_guidance_scale: 4 })
  assert.throws(() => samplingOf({ prompt_syntax: 'strange' }), TypeError)
})

test('the steps of a schedule of one’s own are its numbers, whatever the quality, and may be said again', () => {
  assert.equal(check({ sigmas: [14.6, 7, 1.5, 0.3], quality: 'high' }).steps, 4)
  assert.equal(check({ sigmas: [14.6, 7], steps: 2 }).steps, 2)
  // The lists that people pass around end in a zero.
  const ended = check({ sigmas: [14.6, 7, 0], steps: 2 })
  assert.deepEqual([ended.steps, ended.sampling.sigmas], [2, [14.6, 7]])
  assert.equal(check({ timesteps: Array.from({ length: 50 }, (_, i) => 999 - i) }).steps, 50)
  assert.equal(check({ guidanceRescale: 1 }).sampling.guidance_rescale, 1)
  assert.equal(check({ trueGuidanceScale: 50 }, FLUX).sampling.true_guidance_scale, 50)
})

test('the plan is tried with all that decides it, and what refuses it is refused by its field', () => {
  const asked: Plan[] = []
  const refusePlan = (plan: Plan) => {
    asked.push(plan)
    return plan.sigmas === undefined ? null : { field: 'sigmas', detail: 'sigmas: this scheduler takes none' }
  }
  const card = { ...CARD, refusePlan }
  const schedulerOptions = { use_karras_sigmas: true }
  check({ timesteps: [9, 4], scheduler: 'EulerDiscreteScheduler', schedulerOptions, size: '128x96' }, card)
  const size = { width: 128, height: 96 }
  assert.deepEqual(asked, [
    { ...size, scheduler: 'EulerDiscreteScheduler', schedulerOptions, steps: 2, timesteps: [9, 4], sigmas: undefined },
  ])
  assert.throws(
    () => check({ sigmas: [9, 4] }, card),
    (error) => isFault(error, 'invalid_request') && error.field === 'sigmas' && /DDIMScheduler/.test(error.message),
  )
})

test('a negative prompt is taken where the model reads one, and an empty one anywhere', () => {
  assert.equal(check({ negativePrompt: 'fog' }).negativePrompt, 'fog')
  assert.equal(check({ negativePrompt: 'fog', guidanceScale: 1 }).negativePrompt, 'fog')
  assert.equal(check({ negativePrompt: 'fog', trueGuidanceScale: 1.5 }, FLUX).negativePrompt, 'fog')
  assert.equal(check({ negativePrompt: '' }, FLUX).negativePrompt, null)
  assert.equal(check({ negativePrompt: '' }, TAUGHT).negativePrompt, null)
  assert.throws(
    () => check({ negativePrompt: 'fog' }, FLUX),
    (error) => isFault(error, 'invalid_request') && /true_guidance_scale above 1/.test(error.message),
  )
})

const BAD: [string, string, Partial<GenerationOrder>, ModelCard][] = [
  ['weights of a model that reads none', 'prompt_syntax', { promptSyntax: 'weighted' }, FLUX],
  ['a negative prompt without true guidance', 'negative_prompt', { negativePrompt: 'fog' }, FLUX],
  ['a negative prompt at true guidance of 1', 'negative_prompt', { negativePrompt: 'fog', trueGuidanceScale: 1 }, FLUX],
  ['a negative prompt of a model that was taught guidance', 'negative_prompt', { negativePrompt: 'fog' }, TAUGHT],
  ['rescale of a model without guidance', 'guidance_rescale', { guidanceRescale: 0.1 }, FLUX],
  ['rescale past 1', 'guidance_rescale', { guidanceRescale: 1.01 }, CARD],
  ['rescale below 0', 'guidance_rescale', { guidanceRescale: -0.1 }, CARD],
  ['true guidance of a model that has none', 'true_guidance_scale', { trueGuidanceScale: 1 }, CARD],
  ['true guidance past 50', 'true_guidance_scale', { trueGuidanceScale: 50.1 }, FLUX],
  ['true guidance below 0', 'true_guidance_scale', { trueGuidanceScale: -1 }, FLUX],
  ['timesteps and sigmas', 'sigmas', { timesteps: [2, 1], sigmas: [2, 1] }, CARD],
  ['no timesteps', 'timesteps', { timesteps: [] }, CARD],
  ['timesteps that go up', 'timesteps', { timesteps: [1, 2] }, CARD],
  ['timesteps that stay', 'timesteps', { timesteps: [2, 2] }, CARD],
  ['a timestep below 0', 'timesteps', { timesteps: [2, -1] }, CARD],
  ['sigmas without end', 'sigmas', { sigmas: [Infinity, 1] }, CARD],
  ['a sigma that is no number', 'sigmas', { sigmas: [3, Number.NaN, 1] }, CARD],
  [
    'more timesteps than steps are allowed',
    'timesteps',
    { timesteps: Array.from({ length: 51 }, (_, i) => 99 - i) },
    CARD,
  ],
  ['steps that are not as many as the sigmas', 'steps', { sigmas: [2, 1], steps: 3 }, CARD],
]
for (const [name, field, order, card] of BAD)
  test(`${name} are refused by their field, ${field}`, () =>
    assert.throws(
      () => check(order, card),
      (error) => isFault(error, 'invalid_request') && error.field === field,
    ))
