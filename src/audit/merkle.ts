// The Merkle tree of the log over SHA-256, as RFC 6962 section 2.1 and RFC 9162 sections 2.1.3 and 2.1.4 define it. Pure: nodes are
// read by a function, sizes and indices are safe integers, and a tree of n leaves splits at the largest power of two below n.
// What makes proofs throws a RangeError for a place outside the tree. What checks them takes whatever a stranger sends: it answers
// false or null, never throws, and takes time and memory that grow with the logarithm of the size.
import assert from 'node:assert/strict'
import { createHash, hash as hashOnce } from 'node:crypto'

export const HASH_BYTES = 32

const LEAF = Uint8Array.of(0)
// 1 ‖ left ‖ right, filled anew for each hash: with one call and no stream, an export of a million leaves is checked in half the time.
const parent = Buffer.alloc(1 + 2 * HASH_BYTES, 1)

export function hashLeaf(entry: Uint8Array): Buffer {
  return createHash('sha256').update(LEAF).update(entry).digest()
}

/** Throws a RangeError unless both are hashes of 32 bytes. */
export function hashChildren(left: Uint8Array, right: Uint8Array): Buffer {
  demand(isHash(left) && isHash(right), 'a node has two children, which are hashes of 32 bytes')
  parent.set(left, 1)
  parent.set(right, 1 + HASH_BYTES)
  return Buffer.from(hashOnce('sha256', parent, 'binary'), 'binary')
}

export const EMPTY_ROOT: Buffer = createHash('sha256').digest()

/** The hash of the complete subtree of 2^level leaves at that index: leaves [index × 2^level, (index + 1) × 2^level). */
export type ReadNode = (level: number, index: number) => Promise<Buffer>

/** The leaves under a subtree. */
type Leaves = readonly [start: number, end: number]

/** The root of the first `size` leaves. */
export async function rootOf(size: number, read: ReadNode): Promise<Buffer> {
  demand(isSize(size), `a tree cannot have ${size} leaves`)
  return size === 0 ? EMPTY_ROOT : subtreeHash(0, size, read)
}

/** RFC 6962 section 2.1.1, PATH(index, D[size]): from the leaf's sibling up to a child of the root. */
export async function inclusionProof(index: number, size: number, read: ReadNode): Promise<Buffer[]> {
  demand(isSize(size) && isSize(index) && index < size, `a tree of ${size} leaves has no leaf ${index}`)
  return hashesOf(siblingsOf(index, size).reverse(), read)
}

/** RFC 6962 section 2.1.2, PROOF(from, D[to]). Empty between equal sizes and from the empty tree, which need no proof. */
export async function consistencyProof(from: number, to: number, read: ReadNode): Promise<Buffer[]> {
  demand(isSize(from) && isSize(to) && from <= to, `a tree of ${from} leaves is not the beginning of one of ${to}`)
  if (from === 0 || from === to) return []
  const proof: Leaves[] = []
  let [start, end] = [0, to]
  while (end !== from) {
    const middle = start + splitOf(end - start)
    if (from <= middle) {
      proof.push([middle, end])
      end = middle
    } else {
      proof.push([start, middle])
      start = middle
    }
  }
  // The verifier has the root of a subtree that is the whole first tree.
  if (start > 0) proof.push([start, end])
  return hashesOf(proof.reverse(), read)
}

/**
 * The fewest subtree hashes with which the hashes of leaves [first, end) lead to the root of `size` leaves, in the order of their
 * leaves, left to right: first the complete subtrees of [0, first), largest first, then the right siblings on the path from leaf
 * end − 1 up to the root, lowest first. At most 2 × log2(size) of them. Of an empty range of a tree with leaves: its root alone.
 */
export async function rangeProof(first: number, end: number, size: number, read: ReadNode): Promise<Buffer[]> {
  const inside = isSize(size) && isSize(first) && isSize(end) && first <= end && end <= size
  demand(inside, `a tree of ${size} leaves has no leaves from ${first} up to ${end}`)
  if (first === end) return hashesOf(size === 0 ? [] : [[0, size]], read)
  const left = siblingsOf(first, size).filter(([, stop]) => stop <= first)
  const right = siblingsOf(end - 1, size).filter(([start]) => start >= end)
  return hashesOf([...left, ...right.reverse()], read)
}

export interface Tree {
  readonly size: number
  push(leafHash: Uint8Array): void
  root(): Buffer
  /** The roots of the complete subtrees that make up the tree, from the largest to the smallest. */
  right(): Buffer[]
}

/** An append-only tree that keeps only the roots of its complete subtrees: `right`, one for each bit of `size`, largest first. */
export function openTree(size: number, right: readonly Uint8Array[]): Tree {
  demand(
    isSize(size) && right.length === bitsOf(size),
    `${right.length} subtrees do not make up a tree of ${size} leaves`,
  )
  demand(right.every(isHash), 'a subtree has no hash of 32 bytes')
  const roots: Buffer[] = right.map((root) => Buffer.from(root))
  let leaves = size
  return {
    get size() {
      return leaves
    },
    push: (leafHash) => {
      demand(isHash(leafHash), 'a leaf has no hash of 32 bytes')
      let hash: Buffer = Buffer.from(leafHash)
      for (let rest = leaves; rest % 2 === 1; rest = half(rest)) {
        const left = roots.pop()
        assert(left, 'a tree has a complete subtree for each bit of its size')
        hash = hashChildren(left, hash)
      }
      roots.push(hash)
      leaves += 1
    },
    root: () =>
      roots.reduceRight<Buffer | null>((right, left) => (right ? hashChildren(left, right) : left), null) ?? EMPTY_ROOT,
    right: () => [...roots],
  }
}

/** RFC 9162 section 2.1.3.2: whether the leaf with that hash is at `index` in the tree of `size` leaves under `root`. */
export function verifyInclusion(
  leafHash: Uint8Array,
  index: number,
  size: number,
  proof: readonly Uint8Array[],
  root: Uint8Array,
): boolean {
  if (!isSize(size) || !isSize(index) || index >= size || ![leafHash, root, ...proof].every(isHash)) return false
  let hash: Buffer = Buffer.from(leafHash)
  let [node, last] = [index, size - 1]
  for (const sibling of proof) {
    if (last === 0) return false
    const isRight = node % 2 === 1 || node === last
    hash = isRight ? hashChildren(sibling, hash) : hashChildren(hash, sibling)
    // The last node of a level without a sibling rises as it is.
    if (isRight) [node, last] = rise(node, last)
    ;[node, last] = [half(node), half(last)]
  }
  return last === 0 && hash.equals(root)
}

/** RFC 9162 section 2.1.4.2: whether the tree of `from` leaves under `fromRoot` is the beginning of the tree of `to` leaves. */
export function verifyConsistency(
  from: number,
  fromRoot: Uint8Array,
  to: number,
  toRoot: Uint8Array,
  proof: readonly Uint8Array[],
): boolean {
  if (!isSize(from) || !isSize(to) || from > to || ![fromRoot, toRoot, ...proof].every(isHash)) return false
  if (to === 0 && !EMPTY_ROOT.equals(toRoot)) return false
  if (from === to) return proof.length === 0 && Buffer.from(fromRoot).equals(toRoot)
  if (from === 0) return proof.length === 0 && EMPTY_ROOT.equals(fromRoot)
  // The largest subtree that both trees have whole at their common edge; where it is all of the first tree, the proof omits it.
  let [node, last] = [from - 1, to - 1]
  while (node % 2 === 1) [node, last] = [half(node), half(last)]
  const [shared, ...rest] = node === 0 ? [fromRoot, ...proof] : proof
  if (shared === undefined) return false
  let [old, grown]: [Buffer, Buffer] = [Buffer.from(shared), Buffer.from(shared)]
  for (const sibling of rest) {
    if (last === 0) return false
    if (node % 2 === 1 || node === last) {
      old = hashChildren(sibling, old)
      grown = hashChildren(sibling, grown)
      ;[node, last] = rise(node, last)
    } else {
      grown = hashChildren(grown, sibling)
    }
    ;[node, last] = [half(node), half(last)]
  }
  return last === 0 && old.equals(fromRoot) && grown.equals(toRoot)
}

export interface RangeVerifier {
  push(leafHash: Uint8Array): void
  /** The root that the leaves pushed and the proof lead to; null when there are not exactly the leaves and hashes that it takes. */
  root(): Buffer | null
}

/** Checks a `rangeProof` leaf by leaf: push the hashes of leaves [first, end) in order, then compare `root()` with the checkpoint's. */
export function openRange(first: number, end: number, size: number, proof: readonly Uint8Array[]): RangeVerifier {
  const inside = isSize(size) && isSize(first) && isSize(end) && first <= end && end <= size
  if (!inside || !proof.every(isHash)) return { push: () => {}, root: () => null }
  if (first === end) return openEmptyRange(size, proof)
  const lefts = bitsOf(first)
  if (proof.length < lefts) return { push: () => {}, root: () => null }
  const tree = openTree(first, proof.slice(0, lefts))
  let whole = true
  return {
    push: (leafHash) => {
      whole &&= isHash(leafHash)
      if (whole) tree.push(leafHash)
    },
    root: () => (whole && tree.size === end ? closeRange(tree.right(), end, size, proof.slice(lefts)) : null),
  }
}

function openEmptyRange(size: number, proof: readonly Uint8Array[]): RangeVerifier {
  let whole = proof.length === (size === 0 ? 0 : 1)
  const [root = EMPTY_ROOT] = proof
  return {
    push: () => {
      whole = false
    },
    root: () => (whole ? Buffer.from(root) : null),
  }
}

/** The root of `size` leaves from the complete subtrees of the first `end` of them and the siblings right of those, lowest first. */
function closeRange(left: readonly Buffer[], end: number, size: number, right: readonly Uint8Array[]): Buffer | null {
  const lefts = [...left]
  const rights: Buffer[] = right.map((hash) => Buffer.from(hash))
  const hashOf = (start: number, stop: number): Buffer | null => {
    if (start >= end) return rights.shift() ?? null
    if (stop <= end && levelOf(stop - start) !== null) return lefts.shift() ?? null
    const middle = start + splitOf(stop - start)
    const a = hashOf(start, middle)
    const b = a && hashOf(middle, stop)
    return a && b && hashChildren(a, b)
  }
  const root = hashOf(0, size)
  return rights.length === 0 ? root : null
}

function isSize(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0
}

function isHash(hash: Uint8Array): boolean {
  return hash.length === HASH_BYTES
}

function half(value: number): number {
  return Math.floor(value / 2)
}

/** Up to the level where the last node of a level is a right child, or the root. */
function rise(node: number, last: number): [node: number, last: number] {
  let [up, end] = [node, last]
  while (up % 2 === 0 && up > 0) [up, end] = [half(up), half(end)]
  return [up, end]
}

/** How many complete subtrees make up so many leaves. */
function bitsOf(leaves: number): number {
  let bits = 0
  for (let rest = leaves; rest > 0; rest = half(rest)) bits += rest % 2
  return bits
}

/** Where a subtree of two leaves or more splits: at the largest power of two below its leaves. */
function splitOf(leaves: number): number {
  let power = 1
  while (power * 2 < leaves) power *= 2
  return power
}

/** The level of a complete subtree of so many leaves; null when they are no power of two. */
function levelOf(leaves: number): number | null {
  let level = 0
  while (2 ** level < leaves) level++
  return 2 ** level === leaves ? level : null
}

/** The ranges of leaves under the siblings of the path to a leaf, from the root's child down to the leaf's own sibling. */
function siblingsOf(index: number, size: number): Leaves[] {
  const siblings: Leaves[] = []
  let [start, end] = [0, size]
  while (end - start > 1) {
    const middle = start + splitOf(end - start)
    if (index < middle) {
      siblings.push([middle, end])
      end = middle
    } else {
      siblings.push([start, middle])
      start = middle
    }
  }
  return siblings
}

function hashesOf(subtrees: readonly Leaves[], read: ReadNode): Promise<Buffer[]> {
  return Promise.all(subtrees.map(([start, end]) => subtreeHash(start, end, read)))
}

/** MTH(D[start:end]) of a subtree, whose start is a multiple of the least power of two that is not below its leaves. */
function subtreeHash(start: number, end: number, read: ReadNode): Promise<Buffer> {
  const leaves = end - start
  const level = levelOf(leaves)
  if (level !== null) return read(level, start / leaves)
  const middle = start + splitOf(leaves)
  const halves = [subtreeHash(start, middle, read), subtreeHash(middle, end, read)] as const
  return Promise.all(halves).then(([left, right]) => hashChildren(left, right))
}

function demand(holds: boolean, message: string): void {
  if (!holds) throw new RangeError(message)
}
