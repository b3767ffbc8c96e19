// The picture of a rehearsal: SANDBOX in large letters over a coloured weave, so that nobody takes it for a picture and a watermark
// holds in it. Drawn here, without a model; steps are told as a model would tell them.
import { setTimeout as sleep } from 'node:timers/promises'
import { Fault } from '../kernel/fault.ts'
import type { Generate, Picture } from '../kernel/model.ts'
import { parseScenario, type Scenario } from '../kernel/sandbox.ts'

const SLOW_MS = 10_000
/** Rows of five pixels, most significant first. */
const LETTERS: Readonly<Record<string, readonly number[]>> = {
  S: [0x0f, 0x10, 0x10, 0x0e, 0x01, 0x01, 0x1e],
  A: [0x0e, 0x11, 0x11, 0x1f, 0x11, 0x11, 0x11],
  N: [0x11, 0x19, 0x15, 0x13, 0x11, 0x11, 0x11],
  D: [0x1e, 0x11, 0x11, 0x11, 0x11, 0x11, 0x1e],
  B: [0x1e, 0x11, 0x11, 0x1e, 0x11, 0x11, 0x1e],
  O: [0x0e, 0x11, 0x11, 0x11, 0x11, 0x11, 0x0e],
  X: [0x11, 0x11, 0x0a, 0x04, 0x0a, 0x11, 0x11],
}
const WORD = [...'SANDBOX'].map((letter) => LETTERS[letter] ?? [])
const COLUMNS = WORD.length * 6 - 1
const ROWS = 7

/** Stands in for a model. `slow` takes its steps over ten seconds and stops at each when it is told to. */
export function rehearse(text: string): Generate {
  const scenario: Scenario = parseScenario(text) ?? { kind: 'failed', reason: 'model_error' }
  return async (_model, samples, { onStep, onPicture, onFailure, signal }) => {
    const steps = samples[0]?.steps ?? 0
    for (let step = 1; step <= steps; step++) {
      if (scenario.kind === 'slow') await sleep(SLOW_MS / steps)
      if (signal.aborted) throw new Fault('cancelled')
      onStep(step, steps)
    }
    for (const { id, width, height, seed } of samples) {
      if (scenario.kind === 'failed')
        onFailure(id, new Fault(scenario.reason, { detail: 'a rehearsal that was asked to fail' }))
      else await onPicture(id, placeholder(width, height, seed), { truncated: false, provider: 'sandbox' })
    }
  }
}

export function placeholder(width: number, height: number, seed: number): Picture {
  const rgb = new Uint8Array(width * height * 3)
  const scale = Math.max(1, Math.floor((Math.min(width, height * 2) * 0.9) / COLUMNS))
  const left = Math.floor((width - COLUMNS * scale) / 2)
  const top = Math.floor((height - ROWS * scale) / 2)
  let noise = (seed ^ 0x9e3779b9) >>> 0 || 1
  for (let y = 0, at = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      // xorshift32, Marsaglia 2003.
      noise ^= noise << 13
      noise ^= noise >>> 17
      noise ^= noise << 5
      const grain = (noise >>> 27) - 16
      const weave = ((x >> 3) + (y >> 3)) % 2 === 0 ? 18 : -18
      const ink = isInk(Math.floor((x - left) / scale), Math.floor((y - top) / scale)) ? 120 : 0
      for (const base of [90 + (seed % 40), 110, 130]) rgb[at++] = Math.min(255, base + weave + grain + ink)
    }
  return { width, height, rgb }
}

function isInk(column: number, row: number): boolean {
  if (row < 0 || row >= ROWS || column < 0 || column >= COLUMNS || column % 6 === 5) return false
  const bits = WORD[Math.floor(column / 6)]?.[row] ?? 0
  return ((bits >> (4 - (column % 6))) & 1) === 1
}
