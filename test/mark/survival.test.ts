// Holds the mark's survival to bounds on a few drawn pictures of each set; bench/watermark.ts measures far more.
// About a minute on two idle cores.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FLOOR_DB } from '../../src/mark/watermark/strengthen.ts'
import { ATTACKS } from './pictures.ts'
import { type SetName, survivalOf } from './survival.ts'

const SETS: { set: SetName; count: number; ssim: number }[] = [
  { set: 'flat 128', count: 6, ssim: 0.94 },
  { set: 'textured 256', count: 4, ssim: 0.97 },
  { set: 'textured 512', count: 2, ssim: 0.97 },
]
// What a small picture may lose: a scaled copy of a texture, whose tile the search can only find at its own scale.
const MAY_MISS: Readonly<Record<string, number>> = { 'resize to 75 %': 1, 'resize to 200 %': 1, 'WebP 70': 1 }

describe('a mark survives what happens to pictures', () => {
  for (const { set, count, ssim } of SETS) {
    it(`on ${set}: kept above the fidelity floor, and read from every ordinary copy, never as another payload`, async () => {
      const survival = await survivalOf(set, count)
      assert.equal(survival.failed, 0)
      assert.ok(Math.min(...survival.psnrDb) >= FLOOR_DB, `PSNR ${survival.psnrDb}`)
      assert.ok(Math.min(...survival.ssim) >= ssim, `SSIM ${survival.ssim}`)
      assert.equal(survival.rows.length, Object.keys(ATTACKS).length)
      for (const { attack, read, wrong, readMs } of survival.rows) {
        assert.ok(read >= count - (MAY_MISS[attack] ?? 0), `${attack}: read ${read} of ${count}`)
        assert.equal(wrong, 0, attack)
        // The deadline is checked between looks; a loaded machine makes one look slow.
        assert.ok(readMs < 10_000, `${attack}: ${readMs} ms`)
      }
    })
  }
})
