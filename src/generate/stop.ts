// When a render must stop at its next step: it was cancelled, or somebody else has its task. The bell says so at once from any
// process; should it be lost, the task's row says so within a second, because a cancelled request has no tasks.
import { cancelTopic, type Ground } from '../kernel/ground.ts'
import type { Claim } from '../kernel/tasks.ts'

const LOOK_EVERY_MS = 1000

/** A signal that aborts when this claim's work is no longer wanted, until it is disposed of. */
export function listenForStop(ground: Ground, claim: Claim): Disposable & { signal: AbortSignal } {
  const stop = new AbortController()
  const deaf = ground.bell.hear(cancelTopic(claim.subjectId), () => stop.abort())
  let looking = false
  const timer = setInterval(() => {
    if (looking) return
    looking = true
    isMine(ground, claim)
      .then((mine) => {
        if (!mine) stop.abort()
      })
      .catch((error: unknown) => {
        ground.log.warn({ error, task: claim.taskId }, 'a running task could not be looked at')
      })
      .finally(() => {
        looking = false
      })
  }, LOOK_EVERY_MS)
  return {
    signal: stop.signal,
    [Symbol.dispose]: () => {
      deaf()
      clearInterval(timer)
    },
  }
}

async function isMine({ database }: Ground, claim: Claim): Promise<boolean> {
  const task = await database.sql
    .selectFrom('darkroom.task')
    .select('fence')
    .where('id', '=', claim.taskId)
    .executeTakeFirst()
  return task !== undefined && task.fence === claim.fence
}
