// One configuration's plans, by scheduler and by what a request changes of it, as diffusers' from_config(config, **changes): how levels
// are placed and steps taken, never what the model was trained with. Each reading is kept.
import { ModelError } from '../runtime/error.ts'
import { readFields } from '../runtime/fields.ts'
import { type PlanSteps, readScheduler, type SchedulerName } from './scheduler.ts'

export const SCHEDULER_OPTIONS = [
  'algorithm_type',
  'euler_at_final',
  'final_sigmas_type',
  'flow_shift',
  'lower_order_final',
  'shift',
  'solver_order',
  'solver_type',
  'stochastic_sampling',
  'timestep_spacing',
  'use_beta_sigmas',
  'use_exponential_sigmas',
  'use_karras_sigmas',
  'use_lu_lambdas',
] as const

export type SchedulerOptions = { [name in (typeof SCHEDULER_OPTIONS)[number]]?: string | number | boolean }

/**
 * ModelError: pack_unsupported, pack_corrupt (the configuration itself); invalid_input, field `scheduler_options` (what is changed
 * in it, or the scheduler has no such option).
 */
export type Planners = (name: SchedulerName, options?: SchedulerOptions) => PlanSteps

// Options come from requests: their plans must not pile up.
const KEPT = 64

export function openPlanners(config: unknown, file: string): Planners {
  const known = new Map<string, PlanSteps>()
  return (name, options = {}) => {
    const key = JSON.stringify([name, Object.entries(options).sort(([a], [b]) => (a < b ? -1 : 1))])
    const isChanged = Object.keys(options).length > 0
    const plan =
      known.get(key) ?? (isChanged ? readChanged(config, name, file, options) : readScheduler(config, name, file))
    if (known.size >= KEPT) known.clear()
    known.set(key, plan)
    return plan
  }
}

// Read and of no effect where the configuration goes the other way.
const EFFECTIVE = [
  ['shift', 'use_dynamic_shifting', false],
  ['flow_shift', 'use_flow_sigmas', true],
] as const

function readChanged(config: unknown, name: SchedulerName, file: string, options: SchedulerOptions): PlanSteps {
  // What is wrong without the changes is the pack's.
  readScheduler(config, name, file)
  const refuse = (detail: string, cause?: unknown) =>
    new ModelError('invalid_input', `scheduler_options: ${detail}`, { field: 'scheduler_options', cause })
  const stranger = Object.keys(options).find((option) => !SCHEDULER_OPTIONS.some((known) => known === option))
  if (stranger !== undefined) throw refuse(`${stranger} cannot be changed`)
  for (const [option, needed, value] of EFFECTIVE)
    if (options[option] !== undefined && (readFields(config, file).flagIf(needed) ?? false) !== value)
      throw refuse(`${option}: it would do nothing in a configuration whose ${needed} is ${!value}`)
  const changed = typeof config === 'object' ? { ...config, ...options } : options
  try {
    return readScheduler(changed, name, file, new Set(Object.keys(options)))
  } catch (error) {
    if (error instanceof ModelError) throw refuse(error.message.replace(`${file}: `, ''), error)
    throw error
  }
}
