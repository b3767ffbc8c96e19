// How marks survive: marks a set of drawn pictures, attacks each copy, and counts what is found and what is read.
// The robustness test holds the counts to bounds; bench/watermark.ts is the whole list, at one fidelity, against peers.

import { isFault } from '../../src/kernel/fault.ts'
import { readMark } from '../../src/mark/watermark/detect.ts'
import type { MarkKey } from '../../src/mark/watermark/pattern.ts'
import { similarityOf } from '../../src/mark/watermark/similarity.ts'
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
    survival.ssim.push(similarityOf(drawn, marked))
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
