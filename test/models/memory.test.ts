// Memory that runs out while samples are denoised together: they go on in smaller company, bit for bit as before.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createDenoiser, type LatentSample, sampleOf } from '../../models/families/denoise.ts'
import { ModelError } from '../../models/runtime/error.ts'
import { seedNoise } from '../../models/runtime/noise.ts'
import { isRunning } from '../../models/runtime/stepper.ts'
import type { Feed, Output } from '../../models/runtime/tensors.ts'
import { readScheduler } from '../../models/schedulers/scheduler.ts'

const SIDE = 4
const plan = readScheduler({ prediction_type: 'v_prediction' }, 'DDIMScheduler', 'test')(6)

/** A sample of latents [1, 4, 4], with guidance. */
function sample(id: string, seed: number): LatentSample {
  const noise = seedNoise(seed)
  const request = { id, prompt: '', negativePrompt: '', seed, width: 32, height: 32, steps: 6, guidanceScale: 3 }
  const beginning = { scheduler: plan, latents: noise.randn(SIDE * SIDE), keep: null, condition: null }
  const row = (value: number): Record<string, Output> => ({
    encoder_hidden_states: { values: Float32Array.of(value, seed), dims: [1, 1, 2] },
  })
  return sampleOf(request, beginning, noise, { truncated: false, rows: [row(0), row(1)], height: SIDE, width: SIDE })
}

/** A model whose memory is for so many rows; it remembers the rows of each call. */
function model(mostRows: () => number) {
  const calls: number[] = []
  const module = {
    async run(feeds: Readonly<Record<string, Feed>>): Promise<ReadonlyMap<string, Output>> {
      const { sample: latents, encoder_hidden_states: hidden } = feeds
      const rows = latents?.dims[0] ?? 0
      calls.push(rows)
      if (rows > mostRows()) throw new ModelError('out_of_memory', 'unet/model.onnx: out of memory')
      const values = Float32Array.from(latents?.values ?? [], (x, i) => {
        const row = Math.floor(i / (SIDE * SIDE))
        return Math.sin(3 * x) + 0.1 * (hidden?.values[2 * row] ?? 0)
      })
      return new Map([['out_sample', { values, dims: latents?.dims ?? [] }]])
    },
  }
  const step = createDenoiser({
    module,
    input: 'sample',
    timestep: 'vector',
    timestepOf: (timestep) => timestep,
    shapeOf: () => [1, SIDE, SIDE],
  })
  return { calls, step }
}

const SEEDS = [1, 2, 3, 4, 5]

async function develop(step: (samples: readonly LatentSample[]) => Promise<void>): Promise<LatentSample[]> {
  const samples = SEEDS.map((seed) => sample(`${seed}`, seed))
  while (samples.some(isRunning)) await step(samples)
  return samples
}

describe('samples that do not fit into memory together', () => {
  it('are stepped in halves until they fit, and are what they are in any company', async () => {
    const free = model(() => Infinity)
    const poor = model(() => 4)
    const [wanted, found] = [await develop(free.step), await develop(poor.step)]
    assert.deepEqual(
      found.map(({ latents, failure }) => [latents, failure]),
      wanted.map(({ latents }) => [latents, null]),
    )
    assert.deepEqual(free.calls, [10, 10, 10, 10, 10, 10])
    // Ten rows, six, then four at a time: found out once, in the first step.
    assert.deepEqual(poor.calls.slice(0, 8), [10, 6, 4, 4, 2, 4, 4, 2])
  })

  it('fail one by one where not even one fits, and later ones are tried again', async () => {
    let most = 1
    const { step } = model(() => most)
    const failed = await develop(step)
    assert.ok(failed.every(({ failure, index }) => failure?.code === 'out_of_memory' && index === 0))
    most = 2
    const after = await develop(step)
    assert.ok(after.every(({ failure, index }) => failure === null && index === 6))
  })

  it('are not asked again for any other trouble', async () => {
    const { step, calls } = model(() => {
      throw new ModelError('model_error', 'unet/model.onnx: broken')
    })
    await assert.rejects(develop(step), (error) => error instanceof ModelError && error.code === 'model_error')
    assert.deepEqual(calls, [10])
  })
})
