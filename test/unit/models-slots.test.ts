// Fixed slots: whatever is asked for, the graph sees one number of rows, and each row gets what is its own.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { slotted } from '../../models/runtime/slots.ts'
import type { Feed, Output } from '../../models/runtime/tensors.ts'

/** Answers 2 · x + t + id in each row's place, of [rows, 3], [rows] and shared positions [2, 1]. */
function doubling() {
  const seen: number[] = []
  return {
    seen,
    async run({
      sample,
      timestep,
      txt_ids: ids,
    }: Readonly<Record<string, Feed>>): Promise<ReadonlyMap<string, Output>> {
      const rows = sample?.dims[0] ?? 0
      assert.deepEqual([sample?.dims, timestep?.dims, ids?.dims], [[rows, 3], [rows], [2, 1]])
      seen.push(rows)
      const values = Float32Array.from(sample?.values ?? [], (x, i) => {
        return 2 * x + (timestep?.values[Math.floor(i / 3)] ?? 0) + (ids?.values[1] ?? 0)
      })
      return new Map([['out_sample', { values, dims: [rows, 3] }]])
    },
  }
}

describe('a graph in fixed slots', () => {
  it('sees the same number of rows whatever is asked for, and each row gets its own answer', () =>
    fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 4 }), async (rows, slot) => {
        const module = doubling()
        const values = Float32Array.from({ length: rows * 3 }, (_, i) => i)
        const timestep = { values: Float32Array.from({ length: rows }, (_, i) => 100 * i), dims: [rows] }
        const outputs = await slotted(module, slot, 'sample').run({
          sample: { values, dims: [rows, 3] },
          timestep,
          txt_ids: { values: [1, 7], dims: [2, 1] },
        })
        const { values: found, dims } = outputs.get('out_sample') ?? { values: [], dims: [] }
        assert.deepEqual(dims, [rows, 3])
        assert.deepEqual(
          Array.from(found),
          Array.from(values, (x, i) => 2 * x + 100 * Math.floor(i / 3) + 7),
        )
        assert.deepEqual(
          module.seen,
          Array.from({ length: Math.ceil(rows / slot) }, () => slot),
        )
      }),
    ))
})
