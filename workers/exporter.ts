// Makes exports of the log, one after the other for as long as any is due. Many may run; each export is one worker's at a time.
import { runExport } from '../src/audit/export-job.ts'
import type { TransparencyLog } from '../src/audit/log.ts'
import type { Ground } from '../src/kernel/ground.ts'
import { repeat } from './repeat.ts'

const LOOK_MS = 1000
const LEASE_MS = 60_000
const PART_BYTES = 1024 * 1024

export function startExporter({ database, quarantine, log }: Ground, transparency: TransparencyLog): AsyncDisposable {
  const stop = new AbortController()
  const stopping = stop.signal
  const tools = { database, quarantine, log, transparency, leaseMs: LEASE_MS, partBytes: PART_BYTES, stopping }
  const loop = repeat(log, 'export', LOOK_MS, async () => {
    for (let more = true; more && !stopping.aborted; ) {
      const pass = await runExport(tools)
      more = pass !== 'idle'
      if (pass === 'made') log.info({}, 'an export of the log is ready')
    }
  })
  return {
    [Symbol.asyncDispose]: async () => {
      stop.abort()
      await loop.stop()
    },
  }
}
