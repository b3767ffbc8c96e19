// The review loops, part of the janitor role: verdicts whose undo time is over take effect, held images that nobody queued are queued,
// what is late or has nobody left to decide it is told, and what a shift left behind is erased in time. Any number may run: each item is
// settled under its own lock.
import type { Ground } from '../src/kernel/ground.ts'
import { adoptHeld } from '../src/review/holds.ts'
import type { ReviewTools } from '../src/review/item.ts'
import { type Effects, settleDue } from '../src/review/settle.ts'
import { forgetShifts } from '../src/review/shift.ts'
import { watchQueue } from '../src/review/watch.ts'
import { repeat } from './repeat.ts'

const SETTLE_MS = 1000
const ADOPT_MS = 15_000
const WATCH_MS = 10_000
const FORGET_MS = 60_000

export function startReview(ground: Ground, tools: ReviewTools, effects: Effects): AsyncDisposable {
  const settling = repeat(ground.log, 'settle verdicts', SETTLE_MS, async () => {
    await settleDue(ground, tools, effects)
  })
  const adopting = repeat(ground.log, 'queue held images', ADOPT_MS, async () => {
    const adopted = await adoptHeld(ground, tools)
    if (adopted > 0) ground.log.info({ images: adopted }, 'held images without an item are queued for review')
  })
  const watching = repeat(ground.log, 'watch the review queue', WATCH_MS, async () => {
    await watchQueue(ground)
  })
  const forgetting = repeat(ground.log, 'forget shifts', FORGET_MS, async () => {
    await forgetShifts(ground.database.sql, tools.rules)
  })
  return {
    [Symbol.asyncDispose]: async () => {
      await Promise.all([settling.stop(), adopting.stop(), watching.stop(), forgetting.stop()])
    },
  }
}
