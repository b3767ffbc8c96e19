// What a request changes of a scheduler's configuration: the same plan as of a configuration that says so itself, or refused by name.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { ModelError } from '../../models/runtime/error.ts'
import { openPlanners, SCHEDULER_OPTIONS, type SchedulerOptions } from '../../models/schedulers/planners.ts'
import { readScheduler, SCHEDULER_NAMES, type SchedulerName } from '../../models/schedulers/scheduler.ts'
import { SchedulerOptions as Asked } from '../../src/kernel/sampling.ts'
import { curvedModel, FILE, SD, walk } from '../models/walk.ts'

const FLOW = { shift: 3, num_train_timesteps: 1000 }
const START = Float32Array.from({ length: 16 }, (_, i) => Math.cos(i))
const TURNED = { use_flow_sigmas: true }
/** One in which the option has a meaning. */
const configOf = (name: SchedulerName, option?: string) =>
  name.startsWith('Flow') ? FLOW : option === 'flow_shift' ? TURNED : SD
/** One value of each that is not the default. */
const VALUES: Required<SchedulerOptions> = {
  algorithm_type: 'sde-dpmsolver++',
  euler_at_final: true,
  final_sigmas_type: 'sigma_min',
  flow_shift: 3,
  lower_order_final: false,
  shift: 5,
  solver_order: 1,
  solver_type: 'heun',
  stochastic_sampling: true,
  timestep_spacing: 'trailing',
  use_beta_sigmas: true,
  use_exponential_sigmas: true,
  use_karras_sigmas: true,
  use_lu_lambdas: true,
}

const refusalOf = (work: () => unknown): string | null => {
  try {
    work()
    return null
  } catch (error) {
    assert.ok(error instanceof ModelError, String(error))
    assert.deepEqual([error.code, error.field], ['invalid_input', 'scheduler_options'])
    return error.message
  }
}

for (const name of SCHEDULER_NAMES)
  test(`${name} is planned as by a configuration with the same field, or says that it has none`, () => {
    const own = readScheduler(configOf(name), name, FILE)(8)
    for (const option of SCHEDULER_OPTIONS) {
      const plannerOf = openPlanners(configOf(name, option), FILE)
      const options = { [option]: VALUES[option] }
      const refused = refusalOf(() => plannerOf(name, options))
      if (refused !== null) {
        assert.match(refused, new RegExp(`^scheduler_options: ${option}: `))
        continue
      }
      const changed = walk(name, { ...configOf(name, option), ...options }, 8, START, curvedModel)
      const plan = plannerOf(name, options)(8)
      assert.deepEqual(Array.from(plan.timesteps), changed.timesteps, option)
      assert.equal(plan.initNoiseSigma, changed.sigma, option)
    }
    assert.deepEqual(openPlanners(configOf(name), FILE)(name)(8).timesteps, own.timesteps)
  })

test('karras levels are other levels, and end where the schedule does', () => {
  const plannerOf = openPlanners(SD, FILE)
  const plain = Array.from(plannerOf('EulerDiscreteScheduler')(10).timesteps)
  const karras = Array.from(plannerOf('EulerDiscreteScheduler', { use_karras_sigmas: true })(10).timesteps)
  assert.notDeepEqual(karras, plain)
  assert.deepEqual([karras[0], karras.at(-1)], [999, 0])
})

test('what the model was trained with is not changed, nor two ways to place levels at once', () => {
  const plannerOf = openPlanners({ ...SD, use_karras_sigmas: true }, FILE)
  const refused = (options: object) => refusalOf(() => plannerOf('EulerDiscreteScheduler', options))
  for (const field of ['beta_start', 'prediction_type', 'num_train_timesteps', 'constructor', '_class_name'])
    assert.equal(refused({ [field]: 1 }), `scheduler_options: ${field} cannot be changed`)
  assert.match(refused({ use_beta_sigmas: true }) ?? '', /at most one way to place sigmas/)
  assert.equal(refused({ use_beta_sigmas: true, use_karras_sigmas: false }), null)
  assert.match(refused({ timestep_spacing: 'sideways' }) ?? '', /timestep_spacing/)
})

test('what would do nothing in this configuration is refused, not ignored', () => {
  const refused = (config: object, name: SchedulerName, options: object) =>
    refusalOf(() => openPlanners(config, FILE)(name, options))
  assert.match(
    refused({ ...FLOW, use_dynamic_shifting: true }, 'FlowMatchEulerDiscreteScheduler', { shift: 5 }) ?? '',
    /shift/,
  )
  assert.equal(refused(FLOW, 'FlowMatchEulerDiscreteScheduler', { shift: 5 }), null)
  assert.match(refused(SD, 'UniPCMultistepScheduler', { flow_shift: 5 }) ?? '', /use_flow_sigmas is false/)
  assert.equal(refused(TURNED, 'UniPCMultistepScheduler', { flow_shift: 5 }), null)
})

test('a pack whose own configuration is wrong is not the request’s fault', () => {
  const plannerOf = openPlanners({ ...SD, magic: 1 }, FILE)
  assert.throws(
    () => plannerOf('EulerDiscreteScheduler', { use_karras_sigmas: true }),
    (error) => error instanceof ModelError && error.code === 'pack_unsupported',
  )
})

test('the API, the models and the manual know the same options', () => {
  assert.deepEqual(Object.keys(Asked.properties), [...SCHEDULER_OPTIONS])
  const page = readFileSync(resolve(import.meta.dirname, '../../docs/native-api.md'), 'utf8')
  const [, section = ''] = page.split('### What of a scheduler can be changed')
  const rows = [...section.matchAll(/^\| `(\w+)` \| [^|]+ \| ([A-Z][\w ,]+) \|$/gm)].map(([, option, takers]) => [
    option,
    takers,
  ])
  const takersOf = (option: keyof SchedulerOptions) =>
    SCHEDULER_NAMES.filter((name) => {
      const plannerOf = openPlanners(configOf(name, option), FILE)
      return refusalOf(() => plannerOf(name, { [option]: VALUES[option] })) === null
    })
  assert.deepEqual(
    rows,
    SCHEDULER_OPTIONS.map((option) => [option, takersOf(option).join(', ').replaceAll('Scheduler', '')]),
  )
})
