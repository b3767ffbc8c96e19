// Waits for SIGINT or SIGTERM. A second one does not wait for the drain.
import type { Log } from '../kernel/log.ts'

export function untilAskedToStop(log: Log): Promise<void> {
  return new Promise((resolve) => {
    let asked = false
    const stop = (signal: NodeJS.Signals) => {
      if (asked) process.exit(130)
      asked = true
      log.info({ signal }, 'stopping; a second signal ends it at once')
      resolve()
    }
    process.on('SIGINT', stop)
    process.on('SIGTERM', stop)
  })
}
