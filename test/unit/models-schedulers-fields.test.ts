// Configurations: every field that a class takes in diffusers takes effect here or is refused by name; so is what a request asks.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ModelError } from '../../models/runtime/error.ts'
import { parseJson } from '../../models/runtime/fields.ts'
import { type Custom, readScheduler, type SchedulerName } from '../../models/schedulers/scheduler.ts'
import { golden, goldenStart } from '../models/scheduler-goldens.ts'
import { curvedModel, FILE, SD, walk } from '../models/walk.ts'

const refusal = (name: SchedulerName, config: unknown, code: string, field?: string) =>
  assert.throws(
    () => readScheduler(config, name, FILE),
    (error) => error instanceof ModelError && error.code === code && error.field === field && error.file === FILE,
  )

// A value that is no class's default, and what must be on for it to matter.
const PROBES: Record<string, { value: unknown; given?: Record<string, unknown> }> = {
  num_train_timesteps: { value: 900 },
  beta_start: { value: 0.002 },
  beta_end: { value: 0.03 },
  beta_schedule: { value: 'squaredcos_cap_v2' },
  trained_betas: { value: [0.01, 0.02, 0.03, 0.04, 0.05, 0.06], given: { num_train_timesteps: 6 } },
  prediction_type: { value: 'v_prediction' },
  interpolation_type: { value: 'log_linear' },
  use_karras_sigmas: { value: true },
  use_exponential_sigmas: { value: true },
  use_beta_sigmas: { value: true },
  sigma_min: { value: 0.1, given: { use_karras_sigmas: true } },
  sigma_max: { value: 5, given: { use_karras_sigmas: true } },
  timestep_spacing: { value: 'trailing' },
  timestep_type: { value: 'continuous', given: { prediction_type: 'v_prediction' } },
  steps_offset: { value: 7, given: { timestep_spacing: 'leading' } },
  rescale_betas_zero_snr: { value: true, given: { prediction_type: 'v_prediction', timestep_spacing: 'trailing' } },
  final_sigmas_type: { value: 'sigma_min' },
  clip_sample: { value: true, given: { clip_sample: false } },
  clip_sample_range: { value: 0.3, given: { clip_sample: true } },
  thresholding: { value: true, given: { clip_sample: false, sample_max_value: 2 } },
  dynamic_thresholding_ratio: { value: 0.6, given: { thresholding: true, sample_max_value: 2 } },
  sample_max_value: { value: 1.2, given: { thresholding: true } },
  set_alpha_to_one: { value: true, given: { set_alpha_to_one: false, beta_start: 0.01 } },
  skip_prk_steps: { value: true },
  variance_type: { value: 'fixed_large' },
}

describe('every field of a class in diffusers', () => {
  const trace = (name: SchedulerName, config: Record<string, unknown>): string => {
    const { path, timesteps, sigma } = walk(name, { ...SD, ...config }, 5, goldenStart, curvedModel)
    return JSON.stringify([path.map((sample) => Array.from(sample)), timesteps, sigma])
  }
  for (const [scheduler, fields] of Object.entries(golden.fields))
    for (const field of fields)
      it(`takes effect: ${field} of ${scheduler}`, () => {
        const name = golden.cases.find((one) => one.scheduler === scheduler)?.scheduler
        const probe = PROBES[field]
        assert.ok(name !== undefined && probe !== undefined, 'a field without a probe')
        assert.notEqual(trace(name, { ...probe.given, [field]: probe.value }), trace(name, probe.given ?? {}))
      })

  it('is looked at where it cannot be had, and refused by its name', () => {
    for (const value of ['learned', 'learned_range', 'fixed_large_log'])
      refusal('DDPMScheduler', { ...SD, variance_type: value }, 'pack_unsupported', 'variance_type')
    for (const name of [
      'EulerAncestralDiscreteScheduler',
      'KDPM2DiscreteScheduler',
      'KDPM2AncestralDiscreteScheduler',
      'PNDMScheduler',
    ] as const)
      refusal(name, { ...SD, prediction_type: 'sample' }, 'pack_unsupported', 'prediction_type')
  })
})

describe('a scheduler configuration', () => {
  it('is refused for what cannot be combined, by the name of the field', () => {
    refusal('DPMSolverMultistepScheduler', { variance_type: 'learned' }, 'pack_unsupported', 'variance_type')
    refusal('DPMSolverMultistepScheduler', { algorithm_type: 'dpmsolver' }, 'pack_unsupported', 'final_sigmas_type')
    const both = { use_karras_sigmas: true, use_exponential_sigmas: true }
    for (const name of ['EulerDiscreteScheduler', 'HeunDiscreteScheduler', 'LMSDiscreteScheduler'] as const)
      refusal(name, both, 'pack_corrupt', 'use_exponential_sigmas')
    const beta = { use_karras_sigmas: true, use_beta_sigmas: true }
    refusal('KDPM2AncestralDiscreteScheduler', beta, 'pack_corrupt', 'use_beta_sigmas')
    refusal('KDPM2DiscreteScheduler', { use_karras_sigmas: true, sigma_min: 0 }, 'pack_corrupt', 'sigma_min')
  })

  it('is refused for a field that no scheduler has', () => {
    refusal('DDIMScheduler', { ...SD, eta: 0.5 }, 'pack_unsupported', 'eta')
    refusal('DDIMScheduler', { ...SD, _class_name: 'PNDMScheduler', surprise: null }, 'pack_unsupported', 'surprise')
    refusal('LMSDiscreteScheduler', { ...SD, order: 3 }, 'pack_unsupported', 'order')
  })

  it('is refused for values of the wrong type or range', () => {
    refusal('DDIMScheduler', { beta_start: 'small' }, 'pack_corrupt', 'beta_start')
    refusal('DDIMScheduler', { beta_schedule: 'sigmoid' }, 'pack_corrupt', 'beta_schedule')
    refusal('DDPMScheduler', { beta_schedule: 'exp' }, 'pack_corrupt', 'beta_schedule')
    refusal('HeunDiscreteScheduler', { beta_schedule: 'laplace' }, 'pack_corrupt', 'beta_schedule')
    refusal('DDIMScheduler', { clip_sample: 1 }, 'pack_corrupt', 'clip_sample')
    refusal('DDIMScheduler', { trained_betas: [0.1] }, 'pack_corrupt', 'trained_betas')
    refusal('DDPMScheduler', { variance_type: 'small' }, 'pack_corrupt', 'variance_type')
    refusal('PNDMScheduler', { skip_prk_steps: 'yes' }, 'pack_corrupt', 'skip_prk_steps')
    refusal('DPMSolverMultistepScheduler', { solver_order: 4 }, 'pack_corrupt', 'solver_order')
    refusal('EulerDiscreteScheduler', { timestep_type: 'whole' }, 'pack_corrupt', 'timestep_type')
    refusal('EulerDiscreteScheduler', [], 'pack_corrupt')
  })

  it("may have been saved by another class, whose own fields don't count", () => {
    const pndm = { ...SD, _class_name: 'PNDMScheduler', _diffusers_version: '0.6.0', skip_prk_steps: true }
    assert.equal(readScheduler(pndm, 'EulerDiscreteScheduler', FILE)(4).timesteps.length, 4)
    // Heun has no rescale_betas_zero_snr: its largest σ stays what the betas make it.
    const zero = readScheduler({ ...SD, rescale_betas_zero_snr: true }, 'HeunDiscreteScheduler', FILE)(4)
    assert.ok(zero.initNoiseSigma < 15)
  })

  it("is read as Python writes it, with -Infinity and None's null", () => {
    const text = '{"lambda_min_clipped": -Infinity, "trained_betas": null, "note": "-Infinity \\" NaN"}'
    assert.deepEqual(parseJson(text, FILE), {
      lambda_min_clipped: '-Infinity',
      trained_betas: null,
      note: '-Infinity " NaN',
    })
    const infinite = parseJson('{"lambda_min_clipped": -Infinity}', FILE)
    assert.equal(readScheduler(infinite, 'DPMSolverMultistepScheduler', FILE)(10).timesteps[0], 999)
  })
})

describe('a request for a schedule of its own', () => {
  const refused = (name: SchedulerName, config: object, custom: Custom, field: 'timesteps' | 'sigmas') =>
    assert.throws(
      () => readScheduler({ ...SD, ...config }, name, FILE)(3, custom),
      (error) => error instanceof ModelError && error.code === 'invalid_input' && error.field === field,
      `${name} ${JSON.stringify([config, custom])}`,
    )
  const [timesteps, sigmas] = [
    [900, 500, 100],
    [10, 2, 0.5],
  ]

  it('is refused where the method has none', () => {
    for (const name of [
      'DDIMScheduler',
      'PNDMScheduler',
      'EulerAncestralDiscreteScheduler',
      'LMSDiscreteScheduler',
      'KDPM2DiscreteScheduler',
      'KDPM2AncestralDiscreteScheduler',
    ] as const) {
      refused(name, {}, { timesteps }, 'timesteps')
      refused(name, {}, { sigmas }, 'sigmas')
    }
    for (const name of ['DDPMScheduler', 'HeunDiscreteScheduler'] as const) refused(name, {}, { sigmas }, 'sigmas')
  })

  it('is refused where the configuration places the levels', () => {
    for (const field of ['use_karras_sigmas', 'use_exponential_sigmas', 'use_beta_sigmas'])
      for (const name of ['EulerDiscreteScheduler', 'HeunDiscreteScheduler'] as const)
        refused(name, { [field]: true }, { timesteps }, 'timesteps')
    const continuous = { timestep_type: 'continuous', prediction_type: 'v_prediction' }
    refused('EulerDiscreteScheduler', continuous, { timesteps }, 'timesteps')
    refused('EulerDiscreteScheduler', {}, { timesteps, sigmas }, 'timesteps')
  })

  it('is refused where it is none', () => {
    for (const bad of [[], [1000, 5], [5, -1], [5, 5], [5, 9], [5.5], [Number.NaN]])
      for (const name of ['EulerDiscreteScheduler', 'HeunDiscreteScheduler', 'DDPMScheduler'] as const)
        refused(name, {}, { timesteps: bad }, 'timesteps')
    for (const bad of [[], [1, 2], [2, 2], [1, 0, 0], [1, -1], [Number.NaN], [2, Infinity]])
      refused('EulerDiscreteScheduler', {}, { sigmas: bad }, 'sigmas')
  })
})
