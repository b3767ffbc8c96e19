// How many timesteps each plan of a solver has, for 1 to 60 steps and 100: as many as diffusers', or refused where it makes none.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ModelError } from '../../models/runtime/error.ts'
import { readScheduler } from '../../models/schedulers/scheduler.ts'
import { solvers } from '../models/solver-goldens.ts'
import { FILE } from '../models/walk.ts'

const STEPS = [...Array.from({ length: 60 }, (_, i) => i + 1), 100]

describe('a plan has as many timesteps as in diffusers, the same first and last', () => {
  for (const { scheduler, config, counts } of solvers.plans)
    it(`${scheduler} ${JSON.stringify(config)}`, () => {
      const plan = readScheduler(config, scheduler, FILE)
      assert.equal(counts.length, STEPS.length)
      for (const [i, steps] of STEPS.entries()) {
        const expected = counts[i]
        if (expected === null || expected === undefined) {
          const refused = (error: unknown) =>
            error instanceof ModelError && error.code === 'invalid_input' && error.field === 'steps'
          assert.throws(() => plan(steps, { imageTokens: 4096 }), refused, `${steps} steps`)
          continue
        }
        const { timesteps } = plan(steps, { imageTokens: 4096 })
        const [count, first, last] = expected
        assert.equal(timesteps.length, count, `${steps} steps`)
        assert.ok(Math.abs((timesteps[0] ?? -1) - first) < 2e-3, `${steps} steps: first ${timesteps[0]}, not ${first}`)
        assert.ok(
          Math.abs((timesteps.at(-1) ?? -1) - last) < 2e-3,
          `${steps} steps: last ${timesteps.at(-1)}, not ${last}`,
        )
      }
    })

  it('tells two calls a step from one', () => {
    for (const { scheduler, config } of solvers.plans) {
      const { callsPerStep } = readScheduler(config, scheduler, FILE)(4, { imageTokens: 4096 })
      assert.equal(callsPerStep, scheduler === 'FlowMatchHeunDiscreteScheduler' ? 2 : undefined)
    }
  })

  it('has plans that diffusers makes, and ones that it refuses', () => {
    const all = solvers.plans.flatMap(({ counts }) => counts)
    assert.ok(all.filter((count) => count === null).length === 22 && all.length > 1000)
  })
})
