// Looks again at what was released, one picture at a time and a few an hour for the whole deployment (src/mark/recheck.ts), in whichever
// finish worker finds the turn due. It waits its turn for a thread of the watermark's like every picture that is being marked.
import type { Ground } from '../src/kernel/ground.ts'
import { type RecheckTools, recheckNext } from '../src/mark/recheck.ts'
import { repeat } from './repeat.ts'

const LONGEST_MS = 60_000
const SHORTEST_MS = 1000

/** Nothing, where rechecks are switched off. */
export function startRechecker(ground: Ground, tools: RecheckTools): AsyncDisposable {
  const { rechecksPerHour } = ground.config.provenance
  if (rechecksPerHour === 0) return { [Symbol.asyncDispose]: async () => undefined }
  const everyMs = Math.max(SHORTEST_MS, Math.min(LONGEST_MS, 3_600_000 / rechecksPerHour))
  const loop = repeat(ground.log, 'recheck', everyMs, async () => {
    await recheckNext(ground, tools)
  })
  return { [Symbol.asyncDispose]: () => loop.stop() }
}
