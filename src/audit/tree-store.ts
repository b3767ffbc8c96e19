// The log's tree where it lies: tiles and bundles of entries under their one path, each written once. The right edge, the hashes of
// each level's last tile that is not full, is all that is needed to let the tree grow; it is read back from what was stored.
// What is there already must be what would be written: anything else is a fault, over which nothing is signed.
import { Fault, isFault } from '../kernel/fault.ts'
import type { ObjectStore } from '../kernel/object-store.ts'
import { HASH_BYTES, openTree, type ReadNode, type Tree } from './merkle.ts'
import { TILE_WIDTH, tilePath } from './tiles.ts'

/** Written once, held by Object Lock where the bucket has it, removed by nobody. */
export type LogStore = Pick<ObjectStore, 'putIfAbsent' | 'get'>

/** `tiles`: the hashes of each level's partial tile, the leaves' first; none where the last tile is full. */
export type Edge = { readonly size: number; readonly tiles: readonly (readonly Buffer[])[] }

export type Placed = { readonly key: string; readonly bytes: Buffer }

const TILE_LEVELS = 8
const BYTES = 'application/octet-stream'

/** Faults: object_missing, object_mismatch, object_store_failed. */
export async function readEdge(store: LogStore, size: number): Promise<Edge> {
  const tiles: Promise<Buffer[]>[] = []
  for (let level = 0; nodesAt(size, level) > 0; level++) {
    const nodes = nodesAt(size, level)
    const width = nodes % TILE_WIDTH
    tiles.push(width === 0 ? Promise.resolve([]) : readTile(store, level, Math.floor(nodes / TILE_WIDTH), width))
  }
  return { size, tiles: await Promise.all(tiles) }
}

/** The tree that an edge is the edge of. */
export function treeOf({ size, tiles }: Edge): Tree {
  return openTree(
    size,
    [...tiles].reverse().flatMap((hashes) => subtreesOf(hashes)),
  )
}

/** The edge once `leaves` (their hashes) have come, and each tile that the grown tree has and the one before has not. */
export function growEdge(edge: Edge, leaves: readonly Buffer[]): { edge: Edge; tiles: Placed[] } {
  const [grown, placed]: [Buffer[][], Placed[]] = [[], []]
  let fresh: readonly Buffer[] = leaves
  for (let level = 0; fresh.length > 0 || level < edge.tiles.length; level++) {
    const hashes = [...(edge.tiles[level] ?? []), ...fresh]
    const first = Math.floor(nodesAt(edge.size, level) / TILE_WIDTH)
    const full: Buffer[] = []
    for (let at = 0; at < hashes.length; at += TILE_WIDTH) {
      const tile = hashes.slice(at, at + TILE_WIDTH)
      if (fresh.length > 0)
        placed.push({ key: tilePath(level, first + at / TILE_WIDTH, tile.length), bytes: Buffer.concat(tile) })
      if (tile.length === TILE_WIDTH) full.push(...subtreesOf(tile))
    }
    grown.push(hashes.slice(full.length * TILE_WIDTH))
    fresh = full
  }
  return { edge: { size: edge.size + leaves.length, tiles: grown }, tiles: placed }
}

/** The nodes of a tree of `size` leaves, for proofs. Faults: object_missing, object_mismatch, object_store_failed. */
export function nodesOf(store: LogStore, size: number): ReadNode {
  return async (level, index) => {
    const tileLevel = Math.floor(level / TILE_LEVELS)
    const span = 2 ** (level % TILE_LEVELS)
    const first = index * span
    const tile = Math.floor(first / TILE_WIDTH)
    const width = Math.min(TILE_WIDTH, nodesAt(size, tileLevel) - tile * TILE_WIDTH)
    const hashes = await readTile(store, tileLevel, tile, width)
    const [node, ...more] = subtreesOf(hashes.slice(first % TILE_WIDTH, (first % TILE_WIDTH) + span))
    if (node === undefined || more.length > 0)
      throw new RangeError(`a tree of ${size} leaves has no node ${index} of level ${level}`)
    return node
  }
}

/** Stores it, or finds it there as it is. Faults: log_inconsistent (something else is there), object_store_failed. */
export async function place(store: LogStore, { key, bytes }: Placed, contentType = BYTES): Promise<void> {
  if ((await store.putIfAbsent(key, { bytes, contentType })) === 'created') return
  if (!(await store.get(key)).bytes.equals(bytes))
    throw new Fault('log_inconsistent', {
      detail: `the log's store has another ${key} than the records lead to; nothing is signed over it`,
      facts: { key },
    })
}

/** Null when it is not there. Faults: object_mismatch, object_store_failed. */
export async function readObject(store: LogStore, key: string): Promise<Buffer | null> {
  try {
    return (await store.get(key)).bytes
  } catch (error) {
    if (isFault(error, 'object_missing')) return null
    throw error
  }
}

async function readTile(store: LogStore, level: number, index: number, width: number): Promise<Buffer[]> {
  const key = tilePath(level, index, width)
  const { bytes } = await store.get(key)
  if (bytes.length !== width * HASH_BYTES) throw new Fault('object_mismatch', { facts: { key } })
  return Array.from({ length: width }, (_, i) => bytes.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES))
}

/** The fewest complete subtrees over hashes of one level, largest first. */
function subtreesOf(hashes: readonly Buffer[]): Buffer[] {
  const tree = openTree(0, [])
  for (const hash of hashes) tree.push(hash)
  return tree.right()
}

/** Complete subtrees of 256^level leaves. */
function nodesAt(size: number, level: number): number {
  return Math.floor(size / TILE_WIDTH ** level)
}
