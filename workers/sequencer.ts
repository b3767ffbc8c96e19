// The sequencer's loop: rounds for as long as something waits, at once when somebody says that they wait for a leaf, and nothing of an
// idle log. Many may run; one leads.
import { randomUUID } from 'node:crypto'
import type { TransparencyLog } from '../src/audit/log.ts'
import { resignLog } from '../src/audit/log-records.ts'
import { runRound } from '../src/audit/sequencer.ts'
import { isFault } from '../src/kernel/fault.ts'
import { type Ground, LOG_DUE_TOPIC, LOG_GROWN_TOPIC } from '../src/kernel/ground.ts'
import { repeat } from './repeat.ts'

const LEASE_MS = 5000
const LEAVES_AT_MOST = 4096
/** Rounds that somebody asked for begin no closer together: each leaves objects that are kept for good. */
const SPACING_MS = 100
/** A log that does not agree with itself is told of so often: it stands still until a person looked. */
const STOPPED_MS = 30_000

export function startSequencer(ground: Ground, transparency: TransparencyLog): AsyncDisposable {
  const { database, log, config, bell } = ground
  const tools = { ...transparency, database, holder: randomUUID(), leaseMs: LEASE_MS, atMost: LEAVES_AT_MOST }
  let stopping = false
  let pausedUntilMs = 0
  let beganMs = 0
  const loop = repeat(log, 'sequence', config.transparency.roundMs, async () => {
    if (performance.now() < pausedUntilMs) return
    beganMs = performance.now()
    try {
      let more = true
      while (more && !stopping) {
        const round = await runRound(tools)
        if (round !== null) bell.tell(LOG_GROWN_TOPIC, { size: round.size })
        more = round?.full === true
      }
    } catch (error) {
      if (isFault(error, 'lease_lost')) return
      if (isFault(error, 'log_inconsistent') || isFault(error, 'config_invalid'))
        pausedUntilMs = performance.now() + STOPPED_MS
      throw error
    }
  })
  let asked: NodeJS.Timeout | null = null
  const deaf = bell.hear(LOG_DUE_TOPIC, () => {
    asked ??= setTimeout(
      () => {
        asked = null
        loop.soon()
      },
      Math.max(0, beganMs + SPACING_MS - performance.now()),
    )
  })
  return {
    [Symbol.asyncDispose]: async () => {
      stopping = true
      deaf()
      if (asked !== null) clearTimeout(asked)
      await loop.stop()
      await resignLog(database.sql, tools.holder)
    },
  }
}
