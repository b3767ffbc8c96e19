// What the solvers, few-step and flow schedulers refuse: combinations that divide by zero or that diffusers makes nothing of, by the
// name of a field; and schedules of one's own that do not fit.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ModelError, type ModelErrorCode } from '../../models/runtime/error.ts'
import { type Custom, readScheduler, SCHEDULER_NAMES, type SchedulerName } from '../../models/schedulers/scheduler.ts'
import { FILE, SD } from '../models/walk.ts'

const MULTI = 'DPMSolverMultistepScheduler'
const SINGLE = 'DPMSolverSinglestepScheduler'
const UNIPC = 'UniPCMultistepScheduler'
const DEIS = 'DEISMultistepScheduler'
const FLOW_EULER = 'FlowMatchEulerDiscreteScheduler'
const FLOW_HEUN = 'FlowMatchHeunDiscreteScheduler'
const FLOW_LCM = 'FlowMatchLCMScheduler'
const FLOW = { use_flow_sigmas: true, prediction_type: 'flow_prediction' }
const MIN = { final_sigmas_type: 'sigma_min' }

const fails = (run: () => unknown, code: ModelErrorCode, field: string, message: string) =>
  assert.throws(run, (error) => error instanceof ModelError && error.code === code && error.field === field, message)

describe('a configuration of a solver is refused, by the name of a field,', () => {
  const unsupported: [SchedulerName, Record<string, unknown>, string][] = [
    [MULTI, { algorithm_type: 'dpmsolver' }, 'final_sigmas_type'],
    [MULTI, { algorithm_type: 'sde-dpmsolver' }, 'final_sigmas_type'],
    [MULTI, { algorithm_type: 'sde-dpmsolver', ...MIN, solver_order: 3 }, 'solver_order'],
    [MULTI, { algorithm_type: 'dpmsolver', ...MIN, ...FLOW }, 'prediction_type'],
    [MULTI, { ...FLOW, use_karras_sigmas: true }, 'use_flow_sigmas'],
    [MULTI, { ...FLOW, use_lu_lambdas: true }, 'use_flow_sigmas'],
    [MULTI, { use_dynamic_shifting: true }, 'use_dynamic_shifting'],
    [SINGLE, { algorithm_type: 'sde-dpmsolver', ...MIN }, 'algorithm_type'],
    [SINGLE, { algorithm_type: 'dpmsolver', ...MIN, thresholding: true }, 'thresholding'],
    [UNIPC, { ...FLOW, use_exponential_sigmas: true }, 'use_flow_sigmas'],
    [UNIPC, { ...FLOW, use_beta_sigmas: true }, 'use_flow_sigmas'],
    [UNIPC, { predict_x0: false }, 'final_sigmas_type'],
    [UNIPC, { predict_x0: false, ...MIN, thresholding: true }, 'thresholding'],
    [UNIPC, { predict_x0: false, ...MIN, ...FLOW }, 'prediction_type'],
    [UNIPC, { lower_order_final: false }, 'lower_order_final'],
    [UNIPC, { shift_terminal: 0.1 }, 'shift_terminal'],
    [UNIPC, { use_dynamic_shifting: true }, 'use_dynamic_shifting'],
    [DEIS, { algorithm_type: 'sde-dpmsolver++' }, 'algorithm_type'],
    [DEIS, { ...FLOW, use_karras_sigmas: true }, 'use_flow_sigmas'],
    ['LCMScheduler', { rescale_betas_zero_snr: true }, 'rescale_betas_zero_snr'],
    ['TCDScheduler', { rescale_betas_zero_snr: true }, 'rescale_betas_zero_snr'],
  ]
  for (const [name, config, field] of unsupported)
    it(`${name} ${JSON.stringify(config)}`, () =>
      fails(() => readScheduler({ ...SD, ...config }, name, FILE), 'pack_unsupported', field, field))

  const corrupt: [SchedulerName, Record<string, unknown>, string][] = [
    [MULTI, { use_karras_sigmas: true, use_beta_sigmas: true }, 'use_beta_sigmas'],
    [MULTI, { solver_order: 4 }, 'solver_order'],
    [MULTI, { solver_type: 'euler' }, 'solver_type'],
    [SINGLE, { use_exponential_sigmas: true, use_beta_sigmas: true }, 'use_beta_sigmas'],
    [UNIPC, { use_karras_sigmas: true, sigma_min: 0 }, 'sigma_min'],
    [UNIPC, { use_karras_sigmas: true, sigma_max: 0 }, 'sigma_max'],
    [UNIPC, { ...FLOW, shift_terminal: 1 }, 'shift_terminal'],
    [UNIPC, { ...FLOW, flow_shift: 0 }, 'flow_shift'],
    [DEIS, { solver_order: 0 }, 'solver_order'],
    ['LCMScheduler', { original_inference_steps: 1001 }, 'original_inference_steps'],
    [FLOW_EULER, { shift: 0 }, 'shift'],
    [FLOW_EULER, { time_shift_type: 'cosine' }, 'time_shift_type'],
    [FLOW_EULER, { base_image_seq_len: 4096 }, 'max_image_seq_len'],
    [FLOW_HEUN, { shift: -1 }, 'shift'],
    [FLOW_LCM, { use_karras_sigmas: true, use_exponential_sigmas: true }, 'use_exponential_sigmas'],
  ]
  for (const [name, config, field] of corrupt)
    it(`${name} ${JSON.stringify(config)}`, () =>
      fails(() => readScheduler({ ...config }, name, FILE), 'pack_corrupt', field, field))

  it('unknown to any class', () => {
    for (const name of SCHEDULER_NAMES)
      fails(() => readScheduler({ surprise: 1 }, name, FILE), 'pack_unsupported', 'surprise', name)
  })
})

describe('a plan is refused', () => {
  const asked: [SchedulerName, Record<string, unknown>, number, Custom, string][] = [
    [MULTI, SD, 1000, {}, 'steps'],
    [SINGLE, SD, 1000, {}, 'steps'],
    [UNIPC, SD, 1000, {}, 'steps'],
    ['LCMScheduler', SD, 51, {}, 'steps'],
    ['TCDScheduler', { original_inference_steps: 20 }, 21, {}, 'steps'],
    [FLOW_EULER, { shift_terminal: 0.1 }, 1, {}, 'steps'],
    [MULTI, SD, 3, { timesteps: [900, 900, 1] }, 'timesteps'],
    [MULTI, SD, 3, { timesteps: [1, 500] }, 'timesteps'],
    [MULTI, SD, 3, { timesteps: [] }, 'timesteps'],
    [MULTI, SD, 3, { timesteps: [1000, 5] }, 'timesteps'],
    [MULTI, SD, 3, { timesteps: [500.5, 5] }, 'timesteps'],
    [MULTI, SD, 3, { timesteps: [500, -1] }, 'timesteps'],
    [MULTI, { ...SD, use_karras_sigmas: true }, 3, { timesteps: [900, 1] }, 'timesteps'],
    [SINGLE, { ...SD, ...FLOW }, 3, { timesteps: [900, 1] }, 'timesteps'],
    [MULTI, SD, 3, { sigmas: [10, 1] }, 'sigmas'],
    [SINGLE, SD, 3, { sigmas: [10, 1] }, 'sigmas'],
    [UNIPC, SD, 3, { sigmas: [10, 1] }, 'sigmas'],
    [UNIPC, FLOW, 3, { timesteps: [900, 1] }, 'timesteps'],
    [UNIPC, { ...FLOW, use_karras_sigmas: true }, 3, { sigmas: [0.9, 0.1] }, 'sigmas'],
    [UNIPC, FLOW, 3, { sigmas: [1.1, 0.1] }, 'sigmas'],
    [DEIS, SD, 3, { timesteps: [900, 1] }, 'timesteps'],
    [DEIS, SD, 3, { sigmas: [10, 1] }, 'sigmas'],
    ['LCMScheduler', SD, 3, { sigmas: [10, 1] }, 'sigmas'],
    ['LCMScheduler', SD, 3, { timesteps: [100, 200] }, 'timesteps'],
    ['TCDScheduler', SD, 3, { timesteps: [100, 100] }, 'timesteps'],
    ['TCDScheduler', SD, 4, { eta: 1.5 }, 'eta'],
    ['TCDScheduler', SD, 4, { eta: Number.NaN }, 'eta'],
    ['LCMScheduler', SD, 4, { eta: 0 }, 'eta'],
    [FLOW_EULER, {}, 2, { sigmas: [0.5, 0.9] }, 'sigmas'],
    [FLOW_EULER, {}, 2, { sigmas: [0.5, 0, 0] }, 'sigmas'],
    [FLOW_EULER, {}, 2, { sigmas: [Number.NaN] }, 'sigmas'],
    [FLOW_EULER, {}, 2, { timesteps: [1000.5, 1] }, 'timesteps'],
    [FLOW_EULER, {}, 2, { timesteps: [900, 1], sigmas: [0.9] }, 'timesteps'],
    [FLOW_HEUN, {}, 2, { sigmas: [0.9, 0.5] }, 'sigmas'],
    [FLOW_HEUN, {}, 2, { timesteps: [900, 500] }, 'timesteps'],
  ]
  for (const [name, config, steps, custom, field] of asked)
    it(`${name} ${JSON.stringify(config)}: ${steps} steps, ${JSON.stringify(custom)}`, () => {
      const plan = readScheduler(config, name, FILE)
      fails(() => plan(steps, custom), 'invalid_input', field, field)
    })

  it('where its shift is dynamic and nobody says how large the picture is', () => {
    for (const [name, config] of [
      [FLOW_EULER, {}],
      [FLOW_LCM, {}],
      [UNIPC, FLOW],
      [MULTI, FLOW],
    ] as const) {
      const plan = readScheduler({ ...config, use_dynamic_shifting: true }, name, FILE)
      fails(() => plan(4), 'pack_unsupported', 'use_dynamic_shifting', name)
      assert.equal(plan(4, { imageTokens: 1024 }).timesteps.length, 4)
    }
  })
})
