// What an export counts of its rows as they pass, and the root that they lead to.
import { isWithin, type Manifest, type Query } from './export-format.ts'
import type { Range } from './export-range.ts'
import type { Told } from './export-rows.ts'
import { openRange } from './merkle.ts'

export type Tally = {
  readonly add: (told: Told) => void
  readonly counts: () => Manifest['counts']
  readonly withheld: readonly number[]
  /** Numbers of tenants' moves from the first to the last in the range, and how many of them are there. */
  readonly sequences: () => { expected: number; found: number }
  /** Null where the rows are not those of the range. */
  readonly root: () => Buffer | null
}

export function openTally(query: Query, range: Range, proof: readonly Buffer[]): Tally {
  const tree = openRange(range.first, range.end, range.size, proof)
  const kinds = new Map<string, number>()
  const withheld: number[] = []
  const tenants = new Map<string, { first: bigint; last: bigint; found: number }>()
  const counts = { rows: 0, within: 0, opened: 0 }
  return {
    add: ({ row: { entry, index, opened }, leafHash, withheld: held }) => {
      tree.push(leafHash)
      counts.rows += 1
      if (isWithin(query, entry)) counts.within += 1
      if (held) withheld.push(index)
      if (opened !== null) {
        counts.opened += 1
        kinds.set(opened.kind, (kinds.get(opened.kind) ?? 0) + 1)
      }
      const sequence = BigInt(entry.sequence)
      const tenant = tenants.get(entry.tenant) ?? { first: sequence, last: sequence, found: 0 }
      tenants.set(entry.tenant, { first: tenant.first, last: sequence, found: tenant.found + 1 })
    },
    counts: () => ({ ...counts, kinds: Object.fromEntries(kinds) }),
    withheld,
    sequences: () => {
      const sums = { expected: 0, found: 0 }
      for (const { first, last, found } of tenants.values()) {
        sums.expected += Number(last - first) + 1
        sums.found += found
      }
      return sums
    },
    root: () => tree.root(),
  }
}
