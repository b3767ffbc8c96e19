// The dispatcher role: a pass whenever work arrives or leaves, and once a second in case nobody said so.
import { randomUUID } from 'node:crypto'
import type { Ground } from '../src/kernel/ground.ts'
import { type DispatchOptions, dispatchPass, resignLead } from '../src/schedule/dispatch.ts'
import type { Doorbell } from '../src/schedule/doorbell.ts'
import { repeat } from './repeat.ts'

const POLL_MS = 1000
const LEASE_MS = 5000

/** `slots`: generate tasks in the devices' hands at once; null: what the devices that are alive offer. */
export function startDispatcher(ground: Ground, doorbell: Doorbell, slots: number | null): AsyncDisposable {
  const options: DispatchOptions = { pool: 'default', holder: randomUUID(), leaseMs: LEASE_MS, slots }
  const loop = repeat(ground.log, 'dispatch', POLL_MS, async () => {
    const due = await dispatchPass(ground.database, options)
    if (due !== null) doorbell.ringDispatched(due)
  })
  const deaf = doorbell.hear(doorbell.dispatchTopic, loop.soon)
  return {
    [Symbol.asyncDispose]: async () => {
      deaf()
      await loop.stop()
      await resignLead(ground.database, options)
    },
  }
}
