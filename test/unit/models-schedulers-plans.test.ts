// Plans: how many timesteps, where noise goes on and what x_0 is at each call, and where there is no room.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ModelError } from '../../models/runtime/error.ts'
import { seedNoise } from '../../models/runtime/noise.ts'
import { betaQuantile } from '../../models/schedulers/beta-quantile.ts'
import { emptyMemory, readScheduler, type SchedulerName, startingAt } from '../../models/schedulers/scheduler.ts'
import { deviation, floats, worst } from '../models/parity.ts'
import { golden, goldenStart } from '../models/scheduler-goldens.ts'
import { curvedModel, FILE, SD } from '../models/walk.ts'

const outOfRoom = (error: unknown) =>
  error instanceof ModelError && error.code === 'invalid_input' && error.field === 'steps'

describe("a plan has as many timesteps as diffusers', from the same first to the same last", () => {
  for (const { scheduler, config, counts } of golden.counts)
    it(`${scheduler} ${JSON.stringify(config)}`, () => {
      const plan = readScheduler(config, scheduler, FILE)
      for (const [steps, count, first, last] of counts) {
        if (count === null) {
          assert.throws(() => plan(steps), outOfRoom)
          continue
        }
        const { timesteps } = plan(steps)
        assert.equal(timesteps.length, count, `${steps} steps`)
        assert.ok(Math.abs((timesteps[0] ?? Number.NaN) - (first ?? 0)) < 2e-3, `the first of ${steps}`)
        assert.ok(Math.abs((timesteps.at(-1) ?? Number.NaN) - (last ?? 0)) < 2e-3, `the last of ${steps}`)
      }
    })
})

const size = goldenStart.length

describe("a plan's noise and its x_0 are those of diffusers at each call", () => {
  // The picture's mirror image along its last axis, of three values.
  const mirrored = goldenStart.map((_, i) => goldenStart[i - (i % 3) + 2 - (i % 3)] ?? 0)
  for (const { name, scheduler, config, steps, path, noised, clean } of golden.cases) {
    if (noised === undefined) continue
    it(name, () => {
      const plan = readScheduler(config, scheduler, FILE)(steps)
      const [walked, wantedNoised, wantedClean] = [floats(path), floats(noised), clean ? floats(clean) : null]
      for (const [index, t] of plan.timesteps.entries()) {
        const at = (call: number, all: Float32Array) => all.subarray(call * size, (call + 1) * size)
        const near = (got: Float32Array, wanted: Float32Array, what: string) =>
          assert.ok(worst(got, wanted) / deviation(wanted) < 1e-4, `${what} at call ${index}`)
        near(plan.addNoise(index, goldenStart, mirrored), at(index, wantedNoised), 'noise')
        if (wantedClean === null) continue
        const sample = index === 0 ? goldenStart.map((x) => x * plan.initNoiseSigma) : at(index - 1, walked)
        const output = sample.map((x) => curvedModel(x * plan.inputScale(index), t))
        near(plan.predictClean(index, output, sample), at(index, wantedClean), 'x_0')
      }
    })
  }

  it("where diffusers says no x_0, PNDM's is the sample without the noise that the model sees", () => {
    const plan = readScheduler({ ...SD, skip_prk_steps: true }, 'PNDMScheduler', FILE)(10)
    for (const index of plan.timesteps.keys())
      assert.ok(
        worst(plan.predictClean(index, mirrored, plan.addNoise(index, goldenStart, mirrored)), goldenStart) < 1e-4,
      )
  })
})

describe('a plan', () => {
  it('has room for a limited number of steps', () => {
    for (const name of [
      'DDIMScheduler',
      'DDPMScheduler',
      'PNDMScheduler',
      'EulerDiscreteScheduler',
      'EulerAncestralDiscreteScheduler',
      'HeunDiscreteScheduler',
      'LMSDiscreteScheduler',
      'KDPM2DiscreteScheduler',
      'KDPM2AncestralDiscreteScheduler',
    ] as const)
      assert.throws(() => readScheduler(SD, name, FILE)(1001), outOfRoom, name)
    for (const name of ['DDIMScheduler', 'DDPMScheduler', 'PNDMScheduler'] as const)
      assert.throws(() => readScheduler({ ...SD, steps_offset: 1 }, name, FILE)(1000), outOfRoom, name)
    assert.throws(() => readScheduler(SD, 'DPMSolverMultistepScheduler', FILE)(1000), outOfRoom)
    assert.throws(() => readScheduler(SD, 'PNDMScheduler', FILE)(3), outOfRoom)
  })

  it('has exactly as many trailing timesteps as steps, the last one above zero', () => {
    for (const name of ['DDIMScheduler', 'DDPMScheduler', 'EulerDiscreteScheduler', 'LMSDiscreteScheduler'] as const) {
      const plan = readScheduler({ ...SD, timestep_spacing: 'trailing' }, name, FILE)
      for (let steps = 1; steps <= 150; steps++) {
        const { timesteps } = plan(steps)
        assert.equal(timesteps.length, steps)
        assert.equal(timesteps[0], 999)
        assert.ok((timesteps.at(-1) ?? -1) >= 0)
      }
    }
  })

  it('of two calls a step says so, and what is left of it too', () => {
    const names: SchedulerName[] = [
      'HeunDiscreteScheduler',
      'KDPM2DiscreteScheduler',
      'KDPM2AncestralDiscreteScheduler',
    ]
    for (const name of names) {
      const plan = readScheduler(SD, name, FILE)(10)
      assert.equal(plan.callsPerStep, 2)
      assert.equal(startingAt(plan, 4).callsPerStep, 2)
      assert.equal(startingAt(plan, 4).inputScale(1), plan.inputScale(5))
    }
    assert.equal(readScheduler(SD, 'EulerDiscreteScheduler', FILE)(10).callsPerStep, undefined)
  })

  it("never begins between a step's two calls", () => {
    const plan = startingAt(readScheduler(SD, 'KDPM2DiscreteScheduler', FILE)(10), 5)
    assert.throws(() => plan.step(0, goldenStart, goldenStart.slice(), emptyMemory(), seedNoise(0)), RangeError)
  })
})

// scipy.stats.beta.ppf(p, a, b), scipy 1.17.
const QUANTILES: readonly [p: number, a: number, b: number, x: number][] = [
  [0, 0.6, 0.6, 0.0],
  [1e-6, 0.6, 0.6, 1.8558824624053043e-10],
  [0.01, 0.6, 0.6, 0.0008612388215429059],
  [0.25, 0.6, 0.6, 0.17568037865269498],
  [0.5, 0.6, 0.6, 0.5000000000000001],
  [0.9, 0.6, 0.6, 0.9604155944112192],
  [0.999999, 0.6, 0.6, 0.9999999998144118],
  [1, 0.6, 0.6, 1.0],
  [0, 0.6, 1.4, 0.0],
  [1e-6, 0.6, 1.4, 6.790857981964057e-11],
  [0.01, 0.6, 1.4, 0.0003152285491058372],
  [0.25, 0.6, 1.4, 0.06856010884741509],
  [0.5, 0.6, 1.4, 0.2272426067290407],
  [0.9, 0.6, 1.4, 0.7159887222934305],
  [0.999999, 0.6, 1.4, 0.9999196310741206],
  [1, 0.6, 1.4, 1.0],
  [0, 2, 5, 0.0],
  [1e-6, 2, 5, 0.00025828782935406356],
  [0.01, 2, 5, 0.026763191142755053],
  [0.25, 2, 5, 0.16116291679032652],
  [0.5, 2, 5, 0.26444998329566005],
  [0.9, 2, 5, 0.5103163065514917],
  [0.999999, 2, 5, 0.9555730480299243],
  [1, 2, 5, 1.0],
]

describe('the quantiles of a beta distribution', () => {
  it("are scipy's to 1e-9", () => {
    for (const [p, a, b, x] of QUANTILES) assert.ok(Math.abs(betaQuantile(p, a, b) - x) < 1e-9, `${p} ${a} ${b}`)
  })
})
