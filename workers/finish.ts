// The finish role: marks cleared images and publishes marked ones. It needs no device, so there may be many.
import type { Ground } from '../src/kernel/ground.ts'
import type { MarkTools } from '../src/mark/mark.ts'
import { markStage } from '../src/mark/stage.ts'
import { publishStage } from '../src/publish/release.ts'
import type { Doorbell } from '../src/schedule/doorbell.ts'
import { runTask } from './run-task.ts'

export function startFinish(ground: Ground, doorbell: Doorbell, marks: MarkTools): AsyncDisposable {
  const { finishConcurrency } = ground.config
  const drain = new AbortController()
  const stops = [
    doorbell.answer('mark', finishConcurrency, (task) =>
      runTask(ground, task, (claim) => markStage(ground, marks, claim)),
    ),
    doorbell.answer('publish', finishConcurrency, (task) =>
      runTask(ground, task, (claim, signal) => publishStage(ground, claim, AbortSignal.any([signal, drain.signal]))),
    ),
  ]
  return {
    [Symbol.asyncDispose]: async () => {
      drain.abort()
      await Promise.all(stops.map((stop) => stop()))
    },
  }
}
