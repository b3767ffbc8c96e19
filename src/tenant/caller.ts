// Who is calling: a key becomes a Caller, or nobody. A key that was revoked or has ended is nobody, and so is one whose person was
// deactivated; a suspended tenant is told that it is. A person's key carries no role that the person lost. A key's last use is
// written at most once a minute. Sessions, which lead here too, are in sessions.ts.
import { sql as raw } from 'kysely'
import type { Json } from '../kernel/canonical.ts'
import { Fault } from '../kernel/fault.ts'
import type { Ground } from '../kernel/ground.ts'
import { parseKey } from './key.ts'
import { isRole, type Role } from './roles.ts'

export type Caller = {
  readonly tenantId: string
  readonly tenantName: string
  /** Null: a person who signed in without a key. */
  readonly keyId: string | null
  readonly personId: string | null
  /** What the key says of itself; a person without a key is `live`. */
  readonly env: 'live' | 'test'
  readonly roles: readonly Role[]
  /** What the tenant may declare a request to be for. */
  readonly purposes: readonly string[]
  /** The tenant's own settings of the moderation policy, for `policyOf`; null: none. */
  readonly policy: Json
}

const USE_NOTED_EVERY_MS = 60_000

/** The caller that a bearer key names. Faults: unauthenticated, tenant_suspended. */
export async function authenticate(ground: Ground, bearer: string): Promise<Caller> {
  const key = parseKey(bearer)
  if (key === null) throw new Fault('unauthenticated', { detail: 'this is not an API key of this service' })
  const found = await callerByKey(ground, { hash: key.hash })
  if (found === null) throw new Fault('unauthenticated', { detail: 'the API key is unknown, was revoked or has ended' })
  return found
}

/** The caller that a key's id or hash names, or null. Fault: tenant_suspended. */
export async function callerByKey(ground: Ground, by: { id: string } | { hash: string }): Promise<Caller | null> {
  const { sql } = ground.database
  const row = await sql
    .selectFrom('darkroom.api_key as key')
    .innerJoin('darkroom.tenant as tenant', 'tenant.id', 'key.tenant_id')
    .leftJoin('darkroom.person as person', 'person.id', 'key.person_id')
    .select(['key.id', 'key.tenant_id', 'key.person_id', 'key.roles', 'key.env', 'key.last_used_at'])
    .select(['tenant.name', 'tenant.suspended_at', 'tenant.purposes', 'tenant.policy', 'person.roles as person_roles'])
    .select(raw<Date>`darkroom.now()`.as('now'))
    .where('key.revoked_at', 'is', null)
    .where('person.deactivated_at', 'is', null)
    .where(({ eb, or }) => or([eb('key.expires_at', 'is', null), eb('key.expires_at', '>', raw<Date>`darkroom.now()`)]))
    .where(({ eb }) => ('id' in by ? eb('key.id', '=', by.id) : eb('key.hash', '=', by.hash)))
    .executeTakeFirst()
  if (row === undefined) return null
  refuseSuspended(row.suspended_at)
  if (row.last_used_at === null || row.now.getTime() - row.last_used_at.getTime() >= USE_NOTED_EVERY_MS)
    await sql
      .updateTable('darkroom.api_key')
      .set({ last_used_at: raw<Date>`darkroom.now()` })
      .where('id', '=', row.id)
      .execute()
  return {
    tenantId: row.tenant_id,
    tenantName: row.name,
    keyId: row.id,
    personId: row.person_id,
    env: row.env,
    roles: row.roles.filter(isRole).filter((role) => row.person_roles?.includes(role) ?? true),
    purposes: row.purposes,
    policy: row.policy,
  }
}

/** A person who signed in without a key, or null. Fault: tenant_suspended. */
export async function callerByPerson(ground: Ground, personId: string): Promise<Caller | null> {
  const row = await ground.database.sql
    .selectFrom('darkroom.person as person')
    .innerJoin('darkroom.tenant as tenant', 'tenant.id', 'person.tenant_id')
    .select([
      'person.tenant_id',
      'person.roles',
      'tenant.name',
      'tenant.suspended_at',
      'tenant.purposes',
      'tenant.policy',
    ])
    .where('person.id', '=', personId)
    .where('person.deactivated_at', 'is', null)
    .executeTakeFirst()
  if (row === undefined) return null
  refuseSuspended(row.suspended_at)
  return {
    tenantId: row.tenant_id,
    tenantName: row.name,
    keyId: null,
    personId,
    env: 'live',
    roles: (row.roles ?? []).filter(isRole),
    purposes: row.purposes,
    policy: row.policy,
  }
}

function refuseSuspended(suspendedAt: Date | null): void {
  if (suspendedAt === null) return
  throw new Fault('tenant_suspended', { detail: 'this tenant is suspended; ask the operator of this service why' })
}
