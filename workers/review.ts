// The review loop, part of the janitor role: verdicts whose undo time is over take effect, and held images that nobody queued are
// queued. Any number may run: each item is settled under its own lock.
import type { Ground } from '../src/kernel/ground.ts'
import { adoptHeld } from '../src/review/holds.ts'
import type { ReviewTools } from '../src/review/item.ts'
import { type Effects, settleDue } from '../src/review/settle.ts'
import { repeat } from './repeat.ts'

const SETTLE_MS = 1000
const ADOPT_MS = 15_000

export function startReview(ground: Ground, tools: ReviewTools, effects: Effects): AsyncDisposable {
  const settling = repeat(ground.log, 'settle verdicts', SETTLE_MS, async () => {
    await settleDue(ground, tools, effects)
  })
  const adopting = repeat(ground.log, 'queue held images', ADOPT_MS, async () => {
    const adopted = await adoptHeld(ground, tools)
    if (adopted > 0) ground.log.info({ images: adopted }, 'held images without an item are queued for review')
  })
  return {
    [Symbol.asyncDispose]: async () => {
      await Promise.all([settling.stop(), adopting.stop()])
    },
  }
}
