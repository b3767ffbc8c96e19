// SDXL on a tiny random model: base, refiner and Turbo equal to diffusers, in every dialect and in any company.
import { describe, it } from 'node:test'
import { expectCase, readCases } from './diffusers-cases.ts'
import { withSdxl } from './sdxl-model.ts'

describe('the tiny SDXL equals diffusers, latents after every step and picture', () => {
  for (const one of [...readCases('sdxl.json'), ...readCases('sdxl-edits.json')])
    it(`${one.twin} ${one.kind} ${one.name}`, () =>
      withSdxl(
        one.twin,
        { json: { 'scheduler/scheduler_config.json': one.config }, manifest: { scheduler: one.scheduler } },
        (model) => expectCase(model, one),
      ))
})
