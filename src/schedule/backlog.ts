// How much device work waits, and how fast it drains: from the tasks, the devices that are alive and the pace they were measured
// at. Admission's backpressure, the estimate of a Retry-After and the scaling of devices all read this one statement.
import { sql as raw } from 'kysely'
import type { Sql } from '../kernel/database.ts'

export type Backlog = {
  /** Requests that wait for a device or are on one. */
  tasks: number
  /** Millions of pixel steps. */
  costUnits: number
  /** Until all of it is done by the devices that are alive; by one, when none is. */
  estimatedSeconds: number
  /** Devices that are alive. */
  devices: number
}

/** A device that was not heard of for this long is not alive. */
export const DEVICE_STALE_MS = 20_000

/** `msPerCost`: what a unit of cost is taken for until devices were measured. */
export async function backlogOf(sql: Sql, msPerCost: number, pool = 'default'): Promise<Backlog> {
  const { rows } = await raw<{ tasks: string; cost: number; devices: string; ms: number }>`
    SELECT count(*) AS tasks, coalesce(sum(cost), 0)::double precision AS cost,
           (SELECT count(*) FROM darkroom.device
             WHERE pool = ${pool} AND seen_at > (SELECT darkroom.now()) - ${DEVICE_STALE_MS} * interval '1 millisecond') AS devices,
           coalesce((SELECT ms_per_cost FROM darkroom.dispatcher WHERE pool = ${pool}), ${msPerCost}::double precision) AS ms
      FROM darkroom.task WHERE stage = 'generate'`.execute(sql)
  const row = rows[0]
  if (row === undefined) return { tasks: 0, costUnits: 0, estimatedSeconds: 0, devices: 0 }
  const devices = Number(row.devices)
  const estimatedSeconds = (row.cost * row.ms) / 1000 / Math.max(1, devices)
  return { tasks: Number(row.tasks), costUnits: row.cost, estimatedSeconds, devices }
}
