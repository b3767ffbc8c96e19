// The perceptual fingerprint: near for the same picture, far for another, weak for what is too plain, and compared the right way up.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CLOSE_BITS, fingerprintDistance, fingerprintOf, NEAR_BITS } from '../../src/mark/fingerprint.ts'
import { formerFingerprintOf } from '../../src/mark/former-fingerprint.ts'
import { uprightCopy } from '../../src/mark/upright.ts'
import { ATTACKS, cartoon, type Drawn, imageOf, pixelsOf, seeded, textured } from './pictures.ts'

const hexOf = (drawn: Drawn) => fingerprintOf(drawn).hex
const KEPT = ['JPEG 90', 'JPEG 70', 'JPEG 50', 'WebP 70', 'blur σ 1', 'resize to 75 %', 'resize to 200 %']

/** 128×128 of `level` at each place, with noise of so many levels to either side. */
function plain(level: (x: number, y: number) => number, noise: number): Drawn {
  const random = seeded(7)
  const side = 128
  const rgb = Uint8Array.from({ length: side * side * 3 }, (_, i) => {
    const at = Math.floor(i / 3)
    return Math.max(0, Math.min(255, level(at % side, Math.floor(at / side)) + noise * (2 * random() - 1)))
  })
  return { width: side, height: side, rgb }
}

describe('the fingerprint', () => {
  it('stays close over another format, quality and size, and lies far from every other picture', async () => {
    const drawn: Drawn[] = []
    for (let seed = 60; seed < 72; seed++) drawn.push(await cartoon(seed), await textured(seed))
    const codes = drawn.map(hexOf)
    for (const [i, picture] of drawn.entries()) {
      for (const name of KEPT) {
        const copy = hexOf((await ATTACKS[name]?.(picture)) ?? picture)
        assert.ok((fingerprintDistance(copy, codes[i] ?? '') ?? 256) <= CLOSE_BITS, `${name} of picture ${i}`)
      }
      for (const other of codes.slice(0, i))
        assert.ok((fingerprintDistance(other, codes[i] ?? '') ?? 0) > NEAR_BITS, `picture ${i} and another`)
    }
  })

  it('is weak for a flat picture, a sky, a horizon and noise, and for no drawn one', async () => {
    const plains = {
      flat: plain(() => 150, 0),
      'flat with noise': plain(() => 150, 4),
      sky: plain((_, y) => 90 + y / 2, 3),
      horizon: plain((_, y) => (y < 80 ? 200 : 90), 3),
    }
    for (const [name, picture] of Object.entries(plains)) assert.equal(fingerprintOf(picture).weak, true, name)
    for (let seed = 0; seed < 20; seed++) assert.equal(fingerprintOf(await cartoon(seed)).weak, false, `${seed}`)
    const sun = plain((x, y) => ((x - 40) ** 2 + (y - 30) ** 2 < 144 ? 230 : 100 + y / 3), 3)
    assert.equal(fingerprintOf(sun).weak, false, 'a sky with a sun can be told from others')
  })

  it('has no distance to what is no code or of another kind', async () => {
    const drawn = await cartoon(60)
    assert.equal(fingerprintDistance('x'.repeat(64), hexOf(drawn)), null)
    assert.equal(fingerprintDistance(formerFingerprintOf(drawn), hexOf(drawn)), null)
    assert.equal(fingerprintDistance(formerFingerprintOf(drawn), formerFingerprintOf(drawn)), 0)
    assert.equal(fingerprintDistance('0'.repeat(64), `${'0'.repeat(62)}81`), 2)
  })

  it('is compared upright: flips and turns are undone exactly', async () => {
    const drawn = await textured(4, 96)
    const mirrored = await pixelsOf(await imageOf(drawn).flop().png().toBuffer())
    const turned = await pixelsOf(await imageOf(mirrored).rotate(90).png().toBuffer())
    assert.deepEqual(uprightCopy(turned, true, 1), drawn)
  })
})
