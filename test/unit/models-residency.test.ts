// Which models stay open under a budget: a property over random orders, and each rule at its edge.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { ModelError } from '../../models/runtime/error.ts'
import { createResidency, type ResidencyOptions } from '../../models/runtime/residency.ts'

const MB = 2 ** 20
type Fake = AsyncDisposable & { id: string }

/** A machine whose memory is counted: opening `sizes[id]` takes that much, closing gives it back. */
function machine(sizes: Record<string, number>, options: Partial<ResidencyOptions<Fake>> = {}, mostBytes = Infinity) {
  const open: string[] = []
  const state = { used: 0, peak: 0, now: 0 }
  const residency = createResidency<Fake>({
    budgetBytes: Infinity,
    idleMs: Infinity,
    pinned: new Set(),
    estimate: (id) => ({ bytes: sizes[id] ?? 0, leastBytes: 0 }),
    usedBytes: () => state.used,
    now: () => state.now,
    async open(id) {
      const size = sizes[id] ?? 0
      if (state.used + size > mostBytes) throw new ModelError('out_of_memory', id)
      state.used += size
      state.peak = Math.max(state.peak, state.used)
      open.push(id)
      return {
        id,
        async [Symbol.asyncDispose]() {
          state.used -= size
          open.splice(open.indexOf(id), 1)
        },
      }
    },
    ...options,
  })
  return { residency, open, state }
}

function outOfMemory(error: unknown): boolean {
  return error instanceof ModelError && error.code === 'out_of_memory'
}

describe('models under a budget', () => {
  it('never take more than it, are the ones asked for, and are closed once each, in any order of asking', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 40 }),
        fc.integer({ min: 4, max: 12 }),
        async (asked, budget) => {
          const { residency, open, state } = machine({ a: 1, b: 2, c: 3, d: 4 }, { budgetBytes: budget })
          for (const id of asked) {
            const model = await residency.get(id)
            assert.equal(model.id, id)
            assert.deepEqual(
              open.toSorted(),
              residency
                .resident()
                .map((one) => one.id)
                .toSorted(),
            )
          }
          assert.ok(state.peak <= budget)
          await residency[Symbol.asyncDispose]()
          assert.deepEqual([open, state.used], [[], 0])
        },
      ),
    ))

  it('go by least recent use', async () => {
    const { residency } = machine({ a: 1, b: 1, c: 1 }, { budgetBytes: 2 })
    for (const id of ['a', 'b', 'a', 'c']) await residency.get(id)
    assert.deepEqual(
      residency.resident().map(({ id }) => id),
      ['a', 'c'],
    )
  })

  it('that are pinned stay, and what does not fit beside them is refused with the figures', async () => {
    const { residency } = machine({ a: 3 * MB, b: 2 * MB, c: 4 * MB }, { budgetBytes: 5 * MB, pinned: new Set(['a']) })
    for (const id of ['a', 'b', 'b']) await residency.get(id)
    await assert.rejects(
      residency.get('c'),
      (error) =>
        outOfMemory(error) &&
        /4 MiB; DARKROOM_MODEL_MEMORY_MIB allows 5 MiB.*3 MiB.*raise it.*DARKROOM_MODEL_PINNED/.test(String(error)),
    )
    assert.ok(residency.has('a'))
    await residency.get('b')
  })

  it('that fit in no budget of this size, even alone, are told the variable and what to do', async () => {
    const { residency } = machine({ a: 3 * MB }, { budgetBytes: MB })
    await assert.rejects(residency.get('a'), {
      code: 'out_of_memory',
      message: 'a needs about 3 MiB; DARKROOM_MODEL_MEMORY_MIB allows 1 MiB, so raise it, or set it to 0',
    })
  })

  it('cost what opening them took, not what was thought', async () => {
    const { residency } = machine({ a: 4, b: 4 }, { budgetBytes: 6, estimate: () => ({ bytes: 1, leastBytes: 0 }) })
    await residency.get('a')
    assert.deepEqual(residency.resident(), [{ id: 'a', bytes: 4 }])
    await residency.get('b')
    assert.deepEqual(residency.resident(), [{ id: 'b', bytes: 4 }])
  })

  it('cost the most that was ever seen, and never less than their files', async () => {
    let growth = 7
    const state = { used: 0 }
    const { residency } = machine(
      { a: 0, b: 0 },
      {
        budgetBytes: 8,
        estimate: (id) => ({ bytes: 1, leastBytes: id === 'b' ? 3 : 0 }),
        usedBytes: () => (state.used += growth),
      },
    )
    await residency.get('a')
    growth = 0
    await residency.get('b')
    assert.deepEqual(residency.resident(), [{ id: 'b', bytes: 3 }])
    await residency.get('a')
    assert.deepEqual(residency.resident(), [{ id: 'a', bytes: 7 }])
  })
})

describe('memory that runs out', () => {
  it('while a model is opened closes the others and tries once more', async () => {
    const { residency, open } = machine({ a: 4, b: 4 }, { estimate: () => ({ bytes: 1, leastBytes: 0 }) }, 6)
    await residency.get('a')
    await residency.get('b')
    assert.deepEqual(open, ['b'])
  })

  it('with nothing left to close is told', async () => {
    const { residency } = machine({ a: 8 }, {}, 6)
    await assert.rejects(residency.get('a'), outOfMemory)
    assert.deepEqual(residency.resident(), [])
  })

  it('elsewhere closes all but the one in use and the pinned', async () => {
    const { residency } = machine({ a: 1, b: 1, c: 1 }, { pinned: new Set(['a']) })
    for (const id of ['a', 'b', 'c']) await residency.get(id)
    assert.deepEqual(await residency.closeOthers('c'), ['b'])
  })
})

describe('a model that nobody uses', () => {
  it('is closed after its time, at its edge, and opened again when asked for', async () => {
    const { residency, state } = machine({ a: 1, b: 1, p: 1 }, { idleMs: 100, pinned: new Set(['p']) })
    await residency.get('p')
    await residency.get('a')
    state.now = 50
    await residency.get('b')
    state.now = 99
    assert.deepEqual(await residency.closeIdle(), [])
    state.now = 100
    assert.deepEqual(await residency.closeIdle(), ['a'])
    await residency.get('a')
    assert.deepEqual(
      residency.resident().map(({ id }) => id),
      ['p', 'b', 'a'],
    )
  })
})
