// A loop that never overlaps itself: every `everyMs`, and `soon` when there is reason. A failure is logged and the loop goes on.
import type { Log } from '../src/kernel/log.ts'

export type Loop = { soon: () => void; stop: () => Promise<void> }

export function repeat(log: Log, name: string, everyMs: number, work: () => Promise<void>): Loop {
  let running: Promise<void> | null = null
  let again = false
  let stopped = false
  const run = async () => {
    do {
      again = false
      await work().catch((error: unknown) => log.error({ error, loop: name }, 'a pass of a loop failed'))
    } while (again && !stopped)
  }
  const soon = () => {
    if (stopped) return
    if (running !== null) {
      again = true
      return
    }
    running = run().finally(() => {
      running = null
    })
  }
  const timer = setInterval(soon, everyMs)
  soon()
  return {
    soon,
    stop: async () => {
      stopped = true
      clearInterval(timer)
      await running
    },
  }
}
