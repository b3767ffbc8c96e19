// The perceptual fingerprint: near for the same picture, far for another, and compared the right way up.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fingerprintDistance, fingerprintOf, uprightCopy } from '../../src/mark/fingerprint.ts'
import { cartoon, imageOf, pixelsOf, textured } from './pictures.ts'

describe('the fingerprint', () => {
  it('stays close over re-encoding and far between pictures', async () => {
    const [a, b] = [await cartoon(60), await cartoon(61)]
    const copy = await pixelsOf(await imageOf(a).resize(200).jpeg({ quality: 40 }).toBuffer())
    assert.ok((fingerprintDistance(fingerprintOf(a), fingerprintOf(copy)) ?? 64) <= 8)
    assert.ok((fingerprintDistance(fingerprintOf(a), fingerprintOf(b)) ?? 0) > 14)
    assert.equal(fingerprintDistance('x', fingerprintOf(a)), null)
  })

  it('is compared upright: flips and turns are undone exactly', async () => {
    const drawn = await textured(4, 96)
    const mirrored = await pixelsOf(await imageOf(drawn).flop().png().toBuffer())
    const turned = await pixelsOf(await imageOf(mirrored).rotate(90).png().toBuffer())
    assert.deepEqual(uprightCopy(turned, true, 1), drawn)
  })
})
