// Whether the log says of a released picture what was read of it: the moves that marked and published it name the digest of its file,
// and the entries that are made of these rows anew lie in the log's own store, in their bundles and under the checkpoint that was signed
// last. What the store lacks or has otherwise is a finding; that it is away is a fault, and says nothing of the picture.
import Type from 'typebox'
import { Compile } from 'typebox/compile'
import type { Sql } from '../kernel/database.ts'
import { isFault } from '../kernel/fault.ts'
import { entryOf, type LeafRow } from '../kernel/leaf.ts'
import { type LogIdentity, openCheckpoint } from './checkpoint.ts'
import { originOf, type TransparencyLog } from './log.ts'
import { verifierOf } from './log-keys.ts'
import { readLogState } from './log-records.ts'
import { hashLeaf, inclusionProof, verifyInclusion } from './merkle.ts'
import { NoteError } from './note.ts'
import { newestCheckpoint, type SignedCheckpoint } from './publication.ts'
import { decodeEntries, entriesPath, TILE_WIDTH } from './tiles.ts'
import { type LogStore, nodesOf } from './tree-store.ts'

type LogProblem =
  /** No move marked it, or none published it. */
  | 'log.missing'
  /** A move names another file, or none. */
  | 'log.digest'
  /** The newest checkpoint is not by the log's key, or is of another tree than its row says. */
  | 'log.checkpoint'
  /** The log has another entry in the move's place, and that one is what was signed. */
  | 'log.row'
  /** The bundle is gone, or has another entry in the move's place. */
  | 'log.entry'
  /** The tiles are gone, or do not lead from the entry to the signed root. */
  | 'log.tree'

/** `waits`: nothing is wrong, and a leaf is in no signed tree yet. */
type LogFinding = 'agrees' | 'waits' | readonly LogProblem[]

type Move = LeafRow & { log_index: string | null }
type Tree = Pick<SignedCheckpoint, 'size' | 'root'>

const Published = Compile(Type.Object({ file: Type.String() }))
const Marked = Compile(Type.Object({ record: Type.Object({ digests: Type.Object({ file: Type.String() }) }) }))

/** Of one picture and the SHA-256 of its file. Faults: object_store_failed, database_failed. */
export function openLogCheck({ store, key, origin }: TransparencyLog, sql: Sql) {
  return async (imageId: string, fileDigest: string): Promise<LogFinding> => {
    const moves = await readMoves(sql, imageId)
    const newest = await newestCheckpoint(sql)
    const problems = new Set(namingProblems(moves, fileDigest))
    if (newest === null) return problems.size > 0 ? [...problems] : 'waits'
    const name = originOf((await readLogState(sql)).origin, origin)
    const tree = signedTree(newest, { origin: name, logKeys: [verifierOf(key, name)] })
    if (tree === null) return [...problems, 'log.checkpoint']
    let waits = false
    for (const move of moves) {
      const index = move.log_index === null ? Number.POSITIVE_INFINITY : Number(move.log_index)
      if (index >= tree.size) waits = true
      else
        for (const problem of await placeProblems(store, tree, index, Buffer.from(entryOf(move)))) problems.add(problem)
    }
    if (problems.size > 0) return [...problems]
    return waits ? 'waits' : 'agrees'
  }
}

function readMoves(sql: Sql, imageId: string): Promise<Move[]> {
  return sql
    .selectFrom('darkroom.move')
    .select(['subject', 'subject_id', 'kind', 'from_state', 'to_state', 'facts', 'at', 'leaf_salt'])
    .select(['tenant_pseudonym', 'tenant_sequence', 'previous_leaf', 'log_index'])
    .where('subject_id', '=', imageId)
    .where('kind', 'in', ['image.marked', 'image.published'])
    .orderBy('id')
    .execute()
}

function namingProblems(moves: readonly Move[], fileDigest: string): LogProblem[] {
  // What comes back from withdrawal is the file that was marked before.
  const marked = moves.filter(({ kind, from_state }) => kind === 'image.marked' && from_state !== 'withdrawn')
  const published = moves.filter(({ kind }) => kind === 'image.published')
  const named = [
    ...marked.map(({ facts }) => (Marked.Check(facts) ? facts.record.digests.file : null)),
    ...published.map(({ facts }) => (Published.Check(facts) ? facts.file : null)),
  ]
  return [
    ...(marked.length === 0 || published.length === 0 ? (['log.missing'] as const) : []),
    ...(named.some((digest) => digest !== fileDigest) ? (['log.digest'] as const) : []),
  ]
}

function signedTree({ size, root, note }: SignedCheckpoint, log: LogIdentity): Tree | null {
  try {
    const signed = openCheckpoint(Buffer.from(note), log)
    return signed.size === size && signed.root.equals(root) ? signed : null
  } catch (error) {
    if (error instanceof NoteError) return null
    throw error
  }
}

/** `entry`: as its row makes it. */
async function placeProblems(store: LogStore, tree: Tree, index: number, entry: Buffer): Promise<LogProblem[]> {
  const stored = await unlessWrong(storedEntry(store, index, tree.size))
  const path = await unlessWrong(pathOf(store, index, tree.size))
  const leads = (bytes: Buffer | null) => bytes !== null && path !== null && leadsTo(tree, index, bytes, path)
  const isStored = stored?.equals(entry) === true
  if (leads(entry)) return isStored ? [] : ['log.entry']
  if (isStored) return ['log.tree']
  return leads(stored) ? ['log.row'] : ['log.entry', 'log.tree']
}

async function storedEntry(store: LogStore, index: number, size: number): Promise<Buffer | null> {
  const bundle = Math.floor(index / TILE_WIDTH)
  const width = Math.min(TILE_WIDTH, size - bundle * TILE_WIDTH)
  const { bytes } = await store.get(entriesPath(bundle, width))
  return decodeEntries(bytes, width)[index % TILE_WIDTH] ?? null
}

type Path = { leaf: Buffer; proof: readonly Buffer[] }

/** `leaf`: the tile's own, which no proof of it passes. */
async function pathOf(store: LogStore, index: number, size: number): Promise<Path> {
  const read = nodesOf(store, size)
  return { leaf: await read(0, index), proof: await inclusionProof(index, size, read) }
}

function leadsTo({ size, root }: Tree, index: number, entry: Buffer, { leaf, proof }: Path): boolean {
  return hashLeaf(entry).equals(leaf) && verifyInclusion(leaf, index, size, proof, root)
}

/** Null where the store has nothing there, or what is no bundle or tile. */
async function unlessWrong<T>(reading: Promise<T>): Promise<T | null> {
  try {
    return await reading
  } catch (error) {
    if (isFault(error, 'object_missing') || isFault(error, 'object_mismatch') || error instanceof RangeError)
      return null
    throw error
  }
}
