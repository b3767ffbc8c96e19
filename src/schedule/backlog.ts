// How much device work waits, and how fast it drains: from the tasks, the devices that are alive and the pace they were measured
// at. Admission's backpressure, a Retry-After, a place's estimate (position.ts) and the scaling of devices all come from here.
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

/** How fast a pool draws. `msPerCost`: what a unit of cost takes one device; null until one was measured (dispatch.ts). */
export type Pace = { devices: number; msPerCost: number | null }

export async function paceOf(sql: Sql, pool = 'default'): Promise<Pace> {
  const { rows } = await raw<{ devices: string; ms: number | null }>`
    SELECT (SELECT count(*) FROM darkroom.device
             WHERE pool = ${pool} AND seen_at > (SELECT darkroom.now()) - ${DEVICE_STALE_MS} * interval '1 millisecond') AS devices,
           (SELECT ms_per_cost FROM darkroom.dispatcher WHERE pool = ${pool}) AS ms`.execute(sql)
  return { devices: Number(rows[0]?.devices ?? 0), msPerCost: rows[0]?.ms ?? null }
}

/** Seconds that so much cost takes all devices that are alive; one, when none is. */
export function secondsFor(cost: number, { devices, msPerCost }: { devices: number; msPerCost: number }): number {
  return (cost * msPerCost) / 1000 / Math.max(1, devices)
}

/** `msPerCost`: what a unit of cost is taken for until devices were measured. */
export async function backlogOf(sql: Sql, msPerCost: number, pool = 'default'): Promise<Backlog> {
  const { rows } = await raw<{ tasks: string; cost: number }>`
    SELECT count(*) AS tasks, coalesce(sum(cost), 0)::double precision AS cost
      FROM darkroom.task WHERE stage = 'generate'`.execute(sql)
  const { tasks, cost } = rows[0] ?? { tasks: '0', cost: 0 }
  const pace = await paceOf(sql, pool)
  const estimatedSeconds = secondsFor(cost, { devices: pace.devices, msPerCost: pace.msPerCost ?? msPerCost })
  return { tasks: Number(tasks), costUnits: cost, estimatedSeconds, devices: pace.devices }
}
