import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkOrder, type GenerationOrder } from '../../src/admit/order.ts'
import { isFault } from '../../src/kernel/fault.ts'
import { CARD } from '../http/service.ts'

const limits = { promptCharacters: 100, imagesPerRequest: 4, steps: 50 }
const check = (order: Partial<GenerationOrder>) => checkOrder({ prompt: 'a boat', ...order }, [CARD], CARD.id, limits)

test('what is left out comes from the card', () => {
  const recipe = check({})
  assert.deepEqual(
    { ...recipe, seed: null },
    {
      card: CARD,
      prompt: 'a boat',
      negativePrompt: null,
      size: { width: 128, height: 128 },
      quality: 'medium',
      steps: 20,
      guidanceScale: 4,
      scheduler: 'DDIMScheduler',
      sampling: {},
      seed: null,
      n: 1,
      outputFormat: 'png',
      outputCompression: null,
      previews: 0,
      label: false,
      purpose: null,
      user: null,
    },
  )
  assert.ok(Number.isInteger(recipe.seed) && recipe.seed >= 0 && recipe.seed < 2 ** 32)
})

test('a label is drawn where it is asked for, or always, and then cannot be left out', () => {
  const always = (order: Partial<GenerationOrder>) =>
    checkOrder({ prompt: 'a boat', ...order }, [CARD], CARD.id, limits, 'generate', 'always')
  assert.deepEqual([check({ label: true }).label, check({ label: false }).label], [true, false])
  assert.deepEqual([always({}).label, always({ label: true }).label], [true, true])
  assert.throws(
    () => always({ label: false }),
    (error) => isFault(error, 'invalid_request') && error.field === 'label',
  )
})

test('quality chooses the steps, and steps that are given win', () => {
  assert.equal(check({ quality: 'low' }).steps, 8)
  assert.equal(check({ quality: 'auto' }).steps, 20)
  assert.equal(check({ quality: 'high', steps: 3 }).steps, 3)
})

test('the bounds themselves are allowed', () => {
  assert.equal(check({ seed: 0 }).seed, 0)
  assert.equal(check({ seed: 2 ** 32 - 1 }).seed, 2 ** 32 - 1)
  assert.equal(check({ n: 4 }).n, 4)
  assert.equal(check({ previews: 3 }).previews, 3)
  assert.equal(check({ steps: 50 }).steps, 50)
  assert.deepEqual(check({ size: '128x96' }).size, { width: 128, height: 96 })
  assert.equal(check({ outputFormat: 'webp', outputCompression: 0 }).outputCompression, 0)
  assert.equal(check({ outputFormat: 'jpeg' }).outputCompression, 100)
  assert.equal(check({ prompt: '🎈'.repeat(100) }).prompt.length, 200)
})

const BAD: [string, string, Partial<GenerationOrder>][] = [
  ['an empty prompt', 'prompt', { prompt: ' \n\t ' }],
  ['a prompt that nobody can see', 'prompt', { prompt: '\u200b\u2060 ' }],
  ['a prompt one character too long', 'prompt', { prompt: '🎈'.repeat(101) }],
  ['a prompt with a NUL', 'prompt', { prompt: 'a\0b' }],
  ['a prompt with half a surrogate pair', 'prompt', { prompt: 'a\ud83d' }],
  ['a negative prompt that is too long', 'negative_prompt', { negativePrompt: 'x'.repeat(101) }],
  ['an unknown model', 'model', { model: 'dall-e-3' }],
  ['no images', 'n', { n: 0 }],
  ['too many images', 'n', { n: 5 }],
  ['half an image', 'n', { n: 1.5 }],
  ['a size the model cannot do', 'size', { size: '1024x1024' }],
  ['a size that is no size', 'size', { size: 'large' }],
  ['a size with a sign', 'size', { size: '+128x128' }],
  ['no steps', 'steps', { steps: 0 }],
  ['too many steps', 'steps', { steps: 51 }],
  ['a negative seed', 'seed', { seed: -1 }],
  ['a seed past 32 bits', 'seed', { seed: 2 ** 32 }],
  ['a scheduler that is not there', 'scheduler', { scheduler: 'Magic' }],
  ['guidance below nothing', 'guidance_scale', { guidanceScale: -0.1 }],
  ['guidance without a number', 'guidance_scale', { guidanceScale: Number.NaN }],
  ['compression of a png', 'output_compression', { outputCompression: 50 }],
  ['compression past 100', 'output_compression', { outputFormat: 'jpeg', outputCompression: 101 }],
  ['a transparent background', 'background', { background: 'transparent' }],
  ['a fourth preview', 'previews', { previews: 4 }],
  ['a user that is too long', 'user', { user: 'x'.repeat(513) }],
]
for (const [name, field, order] of BAD)
  test(`${name} is refused by its field, ${field}`, () => {
    assert.throws(
      () => check(order),
      (error) =>
        (isFault(error, 'invalid_request') || isFault(error, 'model_unknown')) &&
        error.field === field &&
        error.message.length > 10,
    )
  })

test('an error never repeats what the caller wrote', () => {
  for (const order of [{ size: 'MARKERx' }, { model: 'MARKER' }, { scheduler: 'MARKER' }, { prompt: `MARKER\0` }])
    assert.throws(
      () => check(order),
      (error) => error instanceof Error && !error.message.includes('MARKER'),
    )
})
