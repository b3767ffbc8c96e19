// The sequencer: the only one who lets the log grow. In rounds, under a lease with an epoch: it gives moves their indices, writes the
// tiles and entries that the grown tree needs, claims the tree's place in the row of checkpoints, signs, and moves the tree on by
// compare-and-swap. Everything lies under a deterministic path and is written once, so that a round that broke off, or that two
// ran, ends in the same objects: recovery is the same code, and a size has one root. Where what is there differs, nothing is signed.

import { leafHash } from '../kernel/canonical.ts'
import type { Database } from '../kernel/database.ts'
import { Fault } from '../kernel/fault.ts'
import { entryOf, leafOf } from '../kernel/leaf.ts'
import { formatCheckpoint, type LogIdentity, openCheckpoint } from './checkpoint.ts'
import { originOf, type TransparencyLog } from './log.ts'
import { signerOf, verifierOf } from './log-keys.ts'
import { hasUnsigned, type Indexed, type Lead, lead, moveTree, nameLog, readIndexed, stage } from './log-records.ts'
import { hashLeaf } from './merkle.ts'
import { signNote } from './note.ts'
import { encodeEntries, entriesBetween, entriesPath, TILE_WIDTH } from './tiles.ts'
import { growEdge, type LogStore, type Placed, place, readEdge, readObject, treeOf } from './tree-store.ts'

export type SequencerTools = TransparencyLog & {
  readonly database: Pick<Database, 'sql' | 'transact'>
  readonly holder: string
  readonly leaseMs: number
  /** Most leaves of a round; a multiple of 256, so that a round that is full leaves no partial tile of leaves. */
  readonly atMost: number
}

/** The tree that was signed. `full`: more may wait. */
export type Round = { readonly size: number; readonly full: boolean }

type Batch = Lead & { origin: string; rows: Indexed[] }
type Tree = { size: number; root: Buffer }
type Grown = Tree & { placed: Placed[] }

const TEXT = 'text/plain; charset=utf-8'

/**
 * One round; null when nothing waits or another process leads. Faults: log_inconsistent (nothing was signed, and nothing will be until
 * a person looked), lease_lost (the next round takes it up), config_invalid (another name than the log's), object_store_failed,
 * object_missing, object_mismatch, database_failed.
 */
export async function runRound(tools: SequencerTools): Promise<Round | null> {
  const { database, store } = tools
  if (!(await hasUnsigned(database.sql))) return null
  const batch = await takeBatch(tools)
  if (batch === null) return null
  const { size, root, placed } = await growTree(store, batch)
  await Promise.all(placed.map((one) => place(store, one)))
  await place(store, claimOf(batch, { size, root }), TEXT)
  const note = await sign(tools, batch.origin, { size, root })
  await database.transact((tx) => moveTree(tx, batch, { size, root, note }))
  return { size, full: size - batch.size >= tools.atMost - TILE_WIDTH }
}

/** The staged batch, or a new one; with the rows of the bundle that it continues. */
async function takeBatch({ database, origin, holder, leaseMs, atMost }: SequencerTools): Promise<Batch | null> {
  return database.transact(async (tx) => {
    const found = await lead(tx, holder, leaseMs)
    if (found === null) return null
    const name = originOf(found.origin, origin)
    if (origin.named !== null && origin.named !== name)
      throw new Fault('config_invalid', {
        field: 'DARKROOM_LOG_ORIGIN',
        detail: `the log is called ${name} for good: its checkpoints are signed under that name`,
      })
    if (found.origin === null) await nameLog(tx, name)
    await stage(tx, found, atMost - (found.size % TILE_WIDTH))
    // Here and not later: whoever leads next may stage a batch behind this one.
    const continued = found.size % TILE_WIDTH
    const rows = await readIndexed(tx, found.size - continued)
    return rows.length === continued ? null : { ...found, origin: name, rows }
  })
}

/** The tree with the batch in it, on top of the one that was signed, and the objects that it needs. */
async function growTree(store: LogStore, { size, root, rows }: Batch): Promise<Grown> {
  const first = size - (size % TILE_WIDTH)
  const entries = rows.map(checkedEntry)
  const hashes = entries.map(hashLeaf)
  const edge = await readEdge(store, size)
  const tree = treeOf(edge)
  if (!tree.root().equals(root)) throw inconsistent('the stored tiles do not lead to the root that was signed', size)
  const same = (edge.tiles[0] ?? []).every((hash, i) => hashes[i]?.equals(hash) === true)
  if (!same) throw inconsistent('moves that are in the signed tree are not what was signed', size)
  const fresh = hashes.slice(size - first)
  const grown = growEdge(edge, fresh)
  for (const hash of fresh) tree.push(hash)
  if (!treeOf(grown.edge).root().equals(tree.root()))
    throw inconsistent('the tiles do not lead to the root of the grown tree', tree.size)
  const bundles = entriesBetween(size, tree.size).map(({ index, width }) => {
    const from = index * TILE_WIDTH - first
    return { key: entriesPath(index, width), bytes: encodeEntries(entries.slice(from, from + width)) }
  })
  return { size: tree.size, root: tree.root(), placed: [...grown.tiles, ...bundles] }
}

function checkedEntry(row: Indexed): Buffer {
  if (leafHash(leafOf(row)) !== row.leaf_hash)
    throw inconsistent(`leaf ${row.tenant_sequence} of tenant ${row.tenant_pseudonym} is not what was recorded`, null)
  return Buffer.from(entryOf(row))
}

/**
 * What is written before a tree is signed. Checkpoints are counted, so that records which were set back (a backup that is older than
 * the store) meet the claim of the tree that was signed after them, and never sign another.
 */
function claimOf({ checkpoints }: Batch, { size, root }: Tree): Placed {
  return { key: `claim/${checkpoints}`, bytes: Buffer.from(`${size}\n${root.toString('hex')}\n`) }
}

/** The note of the tree's checkpoint, stored; the one that is there already where there is one. */
async function sign({ key, store }: SequencerTools, origin: string, tree: Tree): Promise<string> {
  const path = `checkpoint/${tree.size}`
  const adopted = (known: Buffer) => checkedNote(known, tree, { origin, logKeys: [verifierOf(key, origin)] })
  const known = await readObject(store, path)
  if (known !== null) return adopted(known)
  const note = await signNote(formatCheckpoint({ origin, ...tree }), [signerOf(key, origin)])
  const put = await store.putIfAbsent(path, { bytes: Buffer.from(note), contentType: TEXT })
  return put === 'created' ? note : adopted((await store.get(path)).bytes)
}

/** Fault: log_inconsistent, unless our key signed this very tree under this name. */
function checkedNote(note: Buffer, { size, root }: Tree, log: LogIdentity): string {
  const other = 'the store has a checkpoint of this size that is not of this tree'
  try {
    const found = openCheckpoint(note, log)
    if (found.size === size && found.root.equals(root)) return note.toString()
  } catch (cause) {
    throw inconsistent(other, size, cause)
  }
  throw inconsistent(other, size)
}

function inconsistent(detail: string, size: number | null, cause?: unknown): Fault {
  return new Fault('log_inconsistent', { detail: `${detail}; nothing is signed over it`, facts: { size }, cause })
}
