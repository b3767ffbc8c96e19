// Who probes the filter is slowed. Each refusal takes from a bucket of the key (or the person without one) that sent it, in the same
// GCRA as rate.ts; while it is empty, everything that would be screened is turned away first, whatever it says, so the answer tells
// nothing of the prompt. Unlike a request's, a refusal's turn is taken even when there is none left: many at once leave a debt.
import { sql as raw } from 'kysely'
import type { Sql } from '../kernel/database.ts'
import { Fault } from '../kernel/fault.ts'
import type { Pace, Plan, Plans } from '../policy/quotas.ts'
import type { Caller } from './caller.ts'
import { readLimitsOf } from './quota.ts'
import { pacedBy } from './rate.ts'

const MINUTE_MS = 60_000
/** No debt is longer, so that a clock that went back or a plan that changed does not lock a key out for good. */
const MOST_DEBT_MS = 3_600_000

/** Counts what was refused. `plans` say how fast the tenant's keys may be refused; without such a limit nothing is counted. */
export async function countRefusals(sql: Sql, plans: Plans, caller: Caller, refusals: number): Promise<void> {
  if (refusals === 0) return
  const { limits } = await readLimitsOf(sql, plans, caller.tenantId)
  if (limits.refusals === null) return
  const takenMs = raw<string>`${(refusals * MINUTE_MS) / limits.refusals.per_minute}::double precision * interval '1 millisecond'`
  const most = raw<string>`${fullMs(limits.refusals) + MOST_DEBT_MS}::double precision * interval '1 millisecond'`
  await raw`
    INSERT INTO darkroom.rate AS kept (tenant_id, bucket, tat)
    VALUES (${caller.tenantId}, ${bucketOf(caller)}, darkroom.now() + least(${takenMs}, ${most}))
    ON CONFLICT (tenant_id, bucket) DO UPDATE
      SET tat = least(greatest(kept.tat, darkroom.now()) + ${takenMs}, darkroom.now() + ${most})`.execute(sql)
}

/** Fault: rate_limited, while too much of what this key sent was refused. */
export async function holdRefusals(sql: Sql, { refusals: pace }: Plan, caller: Caller): Promise<void> {
  if (pace === null) return
  const { rows } = await raw<{ tat_ms: number }>`
    SELECT (extract(epoch FROM tat - darkroom.now()) * 1000)::double precision AS tat_ms FROM darkroom.rate
     WHERE tenant_id = ${caller.tenantId} AND bucket = ${bucketOf(caller)}`.execute(sql)
  const { remaining, retryMs } = pacedBy(pace, true, rows[0]?.tat_ms ?? 0)
  if (remaining === 0)
    throw new Fault('rate_limited', {
      retry: 'later',
      detail: 'too much of what this key sent was refused lately',
      facts: { retryAfterMs: retryMs },
    })
}

function bucketOf({ keyId, personId }: Caller): string {
  return `refusals:${keyId ?? personId ?? 'nobody'}`
}

function fullMs({ per_minute, burst }: Pace): number {
  return (burst * MINUTE_MS) / per_minute
}
