// The checks of readiness, run side by side with a time limit each: a service that hangs fails its check as one that is away does.
// What failed is in the log with its cause; who asks from outside learns the name alone.
import type { Log } from './log.ts'

/** By name; each resolves when its service can be used. */
export type Checks = Readonly<Record<string, () => Promise<void>>>

const CHECK_MS = 3000
/** Told, and no reason to turn traffic away: without it orders are taken and kept, and begin when it is back. */
const TOLD_ONLY = ['doorbell']

/** Answers within three seconds and never throws. */
export async function runChecks(
  checks: Checks,
  log: Log,
): Promise<{ ready: boolean; results: Record<string, 'ok' | 'failed'> }> {
  const results = await Promise.all(
    Object.entries(checks).map(async ([name, check]): Promise<[string, 'ok' | 'failed']> => {
      try {
        await Promise.race([check(), expire()])
        return [name, 'ok']
      } catch (error) {
        log.warn({ check: name, error }, 'a readiness check failed')
        return [name, 'failed']
      }
    }),
  )
  return {
    ready: results.every(([name, result]) => result === 'ok' || TOLD_ONLY.includes(name)),
    results: Object.fromEntries(results),
  }
}

function expire(): Promise<never> {
  return new Promise((_, reject) => {
    setTimeout(() => reject(new Error('the check took too long')), CHECK_MS).unref()
  })
}
