// FLUX, dev and schnell, on a tiny random model: equal to diffusers, the same in any company, and refused where it cannot be.
import { describe, it } from 'node:test'
import { changesOf, expectCase, readCases, withFlow } from './flow-model.ts'

describe('the tiny FLUX equals diffusers, latents after every step and picture', () => {
  for (const one of readCases('flux'))
    it(`${one.kind} ${one.name}`, () => withFlow('flux', changesOf(one), (model) => expectCase(model, one)))
})
