// Whether the service can take on more work at all: the backlog of device work, this process' event loop and its line for the
// database. When it cannot, everybody is told 503 with the time after which it will be worth asking again.
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { Fault } from '../kernel/fault.ts'
import type { Ground } from '../kernel/ground.ts'
import { type Backlog, backlogOf } from '../schedule/backlog.ts'

export type Pressure = { check: () => Promise<void> } & Disposable

const RESOLUTION_MS = 20
const SAMPLE_MS = 1000
const BACKLOG_FRESH_MS = 500
const RETRY_MS = { soon: 1000, least: 1000, most: 300_000 }

/** Watches until disposed of. `check` faults: overloaded. */
export function openPressure({ config, database }: Pick<Ground, 'config' | 'database'>): Pressure {
  const { pressure, dispatch } = config
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  delays.enable()
  let delayMs = 0
  const sampling = setInterval(() => {
    delayMs = metDelayMs(delays)
    delays.reset()
  }, SAMPLE_MS).unref()

  // One look serves everybody who asks meanwhile.
  let looked = { atMs: Number.NEGATIVE_INFINITY, backlog: Promise.resolve<Backlog | null>(null) }
  const lookAtBacklog = () => {
    const nowMs = performance.now()
    if (nowMs - looked.atMs > BACKLOG_FRESH_MS)
      looked = { atMs: nowMs, backlog: backlogOf(database.sql, dispatch.msPerCost) }
    return looked.backlog
  }
  return {
    check: async () => {
      if (delayMs > pressure.eventLoopDelayMs) throw overloaded('event_loop', RETRY_MS.soon)
      if (database.waiting() > pressure.databaseWaiting) throw overloaded('database', RETRY_MS.soon)
      const backlog = await lookAtBacklog()
      if (backlog === null) return
      const excess = excessOf(backlog, pressure)
      if (excess !== null) throw overloaded('backlog', excess)
    },
    [Symbol.dispose]: () => {
      clearInterval(sampling)
      delays.disable()
    },
  }
}

/** What who arrives at any moment meets: each delay weighs as much as it lasts, so one long block is not averaged away. */
function metDelayMs({ mean, stddev }: { mean: number; stddev: number }): number {
  return mean > 0 ? (mean + stddev ** 2 / mean) / 1e6 - RESOLUTION_MS : 0
}

/** Milliseconds until the backlog will have drained below its limits; null while it is below. */
export function excessOf(backlog: Backlog, limits: { backlogTasks: number; backlogSeconds: number }): number | null {
  const { tasks, estimatedSeconds } = backlog
  if (tasks < limits.backlogTasks && estimatedSeconds <= limits.backlogSeconds) return null
  const secondsATask = tasks === 0 ? 0 : estimatedSeconds / tasks
  const tooManyMs = (tasks - limits.backlogTasks + 1) * secondsATask * 1000
  const tooLongMs = (estimatedSeconds - limits.backlogSeconds) * 1000
  return Math.min(RETRY_MS.most, Math.max(RETRY_MS.least, tooManyMs, tooLongMs))
}

function overloaded(what: 'event_loop' | 'database' | 'backlog', retryAfterMs: number): Fault {
  return new Fault('overloaded', {
    retry: 'later',
    detail: 'more is asked of the service than it can do',
    facts: { what, retryAfterMs },
  })
}
