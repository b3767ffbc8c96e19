// Waits for SIGINT or SIGTERM. A second one does not wait for the drain.
import type { Log } from '../kernel/log.ts'

const SAME_WISH_MS = 1000

export function untilAskedToStop(log: Log): Promise<void> {
  return new Promise((resolve) => {
    let askedAt: number | null = null
    const stop = (signal: NodeJS.Signals) => {
      // One Ctrl-C arrives more than once: from the terminal, from npm, from the launcher.
      if (askedAt !== null) {
        if (Date.now() - askedAt > SAME_WISH_MS) process.exit(130)
        return
      }
      askedAt = Date.now()
      log.info({ signal }, 'stopping; a second signal ends it at once')
      resolve()
    }
    process.on('SIGINT', stop)
    process.on('SIGTERM', stop)
    process.on('SIGHUP', stop)
  })
}
