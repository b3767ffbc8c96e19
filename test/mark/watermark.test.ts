import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isFault } from '../../src/kernel/fault.ts'
import { chanceOf } from '../../src/mark/watermark/chance.ts'
import { readMark } from '../../src/mark/watermark/detect.ts'
import { planMark, psnrDb, render } from '../../src/mark/watermark/embed.ts'
import { latticesOf } from '../../src/mark/watermark/lattice.ts'
import { type MarkKey, tileSideFor } from '../../src/mark/watermark/pattern.ts'
import { lumaOf, residualOf } from '../../src/mark/watermark/residual.ts'
import { similarityOf } from '../../src/mark/watermark/similarity.ts'
import { FLOOR_DB, fit, LEAST_SIMILARITY, markPicture, ROUGH_FLOOR_DB } from '../../src/mark/watermark/strengthen.ts'
import { ATTACKS, cartoon, imageOf, pixelsOf, rotated, rough, seeded, textured } from './pictures.ts'

const key: MarkKey = { epoch: 3, secret: Buffer.alloc(32, 'a fixed secret for tests') }
const other: MarkKey = { epoch: 3, secret: Buffer.alloc(32, 'another secret for tests') }
const PNG = { format: 'png', quality: null, xmp: null } as const
const QUICK = { search: 'quick' } as const
const FULL = { search: 'full', deadlineMs: 4000 } as const

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

  it('finds copies at any angle, and says at which, large pictures by how the mark repeats and small ones by trying', async () => {
    for (const [side, degrees] of [
      [512, 7],
      [512, 33.3],
      [256, -12],
      [128, 4],
      [128, -20],
    ] as const) {
      const marked = fit(planMark(await textured(4, side), 777, key), 42).marked
      const reading = readMark(await rotated(marked, degrees), [key], { search: 'full', deadlineMs: 8000 })
      const name = `${side} at ${degrees}°, z ${reading.z}`
      assert.equal(reading.decoded?.markId, 777, name)
      const off = (reading.copy.quarterTurns * 90 + reading.copy.degrees - degrees + 720) % 360
      assert.ok(Math.min(off, 360 - off) < 1.6, `${name}: off by ${off}`)
      assert.ok(reading.chance < 1e-6, name)
    }
  })

  it('finds a copy that was turned, scaled, mirrored and compressed all at once', async () => {
    const marked = fit(planMark(await textured(5, 768), 4711, key), 42).marked
    const flopped = await (ATTACKS.mirrored ?? assert.fail())(marked)
    const turned = await rotated(flopped, 8)
    const copy = await pixelsOf(await imageOf(turned).resize(540).jpeg({ quality: 70 }).toBuffer())
    const reading = readMark(copy, [key], { search: 'full', deadlineMs: 8000 })
    assert.equal(reading.decoded?.markId, 4711)
    assert.ok(Math.abs(reading.copy.scale - 540 / 768) < 0.005, String(reading.copy.scale))
  })

  it('finds by its payload a mark whose pilots alone would pass for noise, and says how unlikely that is', async () => {
    const marked = fit(planMark(await rough(2, 256), 99, key), 49).marked
    const shifted = await pixelsOf(imageOf(marked).extract({ left: 3, top: 5, width: 240, height: 240 }))
    const reading = readMark(shifted, [key], QUICK)
    assert.ok(reading.z > 4.8 && chanceOf(reading.z, 1e5) > 1e-4, `z ${reading.z}`)
    assert.deepEqual([reading.found, reading.decoded?.markId], [true, 99])
    assert.ok(reading.chance < 1e-9, String(reading.chance))
  })

  it('finds a small copy that was cut and then scaled, whose size tells nothing', async () => {
    const marked = fit(planMark(await cartoon(41, 192), 99, key), 42).marked
    const cut = await pixelsOf(imageOf(marked).extract({ left: 3, top: 5, width: 166, height: 166 }))
    const reading = readMark(await pixelsOf(imageOf(cut).resize(129)), [key], { search: 'full', deadlineMs: 8000 })
    assert.equal(reading.decoded?.markId, 99)
    // A place nearby reads as well, in so few pixels.
    assert.ok(Math.abs(reading.copy.scale - 129 / 166) < 0.05, String(reading.copy.scale))
  })

  it('marks small rough pictures below the floor as long as they stay similar, and gives up on noise', async () => {
    for (const seed of [5, 25, 41]) {
      const drawn = await rough(seed, 128)
      const file = await markPicture(drawn, 1000 + seed, key, PNG)
      assert.ok(file.psnrDb < FLOOR_DB && file.psnrDb >= ROUGH_FLOOR_DB, `${seed}: ${file.psnrDb} dB`)
      const marked = await pixelsOf(file.bytes)
      assert.ok(similarityOf(drawn, marked) >= LEAST_SIMILARITY, `${seed}: ${similarityOf(drawn, marked)}`)
      const copy = (await ATTACKS['JPEG 90']?.(marked)) ?? marked
      assert.equal(readMark(copy, [key], QUICK).decoded?.markId, 1000 + seed, String(seed))
    }
    const random = seeded(1)
    const noise = { width: 64, height: 64, rgb: Uint8Array.from({ length: 64 * 64 * 3 }, () => 256 * random()) }
    await assert.rejects(markPicture(noise, 1, key, PNG), (error) => isFault(error, 'mark_failed'))
  })

  it('reads marks of former releases, whose tile had the same side under every key', async () => {
    const picture = await textured(6, 512)
    const former = fit(planMark(picture, 31, key, 128), 42).marked
    assert.notEqual(tileSideFor(key, 512, 512), 128)
    assert.equal(readMark(former, [key], QUICK).decoded?.markId, 31)
  })

  it('guesses the lattice of a repeating mark without a key, and nothing so sure of a picture without one', async () => {
    const picture = await textured(7, 512)
    const best = (of: typeof picture) => latticesOf(residualOf(lumaOf(of)), 3)[0]
    const marked = best(await rotated(fit(planMark(picture, 1, key), 42).marked, 20))
    assert.ok(Math.abs((marked?.period ?? 0) - tileSideFor(key, 512, 512)) < 0.6, JSON.stringify(marked))
    assert.ok(Math.abs((marked?.degrees ?? 0) - 20) < 0.5, JSON.stringify(marked))
    assert.ok((best(picture)?.score ?? 0) < (marked?.score ?? 0) / 2)
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
