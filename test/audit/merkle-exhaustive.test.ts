// Every proof of every tree up to 130 leaves, past the seventh level: the right one verifies, and no other one does. The tree is hashed
// once. Each of the 383,306 range proofs is what the definition says; of the long ranges in trees between two powers of two, which
// would be hashed for most of the time, only those at either end are hashed.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  consistencyProof,
  EMPTY_ROOT,
  inclusionProof,
  openRange,
  rangeProof,
  rootOf,
  verifyConsistency,
  verifyInclusion,
} from '../../src/audit/merkle.ts'
import { at, flipped, memoryTree, refused, someLeaves, tamperedProofs } from './trees.ts'

const MOST = 130
const tree = memoryTree(someLeaves(MOST))
const roots = [EMPTY_ROOT, ...Array.from({ length: MOST }, (_, i) => tree.root(i + 1))]
const leaf = (index: number): Buffer => at(tree.leaves, index)
const root = (size: number): Buffer => at(roots, size)

/** Which side each sibling of a leaf's path is on: all that a size says in an inclusion proof beside the root. */
const sidesOf = (index: number, size: number): string => {
  if (size === 1) return ''
  const half = 2 ** (Math.ceil(Math.log2(size)) - 1)
  return index < half ? `${sidesOf(index, half)}r` : `${sidesOf(index - half, size - half)}l`
}

/** The hashes of a range proof by definition: the largest subtrees without a leaf of the range, left to right. */
const defined = (first: number, end: number, start: number, stop: number, into: Buffer[] = []): Buffer[] => {
  if (first === end || stop <= first || start >= end) into.push(tree.hash(start, stop))
  else if (start < first || end < stop) {
    const middle = start + 2 ** (Math.ceil(Math.log2(stop - start)) - 1)
    defined(first, end, start, middle, into)
    defined(first, end, middle, stop, into)
  }
  return into
}

const isSame = (a: readonly Buffer[], b: readonly Buffer[]): boolean =>
  a.length === b.length && a.every((hash, i) => hash.equals(at(b, i)))

const isHashed = (first: number, end: number, size: number): boolean =>
  size <= 64 || size === 128 || size === 129 || end - first <= 8 || first === 0 || end === size

const rootOfRange = (
  [first, end, size]: [first: number, end: number, size: number],
  proof: readonly Buffer[],
  leaves: readonly Buffer[] = tree.leaves.slice(first, end),
): Buffer | null => {
  const range = openRange(first, end, size, proof)
  for (const hash of leaves) range.push(hash)
  return range.root()
}

describe('every tree up to 130 leaves', () => {
  it('has the root that the definition gives', async () => {
    for (let size = 0; size <= MOST; size++)
      assert.deepEqual(await rootOf(size, tree.read), root(size), `${size} leaves`)
  })

  it('has an inclusion proof of each leaf, which verifies for no other leaf, place or root, and not when it is changed', async () => {
    for (let size = 1; size <= MOST; size++) {
      for (let index = 0; index < size; index++) {
        const proof = await inclusionProof(index, size, tree.read)
        const verifies = (hash = leaf(index), place = index, hashes = proof, under = root(size)): boolean =>
          verifyInclusion(hash, place, size, hashes, under)
        const about = `leaf ${index} of ${size}`
        assert.equal(verifies(), true, about)
        const bit = (31 * index + size) % 256
        for (const [what, tampered] of tamperedProofs(proof, bit))
          refused(verifies(leaf(index), index, tampered), () => `${about}: ${what}`)
        refused(verifies(flipped(leaf(index), bit)), () => `${about}: another leaf`)
        refused(verifies(leaf(index), index, proof, flipped(root(size), bit)), () => `${about}: another root`)
        for (let other = size % 3; other < size; other += 3)
          refused(other !== index && verifies(leaf(index), other), () => `${about} at ${other}`)
      }
    }
  })

  it('has inclusion proofs that verify with another size only under the same root, where the path to the leaf is the same', async () => {
    for (let size = 1; size <= MOST; size += 3) {
      for (let index = 0; index < size; index += 2) {
        const proof = await inclusionProof(index, size, tree.read)
        for (let other = index + 1; other <= MOST; other++) {
          if (other === size) continue
          const about = () => `leaf ${index} of ${size}, said to be of ${other}`
          refused(verifyInclusion(leaf(index), index, other, proof, root(other)), about)
          const same = sidesOf(index, other) === sidesOf(index, size)
          refused(verifyInclusion(leaf(index), index, other, proof, root(size)) !== same, about)
        }
      }
    }
  })

  it('has a consistency proof from each tree before it, which verifies for no other sizes and roots, and not when it is changed', async () => {
    for (let to = 1; to <= MOST; to++) {
      for (let from = 0; from <= to; from++) {
        const proof = await consistencyProof(from, to, tree.read)
        const about = `${from} in ${to}`
        assert.equal(verifyConsistency(from, root(from), to, root(to), proof), true, about)
        const bit = (31 * from + to) % 256
        for (const [what, tampered] of tamperedProofs(proof, bit))
          refused(verifyConsistency(from, root(from), to, root(to), tampered), () => `${about}: ${what}`)
        const [first, second] = [flipped(root(from), bit), flipped(root(to), bit)]
        refused(verifyConsistency(from, first, to, root(to), proof), () => `${about}: another first root`)
        // From the empty tree there is nothing to contradict.
        if (from === 0) continue
        refused(verifyConsistency(from, root(from), to, second, proof), () => `${about}: another second root`)
        if (from === to) continue
        for (let other = to % 3; other <= MOST; other += 3) {
          const [isFirst, isSecond] = [other === from, other === to]
          refused(
            !isFirst && verifyConsistency(other, root(other), to, root(to), proof),
            () => `${about}, from ${other}`,
          )
          refused(
            !isSecond && verifyConsistency(from, root(from), other, root(other), proof),
            () => `${about}, to ${other}`,
          )
        }
      }
    }
  })

  it('has the range proof of each range that the definition gives, at most two hashes a level, and it leads to the root', async () => {
    let ranges = 0
    for (let size = 0; size <= MOST; size++) {
      for (let first = 0; first <= size; first++) {
        for (let end = first; end <= size; end++) {
          const about = `leaves ${first} to ${end} of ${size}`
          const proof = await rangeProof(first, end, size, tree.read)
          refused(proof.length > 2 * Math.ceil(Math.log2(size + 1)), () => `${about}: ${proof.length} hashes`)
          refused(size > 0 && !isSame(proof, defined(first, end, 0, size)), () => `${about}: another proof`)
          if (isHashed(first, end, size))
            refused(!rootOfRange([first, end, size], proof)?.equals(root(size)), () => `${about}: another root`)
          ranges++
        }
      }
    }
    assert.equal(ranges, 383_306)
  })

  it('has range proofs that lead to no root, or another, when they are changed, and so do other leaves and places', async () => {
    for (let size = 1; size <= 24; size++) {
      for (let first = 0; first <= size; first++) {
        for (let end = first; end <= size; end++) {
          const proof = await rangeProof(first, end, size, tree.read)
          const leaves = tree.leaves.slice(first, end)
          const refuse = (led: Buffer | null, what: string, under = root(size)): void =>
            refused(led?.equals(under) ?? false, () => `leaves ${first} to ${end} of ${size}: ${what}`)
          const bit = (31 * first + 7 * end + size) % 256
          for (const [what, tampered] of tamperedProofs(proof, bit))
            refuse(rootOfRange([first, end, size], tampered), what)
          const more = rootOfRange([first, end, size], proof, [...leaves, leaf(MOST - 1)])
          assert.equal(more, null, 'a leaf too many')
          if (first === end) continue
          assert.equal(rootOfRange([first, end, size], proof, leaves.slice(1)), null, 'a leaf too few')
          for (const [i, hash] of leaves.entries()) {
            refuse(
              rootOfRange([first, end, size], proof, leaves.with(i, flipped(hash, bit))),
              `leaf ${i} of it changed`,
            )
            const next = leaves[i + 1]
            if (next !== undefined)
              refuse(
                rootOfRange([first, end, size], proof, leaves.toSpliced(i, 2, next, hash)),
                `leaf ${i} of it swapped`,
              )
          }
          // The same leaves elsewhere, and in another tree.
          if (end < size) refuse(rootOfRange([first + 1, end + 1, size], proof, leaves), 'a place too far right')
          if (first > 0) refuse(rootOfRange([first - 1, end - 1, size], proof, leaves), 'a place too far left')
          refuse(rootOfRange([first, end, size + 1], proof), 'a tree of one more', root(size + 1))
          if (end < size) refuse(rootOfRange([first, end, size - 1], proof), 'a tree of one less', root(size - 1))
        }
      }
    }
  })
})
