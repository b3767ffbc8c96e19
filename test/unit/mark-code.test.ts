import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { CODED_BITS, decodeSoft, encodeMarkId, MARK_ID_BITS } from '../../src/mark/watermark/code.ts'
import { seeded } from '../mark/pictures.ts'

const markIds = fc.integer({ min: 0, max: 2 ** MARK_ID_BITS - 1 })
const softOf = (word: Uint8Array, size = 1) => Float64Array.from(word, (bit) => (bit === 1 ? size : -size))

describe('the code of the mark', () => {
  it('gives back every payload from its own code word', () => {
    fc.assert(
      fc.property(markIds, (markId) => {
        assert.deepEqual(decodeSoft(softOf(encodeMarkId(markId))), { markId, agreement: 1, flips: 0 })
      }),
      { numRuns: 60 },
    )
  })

  it('is linear, and no code word but zero has fewer than 29 ones', () => {
    fc.assert(
      fc.property(markIds, markIds, (a, b) => {
        const both = Number(BigInt(a) ^ BigInt(b))
        const sum = encodeMarkId(a).map((bit, i) => bit ^ (encodeMarkId(b)[i] ?? 0))
        assert.deepEqual(sum, encodeMarkId(both))
        if (both !== 0) assert.ok(sum.filter((bit) => bit === 1).length >= 29)
      }),
      { numRuns: 300 },
    )
  })

  it('corrects any 14 flipped bits, and more of them when they were the doubtful ones', () => {
    const random = seeded(5)
    for (let trial = 0; trial < 40; trial++) {
      const markId = Math.floor(random() * 2 ** MARK_ID_BITS)
      for (const [flips, size] of [
        [14, 0.9],
        [30, 0.2],
      ] as const) {
        const soft = softOf(encodeMarkId(markId))
        const positions = [...soft.keys()].sort(() => random() - 0.5).slice(0, flips)
        for (const at of positions) soft[at] = (soft[at] ?? 0) * -size
        assert.equal(decodeSoft(soft).markId, markId, `${flips} flips of size ${size}`)
      }
    }
  })

  it('agrees with noise far less than with a word it should believe', () => {
    const random = seeded(9)
    let highest = 0
    for (let trial = 0; trial < 60; trial++) {
      const noise = Float64Array.from({ length: CODED_BITS }, () => random() + random() + random() - 1.5)
      highest = Math.max(highest, decodeSoft(noise).agreement)
    }
    assert.ok(highest < 0.92, `noise agreed ${highest}`)
  })

  it('refuses payloads outside its range and words of another length', () => {
    for (const markId of [-1, 0.5, 2 ** MARK_ID_BITS, Number.NaN]) assert.throws(() => encodeMarkId(markId), RangeError)
    assert.throws(() => decodeSoft(new Float64Array(7)), RangeError)
  })
})
