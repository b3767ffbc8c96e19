// Quotas: how much a tenant may have or do. `holdQuota` is the first statement of an admission: it locks the tenant's row, on which
// all of its admissions then wait, so that no two can share what is left. What is in hand counts as if it were used already;
// kernel/charge.ts books what it really came to, and nothing for what was refused or failed.
import { sql as raw } from 'kysely'
import { TODAY } from '../kernel/charge.ts'
import type { Sql, Tx } from '../kernel/database.ts'
import { Fault } from '../kernel/fault.ts'
import { type CountedLimit, isOverrides, limitsOf, type Plan, type Plans } from '../policy/quotas.ts'

/** What an order would take. `cost` in the scheduler's unit; a refused order takes a request, its upload and nothing else. */
export type Demand = { images: number; cost: number; uploadBytes: number; refused: boolean }

/** What a tenant has used today and has in hand, as quotas count it. */
export type Used = Record<Exclude<CountedLimit, 'listeners'>, number>

const PER_DAY = [
  'requests_per_day',
  'images_per_day',
  'gpu_seconds_per_day',
  'upload_bytes_per_day',
] as const satisfies readonly CountedLimit[]

/** In the order in which they are named when several are used up. */
const CHECKED = [...PER_DAY, 'concurrent_requests'] as const
const COUNTED = [...CHECKED, 'stored_bytes'] as const

const BUSY_RETRY_MS = { least: 1000, most: 60_000 }

export function isPerDay(name: CountedLimit): boolean {
  return PER_DAY.some((one) => one === name)
}

type Ledger = { used: Used; msPerCost: number; untilMidnightMs: number }

/**
 * Counts the request and holds it to the tenant's limits, in the admission's own transaction and before anything else in it.
 * `msPerCost`: what a unit of cost is taken for until devices were measured. Fault: quota_exceeded, whose field names the quota.
 */
export async function holdQuota(
  tx: Tx,
  plans: Plans,
  tenantId: string,
  demand: Demand,
  msPerCost: number,
): Promise<void> {
  const limits = await countAndLock(tx, plans, tenantId, demand.uploadBytes)
  if (COUNTED.every((name) => limits[name] === null)) return
  const ledger = await readLedger(tx, tenantId, msPerCost)
  const { used } = ledger
  // The request and its upload are counted already; everything else is what there would be with it.
  const would: Partial<Used> = {
    requests_per_day: used.requests_per_day,
    ...(demand.uploadBytes > 0 ? { upload_bytes_per_day: used.upload_bytes_per_day } : {}),
    ...(demand.refused
      ? {}
      : {
          images_per_day: used.images_per_day + demand.images,
          gpu_seconds_per_day: used.gpu_seconds_per_day + (demand.cost * ledger.msPerCost) / 1000,
          concurrent_requests: used.concurrent_requests + 1,
        }),
  }
  for (const name of CHECKED) {
    const limit = limits[name]
    const amount = would[name]
    if (limit !== null && amount !== undefined && amount > limit) throw exceeded(name, limit, ledger, demand)
  }
  // Sizes are not known before there are files: what is full takes nothing more in.
  if (!demand.refused && limits.stored_bytes !== null && used.stored_bytes >= limits.stored_bytes)
    throw exceeded('stored_bytes', limits.stored_bytes, ledger, demand)
}

/** Tenants of which nothing says what they may do, for the operator to mend. */
export async function tenantsWithoutLimits(sql: Sql, plans: Plans): Promise<{ id: string; plan: string }[]> {
  const tenants = await sql.selectFrom('darkroom.tenant').select(['id', 'plan', 'quota']).orderBy('id').execute()
  return tenants.flatMap(({ id, plan, quota }) => (plans.has(plan) && isOverrides(quota) ? [] : [{ id, plan }]))
}

/** The limits of a tenant as they are now. Fault: not_found, plan_missing. */
export async function readLimitsOf(sql: Sql, plans: Plans, tenantId: string): Promise<{ plan: string; limits: Plan }> {
  const tenant = await sql
    .selectFrom('darkroom.tenant')
    .select(['plan', 'quota'])
    .where('id', '=', tenantId)
    .executeTakeFirst()
  if (tenant === undefined) throw new Fault('not_found', { facts: { id: tenantId } })
  return { plan: tenant.plan, limits: limitsOf(plans, tenant) }
}

/** What is used and in hand; device time of what is in hand is estimated. */
export async function readLedger(sql: Sql, tenantId: string, msPerCost: number): Promise<Ledger> {
  const { rows } = await raw<
    { [name in keyof Used]: string | number } & { ms_per_cost: number; until_midnight: number }
  >`
    WITH today AS (SELECT * FROM darkroom.usage WHERE tenant_id = ${tenantId} AND day = ${TODAY}),
    pace AS (SELECT coalesce((SELECT max(ms_per_cost) FROM darkroom.dispatcher), ${msPerCost}::double precision) AS ms),
    open AS (
      SELECT count(*) AS requests, coalesce(sum(n), 0) AS images, coalesce(sum(cost), 0) AS cost FROM darkroom.request
       WHERE tenant_id = ${tenantId} AND state IN ('queued', 'generating'))
    SELECT coalesce((SELECT requests FROM today), 0) AS requests_per_day,
           coalesce((SELECT images FROM today), 0) + open.images AS images_per_day,
           (coalesce((SELECT gpu_ms FROM today), 0) + open.cost * pace.ms) / 1000 AS gpu_seconds_per_day,
           coalesce((SELECT upload_bytes FROM today), 0) AS upload_bytes_per_day,
           (SELECT coalesce(sum(stored_bytes), 0) FROM darkroom.usage WHERE tenant_id = ${tenantId}) AS stored_bytes,
           open.requests AS concurrent_requests, pace.ms AS ms_per_cost,
           (extract(epoch FROM ((${TODAY} + 1)::timestamp AT TIME ZONE 'UTC') - darkroom.now()) * 1000)::double precision
             AS until_midnight
      FROM open, pace`.execute(sql)
  const row = rows[0]
  if (row === undefined) throw new Fault('database_failed', { detail: 'the database counts nothing' })
  const { ms_per_cost, until_midnight, ...counts } = row
  return {
    used: {
      requests_per_day: Number(counts.requests_per_day),
      images_per_day: Number(counts.images_per_day),
      gpu_seconds_per_day: Number(counts.gpu_seconds_per_day),
      upload_bytes_per_day: Number(counts.upload_bytes_per_day),
      stored_bytes: Number(counts.stored_bytes),
      concurrent_requests: Number(counts.concurrent_requests),
    },
    msPerCost: ms_per_cost,
    untilMidnightMs: until_midnight,
  }
}

/**
 * Counts the request. Until the transaction ends, no other admission of this tenant reads what is left: the day's row is counted up
 * from the locked tenant's, so after it. What is left must be read by a later statement, which sees what it waited for.
 */
async function countAndLock(tx: Tx, plans: Plans, tenantId: string, uploadBytes: number): Promise<Plan> {
  const { rows } = await raw<{ plan: string; quota: Parameters<typeof limitsOf>[1]['quota'] }>`
    WITH locked AS MATERIALIZED (
      SELECT id, plan, quota FROM darkroom.tenant WHERE id = ${tenantId} FOR NO KEY UPDATE),
    counted AS (
      INSERT INTO darkroom.usage AS usage (tenant_id, day, requests, upload_bytes)
      SELECT id, ${TODAY}, 1, ${uploadBytes}::bigint FROM locked
      ON CONFLICT (tenant_id, day) DO UPDATE SET requests = usage.requests + 1,
        upload_bytes = usage.upload_bytes + EXCLUDED.upload_bytes)
    SELECT plan, quota FROM locked`.execute(tx)
  const tenant = rows[0]
  if (tenant === undefined) throw new Fault('not_found', { facts: { id: tenantId } })
  return limitsOf(plans, tenant)
}

const WORDS: Record<CountedLimit, (limit: number) => string> = {
  requests_per_day: (limit) => `this tenant may send ${limit} requests a day`,
  images_per_day: (limit) => `this tenant may have ${limit} images a day, those that are being made included`,
  gpu_seconds_per_day: (limit) => `this tenant may use ${limit} GPU seconds a day, those of waiting requests included`,
  upload_bytes_per_day: (limit) => `this tenant may upload ${limit} bytes a day`,
  stored_bytes: (limit) => `this tenant may store ${limit} bytes; erase what is not needed any more`,
  concurrent_requests: (limit) => `this tenant may have ${limit} requests queued or generating at once`,
  listeners: (limit) => `this tenant may follow ${limit} event streams at once`,
}

function exceeded(name: CountedLimit, limit: number, ledger: Ledger, demand: Demand): Fault {
  const busyMs = Math.max(BUSY_RETRY_MS.least, Math.min(BUSY_RETRY_MS.most, demand.cost * ledger.msPerCost))
  const retryAfterMs = isPerDay(name) ? ledger.untilMidnightMs : name === 'stored_bytes' ? null : busyMs
  return quotaFault(name, limit, retryAfterMs)
}

/** `retryAfterMs` null: waiting does not help. */
export function quotaFault(name: CountedLimit, limit: number, retryAfterMs: number | null): Fault {
  return new Fault('quota_exceeded', {
    field: name,
    detail: WORDS[name](limit),
    facts: { quota: name, limit, retryAfterMs },
  })
}
