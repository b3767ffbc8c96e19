// Packs that take their process with them. A graph may loop for ever or crash its runtime, and each time the device is gone for everybody;
// so a pack that did it several times in a row is set aside, and asking for it fails at once. After a while one try decides again.
import { Fault, isFault } from '../src/kernel/fault.ts'
import type { Log } from '../src/kernel/log.ts'
import { packsSetAside } from '../src/kernel/meters.ts'

export type StrikeRules = {
  /** So many in a row set a pack aside. */
  limit: number
  asideMs: number
}

export type Strikes = {
  /** Does work with a pack. Fault model_error, never to be tried again, with `setAside`: the pack is, until later. */
  watch<T>(packId: string, work: () => Promise<T>): Promise<T>
}

type Struck = { inRow: number; asideUntil: number }

/** What the process did to itself. SIGKILL and SIGTERM come from outside: from an operator, or a system without memory. */
const OWN_ENDS = /^(SIGSEGV|SIGABRT|SIGBUS|SIGILL|SIGFPE|SIGTRAP|exit code [1-9]\d*)$/

export function countStrikes(rules: StrikeRules, log: Log, now: () => number = Date.now): Strikes {
  const struck = new Map<string, Struck>()

  function strike(packId: string, error: Fault): void {
    const inRow = (struck.get(packId)?.inRow ?? 0) + 1
    const isAside = inRow >= rules.limit
    struck.set(packId, { inRow, asideUntil: isAside ? now() + rules.asideMs : 0 })
    if (!isAside) return
    packsSetAside.inc()
    log.error({ packId, inRow, asideMs: rules.asideMs, error }, 'a pack keeps ending its process; it is set aside')
  }

  return {
    async watch(packId, work) {
      const { inRow = 0, asideUntil = 0 } = struck.get(packId) ?? {}
      if (now() < asideUntil)
        throw new Fault('model_error', {
          retry: 'never',
          detail: `this model ended its process ${inRow} times in a row, and is set aside for a while`,
          facts: { packId, setAside: true },
        })
      try {
        const result = await work()
        struck.delete(packId)
        return result
      } catch (error) {
        if (endsProcess(error)) strike(packId, error)
        throw error
      }
    },
  }
}

function endsProcess(error: unknown): error is Fault {
  if (isFault(error, 'timeout')) return true
  return isFault(error, 'model_error') && error.facts.crashed === true && OWN_ENDS.test(String(error.facts.cause))
}
