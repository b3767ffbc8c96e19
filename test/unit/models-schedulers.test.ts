// Schedulers against diffusers: whole sample paths, and the sums that upstream's own tests assert. Sums below .1 prove nothing.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ModelError } from '../../models/runtime/error.ts'
import { readScheduler, type SchedulerName } from '../../models/schedulers/scheduler.ts'
import { deviation, floats, worst } from '../models/parity.ts'
import { golden, goldenStart } from '../models/scheduler-goldens.ts'
import { curvedModel, type Model, walk } from '../models/walk.ts'

describe('a scheduler walks the same path as diffusers', () => {
  for (const { name, scheduler, config, steps, first, timesteps, init_noise_sigma, path, ...own } of golden.cases)
    it(name, () => {
      const custom = { timesteps: own.own_timesteps, sigmas: own.own_sigmas }
      const walked = walk(scheduler, config, steps, goldenStart, curvedModel, { custom, first })
      assert.equal(walked.timesteps.length, timesteps.length)
      assert.ok(worst(Float32Array.from(walked.timesteps), Float32Array.from(timesteps)) < 1e-3, 'timesteps')
      assert.ok(Math.abs(walked.sigma / init_noise_sigma - 1) < 1e-6, 'init_noise_sigma')
      const expected = floats(path)
      assert.equal(walked.path.length, timesteps.length - first)
      for (const [i, sample] of walked.path.entries()) {
        const wanted = expected.subarray(i * sample.length, (i + 1) * sample.length)
        const error = worst(sample, wanted) / deviation(wanted)
        assert.ok(error < 1e-4, `step ${i + 1}: ${error}`)
      }
    })
})

describe("a scheduler gives the sums of diffusers' own tests", () => {
  const C1 = { num_train_timesteps: 1000, beta_start: 0.0001, beta_end: 0.02, beta_schedule: 'linear' }
  const C2 = { ...C1, num_train_timesteps: 1100 }
  const DPM = {
    ...C1,
    solver_order: 2,
    solver_type: 'midpoint',
    lower_order_final: false,
    final_sigmas_type: 'sigma_min',
  }
  const V = { prediction_type: 'v_prediction' }
  const rows: [SchedulerName, Record<string, unknown>, number | null, number][] = [
    ['DDIMScheduler', C1, 172.0067, 0.223967],
    ['DDIMScheduler', { ...C1, ...V }, 52.5302, 0.0684],
    ['DDIMScheduler', { ...C1, beta_start: 0.01, set_alpha_to_one: true }, 149.8295, 0.1951],
    ['DDIMScheduler', { ...C1, beta_start: 0.01, set_alpha_to_one: false }, 149.0784, 0.1941],
    ['PNDMScheduler', C1, 198.1318, 0.258],
    ['PNDMScheduler', { ...C1, ...V }, 67.3986, 0.0878],
    ['EulerDiscreteScheduler', C2, 10.0807, 0.0131],
    ['EulerDiscreteScheduler', { ...C2, use_karras_sigmas: true }, 124.522995, 0.162139],
    ['EulerAncestralDiscreteScheduler', C2, 152.3192, 0.1983],
    ['EulerAncestralDiscreteScheduler', { ...C2, ...V }, 108.4439, 0.1412],
    ['HeunDiscreteScheduler', C2, 0.1233, 0.0002],
    ['LMSDiscreteScheduler', C2, 1006.388, 1.31],
    ['LMSDiscreteScheduler', { ...C2, use_karras_sigmas: true }, 3812.9927, 4.9648],
    ['KDPM2DiscreteScheduler', C2, 20.4125, 0.0266],
    ['KDPM2AncestralDiscreteScheduler', C2, 13979.9433, 18.203],
    ['KDPM2AncestralDiscreteScheduler', { ...C2, ...V }, 331.8133, 0.432],
    ['DDPMScheduler', C1, 258.9606, 0.3372],
    ['DDPMScheduler', { ...C1, ...V }, 202.0296, 0.2631],
    ['DPMSolverMultistepScheduler', DPM, null, 0.3301],
    ['DPMSolverMultistepScheduler', { ...DPM, ...V }, null, 0.2251],
    ['DPMSolverMultistepScheduler', { ...DPM, ...V, use_karras_sigmas: true }, null, 0.2096],
    ['DPMSolverMultistepScheduler', { ...DPM, ...V, use_lu_lambdas: true }, null, 0.1554],
    [
      'DPMSolverMultistepScheduler',
      { ...DPM, thresholding: true, dynamic_thresholding_ratio: 0.87, sample_max_value: 0.5 },
      null,
      1.1364,
    ],
  ]
  const upstreamModel: Model = (x, t) => (x * t) / (t + 1)
  // arange(768) / 768 as (3, 8, 8, 4), permuted (3, 0, 1, 2).
  const start = Float32Array.from({ length: 768 }, (_, i) => ((i % 192) * 4 + Math.floor(i / 192)) / 768)
  for (const [name, config, sum, mean] of rows)
    it(`${name} ${JSON.stringify(config)}`, () => {
      const { path } = walk(name, config, name === 'DDPMScheduler' ? 1000 : 10, start, upstreamModel, {
        feedsScaled: !/^(DD|PNDM|DPM)/.test(name),
      })
      const total = (path.at(-1) ?? start).reduce((a, x) => a + Math.abs(x), 0)
      if (sum !== null) assert.ok(Math.abs(total - sum) < 1e-2, `sum ${total}`)
      assert.ok(Math.abs(total / 768 - mean) < 1e-3, `mean ${total / 768}`)
    })
})

describe("noise levels of a request's own", () => {
  const plan = readScheduler({ beta_schedule: 'scaled_linear' }, 'EulerDiscreteScheduler', 'test')

  it('end in a zero whether it is given or not, as the lists that people pass around do', () => {
    const [given, left] = [
      [14.6, 5, 0.5, 0],
      [14.6, 5, 0.5],
    ].map((sigmas) => plan(3, { sigmas }))
    assert.equal(given, left)
    assert.equal(given?.timesteps.length, 3)
  })

  it('are refused by name beyond what any model was trained on, and where one is no level', () => {
    for (const sigmas of [[1e30, 5], [10_001, 5], [0], [5, 0, 0], [5, -1]])
      assert.throws(
        () => plan(2, { sigmas }),
        (error) => error instanceof ModelError && error.field === 'sigmas',
      )
    assert.equal(plan(2, { sigmas: [10_000, 5] }).timesteps.length, 2)
  })
})
