// What the mark is made of: its transforms, what a score is worth, and the pattern that a key draws.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { chanceOf, scoreFor } from '../../src/mark/watermark/chance.ts'
import { fft2 } from '../../src/mark/watermark/fft.ts'
import { type MarkKey, markPattern, tileSideFor } from '../../src/mark/watermark/pattern.ts'
import { binOf, transformOf } from '../../src/mark/watermark/transform.ts'
import { seeded } from '../mark/pictures.ts'

const key: MarkKey = { epoch: 3, secret: Buffer.alloc(32, 'a fixed secret for tests') }
const other: MarkKey = { epoch: 3, secret: Buffer.alloc(32, 'another secret for tests') }

describe('the Fourier transforms', () => {
  it('finds a wave at its own bin and nowhere else', () => {
    const re = Float64Array.from({ length: 64 * 64 }, (_, i) =>
      Math.cos((2 * Math.PI * (3 * (i % 64) + 5 * Math.floor(i / 64))) / 64),
    )
    const im = new Float64Array(64 * 64)
    fft2(64).forward(re, im)
    const loud = [...re.keys()].filter((i) => Math.hypot(re[i] ?? 0, im[i] ?? 0) > 1e-6)
    assert.deepEqual(loud, [5 * 64 + 3, 59 * 64 + 61])
  })

  it('comes back from its inverse unchanged', () => {
    const random = seeded(1)
    const start = Float64Array.from({ length: 32 * 32 }, random)
    const re = start.slice()
    const im = new Float64Array(32 * 32)
    fft2(32).forward(re, im)
    fft2(32).inverse(re, im)
    re.forEach((value, i) => {
      assert.ok(Math.abs(value - (start[i] ?? 0)) < 1e-12)
    })
  })

  it('agree with each other at the frequencies that both have', () => {
    const random = seeded(2)
    const tile = Float64Array.from({ length: 64 * 64 }, () => random() - 0.5)
    const re = tile.slice()
    const im = new Float64Array(64 * 64)
    fft2(64).forward(re, im)
    const spectrum = transformOf(64, 15).forward(tile)
    for (let v = -15; v <= 15; v++) {
      for (let u = -15; u <= 15; u++) {
        const [at, fast] = [binOf(15, u, v), ((v + 64) % 64) * 64 + ((u + 64) % 64)]
        assert.ok(Math.hypot((spectrum.re[at] ?? 0) - (re[fast] ?? 0), (spectrum.im[at] ?? 0) - (im[fast] ?? 0)) < 1e-9)
      }
    }
  })

  it('of a tile of any side gives back what it was made of', () => {
    const wave = (i: number) => Math.cos((2 * Math.PI * (7 * (i % 121) - 9 * Math.floor(i / 121))) / 121 + 1)
    const tile = Float64Array.from({ length: 121 * 121 }, (_, i) => wave(i))
    const transform = transformOf(121, 30)
    const back = transform.inverse(transform.forward(tile))
    back.forEach((value, i) => {
      assert.ok(Math.abs(value / tile.length - (tile[i] ?? 0)) < 1e-9)
    })
  })

  it('refuse a side that they have no tables for', () => {
    assert.throws(() => fft2(96), RangeError)
    for (const [side, reach] of [
      [300, 10],
      [64, 32],
      [64.5, 3],
    ] as const)
      assert.throws(() => transformOf(side, reach), RangeError)
  })
})

describe('the chance of a score', () => {
  it('bounds what pilots of random phase really score', () => {
    const random = seeded(3)
    const [pilots, trials] = [40, 20_000]
    const scores = Array.from({ length: trials }, () => {
      let sum = 0
      for (let i = 0; i < pilots; i++) sum += Math.cos(2 * Math.PI * random())
      return sum / Math.sqrt(pilots / 2)
    })
    for (const z of [1, 2, 3]) {
      const share = scores.filter((score) => score >= z).length / trials
      assert.ok(share > 0 && share <= chanceOf(z, 1), `z ${z}: ${share}`)
    }
  })

  it('grows with the looks, and asks for the score that it stands for', () => {
    assert.equal(chanceOf(scoreFor(1e-6, 5e5), 5e5).toPrecision(6), (1e-6).toPrecision(6))
    assert.ok(chanceOf(7, 100) > chanceOf(7, 10))
    assert.deepEqual([chanceOf(-1, 1), chanceOf(0.1, 1e9)], [1, 1])
  })
})

describe('the keyed pattern', () => {
  it('is the same for a key, and unrelated for another secret, epoch or tile', () => {
    const shape = (k: MarkKey, side: number) => markPattern(k, side).carriers.map((carrier) => carrier.phase.toFixed(6))
    assert.deepEqual(shape(key, 128), shape({ ...key }, 128))
    for (const [k, side] of [
      [other, 128],
      [{ ...key, epoch: 4 }, 128],
      [key, 64],
    ] as const) {
      const common = new Set(shape(key, 128))
      assert.equal(shape(k, side).filter((phase) => common.has(phase)).length < 5, true)
    }
  })

  it('uses no bin twice and gives each coded bit its share, whatever the side', () => {
    for (const side of [114, 121, 128, 141]) {
      const { carriers } = markPattern(key, side)
      const bins = carriers.flatMap(({ bin, mirror }) => [bin, mirror])
      assert.equal(new Set(bins).size, bins.length)
      const shares = Map.groupBy(carriers, ({ bit }) => bit)
      for (let bit = 0; bit < 124; bit++) assert.ok((shares.get(bit)?.length ?? 0) >= 6, `side ${side}, bit ${bit}`)
    }
  })

  it('repeats in larger pictures at a side of its own key, which holds no whole number of JPEG blocks', () => {
    const sides = Array.from({ length: 60 }, (_, epoch) => tileSideFor({ ...key, epoch }, 384, 500))
    assert.ok(new Set(sides).size >= 15)
    for (const side of sides) assert.ok(side >= 114 && side <= 142 && side % 8 !== 0, String(side))
    assert.deepEqual(
      [tileSideFor(key, 383, 900), tileSideFor(key, 128, 128), tileSideFor(key, 127, 900)],
      [128, 128, 64],
    )
  })

  it('refuses a short secret', () => {
    assert.throws(() => markPattern({ epoch: 1, secret: new Uint8Array(8) }, 128), RangeError)
  })
})
