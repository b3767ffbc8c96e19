// How marks survive: marks a set of drawn pictures, attacks each copy, and counts what is found and what is read.
// The robustness test holds the counts to bounds; bench/watermark.ts is the whole list, at one fidelity, against peers.

import { isFault } from '../../src/kernel/fault.ts'
import { readMark } from '../../src/mark/watermark/detect.ts'
import type { MarkKey } from '../../src/mark/watermark/pattern.ts'
import { markPicture } from '../../src/mark/watermark/strengthen.ts'
import { ATTACKS, cartoon, type Drawn, pixelsOf, textured } from './pictures.ts'

export type SetName = 'flat 128' | 'textured 256' | 'textured 512'

const DRAW: Readonly<Record<SetName, (seed: number) => Promise<Drawn>>> = {
  'flat 128': (seed) => cartoon(seed, 128),
  'textured 256': (seed) => textured(seed, 256),
  'textured 512': (seed) => textured(seed, 512),
}

export type Row = { attack: string; copies: number; found: number; read: number; wrong: number; readMs: number }
export type Survival = {
  set: SetName
  marked: number
  failed: number
  psnrDb: number[]
  ssim: number[]
  rows: Row[]
}

const KEY: MarkKey = { epoch: 1, secret: Buffer.alloc(32, 'survival') }

/** Marks the first `count` pictures of a set and reads every attacked copy with a full search of at most 2 s. */
export async function survivalOf(set: SetName, count: number): Promise<Survival> {
  const rows = Object.keys(ATTACKS).map(
    (attack): Row => ({ attack, copies: 0, found: 0, read: 0, wrong: 0, readMs: 0 }),
  )
  const survival: Survival = { set, marked: 0, failed: 0, psnrDb: [], ssim: [], rows }
  for (let seed = 0; seed < count; seed++) {
    const drawn = await DRAW[set](seed)
    const markId = (seed * 0x9e3779b1 + 12345) % 2 ** 40
    const file = await markPicture(drawn, markId, KEY, { format: 'png', quality: null, xmp: null }).catch((cause) => {
      if (isFault(cause, 'mark_failed')) return null
      throw cause
    })
    if (file === null) {
      survival.failed++
      continue
    }
    survival.marked++
    survival.psnrDb.push(file.psnrDb)
    const marked = await pixelsOf(file.bytes)
    survival.ssim.push(ssimOf(drawn, marked))
    for (const row of rows) {
      const copy = (await ATTACKS[row.attack]?.(marked)) ?? marked
      const before = performance.now()
      const reading = readMark(copy, [KEY], { search: 'full', deadlineMs: 2000 })
      row.readMs = Math.max(row.readMs, performance.now() - before)
      row.copies++
      if (reading.found) row.found++
      if (reading.decoded?.markId === markId) row.read++
      else if (reading.decoded !== null) row.wrong++
    }
  }
  return survival
}

/** Mean structural similarity of luma over 8×8 windows every 4 pixels (Wang et al., 2004, with a flat window). */
export function ssimOf(a: Drawn, b: Drawn): number {
  const luma = ({ rgb }: Drawn, i: number) =>
    0.299 * (rgb[i * 3] ?? 0) + 0.587 * (rgb[i * 3 + 1] ?? 0) + 0.114 * (rgb[i * 3 + 2] ?? 0)
  let total = 0
  let windows = 0
  for (let top = 0; top + 8 <= a.height; top += 4) {
    for (let left = 0; left + 8 <= a.width; left += 4) {
      let [sa, sb, saa, sbb, sab] = [0, 0, 0, 0, 0]
      for (let y = top; y < top + 8; y++) {
        for (let x = left; x < left + 8; x++) {
          const va = luma(a, y * a.width + x)
          const vb = luma(b, y * a.width + x)
          sa += va
          sb += vb
          saa += va * va
          sbb += vb * vb
          sab += va * vb
        }
      }
      const [ma, mb] = [sa / 64, sb / 64]
      const [c1, c2] = [6.5025, 58.5225]
      const covariance = sab / 64 - ma * mb
      const variances = saa / 64 - ma * ma + (sbb / 64 - mb * mb)
      total += ((2 * ma * mb + c1) * (2 * covariance + c2)) / ((ma * ma + mb * mb + c1) * (variances + c2))
      windows++
    }
  }
  return total / windows
}
