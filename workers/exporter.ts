// Makes exports of the log, one after the other for as long as any is due, and takes those away whose time is over. Many may run: who takes
// an export holds it for LEASE_MS from each thing that it has written, under a number that grows with each taking (`fence` on its row).
// Another takes it only when that time is over, and from then on whatever the first would write is refused (src/audit/export-records.ts).
import { runExport } from '../src/audit/export-job.ts'
import { endExports } from '../src/audit/export-retention.ts'
import type { TransparencyLog } from '../src/audit/log.ts'
import type { Ground } from '../src/kernel/ground.ts'
import { repeat } from './repeat.ts'

const LOOK_MS = 1000
const END_MS = 60_000
const LEASE_MS = 60_000
const PART_BYTES = 1024 * 1024

export function startExporter(
  { config, database, quarantine, log }: Ground,
  transparency: TransparencyLog,
): AsyncDisposable {
  const stop = new AbortController()
  const stopping = stop.signal
  const tools = { database, quarantine, log, transparency, leaseMs: LEASE_MS, partBytes: PART_BYTES, stopping }
  const making = repeat(log, 'export', LOOK_MS, async () => {
    while (!stopping.aborted && (await runExport(tools)) !== 'idle');
  })
  const ending = repeat(log, 'end exports', END_MS, async () => {
    const ended = await endExports(database, config.transparency.exportKeepDays)
    if (ended > 0) log.info({ ended }, 'exports of the log are taken away after their time')
  })
  return {
    [Symbol.asyncDispose]: async () => {
      stop.abort()
      await Promise.all([making.stop(), ending.stop()])
    },
  }
}
