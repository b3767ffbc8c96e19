// What a proof takes, made from the tiles as they lie in the store, one at a time, each beside the bare reading of one file of a tile. What
// can be checked by its leaf or by two roots alone is checked, outside the time that counts.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readLogState } from '../../src/audit/log-records.ts'
import {
  consistencyProof,
  inclusionProof,
  rangeProof,
  rootOf,
  verifyConsistency,
  verifyInclusion,
} from '../../src/audit/merkle.ts'
import { TILE_WIDTH, tilePath } from '../../src/audit/tiles.ts'
import { nodesOf } from '../../src/audit/tree-store.ts'
import { seeded } from '../../test/mark/pictures.ts'
import { quantile } from '../api/statistics.ts'
import { row } from './cells.ts'
import { logFolder, type Place, type Stage } from './stage.ts'

const GOAL_MS = 5
const WARM_UP = 50
const KINDS = ['inclusion', 'consistency', 'range', 'one tile, bare (peer)'] as const
type Kind = (typeof KINDS)[number]

/** `count` proofs of each kind; what they took, as a section. */
export async function measureProofs(stage: Stage, { home }: Place, count: number): Promise<string> {
  const { size, root } = await readLogState(stage.database.sql)
  const node = nodesOf(stage.transparency.store, size)
  const random = seeded(1)
  const below = (most: number) => Math.floor(random() * most)
  const took = new Map(KINDS.map((kind) => [kind, [] as number[]]))
  const timed = async <T>(kind: Kind, work: () => Promise<T>): Promise<T> => {
    const began = performance.now()
    const made = await work()
    took.get(kind)?.push(performance.now() - began)
    return made
  }
  const tiles = Math.floor(size / TILE_WIDTH)
  if (tiles === 0) throw new RangeError(`a log of ${size} leaves has no full tile`)
  for (let i = -WARM_UP; i < count; i++) {
    if (i === 0) for (const times of took.values()) times.length = 0
    const index = below(size)
    const path = await timed('inclusion', () => inclusionProof(index, size, node))
    if (!verifyInclusion(await node(0, index), index, size, path, root)) throw new Error(`leaf ${index} is not proven`)
    const from = 1 + below(size)
    const proof = await timed('consistency', () => consistencyProof(from, size, node))
    const fromRoot = await rootOf(from, node)
    if (!verifyConsistency(from, fromRoot, size, root, proof)) throw new Error(`the tree of ${from} is not proven`)
    const first = below(size)
    await timed('range', () => rangeProof(first, first + 1 + below(size - first), size, node))
    const file = join(logFolder(home), tilePath(0, below(tiles), TILE_WIDTH))
    await timed('one tile, bare (peer)', () => readFile(file))
  }
  return section(took, size)
}

function section(took: ReadonlyMap<Kind, readonly number[]>, size: number): string {
  const p = (kind: Kind, q: number) => quantile(took.get(kind) ?? [], q)
  const rows = KINDS.map((kind) => {
    const ratios = [0.5, 0.99].map((q) => (p(kind, q) / p('one tile, bare (peer)', q)).toFixed(1))
    return row(kind, [p(kind, 0.5).toFixed(2), p(kind, 0.99).toFixed(2), ...ratios])
  })
  const slowest = Math.max(...KINDS.slice(0, 3).map((kind) => p(kind, 0.99)))
  return `## Proofs

${took.get('range')?.length} of each from a tree of ${size} leaves, at places drawn at random, one at a time, after ${WARM_UP} to warm up; no tile is kept in memory.

| | p50 ms | p99 ms | p50 / one tile's | p99 / one tile's |
|---|---|---|---|---|
${rows.join('\n')}

At most ${GOAL_MS} ms at p99: ${slowest <= GOAL_MS ? 'yes' : '**no**'}.
`
}
