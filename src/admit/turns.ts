// A tenant's admissions wait for each other anyway: its chain of leaves is one. They do so here, in order, and not on the row with a
// database connection each in hand, where one tenant's flood would leave none for the others.
import { Fault } from '../kernel/fault.ts'

export type Turns = <T>(tenantId: string, work: () => Promise<T>) => Promise<T>

type Line = { running: number; waiting: (() => void)[] }
type Limits = { atOnce: number; waiting: number }

const RETRY_MS = 1000

/** Runs `atOnce` of a tenant's admissions in this process at a time. Fault: rate_limited, when `waiting` of them wait already. */
export function openTurns({ atOnce, waiting }: Limits): Turns {
  const lines = new Map<string, Line>()
  const leave = (tenantId: string, line: Line) => {
    const next = line.waiting.shift()
    if (next !== undefined) return next()
    line.running--
    if (line.running === 0) lines.delete(tenantId)
  }
  return async (tenantId, work) => {
    const line = lines.get(tenantId) ?? { running: 0, waiting: [] }
    lines.set(tenantId, line)
    if (line.running < atOnce) line.running++
    else if (line.waiting.length < waiting) await new Promise<void>((resolve) => line.waiting.push(resolve))
    else
      throw new Fault('rate_limited', {
        retry: 'later',
        detail: `${waiting} orders of this tenant wait to be admitted already`,
        facts: { retryAfterMs: RETRY_MS },
      })
    try {
      return await work()
    } finally {
      leave(tenantId, line)
    }
  }
}
