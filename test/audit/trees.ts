// Trees for tests, each hashed once by the definition in RFC 6962: a subtree's hash is that of its two halves.
import assert from 'node:assert/strict'
import { hashChildren, hashLeaf, type ReadNode } from '../../src/audit/merkle.ts'

export interface MemoryTree {
  leaves: Buffer[]
  /** The root of the first `size` leaves, from the levels of the whole tree. */
  root(size: number): Buffer
  /** MTH(D[start:end]) of a subtree: its start is a multiple of the power of two that it splits at. */
  hash(start: number, end: number): Buffer
  read: ReadNode
}

/** The hashes of made-up entries, leaf i of "leaf i". */
export const someLeaves = (count: number): Buffer[] =>
  Array.from({ length: count }, (_, i) => hashLeaf(Buffer.from(`leaf ${i}`)))

/** What is not in the list; it fails the test. */
export const at = <T>(list: readonly T[], index: number): T => {
  const item = list[index]
  assert(item !== undefined, `no item ${index} of ${list.length}`)
  return item
}

export const memoryTree = (leaves: Buffer[]): MemoryTree => {
  const levels = [leaves]
  for (let below = leaves; below.length > 1; ) {
    below = Array.from({ length: Math.floor(below.length / 2) }, (_, i) =>
      hashChildren(at(below, 2 * i), at(below, 2 * i + 1)),
    )
    levels.push(below)
  }
  const known = new Map<number, Buffer>()
  const hashOf = (start: number, end: number): Buffer => {
    const level = levels.findIndex((_, i) => 2 ** i === end - start)
    if (level >= 0) return at(at(levels, level), start / 2 ** level)
    const key = start * (leaves.length + 1) + end
    const middle = start + 2 ** Math.floor(Math.log2(end - start))
    const hash = known.get(key) ?? hashChildren(hashOf(start, middle), hashOf(middle, end))
    known.set(key, hash)
    return hash
  }
  return {
    leaves,
    root: (size) => hashOf(0, size),
    hash: hashOf,
    read: (level, index) => Promise.resolve(at(at(levels, level), index)),
  }
}

/** Fails when it is true; says what of only then, since it is asked a million times. */
export const refused = (verified: boolean, what: () => string): void => {
  if (verified) assert.fail(what())
}

/** Of a proof, each like it that must not verify: one bit changed in each hash, one dropped, added or doubled, two neighbours swapped. */
export const tamperedProofs = (proof: readonly Buffer[], bit = 0): [what: string, proof: Buffer[]][] => {
  const stranger = Buffer.alloc(32, 0xa5)
  const each = proof.flatMap((hash, i): [string, Buffer[]][] => {
    const next = proof[i + 1]
    const changed = flipped(hash, bit)
    return [
      [`bit ${bit} of hash ${i} changed`, proof.with(i, changed)],
      [`hash ${i} dropped`, proof.toSpliced(i, 1)],
      [`a hash added before hash ${i}`, proof.toSpliced(i, 0, stranger)],
      [`hash ${i} doubled`, proof.toSpliced(i, 0, hash)],
      [`a byte cut from hash ${i}`, proof.with(i, hash.subarray(1))],
      ...(next === undefined || next.equals(hash)
        ? []
        : [[`hashes ${i} and ${i + 1} swapped`, proof.toSpliced(i, 2, next, hash)] satisfies [string, Buffer[]]]),
    ]
  })
  return [...each, ['a hash added at the end', [...proof, stranger]]]
}

export const flipped = (bytes: Buffer, bit: number): Buffer => {
  const changed = Buffer.from(bytes)
  const byte = Math.floor(bit / 8) % bytes.length
  changed[byte] = at([...changed], byte) ^ (1 << (bit % 8))
  return changed
}
