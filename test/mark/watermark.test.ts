import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readMark } from '../../src/mark/watermark/detect.ts'
import { planMark, psnrDb, render } from '../../src/mark/watermark/embed.ts'
import { fft2 } from '../../src/mark/watermark/fft.ts'
import { type MarkKey, markPattern } from '../../src/mark/watermark/pattern.ts'
import { FLOOR_DB, markPicture } from '../../src/mark/watermark/strengthen.ts'
import { ATTACKS, cartoon, pixelsOf, seeded, textured } from './pictures.ts'

const key: MarkKey = { epoch: 3, secret: Buffer.alloc(32, 'a fixed secret for tests') }
const other: MarkKey = { epoch: 3, secret: Buffer.alloc(32, 'another secret for tests') }
const PNG = { format: 'png', quality: null, xmp: null } as const
const QUICK = { search: 'quick', deadlineMs: 1000 } as const
const FULL = { search: 'full', deadlineMs: 4000 } as const

describe('the Fourier transform', () => {
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

  it('refuses a side that is no power of two', () => {
    assert.throws(() => fft2(96), RangeError)
  })
})

describe('the keyed pattern', () => {
  it('is the same for a key, and unrelated for another secret, epoch or tile', () => {
    const shape = (k: MarkKey, side: 64 | 128) =>
      markPattern(k, side).carriers.map((carrier) => carrier.phase.toFixed(6))
    assert.deepEqual(shape(key, 128), shape(key, 128))
    for (const [k, side] of [
      [other, 128],
      [{ ...key, epoch: 4 }, 128],
      [key, 64],
    ] as const) {
      const common = new Set(shape(key, 128))
      assert.equal(shape(k, side).filter((phase) => common.has(phase)).length < 5, true)
    }
  })

  it('uses no bin twice and gives each coded bit its share', () => {
    const { carriers } = markPattern(key, 128)
    const bins = carriers.flatMap(({ bin, mirror }) => [bin, mirror])
    assert.equal(new Set(bins).size, bins.length)
    const shares = Map.groupBy(carriers, ({ bit }) => bit)
    for (let bit = 0; bit < 124; bit++) assert.ok((shares.get(bit)?.length ?? 0) >= 8, `bit ${bit}`)
  })

  it('refuses a short secret', () => {
    assert.throws(() => markPattern({ epoch: 1, secret: new Uint8Array(8) }, 128), RangeError)
  })
})

describe('marking and reading', () => {
  it('keeps a 128 pixel cartoon above the fidelity floor and reads its payload back after what happens to pictures', async () => {
    const missed: string[] = []
    for (let seed = 0; seed < 6; seed++) {
      const drawn = await cartoon(seed)
      const markId = 2 ** 40 - 1 - seed * 7919
      const file = await markPicture(drawn, markId, key, PNG)
      assert.ok(file.psnrDb >= FLOOR_DB)
      const marked = await pixelsOf(file.bytes)
      assert.ok(psnrDb(drawn, marked) >= FLOOR_DB)
      for (const name of ['as released', 'JPEG 90', 'JPEG 70', 'JPEG 50', 'brightness ×0.6', 'blur σ 1']) {
        const reading = readMark((await ATTACKS[name]?.(marked)) ?? marked, [key], QUICK)
        if (reading.decoded?.markId !== markId) missed.push(`${seed} ${name}`)
      }
    }
    assert.deepEqual(missed, [])
  })

  it('finds copies that were cropped, mirrored, turned or scaled, and says so', async () => {
    const drawn = await cartoon(40)
    const marked = await pixelsOf((await markPicture(drawn, 12345, key, PNG)).bytes)
    const expected = {
      'crop to 75 %': { shifted: true },
      mirrored: { mirrored: true },
      'turned 90°': { quarterTurns: 1 },
      'resize to 200 %': { scale: 2 },
    }
    for (const [name, copy] of Object.entries(expected)) {
      const reading = readMark((await ATTACKS[name]?.(marked)) ?? marked, [key], FULL)
      assert.equal(reading.decoded?.markId, 12345, name)
      assert.deepEqual({ ...reading.copy, ...copy }, reading.copy, name)
    }
  })

  it('marks any size from 64 pixels and any shape, and refuses smaller ones', async () => {
    for (const [width, height] of [
      [64, 64],
      [65, 200],
      [130, 129],
      [300, 128],
    ] as const) {
      const big = await textured(2, 512)
      const rgb = new Uint8Array(width * height * 3)
      for (let y = 0; y < height; y++) rgb.set(big.rgb.subarray(y * 512 * 3, y * 512 * 3 + width * 3), y * width * 3)
      const file = await markPicture({ width, height, rgb }, 99, key, PNG)
      assert.equal(readMark(await pixelsOf(file.bytes), [key], QUICK).decoded?.markId, 99, `${width}×${height}`)
    }
    const tiny = { width: 63, height: 90, rgb: new Uint8Array(63 * 90 * 3) }
    assert.throws(() => planMark(tiny, 1, key), RangeError)
  })

  it('reads lossy outputs back, easing the compression where the mark would not survive it', async () => {
    const drawn = await cartoon(7)
    for (const format of ['jpeg', 'webp'] as const) {
      const file = await markPicture(drawn, 4242, key, { format, quality: 3, xmp: null })
      assert.ok((file.quality ?? 0) > 3, 'the quality used is reported')
      assert.equal(readMark(await pixelsOf(file.bytes), [key], QUICK).decoded?.markId, 4242, format)
    }
  })

  it('survives black, white and grey pictures where half the mark is clipped', async () => {
    for (const level of [0, 128, 255]) {
      const plain = { width: 128, height: 128, rgb: new Uint8Array(128 * 128 * 3).fill(level) }
      const file = await markPicture(plain, 5, key, PNG)
      assert.equal(readMark(await pixelsOf(file.bytes), [key], QUICK).decoded?.markId, 5, `level ${level}`)
    }
  })

  it('gives the same bytes for the same picture, payload and key', async () => {
    const drawn = await cartoon(8)
    const first = await markPicture(drawn, 6, key, PNG)
    assert.deepEqual((await markPicture(drawn, 6, key, PNG)).bytes, first.bytes)
  })

  it('sees nothing with another key, and names the epoch among several', async () => {
    const marked = render(planMark(await cartoon(9), 77, key), 2)
    assert.equal(readMark(marked, [other], QUICK).found, false)
    const keys = [{ ...other, epoch: 9 }, key]
    const reading = readMark(marked, keys, QUICK)
    assert.equal(reading.epoch, 3)
    assert.equal(reading.decoded?.markId, 77)
  })

  it('finds no mark in pictures that have none', async () => {
    let highest = 0
    for (let seed = 1000; seed < 1150; seed++) {
      const drawn = seed % 3 === 0 ? await textured(seed, 128) : await cartoon(seed)
      const reading = readMark(drawn, [key], QUICK)
      highest = Math.max(highest, reading.z)
      assert.equal(reading.found, false, `seed ${seed}, z ${reading.z}`)
    }
    assert.ok(highest < 6.5, `highest z ${highest}`)
  })

  it('stops a search when its time is up', async () => {
    const started = performance.now()
    const reading = readMark(await textured(3, 512), [key], { search: 'full', deadlineMs: 100 })
    assert.deepEqual([reading.found, reading.cutShort], [false, true])
    assert.ok(performance.now() - started < 1500)
  })
})
