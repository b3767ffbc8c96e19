// The solvers of higher order, the few-step and the flow schedulers against diffusers: whole sample paths and upstream's own sums.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { seedNoise } from '../../models/runtime/noise.ts'
import { emptyMemory, readScheduler, type SchedulerName, startingAt } from '../../models/schedulers/scheduler.ts'
import { deviation, floats, worst } from '../models/parity.ts'
import { customOf, solvers } from '../models/solver-goldens.ts'
import { curvedModel, FILE, SD, walk } from '../models/walk.ts'

describe('a solver walks the same path as diffusers', () => {
  const start = floats(solvers.start)
  for (const { name, scheduler, config, steps, asked, timesteps, path } of solvers.cases)
    it(name, () => {
      const { first = 0 } = asked
      const walked = walk(scheduler, config, steps, start, curvedModel, { first, custom: customOf(asked) })
      assert.equal(walked.timesteps.length, timesteps.length)
      assert.ok(worst(Float32Array.from(walked.timesteps), Float32Array.from(timesteps)) < 1e-3, 'timesteps')
      assert.equal(walked.sigma, 1)
      assert.equal(walked.path.length, timesteps.length - first)
      const expected = floats(path)
      for (const [i, sample] of walked.path.entries()) {
        const wanted = expected.subarray(i * sample.length, (i + 1) * sample.length)
        const error = worst(sample, wanted) / deviation(wanted)
        assert.ok(error < 1e-4, `step ${i + 1}: ${error}`)
      }
    })
})

describe("a solver gives the sums of diffusers' own tests", () => {
  const C1 = { num_train_timesteps: 1000, beta_start: 0.0001, beta_end: 0.02, beta_schedule: 'linear' }
  const MIN = { final_sigmas_type: 'sigma_min' }
  const V = { prediction_type: 'v_prediction' }
  const rows: [SchedulerName, Record<string, unknown>, number, number | null, number][] = [
    ['DPMSolverSinglestepScheduler', { ...C1, ...MIN }, 10, null, 0.2791],
    ['DPMSolverSinglestepScheduler', { ...C1, ...MIN, ...V }, 10, null, 0.1453],
    ['DPMSolverSinglestepScheduler', { ...C1, ...MIN, use_karras_sigmas: true }, 10, null, 0.2248],
    ['UniPCMultistepScheduler', { ...C1, ...MIN }, 10, null, 0.2464],
    ['UniPCMultistepScheduler', { ...C1, ...MIN, ...V }, 10, null, 0.1014],
    ['UniPCMultistepScheduler', { ...C1, ...MIN, use_karras_sigmas: true }, 10, null, 0.2925],
    ['DEISMultistepScheduler', C1, 10, null, 0.23916],
    ['LCMScheduler', SD, 10, 197.7616, 0.2575],
    ['LCMScheduler', SD, 1, 18.7097, 0.0244],
    ['TCDScheduler', SD, 10, 181.204, 0.2359],
    ['TCDScheduler', SD, 1, 29.8715, 0.0389],
  ]
  // arange(768) / 768 as (3, 8, 8, 4), permuted (3, 0, 1, 2).
  const start = Float32Array.from({ length: 768 }, (_, i) => ((i % 192) * 4 + Math.floor(i / 192)) / 768)
  for (const [name, config, steps, sum, mean] of rows)
    it(`${name} ${JSON.stringify(config)}, ${steps} steps`, () => {
      const { path } = walk(name, config, steps, start, (x, t) => (x * t) / (t + 1))
      const total = (path.at(-1) ?? start).reduce((a, x) => a + Math.abs(x), 0)
      if (sum !== null) assert.ok(Math.abs(total - sum) < 1e-2, `sum ${total}`)
      assert.ok(Math.abs(total / 768 - mean) < 1e-3, `mean ${total / 768}`)
    })
})

describe('the levels of a solver', () => {
  for (const { name, scheduler, config, steps, asked, noised } of solvers.cases)
    it(`noise a picture as diffusers does, and a true output says which it was: ${name}`, () => {
      const plan = readScheduler(config, scheduler, FILE)(steps, customOf(asked))
      const expected = floats(noised)
      for (const index of plan.timesteps.keys()) {
        const [ofClean = 0] = plan.addNoise(index, Float32Array.of(1), Float32Array.of(0))
        const [ofNoise = 0] = plan.addNoise(index, Float32Array.of(0), Float32Array.of(1))
        const wanted = expected.subarray(2 * index, 2 * index + 2)
        assert.ok(worst(Float32Array.of(ofClean, ofNoise), wanted) < 2e-6, `step ${index}`)
        // A velocity of a flow says nothing of a picture under noise of unit variance; upstream takes it all the same.
        if (config.prediction_type === 'flow_prediction' && config.use_flow_sigmas !== true) continue
        // The picture is 0.4, the noise −1.2.
        const sample = Float32Array.of(0.4 * ofClean - 1.2 * ofNoise)
        const outputs: Record<string, number> = {
          epsilon: -1.2,
          sample: 0.4,
          v_prediction: -1.2 * ofClean - 0.4 * ofNoise,
          flow_prediction: -1.2 - 0.4,
        }
        const kind = scheduler.startsWith('Flow') ? 'flow_prediction' : String(config.prediction_type ?? 'epsilon')
        const [clean = Number.NaN] = plan.predictClean(index, Float32Array.of(outputs[kind] ?? Number.NaN), sample)
        // Noise is told from a sample to float32's precision, which the signal's small share divides.
        assert.ok(Math.abs(clean - 0.4) <= 2e-6 / Math.max(ofClean, 1e-6), `step ${index}: ${clean}`)
      }
    })
})

describe('the rest of a plan', () => {
  for (const { name, scheduler, config, steps, asked, path } of solvers.cases.filter(({ asked }) => asked.first))
    it(`walks as diffusers does from the step that it begins at: ${name}`, () => {
      const rest = startingAt(readScheduler(config, scheduler, FILE)(steps, customOf(asked)), asked.first ?? 0)
      const [memory, noise] = [emptyMemory(), seedNoise(0)]
      const sample = floats(solvers.start)
      for (const [index, t] of rest.timesteps.entries()) {
        const output = sample.map((x) => curvedModel(x, t))
        rest.step(index, output, sample, memory, noise)
      }
      const wanted = floats(path).subarray(-sample.length)
      assert.ok(worst(sample, wanted) / deviation(wanted) < 1e-4)
    })
})

describe("UniPC's rule bh1", () => {
  it('ends where bh2 does, and upstream at no number', () => {
    const start = floats(solvers.start)
    const { path } = walk('UniPCMultistepScheduler', { ...SD, solver_type: 'bh1' }, 20, start, curvedModel)
    const near = walk('UniPCMultistepScheduler', SD, 20, start, curvedModel).path.at(-1) ?? start
    assert.ok(worst(path.at(-1) ?? start, near) / deviation(near) < 0.01)
  })
})
