// Every field of every class, set to another value than its default: it takes effect as in diffusers, or is refused by its name.
// The few that a class of diffusers itself makes nothing of are listed; so are the ones refused, for each a reason stands in code.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ModelError } from '../../models/runtime/error.ts'
import { readScheduler, type SchedulerName } from '../../models/schedulers/scheduler.ts'
import { deviation, floats, worst } from '../models/parity.ts'
import { solvers } from '../models/solver-goldens.ts'
import { curvedModel, FILE, walk } from '../models/walk.ts'

const key = ({ scheduler, field }: { scheduler: string; field: string }) => `${scheduler} ${field}`

const REFUSED = [
  'DPMSolverMultistepScheduler variance_type',
  'DPMSolverMultistepScheduler time_shift_type',
  'DPMSolverSinglestepScheduler variance_type',
  'DPMSolverSinglestepScheduler time_shift_type',
  'UniPCMultistepScheduler solver_p',
  'DEISMultistepScheduler time_shift_type',
  'TCDScheduler clip_sample',
  'TCDScheduler thresholding',
  'FlowMatchLCMScheduler scale_factors',
]
// diffusers' own class reads these and makes nothing of them; they come along with other classes' configurations.
const INERT = [
  'DEISMultistepScheduler algorithm_type',
  'DEISMultistepScheduler solver_type',
  'LCMScheduler set_alpha_to_one',
  'LCMScheduler steps_offset',
  'LCMScheduler timestep_spacing',
  'TCDScheduler clip_sample_range',
  'TCDScheduler set_alpha_to_one',
  'TCDScheduler steps_offset',
  'TCDScheduler dynamic_thresholding_ratio',
  'TCDScheduler sample_max_value',
  'TCDScheduler timestep_spacing',
  'TCDScheduler timestep_scaling',
  'FlowMatchLCMScheduler upscale_mode',
]

describe("a field of a solver's configuration, with another value than its default", () => {
  const start = floats(solvers.start)
  for (const entry of solvers.fields) {
    const { scheduler, field, config, effect, end } = entry
    it(`${REFUSED.includes(key(entry)) ? 'is refused' : 'is as in diffusers'}: ${key(entry)}`, () => {
      if (REFUSED.includes(key(entry))) return refusal(scheduler, config, field)
      assert.equal(effect, !INERT.includes(key(entry)))
      const walked = walk(scheduler, config, 6, start, curvedModel, { custom: { imageTokens: solvers.tokens } })
      const wanted = floats(end ?? '')
      const error = worst(walked.path.at(-1) ?? start, wanted) / deviation(wanted)
      assert.ok(error < 1e-4, `${error}`)
    })
  }

  it('is listed where it has no effect or is refused', () => {
    const known = new Set(solvers.fields.map(key))
    assert.equal(known.size, solvers.fields.length)
    for (const name of [...REFUSED, ...INERT]) assert.ok(known.has(name), name)
    for (const entry of solvers.fields)
      if (entry.raises !== undefined) assert.ok(REFUSED.includes(key(entry)), key(entry))
  })

  it('is refused where its value is of the wrong type', () => {
    for (const { scheduler, field, config } of solvers.fields)
      refusal(scheduler, { ...config, [field]: { odd: true } }, field)
  })
})

function refusal(name: SchedulerName, config: unknown, field: string): void {
  assert.throws(
    () => readScheduler(config, name, FILE),
    (error) =>
      error instanceof ModelError && error.code.startsWith('pack_') && error.field === field && error.file === FILE,
    `${name} ${field}`,
  )
}
