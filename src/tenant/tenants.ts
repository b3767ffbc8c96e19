// Tenants: made, read and changed by administrators. Each act is one note in the log of the tenant that it is about, with the
// names of what changed and who did it; a tenant's name is in no note.
import { randomBytes } from 'node:crypto'
import { sql as raw, type Selectable } from 'kysely'
import { note } from '../advance.ts'
import { canonical, type Json } from '../kernel/canonical.ts'
import type { Sql, Tx } from '../kernel/database.ts'
import { Fault } from '../kernel/fault.ts'
import { newId, parseId } from '../kernel/ids.ts'
import type { TenantTable } from '../kernel/tenant-tables.ts'
import type { Overrides } from '../policy/quotas.ts'
import type { Settings } from '../policy/settings.ts'
import { type Actor, actorOf } from './actor.ts'
import { lockTenant, type Page, pageOf, requireAdministered, wrongCursor } from './administered.ts'
import type { Caller } from './caller.ts'

/** The hash before a chain's first leaf. */
export const GENESIS = '0'.repeat(64)

const COLUMNS = [
  'id',
  'name',
  'weight',
  'operator',
  'plan',
  'quota',
  'sandbox',
  'previews_allowed',
  'policy',
  'purposes',
  'audit_consent',
  'suspended_at',
  'created_at',
] as const
export type TenantRow = Pick<Selectable<TenantTable>, (typeof COLUMNS)[number]>

/**
 * What an administrator sets. `quota`: limits by name that replace the plan's; null says unlimited. `policy`: its settings of the moderation
 * policy, null for none; whoever takes them has held them against the policy (policy/settings.ts).
 */
export type TenantTerms = {
  name: string
  weight: number
  plan: string
  quota: Overrides
  sandbox: boolean
  previews_allowed: boolean
  policy: Settings | null
  purposes: string[]
  /** Whether people may look at a random share of what was released. */
  audit_consent: boolean
  suspended: boolean
}
type NewTenant = Pick<TenantTerms, 'name'> & Partial<Omit<TenantTerms, 'suspended'>> & { operator?: boolean }

/** Makes a tenant and returns its id. */
export async function createTenant(tx: Tx, tenant: NewTenant, by: Actor): Promise<string> {
  const id = newId('ten')
  const { quota, policy, ...rest } = tenant
  await tx
    .insertInto('darkroom.tenant')
    .values({
      id,
      ...rest,
      ...(quota === undefined ? {} : { quota: JSON.stringify(quota) }),
      ...(policy === undefined ? {} : { policy: jsonOf(policy) }),
      pseudonym: randomBytes(16).toString('hex'),
      head: GENESIS,
    })
    .execute()
  const { name: _, ...terms } = tenant
  await note(tx, id, 'tenant.created', id, { weight: 1, ...terms, by })
  return id
}

/** Fault: not_found. */
export async function getTenant(sql: Sql | Tx, caller: Caller, id: string): Promise<TenantRow> {
  requireAdministered(caller, id)
  const row = await sql.selectFrom('darkroom.tenant').select(COLUMNS).where('id', '=', id).executeTakeFirst()
  if (row === undefined) throw new Fault('not_found', { detail: 'there is no such thing' })
  return row
}

/** Newest first; of a customer's administrator, their own tenant alone. Fault: invalid_request. */
export async function listTenants(
  sql: Sql,
  caller: Caller,
  page: Page,
): Promise<{ rows: TenantRow[]; hasMore: boolean }> {
  if (page.after !== null && parseId('ten', page.after) === null) throw wrongCursor()
  let query = sql.selectFrom('darkroom.tenant').select(COLUMNS).orderBy('id', 'desc')
  if (!caller.roles.includes('admin')) query = query.where('id', '=', caller.tenantId)
  if (page.after !== null) query = query.where('id', '<', page.after)
  return pageOf(await query.limit(page.limit + 1).execute(), page)
}

/** Changes what is named; the rest stays. What is already so is no change. Faults: not_found, conflict. */
export async function changeTenant(tx: Tx, caller: Caller, id: string, terms: Partial<TenantTerms>): Promise<void> {
  const kind = await lockTenant(tx, caller, id)
  if (terms.suspended === true && kind === 'operator')
    throw new Fault('conflict', { field: 'suspended', detail: "the operator's own tenant cannot be suspended" })
  const before = await getTenant(tx, caller, id)
  const known: { [name: string]: Json } = {
    name: before.name,
    weight: before.weight,
    plan: before.plan,
    quota: before.quota,
    sandbox: before.sandbox,
    previews_allowed: before.previews_allowed,
    policy: before.policy,
    purposes: before.purposes,
    audit_consent: before.audit_consent,
    suspended: before.suspended_at !== null,
  }
  const changed = Object.entries(terms).filter(
    ([name, value]) => value !== undefined && canonical(known[name] ?? null) !== canonical(value),
  )
  if (changed.length === 0) return
  const { suspended, quota, policy, ...rest } = terms
  await tx
    .updateTable('darkroom.tenant')
    .set({
      ...rest,
      ...(quota === undefined ? {} : { quota: JSON.stringify(quota) }),
      ...(policy === undefined ? {} : { policy: jsonOf(policy) }),
      ...(suspended === undefined
        ? {}
        : { suspended_at: suspended ? raw<Date>`coalesce(suspended_at, darkroom.now())` : null }),
    })
    .where('id', '=', id)
    .execute()
  const fields = changed.map(([name]) => name).sort()
  const values = Object.fromEntries(changed.filter(([name]) => name !== 'name'))
  await note(tx, id, 'tenant.changed', id, { fields, ...values, by: actorOf(caller) })
}

/** The database's null, not JSON's. */
function jsonOf(policy: Settings | null): string | null {
  return policy === null ? null : JSON.stringify(policy)
}
