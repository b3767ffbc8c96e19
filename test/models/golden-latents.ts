// A sample taken to its end beside a golden of diffusers: its latents after every step.
import assert from 'node:assert/strict'
import type { LatentSample } from '../../models/families/denoise.ts'
import type { Model } from '../../models/families/opening.ts'
import type { SampleRequest } from '../../models/runtime/stepper.ts'
import { deviation, floats, worst } from './parity.ts'

/** `latents` is base64 of float32 [steps, ...]; each step is within 1e-3 of its deviation. */
export async function expectLatents(model: Model, request: SampleRequest, latents: string): Promise<LatentSample> {
  const [sample] = await model.prepare([request])
  assert.ok(sample)
  const expected = floats(latents)
  const size = sample.latents.length
  assert.equal(sample.total * size, expected.length)
  while (sample.index < sample.total) {
    await model.step([sample])
    const wanted = expected.subarray((sample.index - 1) * size, sample.index * size)
    const error = worst(sample.latents, wanted) / deviation(wanted)
    assert.ok(error < 1e-3, `step ${sample.index}: ${error}`)
  }
  return sample
}
