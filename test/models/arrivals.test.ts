// Batch invariance over random arrivals: samples join and leave between steps, and each is, to the last bit, what it is alone.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { LatentSample } from '../../models/families/denoise.ts'
import type { Model } from '../../models/families/opening.ts'
import { isRunning, type SampleRequest } from '../../models/runtime/stepper.ts'
import { SCHEDULER_NAMES, type SchedulerName } from '../../models/schedulers/scheduler.ts'
import { develop, withPack } from './sd-model.ts'

// Flows are for models of another kind.
const SCHEDULERS: readonly SchedulerName[] = SCHEDULER_NAMES.filter((name) => !name.startsWith('Flow'))

type Arrival = { request: SampleRequest; at: number; leavesAfter: number }

const arrival: fc.Arbitrary<Arrival> = fc.record({
  at: fc.integer({ min: 0, max: 6 }),
  // Some are cancelled on the way: what stays must not notice.
  leavesAfter: fc.oneof({ weight: 3, arbitrary: fc.constant(Infinity) }, fc.integer({ min: 1, max: 3 })),
  request: fc.record({
    id: fc.constant('sample'),
    prompt: fc.constantFrom('the red cat', 'a ring and the dog', ''),
    negativePrompt: fc.constantFrom('', 'the dog'),
    seed: fc.nat(),
    width: fc.constantFrom(16, 24),
    height: fc.constant(16),
    steps: fc.integer({ min: 4, max: 7 }),
    guidanceScale: fc.constantFrom(1, 4, 7.5),
    scheduler: fc.constantFrom(...SCHEDULERS),
  }),
})

/** Takes all arrivals through one model, as their times say; the samples in the order of the arrivals. */
async function together(model: Model, arrivals: readonly Arrival[]): Promise<LatentSample[]> {
  const samples = new Map<Arrival, LatentSample>()
  const last = Math.max(...arrivals.map(({ at }) => at))
  for (let tick = 0; tick <= last || Array.from(samples).some(stays); tick++) {
    for (const one of arrivals.filter(({ at }) => at === tick)) {
      const [sample] = await model.prepare([one.request])
      if (sample) samples.set(one, sample)
    }
    await model.step(
      Array.from(samples)
        .filter(stays)
        .map(([, sample]) => sample),
    )
  }
  return arrivals.flatMap((one) => samples.get(one) ?? [])
}

function stays([{ leavesAfter }, sample]: readonly [Arrival, LatentSample]): boolean {
  return isRunning(sample) && sample.index < leavesAfter
}

describe('samples that arrive and leave as they please', () => {
  for (const [dialect, dialects] of Object.entries({
    'a timestep a row': {},
    'one timestep a run': { 'unet/model.onnx': 'unet-scalar.onnx' },
  }))
    it(`are bit for bit what they are alone, with ${dialect}`, () =>
      withPack({ dialects }, (model) =>
        fc.assert(
          fc.asyncProperty(fc.array(arrival, { minLength: 2, maxLength: 6 }), async (arrivals) => {
            const found = await together(model, arrivals)
            assert.equal(found.length, arrivals.length)
            for (const [i, { request, leavesAfter }] of arrivals.entries()) {
              if (leavesAfter !== Infinity) continue
              const [alone] = await develop(model, request)
              assert.equal(found[i]?.failure, null)
              assert.deepEqual(found[i]?.latents, alone?.latents)
            }
          }),
          { numRuns: 25 },
        ),
      ))
})
