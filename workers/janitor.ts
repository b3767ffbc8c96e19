// The janitor role: rings again for due tasks that nobody holds, so that a wiped doorbell or a dead worker costs seconds.
import type { Ground } from '../src/kernel/ground.ts'
import { sweepTasks } from '../src/kernel/tasks.ts'
import type { Doorbell } from '../src/schedule/doorbell.ts'
import { repeat } from './repeat.ts'

export function startJanitor(ground: Ground, doorbell: Doorbell): AsyncDisposable {
  const { sweepMs } = ground.config.tasks
  const loop = repeat(ground.log, 'sweep', sweepMs, async () => {
    const due = await sweepTasks(ground.database.sql, sweepMs)
    if (due.length > 0) ground.log.info({ tasks: due.length }, 'rang again for tasks that nobody held')
    doorbell.ringDispatched(due)
  })
  return { [Symbol.asyncDispose]: () => loop.stop() }
}
