// The sequencer's loop: rounds for as long as something waits, and nothing of an idle log. Many may run; one leads.
import { randomUUID } from 'node:crypto'
import type { TransparencyLog } from '../src/audit/log.ts'
import { resignLog } from '../src/audit/log-records.ts'
import { runRound } from '../src/audit/sequencer.ts'
import { isFault } from '../src/kernel/fault.ts'
import type { Ground } from '../src/kernel/ground.ts'
import { repeat } from './repeat.ts'

const LEASE_MS = 5000
const LEAVES_AT_MOST = 4096
/** A log that does not agree with itself is told of so often: it stands still until a person looked. */
const STOPPED_MS = 30_000

export function startSequencer(ground: Ground, transparency: TransparencyLog): AsyncDisposable {
  const { database, log, config } = ground
  const tools = { ...transparency, database, holder: randomUUID(), leaseMs: LEASE_MS, atMost: LEAVES_AT_MOST }
  let stopping = false
  let pausedUntilMs = 0
  const loop = repeat(log, 'sequence', config.transparency.roundMs, async () => {
    if (performance.now() < pausedUntilMs) return
    try {
      let more = true
      while (more && !stopping) more = (await runRound(tools))?.full === true
    } catch (error) {
      if (isFault(error, 'lease_lost')) return
      if (isFault(error, 'log_inconsistent') || isFault(error, 'config_invalid'))
        pausedUntilMs = performance.now() + STOPPED_MS
      throw error
    }
  })
  return {
    [Symbol.asyncDispose]: async () => {
      stopping = true
      await loop.stop()
      await resignLog(database.sql, tools.holder)
    },
  }
}
