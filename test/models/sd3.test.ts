// Stable Diffusion 3.5 on a tiny random model: equal to diffusers, the same in any company, and refused where it cannot be.
import { describe, it } from 'node:test'
import { changesOf, expectCase, readCases, withFlow } from './flow-model.ts'

describe('the tiny Stable Diffusion 3.5 equals diffusers, latents after every step and picture', () => {
  for (const one of readCases('sd3'))
    it(`${one.kind} ${one.name}`, () => withFlow('sd3', changesOf(one), (model) => expectCase(model, one)))
})
