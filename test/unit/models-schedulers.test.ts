// Schedulers against diffusers: whole sample paths, upstream's own sums, and refusals by name.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { ModelError } from '../../models/runtime/error.ts'
import { parseJson } from '../../models/runtime/fields.ts'
import { readScheduler, type SchedulerName } from '../../models/schedulers/scheduler.ts'
import { deviation, floats, worst } from '../models/parity.ts'
import { curvedModel, FILE, SD, walk } from '../models/walk.ts'

type Case = {
  name: string
  scheduler: SchedulerName
  config: Record<string, unknown>
  steps: number
  timesteps: number[]
  init_noise_sigma: number
  path: string
}
const golden: { start: string; cases: Case[] } = JSON.parse(
  readFileSync(new URL('../goldens/schedulers.json', import.meta.url), 'utf8'),
)

describe('a scheduler walks the same path as diffusers', () => {
  const start = floats(golden.start)
  for (const { name, scheduler, config, steps, timesteps, init_noise_sigma, path } of golden.cases)
    it(name, () => {
      const walked = walk(scheduler, config, steps, start, curvedModel)
      assert.equal(walked.timesteps.length, timesteps.length)
      assert.ok(worst(Float32Array.from(walked.timesteps), Float32Array.from(timesteps)) < 1e-3, 'timesteps')
      assert.ok(Math.abs(walked.sigma / init_noise_sigma - 1) < 1e-6, 'init_noise_sigma')
      const expected = floats(path)
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
    ['EulerDiscreteScheduler', C2, 10.0807, 0.0131],
    ['EulerDiscreteScheduler', { ...C2, ...V }, 0.0002, 2.2676e-6],
    ['EulerDiscreteScheduler', { ...C2, use_karras_sigmas: true }, 124.522995, 0.162139],
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
  // arange(768) / 768 as (3, 8, 8, 4), permuted (3, 0, 1, 2).
  const start = Float32Array.from({ length: 768 }, (_, i) => ((i % 192) * 4 + Math.floor(i / 192)) / 768)
  for (const [name, config, sum, mean] of rows)
    it(`${name} ${JSON.stringify(config)}`, () => {
      const { path } = walk(name, config, 10, start, (x, t) => (x * t) / (t + 1), {
        feedsScaled: name === 'EulerDiscreteScheduler',
      })
      const total = (path.at(-1) ?? start).reduce((a, x) => a + Math.abs(x), 0)
      if (sum !== null) assert.ok(Math.abs(total - sum) < 1e-2, `sum ${total}`)
      assert.ok(Math.abs(total / 768 - mean) < 1e-3, `mean ${total / 768}`)
    })
})

describe('a scheduler configuration', () => {
  const refusal = (name: SchedulerName, config: unknown, code: string, field?: string) =>
    assert.throws(
      () => readScheduler(config, name, FILE),
      (error) => error instanceof ModelError && error.code === code && error.field === field && error.file === FILE,
    )

  it('is refused for what is not built, by the name of the field', () => {
    refusal('EulerDiscreteScheduler', { use_beta_sigmas: true }, 'pack_unsupported', 'use_beta_sigmas')
    refusal('DPMSolverMultistepScheduler', { variance_type: 'learned' }, 'pack_unsupported', 'variance_type')
    refusal('DPMSolverMultistepScheduler', { algorithm_type: 'dpmsolver' }, 'pack_unsupported', 'final_sigmas_type')
  })

  it('is refused for a field that no scheduler has', () => {
    refusal('DDIMScheduler', { ...SD, eta: 0.5 }, 'pack_unsupported', 'eta')
    refusal('DDIMScheduler', { ...SD, _class_name: 'PNDMScheduler', surprise: null }, 'pack_unsupported', 'surprise')
  })

  it('is refused for values of the wrong type or range', () => {
    refusal('DDIMScheduler', { beta_start: 'small' }, 'pack_corrupt', 'beta_start')
    refusal('DDIMScheduler', { beta_schedule: 'sigmoid' }, 'pack_corrupt', 'beta_schedule')
    refusal('DDIMScheduler', { clip_sample: 1 }, 'pack_corrupt', 'clip_sample')
    refusal('DDIMScheduler', { trained_betas: [0.1] }, 'pack_corrupt', 'trained_betas')
    refusal('DPMSolverMultistepScheduler', { solver_order: 4 }, 'pack_corrupt', 'solver_order')
    refusal(
      'EulerDiscreteScheduler',
      { use_karras_sigmas: true, use_exponential_sigmas: true },
      'pack_corrupt',
      'use_exponential_sigmas',
    )
    refusal('EulerDiscreteScheduler', [], 'pack_corrupt')
  })

  it("may have been saved by another class, whose own fields don't count", () => {
    const pndm = {
      ...SD,
      _class_name: 'PNDMScheduler',
      _diffusers_version: '0.6.0',
      skip_prk_steps: true,
      set_alpha_to_one: false,
    }
    assert.equal(readScheduler(pndm, 'EulerDiscreteScheduler', FILE)(4).timesteps.length, 4)
  })

  it("is read as Python writes it, with -Infinity and None's null", () => {
    const text = '{"lambda_min_clipped": -Infinity, "trained_betas": null, "note": "-Infinity \\" NaN"}'
    assert.deepEqual(parseJson(text, FILE), {
      lambda_min_clipped: '-Infinity',
      trained_betas: null,
      note: '-Infinity " NaN',
    })
    const plan = readScheduler(
      parseJson('{"lambda_min_clipped": -Infinity}', FILE),
      'DPMSolverMultistepScheduler',
      FILE,
    )
    assert.equal(plan(10).timesteps[0], 999)
  })

  it('has room for a limited number of steps', () => {
    const tooMany = (error: unknown) =>
      error instanceof ModelError && error.code === 'invalid_input' && error.field === 'steps'
    assert.throws(() => readScheduler(SD, 'DDIMScheduler', FILE)(1001), tooMany)
    assert.throws(() => readScheduler({ ...SD, steps_offset: 1 }, 'DDIMScheduler', FILE)(1000), tooMany)
    assert.throws(() => readScheduler(SD, 'EulerDiscreteScheduler', FILE)(1001), tooMany)
    assert.throws(() => readScheduler(SD, 'DPMSolverMultistepScheduler', FILE)(1000), tooMany)
  })

  it('gives exactly as many trailing timesteps as steps, the last one above zero', () => {
    for (const name of ['DDIMScheduler', 'EulerDiscreteScheduler', 'DPMSolverMultistepScheduler'] as const) {
      const plan = readScheduler({ ...SD, timestep_spacing: 'trailing' }, name, FILE)
      for (let steps = 1; steps <= 150; steps++) {
        const { timesteps } = plan(steps)
        assert.equal(timesteps.length, steps)
        assert.equal(timesteps[0], 999)
        assert.ok((timesteps.at(-1) ?? -1) >= 0)
      }
    }
  })
})
