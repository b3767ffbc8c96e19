// Prompts with weights and beyond a text encoder's length, on the tiny models: only where they are asked for, and in any company.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { LatentSample } from '../../models/families/denoise.ts'
import type { SampleRequest } from '../../models/runtime/stepper.ts'
import { develop, openTiny, refused } from './sd-model.ts'
import { TINY_SD } from './tiny.ts'

const CAT: SampleRequest = {
  id: 'cat',
  prompt: 'the red cat',
  negativePrompt: 'the dog',
  promptSyntax: 'weighted',
  seed: 3,
  width: 16,
  height: 16,
  steps: 4,
  guidanceScale: 5,
}
const LONG = 'the red cat and the dog on the ring, '.repeat(4)

function tokensOf(sample: LatentSample | undefined): number[] {
  return sample?.rows.map(({ encoder_hidden_states: hidden }) => hidden?.dims[1] ?? 0) ?? []
}

for (const name of ['tiny-sd', 'tiny-sdxl'])
  describe(`a weighted prompt on ${name}`, () => {
    const dir = join(TINY_SD, '..', name)

    it('without weights is the plain one, bit for bit', async () => {
      await using model = await openTiny(dir)
      const [weighted, plain] = await develop(model, CAT, { ...CAT, promptSyntax: undefined })
      assert.deepEqual(weighted?.latents, plain?.latents)
    })

    it('draws another picture by its weights, and brackets are letters where nobody asked', async () => {
      await using model = await openTiny(dir)
      const [even, strong, letters] = await develop(
        model,
        CAT,
        { ...CAT, prompt: 'the (red:1.5) cat' },
        { ...CAT, prompt: 'the (red:1.5) cat', promptSyntax: 'plain' },
      )
      assert.notDeepEqual(strong?.latents, even?.latents)
      assert.notDeepEqual(letters?.latents, strong?.latents)
    })

    it('goes on in a second chunk, the negative prompt beside it as long, and is the same in company', async () => {
      await using model = await openTiny(dir)
      const long = { ...CAT, prompt: LONG }
      const [alone] = await develop(model, long)
      const [one] = tokensOf((await model.prepare([CAT]))[0])
      const [negative = 0, prompt] = tokensOf(alone)
      assert.equal(negative, prompt)
      assert.ok(one !== undefined && negative % one === 0 && negative > one)
      const [, together] = await develop(model, CAT, long)
      assert.deepEqual(together?.latents, alone?.latents)
      assert.equal(alone?.truncated, false)
      const [broken] = await model.prepare([{ ...CAT, prompt: 'the cat BREAK the dog' }])
      assert.deepEqual(tokensOf(broken), [2 * one, 2 * one])
    })

    it('says when even four chunks were too few, as a plain one does after one', async () => {
      await using model = await openTiny(dir)
      const samples = await model.prepare([
        { ...CAT, prompt: LONG.repeat(4) },
        { ...CAT, prompt: LONG, promptSyntax: 'plain' },
      ])
      assert.deepEqual(
        samples.map(({ truncated }) => truncated),
        [true, true],
      )
    })
  })

it('a model that reads no weights refuses them by name', async () => {
  await using model = await openTiny(join(TINY_SD, '../tiny-flux'))
  await assert.rejects(model.prepare([CAT]), refused('invalid_input', 'prompt_syntax'))
})
