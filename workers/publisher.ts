// Beside the sequencer: shows the log's checkpoints to its witnesses and to the authority on time, where there are any, each in a loop
// of its own, so that neither waits for the other and the log for none of them. Many may run; each turn is one worker's.
import type { TransparencyLog } from '../src/audit/log.ts'
import { serveNewest } from '../src/audit/publication.ts'
import { runTimestamping } from '../src/audit/timestamping.ts'
import { openWitness } from '../src/audit/witness.ts'
import { runWitnessing } from '../src/audit/witnessing.ts'
import type { Ground } from '../src/kernel/ground.ts'
import { checkpointStampResults, witnessResults } from '../src/kernel/meters.ts'
import { type Loop, repeat } from './repeat.ts'

const LOOK_MS = 1000
/** So soon readers have the newest checkpoint once nobody is asked to cosign, whatever another worker published last. */
const UNWITNESSED_MS = 60_000
const WITNESS_TIMEOUT_MS = 10_000

/** Fault: config_invalid, for a witness's key whose id is another's. */
export function startPublisher(ground: Ground, transparency: TransparencyLog): AsyncDisposable {
  const stop = new AbortController()
  const loops = [startWitnessing(ground, transparency, stop.signal), ...startTimestamping(ground, stop.signal)]
  return {
    [Symbol.asyncDispose]: async () => {
      stop.abort()
      await Promise.all(loops.map((loop) => loop.stop()))
    },
  }
}

function startWitnessing({ database, log, config }: Ground, { store }: TransparencyLog, stopping: AbortSignal): Loop {
  const { witnessSeconds: seconds } = config.transparency
  const witnesses = config.transparency.witnesses.map(openWitness)
  if (witnesses.length === 0) return repeat(log, 'serve_newest', UNWITNESSED_MS, () => serveNewest(database.sql))
  // The first must be seen as a rise, and none as none.
  for (const { key } of witnesses)
    for (const result of ['cosigned', 'split_view']) witnessResults.inc({ witness: key.name, result }, 0)
  const tools = { database, store, log, witnesses, seconds, timeoutMs: WITNESS_TIMEOUT_MS, stopping }
  return repeat(log, 'witness', LOOK_MS, () => until(stopping, runWitnessing(tools)))
}

function startTimestamping({ database: { sql }, log, config }: Ground, stopping: AbortSignal): Loop[] {
  const { url, timeoutMs } = config.timestamps
  if (url === null) return []
  checkpointStampResults.inc({ result: 'stamped' }, 0)
  const tools = { sql, log, url, timeoutMs, minutes: config.transparency.timestampMinutes, stopping }
  return [repeat(log, 'timestamp', LOOK_MS, () => until(stopping, runTimestamping(tools)))]
}

/** What broke off because the process stops is no failure. */
async function until(stopping: AbortSignal, work: Promise<unknown>): Promise<void> {
  try {
    await work
  } catch (error) {
    if (!stopping.aborted) throw error
  }
}
