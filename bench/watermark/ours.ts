// Our mark as the benchmark sees it: a payload into pixels at a given fidelity, and whatever the public tool's search finds in a copy.
// Nothing else in bench/watermark knows our code. `found` is the reader's own calibrated threshold.
import { createHash } from 'node:crypto'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isFault } from '../../src/kernel/fault.ts'
import { MARK_ALGORITHM } from '../../src/mark/watermark/algorithm.ts'
import { MARK_ID_BITS } from '../../src/mark/watermark/code.ts'
import { readMark } from '../../src/mark/watermark/detect.ts'
import { planMark } from '../../src/mark/watermark/embed.ts'
import type { MarkKey } from '../../src/mark/watermark/pattern.ts'
import { fit, markPicture } from '../../src/mark/watermark/strengthen.ts'
import { type Drawn, pixelsOf } from '../../test/mark/pictures.ts'

const KEY: MarkKey = { epoch: 1, secret: Buffer.alloc(32, 'bench/watermark') }
/** The fit comes out between what it is asked for and .15 dB above; so the middle lies at what was wanted. */
const FIT_SLACK_DB = 0.05

/** Long enough for most of the search, short enough for thousands of copies: what is not found by then counts as not found. */
export const DEADLINE_MS = 3000

export type Found = {
  found: boolean
  z: number
  payload: number | null
  /** Time was up before the search was through. */
  cutShort: boolean
}

/** Payload bits of a mark in a picture of this size. */
export function payloadBits(_picture: Drawn): number {
  return MARK_ID_BITS
}

export function embedOurs(picture: Drawn, payload: number, db: number): { marked: Drawn; strength: number } {
  const { marked, strength } = fit(planMark(picture, payload, KEY), db - FIT_SLACK_DB)
  return { marked: { width: marked.width, height: marked.height, rgb: marked.rgb }, strength }
}

/** As the service marks what it releases, as PNG; null where it would release nothing, since no mark within its floor reads back. */
export async function releaseOurs(
  picture: Drawn,
  payload: number,
): Promise<{ marked: Drawn; strength: number } | null> {
  try {
    const { bytes, strength } = await markPicture(picture, payload, KEY, { format: 'png', quality: null, xmp: null })
    return { marked: await pixelsOf(bytes), strength }
  } catch (cause) {
    if (isFault(cause, 'mark_failed')) return null
    throw cause
  }
}

export function readOurs(copy: Drawn): Found {
  const { found, z, decoded, cutShort } = readMark(copy, [KEY], { search: 'full', deadlineMs: DEADLINE_MS })
  return { found, z, payload: decoded?.markId ?? null, cutShort }
}

/** The algorithm's name and a digest of its sources and of this file: results of other sources are not mixed with these. */
export function versionOfOurs(): string {
  const folder = join(import.meta.dirname, '../../src/mark/watermark')
  const digest = createHash('sha256')
  const files = globSync('**/*.ts', { cwd: folder }).sort()
  for (const file of files.filter((name) => name !== 'pool.ts' && name !== 'worker.ts'))
    digest.update(readFileSync(join(folder, file)))
  digest.update(readFileSync(import.meta.filename))
  return `${MARK_ALGORITHM} (sources ${digest.digest('hex').slice(0, 12)})`
}
