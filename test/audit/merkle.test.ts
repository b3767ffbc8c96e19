// The tree against published vectors, its accumulator, and what it does with places and proofs that nobody should believe.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import {
  consistencyProof,
  EMPTY_ROOT,
  hashChildren,
  hashLeaf,
  inclusionProof,
  openRange,
  openTree,
  rangeProof,
  rootOf,
  verifyConsistency,
  verifyInclusion,
} from '../../src/audit/merkle.ts'
import { at, memoryTree, someLeaves } from './trees.ts'

type Golden = {
  leaves: string[]
  leafHashes: string[]
  empty: string
  roots: string[]
  inclusion: { index: number; size: number; proof: string[] }[]
  consistency: { from: number; to: number; proof: string[] }[]
}
const file = new URL('../goldens/log-vectors.json', import.meta.url)
const golden: Golden = JSON.parse(readFileSync(file, 'utf8')).rfc6962

const hex = (hashes: readonly Buffer[]): string[] => hashes.map((hash) => hash.toString('hex'))
const entries = golden.leaves.map((leaf) => Buffer.from(leaf, 'hex'))
const published = memoryTree(entries.map(hashLeaf))
const rootAt = (size: number): Buffer => (size === 0 ? EMPTY_ROOT : Buffer.from(at(golden.roots, size - 1), 'hex'))

const HOSTILE = [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, -(2 ** 53)]
const LARGEST = Number.MAX_SAFE_INTEGER

describe("the tree of certificate transparency's eight leaves", () => {
  it('has the published leaf hashes and roots, at once and leaf by leaf', async () => {
    assert.equal(EMPTY_ROOT.toString('hex'), golden.empty)
    assert.deepEqual(hex(published.leaves), golden.leafHashes)
    const tree = openTree(0, [])
    for (const [i, leaf] of published.leaves.entries()) {
      tree.push(leaf)
      assert.equal(tree.root().toString('hex'), golden.roots[i])
      assert.equal((await rootOf(i + 1, published.read)).toString('hex'), golden.roots[i])
    }
    assert.equal((await rootOf(0, published.read)).toString('hex'), golden.empty)
  })

  it('has the published inclusion proofs, and they verify', async () => {
    for (const { index, size, proof } of golden.inclusion) {
      const made = await inclusionProof(index, size, published.read)
      assert.deepEqual(hex(made), proof, `leaf ${index} of ${size}`)
      assert.equal(verifyInclusion(at(published.leaves, index), index, size, made, rootAt(size)), true)
    }
  })

  it('has the published consistency proofs, and they verify', async () => {
    for (const { from, to, proof } of golden.consistency) {
      const made = await consistencyProof(from, to, published.read)
      assert.deepEqual(hex(made), proof, `${from} in ${to}`)
      assert.equal(verifyConsistency(from, rootAt(from), to, rootAt(to), made), true)
    }
  })

  it('has a range proof of the hashes left and right of the range, in the order of their leaves', async () => {
    const node = (level: number, index: number) => published.read(level, index)
    assert.deepEqual(await rangeProof(3, 5, 8, published.read), [
      await node(1, 0),
      await node(0, 2),
      await node(0, 5),
      await node(1, 3),
    ])
    assert.deepEqual(await rangeProof(0, 8, 8, published.read), [])
    // What is right of leaf 3 in a tree of seven is one subtree that is not complete.
    assert.deepEqual(await rangeProof(0, 4, 7, published.read), [hashChildren(await node(1, 2), await node(0, 6))])
    assert.deepEqual(await rangeProof(2, 2, 7, published.read), [rootAt(7)])
  })
})

describe('the accumulator', () => {
  const leaves = someLeaves(300)
  const whole = memoryTree(leaves)

  it('goes on from its complete subtrees as if it had never stopped', () => {
    const tree = openTree(0, [])
    for (const [i, leaf] of leaves.entries()) {
      const again = openTree(i, tree.right())
      tree.push(leaf)
      again.push(leaf)
      assert.equal(again.size, i + 1)
      assert.deepEqual(again.root(), tree.root())
      assert.deepEqual(tree.root(), whole.root(i + 1), `${i + 1} leaves`)
    }
  })

  it('keeps no hold on the hashes it was given, and gives none on its own', () => {
    const [first, second] = [Buffer.from(at(leaves, 0)), Buffer.from(at(leaves, 0))]
    const [pushed, opened] = [openTree(0, []), openTree(1, [second])]
    pushed.push(first)
    for (const given of [first, second]) given.fill(0)
    for (const tree of [pushed, opened]) {
      tree.right().pop()
      assert.deepEqual(tree.root(), at(leaves, 0))
    }
  })

  it('does not open on subtrees that do not make up its size', () => {
    const hash = at(leaves, 0)
    assert.throws(() => openTree(3, [hash]), /1 subtrees do not make up a tree of 3 leaves/)
    assert.throws(() => openTree(0, [hash]), RangeError)
    assert.throws(() => openTree(1, [hash.subarray(1)]), /no hash of 32 bytes/)
    assert.throws(() => openTree(0, []).push(hash.subarray(1)), /no hash of 32 bytes/)
    assert.throws(() => hashChildren(hash, hash.subarray(1)), /two children, which are hashes of 32 bytes/)
    assert.throws(() => hashChildren(Buffer.alloc(33), hash), RangeError)
    for (const size of HOSTILE) assert.throws(() => openTree(size, [hash]), RangeError, `${size}`)
  })
})

describe('a place outside the tree', () => {
  const { read } = memoryTree(someLeaves(8))

  it('has no proof, and the error names it', async () => {
    await assert.rejects(inclusionProof(8, 8, read), {
      name: 'RangeError',
      message: 'a tree of 8 leaves has no leaf 8',
    })
    await assert.rejects(consistencyProof(9, 8, read), /a tree of 9 leaves is not the beginning of one of 8/)
    await assert.rejects(rangeProof(5, 4, 8, read), /has no leaves from 5 up to 4/)
    await assert.rejects(rangeProof(5, 9, 8, read), /has no leaves from 5 up to 9/)
    for (const bad of HOSTILE) {
      await assert.rejects(rootOf(bad, read), RangeError)
      await assert.rejects(inclusionProof(bad, 8, read), RangeError)
      await assert.rejects(inclusionProof(0, bad, read), RangeError)
      await assert.rejects(consistencyProof(bad, 8, read), RangeError)
      await assert.rejects(consistencyProof(0, bad, read), RangeError)
      await assert.rejects(rangeProof(bad, 8, 8, read), RangeError)
      await assert.rejects(rangeProof(0, bad, 8, read), RangeError)
      await assert.rejects(rangeProof(0, 0, bad, read), RangeError)
    }
  })

  it('does not verify, whatever number is said to be one', () => {
    const [hash, other] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)]
    for (const bad of HOSTILE) {
      assert.equal(verifyInclusion(hash, bad, 8, [hash], hash), false)
      assert.equal(verifyInclusion(hash, 0, bad, [], hash), false)
      assert.equal(verifyConsistency(bad, hash, 8, hash, [hash]), false)
      assert.equal(verifyConsistency(1, hash, bad, hash, [hash]), false)
      assert.equal(verifyConsistency(bad, hash, bad, hash, []), false)
      for (const range of [openRange(bad, 1, 8, []), openRange(0, bad, 8, []), openRange(0, 0, bad, [hash])]) {
        range.push(hash)
        assert.equal(range.root(), null)
      }
    }
    assert.equal(verifyInclusion(hash, 1, 1, [], hash), false)
    assert.equal(verifyInclusion(hash, 0, 0, [], hash), false)
    assert.equal(verifyConsistency(2, hash, 1, hash, []), false)
    assert.equal(verifyConsistency(2, hash, 1, other, []), false)
  })

  it('does not verify under a root that was made for a proof of another length', () => {
    const [a = EMPTY_ROOT, b = a, c = a, d = a] = someLeaves(4)
    const [ab, stranger] = [hashChildren(a, b), Buffer.alloc(32, 7)]
    assert.equal(verifyInclusion(b, 0, 1, [a], ab), false)
    assert.equal(verifyInclusion(a, 0, 4, [b], ab), false)
    assert.equal(verifyConsistency(1, a, 4, ab, [b]), false)
    const [three, four] = [hashChildren(ab, c), hashChildren(ab, hashChildren(c, d))]
    assert.equal(verifyConsistency(3, three, 4, four, [c, d, ab]), true)
    const [from, to] = [hashChildren(stranger, three), hashChildren(stranger, four)]
    assert.equal(verifyConsistency(3, from, 4, to, [c, d, ab, stranger]), false)
  })

  it('takes no leaf that is not a hash', () => {
    const [a = EMPTY_ROOT, b = a] = someLeaves(2)
    for (const wrong of [a.subarray(1), Buffer.alloc(33), Buffer.alloc(0)]) {
      const range = openRange(0, 2, 2, [])
      for (const leaf of [a, wrong, b]) range.push(leaf)
      assert.equal(range.root(), null)
    }
  })

  it('takes no longer because it is far away', () => {
    const hash = Buffer.alloc(32, 1)
    const many = Array.from({ length: 10_000 }, () => hash)
    const ranges = [openRange(LARGEST - 1, LARGEST, LARGEST, many), openRange(0, LARGEST, LARGEST, [])]
    for (const range of ranges) {
      range.push(hash)
      assert.equal(range.root(), null)
    }
    assert.equal(verifyInclusion(hash, LARGEST - 1, LARGEST, many, hash), false)
    assert.equal(verifyConsistency(LARGEST - 1, hash, LARGEST, hash, many), false)
  })

  it('is reached in the largest tree there is', async () => {
    // A tree of equal leaves: each level has one hash.
    const levels = [hashLeaf(Buffer.from('same'))]
    for (let level = 0; level < 53; level++) levels.push(hashChildren(at(levels, level), at(levels, level)))
    const read = async (level: number): Promise<Buffer> => at(levels, level)
    const root = await rootOf(LARGEST, read)
    const proof = await inclusionProof(LARGEST - 1, LARGEST, read)
    assert.equal(proof.length, 52)
    assert.equal(verifyInclusion(at(levels, 0), LARGEST - 1, LARGEST, proof, root), true)
    const beyond = levels.slice(0, 53)
    assert.equal(verifyInclusion(at(levels, 0), 0, 2 ** 53, beyond, at(levels, 53)), false)
    assert.equal(verifyConsistency(2 ** 52, at(levels, 52), 2 ** 53, at(levels, 53), [at(levels, 52)]), false)
    const [half, grown] = [2 ** 52 + 1, await consistencyProof(2 ** 52 + 1, LARGEST, read)]
    assert.equal(verifyConsistency(half, await rootOf(half, read), LARGEST, root, grown), true)
    const range = openRange(
      LARGEST - 3,
      LARGEST - 1,
      LARGEST,
      await rangeProof(LARGEST - 3, LARGEST - 1, LARGEST, read),
    )
    for (let i = 0; i < 2; i++) range.push(at(levels, 0))
    assert.deepEqual(range.root(), root)
  })
})

describe('the empty tree', () => {
  const tree = memoryTree(someLeaves(5))

  it('is the beginning of every tree, under its own root alone', () => {
    assert.equal(verifyConsistency(0, EMPTY_ROOT, 5, tree.root(5), []), true)
    assert.equal(verifyConsistency(0, EMPTY_ROOT, 0, EMPTY_ROOT, []), true)
    assert.equal(verifyConsistency(0, tree.root(1), 5, tree.root(5), []), false)
    assert.equal(verifyConsistency(0, EMPTY_ROOT, 5, tree.root(5), [tree.root(5)]), false)
    assert.equal(verifyConsistency(0, tree.root(1), 0, tree.root(1), []), false)
  })

  it('has an empty range, which takes no leaf and no hash', () => {
    assert.deepEqual(openRange(0, 0, 0, []).root(), EMPTY_ROOT)
    assert.equal(openRange(0, 0, 0, [EMPTY_ROOT]).root(), null)
    const range = openRange(0, 0, 0, [])
    range.push(at(tree.leaves, 0))
    assert.equal(range.root(), null)
  })
})
