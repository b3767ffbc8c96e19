// The rows of limits: paces, usage, charges, and the devices that the dispatcher feeds. tables.ts names them all.
// Their columns are those of migration 0005 and what came after it; the kinds of columns are in columns.ts.
import type { ColumnType, Generated } from 'kysely'
import type { BigInt_, DefaultBigInt, Time } from './columns.ts'

/** `tat`: the theoretical arrival time of a request that would be exactly on pace (GCRA). */
export type RateTable = { tenant_id: string; bucket: string; tat: ColumnType<Date, Date | string, Date | string> }

/** A day of UTC; `stored_bytes` is what the day added or took. */
export type UsageTable = {
  tenant_id: string
  day: ColumnType<Date | string, string, never>
  requests: DefaultBigInt
  images: DefaultBigInt
  gpu_ms: DefaultBigInt
  upload_bytes: DefaultBigInt
  stored_bytes: DefaultBigInt
  refusals: DefaultBigInt
  failures: DefaultBigInt
}

export type ChargeTable = {
  request_id: string
  tenant_id: string
  images: number
  gpu_ms: BigInt_
  reason: 'published' | 'withheld' | 'refused' | 'failed' | 'cancelled' | 'expired' | 'appeal'
  at: Time
}

export type DeviceTable = {
  id: string
  pool: string
  holder: string
  slots: number
  provider: string
  name: string
  seen_at: Time
}

/** What was charged to a tenant's fair share and is not corrected yet. */
export type DispatchedTable = {
  task_id: string
  pool: string
  tenant_id: string
  cost: number
  gpu_ms: Generated<number>
  finished: Generated<boolean>
}
