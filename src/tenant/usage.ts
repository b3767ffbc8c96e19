// What a tenant used, day by day, and what its limits leave. The counters are kernel/charge.ts's, the limits its plan's; what is in
// hand counts as used, exactly as admission counts it.
import { sql as raw } from 'kysely'
import { TODAY } from '../kernel/charge.ts'
import type { Sql } from '../kernel/database.ts'
import { Fault } from '../kernel/fault.ts'
import type { Pace, Plans } from '../policy/quotas.ts'
import { isPerDay, readLedger, readLimitsOf } from './quota.ts'

/** Of one day of UTC, `YYYY-MM-DD`. */
export type UsageDay = {
  day: string
  requests: number
  /** Released, and charged. */
  images: number
  gpuSeconds: number
  uploadBytes: number
  refusals: number
  failures: number
}

export type LimitState = {
  quota: string
  /** Null: unlimited. */
  limit: number | null
  /** With what is queued or being made, as far as it is known. */
  used: number
  remaining: number | null
  /** When `used` starts again from nothing; null: it does not. */
  resetsAt: Date | null
}

export type UsageReport = {
  tenantId: string
  plan: string
  from: string
  to: string
  /** Oldest first, days without use among them. */
  days: UsageDay[]
  limits: LimitState[]
  /** Per minute; null: unlimited. */
  paces: { requests: Pace | null; moderations: Pace | null; refusals: Pace | null }
}

/** Both ends included; absent: the 30 days that end today. */
export type Period = { from?: string | undefined; to?: string | undefined }

const USUAL_DAYS = 30
const MOST_DAYS = 366
const DAY_MS = 86_400_000

/** Faults: not_found, invalid_request (field from or to), plan_missing. */
export async function usageReport(
  sql: Sql,
  plans: Plans,
  tenantId: string,
  period: Period,
  msPerCost: number,
): Promise<UsageReport> {
  const { plan, limits } = await readLimitsOf(sql, plans, tenantId)
  const { from, to, tomorrow } = await periodOf(sql, period)
  const ledger = await readLedger(sql, tenantId, msPerCost)
  const states = (Object.keys(ledger.used) as (keyof typeof ledger.used)[]).map((quota): LimitState => {
    const limit = limits[quota]
    const used = ledger.used[quota]
    const remaining = limit === null ? null : Math.max(0, limit - used)
    return { quota, limit, used, remaining, resetsAt: isPerDay(quota) ? tomorrow : null }
  })
  return {
    tenantId,
    plan,
    from,
    to,
    days: await readDays(sql, tenantId, from, to),
    limits: states,
    paces: { requests: limits.requests, moderations: limits.moderations, refusals: limits.refusals },
  }
}

async function readDays(sql: Sql, tenantId: string, from: string, to: string): Promise<UsageDay[]> {
  const { rows } = await raw<
    Record<Exclude<keyof UsageDay, 'day' | 'gpuSeconds' | 'uploadBytes'>, string> & {
      day: string
      gpu_ms: string
      upload_bytes: string
    }
  >`
    SELECT to_char(day, 'YYYY-MM-DD') AS day, coalesce(requests, 0) AS requests, coalesce(images, 0) AS images,
           coalesce(gpu_ms, 0) AS gpu_ms, coalesce(upload_bytes, 0) AS upload_bytes,
           coalesce(refusals, 0) AS refusals, coalesce(failures, 0) AS failures
      FROM (SELECT generate_series(${from}::date, ${to}::date, interval '1 day')::date AS day) AS days
      LEFT JOIN (SELECT * FROM darkroom.usage WHERE tenant_id = ${tenantId}) AS usage USING (day)
     ORDER BY day`.execute(sql)
  return rows.map((row) => ({
    day: row.day,
    requests: Number(row.requests),
    images: Number(row.images),
    gpuSeconds: Number(row.gpu_ms) / 1000,
    uploadBytes: Number(row.upload_bytes),
    refusals: Number(row.refusals),
    failures: Number(row.failures),
  }))
}

async function periodOf(sql: Sql, { from, to }: Period): Promise<{ from: string; to: string; tomorrow: Date }> {
  const { rows } = await raw<{ today: string }>`SELECT to_char(${TODAY}, 'YYYY-MM-DD') AS today`.execute(sql)
  const today = rows[0]?.today ?? ''
  const last = dayOf(to ?? today, 'to')
  const first = from === undefined ? last - (USUAL_DAYS - 1) * DAY_MS : dayOf(from, 'from')
  if (first > last) throw new Fault('invalid_request', { field: 'from', detail: 'from is after to' })
  if (last - first >= MOST_DAYS * DAY_MS)
    throw new Fault('invalid_request', { field: 'from', detail: `ask for ${MOST_DAYS} days at most` })
  return { from: textOf(first), to: textOf(last), tomorrow: new Date(Date.parse(`${today}T00:00:00Z`) + DAY_MS) }
}

/** Milliseconds of a day that the calendar has; years that a date column surely holds. */
function dayOf(text: string, field: string): number {
  const ms = /^[12]\d{3}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN
  if (Number.isNaN(ms) || textOf(ms) !== text)
    throw new Fault('invalid_request', { field, detail: `${field} is a day such as 2026-11-01` })
  return ms
}

function textOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10)
}
