// Proofs of trees up to 1,000 leaves, at places that chance picks: the right one verifies, one that was changed anywhere does not.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  consistencyProof,
  inclusionProof,
  openRange,
  openTree,
  rangeProof,
  verifyConsistency,
  verifyInclusion,
} from '../../src/audit/merkle.ts'
import { at, flipped, memoryTree, refused, someLeaves, tamperedProofs } from './trees.ts'

const MOST = 1_000
const tree = memoryTree(someLeaves(MOST))
const leaf = (index: number): Buffer => at(tree.leaves, index)

const sizes = fc.integer({ min: 1, max: MOST })
const ranges = fc
  .tuple(sizes, fc.nat(MOST), fc.nat(MOST))
  .map(([size, a, b]) => ({ size, a: a % (size + 1), b: b % (size + 1) }))
  .map(({ size, a, b }): [first: number, end: number, size: number] => [Math.min(a, b), Math.max(a, b), size])
const bits = fc.nat(255)
const RUNS = { numRuns: 300 }

describe('a tree of up to 1,000 leaves', () => {
  it('proves what is in it, and nothing else', async () => {
    const places = sizes.chain((size) => fc.tuple(fc.constant(size), fc.nat(size - 1), fc.nat(size - 1), bits))
    const property = fc.asyncProperty(places, async ([size, index, other, bit]) => {
      const [hash, root] = [leaf(index), tree.root(size)]
      const proof = await inclusionProof(index, size, tree.read)
      assert.equal(verifyInclusion(hash, index, size, proof, root), true)
      for (const [what, tampered] of tamperedProofs(proof, bit))
        refused(verifyInclusion(hash, index, size, tampered, root), () => what)
      refused(verifyInclusion(flipped(hash, bit), index, size, proof, root), () => 'another leaf')
      refused(verifyInclusion(hash, index, size, proof, flipped(root, bit)), () => 'another root')
      refused(other !== index && verifyInclusion(hash, other, size, proof, root), () => `at ${other}`)
      refused(
        verifyInclusion(hash, index, size + 1, proof, tree.root(Math.min(size + 1, MOST))) && size < MOST,
        () => 'in the next tree',
      )
    })
    await fc.assert(property, RUNS)
  })

  it('proves that it grew from each tree before it, and from no other', async () => {
    const pairs = fc
      .tuple(sizes, sizes, sizes, bits)
      .map(([a, b, other, bit]): [number, number, number, number] => [Math.min(a, b), Math.max(a, b), other, bit])
    const property = fc.asyncProperty(pairs, async ([from, to, other, bit]) => {
      const [old, grown] = [tree.root(from), tree.root(to)]
      const proof = await consistencyProof(from, to, tree.read)
      assert.equal(verifyConsistency(from, old, to, grown, proof), true)
      for (const [what, tampered] of tamperedProofs(proof, bit))
        refused(verifyConsistency(from, old, to, grown, tampered), () => what)
      refused(verifyConsistency(from, flipped(old, bit), to, grown, proof), () => 'another first root')
      refused(verifyConsistency(from, old, to, flipped(grown, bit), proof), () => 'another second root')
      if (from === to || other === from || other === to) return
      refused(verifyConsistency(other, tree.root(other), to, grown, proof), () => `from ${other}`)
      refused(verifyConsistency(from, old, other, tree.root(other), proof), () => `to ${other}`)
    })
    await fc.assert(property, RUNS)
  })

  it('proves that a range is all of it, and no other', async () => {
    const property = fc.asyncProperty(ranges, bits, fc.nat(MOST), async ([first, end, size], bit, some) => {
      const root = tree.root(size)
      const leaves = tree.leaves.slice(first, end)
      const proof = await rangeProof(first, end, size, tree.read)
      const leads = (
        place: [number, number, number],
        hashes: readonly Buffer[],
        pushed: readonly Buffer[],
      ): boolean => {
        const range = openRange(...place, hashes)
        for (const hash of pushed) range.push(hash)
        return range.root()?.equals(root) ?? false
      }
      assert.equal(leads([first, end, size], proof, leaves), true)
      // A changed hash of the proof has been folded in before or after the leaves: each pushes them all again.
      for (const [what, tampered] of tamperedProofs(proof, bit).filter((_, i) => i % 4 === some % 4))
        refused(leads([first, end, size], tampered, leaves), () => what)
      refused(leads([first, end, size], proof, [...leaves, leaf(some % MOST)]), () => 'a leaf too many')
      if (leaves.length === 0) return
      const i = some % leaves.length
      refused(leads([first, end, size], proof, leaves.with(i, flipped(at(leaves, i), bit))), () => `leaf ${i} changed`)
      refused(leads([first, end, size], proof, leaves.toSpliced(i, 1)), () => `leaf ${i} dropped`)
      refused(leads([first, end, size], proof, leaves.toSpliced(i, 0, at(leaves, i))), () => `leaf ${i} doubled`)
      if (i + 1 < leaves.length)
        refused(
          leads([first, end, size], proof, leaves.toSpliced(i, 2, at(leaves, i + 1), at(leaves, i))),
          () => `leaf ${i} swapped`,
        )
      if (end < size) refused(leads([first + 1, end + 1, size], proof, leaves), () => 'a place too far right')
      if (first > 0) refused(leads([first - 1, end - 1, size], proof, leaves), () => 'a place too far left')
    })
    await fc.assert(property, { numRuns: 100 })
  })

  it('is the same however it was put together', () => {
    const property = fc.property(sizes, fc.nat(MOST), (size, stop) => {
      const some = openTree(0, [])
      const pause = Math.min(stop, size)
      for (let i = 0; i < pause; i++) some.push(leaf(i))
      const rest = openTree(pause, some.right())
      for (let i = pause; i < size; i++) rest.push(leaf(i))
      assert.deepEqual(rest.root(), tree.root(size))
    })
    fc.assert(property, { numRuns: 100 })
  })
})
