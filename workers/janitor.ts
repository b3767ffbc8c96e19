// The janitor role: rings again for due tasks that nobody holds, so that a wiped doorbell or a dead worker costs seconds. It also
// forgets webhook messages and feedback that are past their keeping, removes the objects of what was erased or never admitted and the
// previews of what ended, and ends the retention of what was kept. Each has a loop of its own: one that fails keeps no other waiting.
import { sweepInputs } from '../src/admit/input-store.ts'
import { forgetPreviews } from '../src/generate/previews.ts'
import type { Ground } from '../src/kernel/ground.ts'
import { sweptTasks } from '../src/kernel/meters.ts'
import { sweepTasks } from '../src/kernel/tasks.ts'
import { forgetFeedback } from '../src/mark/feedback.ts'
import { pruneWebhooks } from '../src/notify/history.ts'
import type { RetentionRules } from '../src/policy/retention-rules.ts'
import { finishErasures, type OnErased } from '../src/publish/erase.ts'
import { removeLeftovers } from '../src/publish/leftovers.ts'
import { finishRemovals } from '../src/publish/removals.ts'
import { endRetention } from '../src/publish/retention.ts'
import { finishUserErasures } from '../src/publish/user-erasure.ts'
import type { Doorbell } from '../src/schedule/doorbell.ts'
import { repeat } from './repeat.ts'

const ERASE_MS = 5000
const RETENTION_MS = 60_000
const PRUNE_MS = 600_000
/** A stream that shows previews has ended by then. */
const PREVIEW_KEPT_MS = 300_000

export function startJanitor(
  ground: Ground,
  doorbell: Pick<Doorbell, 'ringDispatched'>,
  { rules, onErased }: { rules: RetentionRules; onErased: OnErased },
): AsyncDisposable {
  const { sweepMs } = ground.config.tasks
  const loop = repeat(ground.log, 'sweep', sweepMs, async () => {
    const due = await sweepTasks(ground.database.sql, sweepMs)
    sweptTasks.inc(due.length)
    if (due.length > 0) ground.log.info({ tasks: due.length }, 'rang again for tasks that nobody held')
    doorbell.ringDispatched(due)
  })
  const forgetting = repeat(ground.log, 'forget previews', sweepMs, async () => {
    await forgetPreviews(ground, PREVIEW_KEPT_MS)
  })
  const erasing = repeat(ground.log, 'erase', ERASE_MS, async () => {
    const erased = await finishErasures(ground)
    if (erased > 0) ground.log.info({ erased }, 'erasures are complete')
  })
  const leaving = repeat(ground.log, 'erase users', ERASE_MS, async () => {
    const erased = await finishUserErasures(ground, onErased)
    if (erased > 0) ground.log.info({ erased }, 'erasures of users are complete')
  })
  const clearing = repeat(ground.log, 'leftovers', ERASE_MS, async () => {
    await removeLeftovers(ground)
    await finishRemovals(ground)
  })
  const retaining = repeat(ground.log, 'retention', RETENTION_MS, async () => {
    const ended = await endRetention(ground, rules)
    if (Object.values(ended).some((count) => count > 0))
      ground.log.info({ ...ended }, 'the time of kept content is over')
  })
  const pruning = repeat(ground.log, 'prune', PRUNE_MS, async () => {
    await pruneWebhooks(ground)
  })
  const unlearning = repeat(ground.log, 'forget feedback', PRUNE_MS, async () => {
    const erased = await forgetFeedback(ground)
    if (erased > 0) ground.log.info({ erased }, 'feedback on public checks is erased after its time')
  })
  const sweeping = repeat(ground.log, 'sweep inputs', PRUNE_MS, async () => {
    const left = await sweepInputs(ground)
    if (left > 0) ground.log.info({ left }, 'inputs of orders that were never admitted are removed')
  })
  return {
    [Symbol.asyncDispose]: async () => {
      await Promise.all([
        loop.stop(),
        forgetting.stop(),
        erasing.stop(),
        leaving.stop(),
        clearing.stop(),
        retaining.stop(),
        pruning.stop(),
        unlearning.stop(),
        sweeping.stop(),
      ])
    },
  }
}
