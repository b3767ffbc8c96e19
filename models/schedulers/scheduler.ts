// A scheduler as the stepper sees it: an immutable plan for n steps, and a memory that belongs to one sample.
// Pure arithmetic; any sample may be at any step, in any order with others. One file a scheduler beside this one.
import { ModelError } from '../runtime/error.ts'
import { type Fields, readFields } from '../runtime/fields.ts'
import type { Noise } from '../runtime/noise.ts'
import { withoutEnd } from './custom.ts'
import { ddim } from './ddim.ts'
import { ddpm } from './ddpm.ts'
import { deis } from './deis.ts'
import { dpmMultistep } from './dpm-multistep.ts'
import { dpmSinglestep } from './dpm-singlestep.ts'
import { euler } from './euler.ts'
import { eulerAncestral } from './euler-ancestral.ts'
import { flowMatchEuler, flowMatchLcm } from './flow-match-euler.ts'
import { flowMatchHeun } from './flow-match-heun.ts'
import { heun } from './heun.ts'
import { kdpm2 } from './kdpm2.ts'
import { kdpm2Ancestral } from './kdpm2-ancestral.ts'
import { lcm } from './lcm.ts'
import { lms } from './lms.ts'
import { pndm } from './pndm.ts'
import { tcd } from './tcd.ts'
import { unipc } from './unipc.ts'

export type Scheduler = {
  /** What the model is called with, one a call. */
  readonly timesteps: Float32Array
  /** The standard deviation of the first latents. */
  readonly initNoiseSigma: number
  /** Model calls that make one step together, 1 unless said: a run may begin only at a multiple of it. */
  readonly callsPerStep?: 2
  /** The model sees the sample times this. */
  inputScale(index: number): number
  /**
   * Writes the next sample over `sample`. `memory` is this sample's own, empty before its first step; `noise` goes on from the
   * draws of its first latents, and a deterministic method never asks it.
   */
  step(index: number, modelOutput: Float32Array, sample: Float32Array, memory: Memory, noise: Noise): void
  /** Clean latents as they are before step `index`: how an edit begins, and what it keeps of the picture at each step. */
  addNoise(index: number, clean: Float32Array, noise: Float32Array): Float32Array
  /** The clean latents that the model sees in the sample at this step, neither clipped nor thresholded. */
  predictClean(index: number, modelOutput: Float32Array, sample: Float32Array): Float32Array
}

/** The rest of a plan, from its step `first` on, as a plan of its own. */
export function startingAt(plan: Scheduler, first: number): Scheduler {
  if (first === 0) return plan
  return {
    ...plan,
    timesteps: plan.timesteps.subarray(first),
    inputScale: (index) => plan.inputScale(first + index),
    step: (index, output, sample, memory, noise) => plan.step(first + index, output, sample, memory, noise),
    addNoise: (index, clean, noise) => plan.addNoise(first + index, clean, noise),
    predictClean: (index, output, sample) => plan.predictClean(first + index, output, sample),
  }
}

/** What a method keeps of one sample. */
export type Memory = {
  /** Converted model outputs, oldest first. */
  outputs: Float32Array[]
  /** Earlier samples that it goes back to, oldest first. */
  samples: Float32Array[]
  /** Calls so far, counted by methods that begin differently from how they go on. */
  calls: number
}

export function emptyMemory(): Memory {
  return { outputs: [], samples: [], calls: 0 }
}

/** What may be asked of a plan besides its number of steps. A scheduler refuses what its method has no place for. */
export type Custom = {
  /** Timesteps of one's own choice, descending, in the place of `steps` evenly spaced ones. */
  timesteps?: readonly number[] | undefined
  /** Noise levels of one's own choice, descending. A zero at the end is the end, whether it is given or not. */
  sigmas?: readonly number[] | undefined
  /** How many tokens the picture's latents are: a dynamically shifted flow depends on it. */
  imageTokens?: number | undefined
  /** How much of each step is drawn anew, 0 to 1; TCD takes it. 0 where not given, as in diffusers' pipelines. */
  eta?: number | undefined
}

/**
 * Plans n steps. ModelError invalid_input: field `steps` where the schedule has no room for them, `timesteps` or `sigmas` where
 * they do not fit.
 */
export type PlanSteps = (steps: number, custom?: Custom) => Scheduler

// Custom schedules come from requests: their plans must not pile up.
const PLANS_KEPT = 256

const SCHEDULERS = {
  DDIMScheduler: ddim,
  DDPMScheduler: ddpm,
  PNDMScheduler: pndm,
  EulerDiscreteScheduler: euler,
  EulerAncestralDiscreteScheduler: eulerAncestral,
  HeunDiscreteScheduler: heun,
  LMSDiscreteScheduler: lms,
  KDPM2DiscreteScheduler: kdpm2,
  KDPM2AncestralDiscreteScheduler: kdpm2Ancestral,
  DPMSolverMultistepScheduler: dpmMultistep,
  DPMSolverSinglestepScheduler: dpmSinglestep,
  UniPCMultistepScheduler: unipc,
  DEISMultistepScheduler: deis,
  LCMScheduler: lcm,
  TCDScheduler: tcd,
  FlowMatchEulerDiscreteScheduler: flowMatchEuler,
  FlowMatchHeunDiscreteScheduler: flowMatchHeun,
  FlowMatchLCMScheduler: flowMatchLcm,
} satisfies Record<string, (fields: Fields) => PlanSteps>

export type SchedulerName = keyof typeof SCHEDULERS

export const SCHEDULER_NAMES: readonly SchedulerName[] = [
  'DDIMScheduler',
  'DDPMScheduler',
  'PNDMScheduler',
  'EulerDiscreteScheduler',
  'EulerAncestralDiscreteScheduler',
  'HeunDiscreteScheduler',
  'LMSDiscreteScheduler',
  'KDPM2DiscreteScheduler',
  'KDPM2AncestralDiscreteScheduler',
  'DPMSolverMultistepScheduler',
  'DPMSolverSinglestepScheduler',
  'UniPCMultistepScheduler',
  'DEISMultistepScheduler',
  'LCMScheduler',
  'TCDScheduler',
  'FlowMatchEulerDiscreteScheduler',
  'FlowMatchHeunDiscreteScheduler',
  'FlowMatchLCMScheduler',
]

// One configuration serves several classes, each of which drops the fields that only the others have, as diffusers does.
const OTHER_CLASSES_FIELDS: ReadonlySet<string> = new Set(
  `algorithm_type base_image_seq_len base_shift beta_end beta_schedule beta_start clip_sample clip_sample_range
  disable_corrector dynamic_thresholding_ratio euler_at_final final_sigmas_type flow_shift interpolation_type
  invert_sigmas lambda_min_clipped lower_order_final max_image_seq_len max_shift num_train_timesteps
  original_inference_steps predict_x0 prediction_type rescale_betas_zero_snr sample_max_value scale_factors
  set_alpha_to_one shift shift_terminal sigma_max sigma_min skip_prk_steps solver_order solver_p solver_type
  steps_offset stochastic_sampling thresholding time_shift_type timestep_scaling timestep_spacing timestep_type
  trained_betas upscale_mode use_beta_sigmas use_dynamic_shifting use_exponential_sigmas use_flow_sigmas
  use_karras_sigmas use_lu_lambdas variance_type`.split(/\s+/),
)

/**
 * Reads scheduler_config.json for one scheduler, with that class's defaults. Every field takes effect, is another class's,
 * or is refused: ModelError pack_unsupported or pack_corrupt, naming it. Those of `own` must take effect.
 */
export function readScheduler(
  config: unknown,
  name: SchedulerName,
  file: string,
  own: ReadonlySet<string> = new Set(),
): PlanSteps {
  const fields = readFields(config, file)
  fields.textIf('_class_name')
  fields.textIf('_diffusers_version')
  const plan = SCHEDULERS[name](fields)
  for (const field of fields.unread())
    if (own.has(field) || !OTHER_CLASSES_FIELDS.has(field))
      throw new ModelError('pack_unsupported', `${file}: ${field}: unknown to ${name}`, { file, field })
  const plans = new Map<string, Scheduler>()
  return (steps, asked = {}) => {
    const custom = asked.sigmas === undefined ? asked : { ...asked, sigmas: withoutEnd(asked.sigmas) }
    if (custom.eta !== undefined && name !== 'TCDScheduler')
      throw new ModelError('invalid_input', `eta: ${name} takes none`, { field: 'eta' })
    const key = JSON.stringify([steps, custom])
    const known = plans.get(key) ?? plan(steps, custom)
    if (plans.size >= PLANS_KEPT) plans.clear()
    plans.set(key, known)
    return known
  }
}
