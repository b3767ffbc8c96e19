// Keys: made, listed, rotated and revoked. A key's text is returned once, when it is made, and is in no row and no note.
// Rotation makes a new key like the old one and lets the old one end after a while, so that programs can change over.
import { sql as raw, type Selectable } from 'kysely'
import { note } from '../advance.ts'
import type { Sql, Tx } from '../kernel/database.ts'
import { Fault } from '../kernel/fault.ts'
import { newId, parseId } from '../kernel/ids.ts'
import type { ApiKeyTable } from '../kernel/tenant-tables.ts'
import { type Actor, actorOf } from './actor.ts'
import {
  lockTenant,
  type Page,
  pageOf,
  requireAdministered,
  requireAdminRemains,
  tenantOf,
  wrongCursor,
} from './administered.ts'
import type { Caller } from './caller.ts'
import { generateKey, type KeyEnv, type NewKey } from './key.ts'
import { requireGrant } from './people.ts'
import { isRole, type Role, whyNot } from './roles.ts'

const COLUMNS = [
  'id',
  'tenant_id',
  'person_id',
  'name',
  'prefix',
  'roles',
  'env',
  'created_at',
  'expires_at',
  'last_used_at',
  'revoked_at',
  'rotated_to',
] as const
export type KeyRow = Pick<Selectable<ApiKeyTable>, (typeof COLUMNS)[number]>

export type KeyOrder = {
  tenantId: string
  /** Null: the key of a program. */
  personId: string | null
  name: string
  roles: readonly Role[]
  env?: KeyEnv
  expiresAt?: Date | null
}
export type MadeKey = { keyId: string; text: string }

/** Makes a key, without asking who may; `key` is one that was handed out already. Its text cannot be read again. */
export async function createKey(tx: Tx, order: KeyOrder, by: Actor, key?: NewKey): Promise<MadeKey> {
  const made = await insertKey(tx, order, key ?? generateKey(order.env))
  await note(tx, order.tenantId, 'key.created', made.keyId, { ...factsOf(order), by })
  return made
}

/** Makes a key for an administrator. Faults: not_found, forbidden, invalid_request. */
export async function issueKey(tx: Tx, caller: Caller, order: KeyOrder): Promise<MadeKey> {
  const kind = await lockTenant(tx, caller, order.tenantId)
  requireGrant(whyNot(caller.roles, order.roles, kind))
  await requireFuture(tx, order.expiresAt ?? null)
  await requireHolder(tx, order)
  return createKey(tx, order, actorOf(caller))
}

/** Fault: not_found. */
export async function getKey(sql: Sql | Tx, caller: Caller, id: string): Promise<KeyRow> {
  await tenantOf(sql, caller, 'darkroom.api_key', id)
  return sql.selectFrom('darkroom.api_key').select(COLUMNS).where('id', '=', id).executeTakeFirstOrThrow()
}

/** Newest first, ended ones too. Faults: not_found, invalid_request. */
export async function listKeys(
  sql: Sql,
  caller: Caller,
  tenantId: string,
  page: Page,
): Promise<{ rows: KeyRow[]; hasMore: boolean }> {
  requireAdministered(caller, tenantId)
  let query = sql.selectFrom('darkroom.api_key').select(COLUMNS).where('tenant_id', '=', tenantId).orderBy('id', 'desc')
  if (page.after !== null) {
    const after = parseId('key', page.after)
    if (after === null) throw wrongCursor()
    const cursor = await query.where('id', '=', after).executeTakeFirst()
    if (cursor === undefined) throw wrongCursor()
    query = query.where('id', '<', after)
  }
  return pageOf(await query.limit(page.limit + 1).execute(), page)
}

/** A person's, ended ones too, oldest first. */
export async function keysOf(sql: Sql, personId: string): Promise<KeyRow[]> {
  return sql.selectFrom('darkroom.api_key').select(COLUMNS).where('person_id', '=', personId).orderBy('id').execute()
}

/**
 * Makes a new key like key `id`, which ends `overlapSeconds` later, or sooner if it would anyway. The new one lasts as long as the
 * old one was made to last, unless `expiresAt` says otherwise. Faults: not_found, forbidden, invalid_request, conflict.
 */
export async function rotateKey(
  tx: Tx,
  caller: Caller,
  id: string,
  { overlapSeconds, expiresAt }: { overlapSeconds: number; expiresAt?: Date | null },
): Promise<MadeKey> {
  const { key, kind } = await lockKey(tx, caller, id)
  const now = await nowOf(tx)
  if (key.revoked_at !== null || (key.expires_at !== null && key.expires_at <= now))
    throw new Fault('conflict', { detail: 'this key has ended: make a new one' })
  if (key.rotated_to !== null) {
    const next = await getKey(tx, caller, key.rotated_to)
    if (next.revoked_at === null)
      throw new Fault('conflict', { detail: `this key was rotated already, to ${next.id}: rotate or revoke that one` })
  }
  const roles = key.roles.filter(isRole)
  requireGrant(whyNot(caller.roles, roles, kind))
  const lasting = key.expires_at === null ? null : key.expires_at.getTime() - key.created_at.getTime()
  const expires = expiresAt === undefined ? (lasting === null ? null : new Date(now.getTime() + lasting)) : expiresAt
  await requireFuture(tx, expires)
  const order = {
    tenantId: key.tenant_id,
    personId: key.person_id,
    name: key.name,
    roles,
    env: key.env,
    expiresAt: expires,
  }
  const made = await insertKey(tx, order, generateKey(key.env))
  await tx
    .updateTable('darkroom.api_key')
    .set({
      rotated_to: made.keyId,
      ...(overlapSeconds === 0
        ? { revoked_at: now }
        : { expires_at: raw<Date>`least(expires_at, darkroom.now() + ${overlapSeconds} * interval '1 second')` }),
    })
    .where('id', '=', id)
    .execute()
  if (overlapSeconds === 0) await tx.deleteFrom('darkroom.session').where('key_id', '=', id).execute()
  await note(tx, key.tenant_id, 'key.rotated', id, {
    to: made.keyId,
    overlap_seconds: overlapSeconds,
    expires_at: expires?.toISOString() ?? null,
    by: actorOf(caller),
  })
  return made
}

/** Ends a key at once, and its sessions with it; once more changes nothing. Faults: not_found, forbidden, conflict. */
export async function revokeKey(tx: Tx, caller: Caller, id: string): Promise<void> {
  const { key, kind } = await lockKey(tx, caller, id)
  if (key.revoked_at !== null) return
  requireGrant(whyNot(caller.roles, key.roles.filter(isRole), kind))
  if (caller.keyId === id)
    throw new Fault('conflict', { detail: 'this is the key you are using: rotate it, or revoke it with another' })
  await tx.updateTable('darkroom.api_key').set({ revoked_at: raw<Date>`darkroom.now()` }).where('id', '=', id).execute()
  await requireAdminRemains(tx, key.tenant_id, kind)
  await tx.deleteFrom('darkroom.session').where('key_id', '=', id).execute()
  await note(tx, key.tenant_id, 'key.revoked', id, { by: actorOf(caller) })
}

async function lockKey(tx: Tx, caller: Caller, id: string) {
  const tenantId = await tenantOf(tx, caller, 'darkroom.api_key', id)
  const kind = await lockTenant(tx, caller, tenantId)
  return { key: await getKey(tx, caller, id), kind }
}

async function insertKey(tx: Tx, order: KeyOrder, key: NewKey): Promise<MadeKey> {
  const keyId = newId('key')
  await tx
    .insertInto('darkroom.api_key')
    .values({
      id: keyId,
      tenant_id: order.tenantId,
      person_id: order.personId,
      name: order.name,
      prefix: key.prefix,
      hash: key.hash,
      roles: [...order.roles],
      env: key.env,
      expires_at: order.expiresAt ?? null,
    })
    .execute()
  return { keyId, text: key.text }
}

function factsOf({ roles, personId, env = 'live', expiresAt = null }: KeyOrder) {
  return { roles: [...roles], person: personId, env, expires_at: expiresAt?.toISOString() ?? null }
}

/** The person whose key it will be is of that tenant, active, and has the roles. */
async function requireHolder(tx: Tx, { tenantId, personId, roles }: KeyOrder): Promise<void> {
  if (personId === null) {
    if (roles.includes('reviewer') || roles.includes('lead'))
      throw new Fault('invalid_request', { field: 'person_id', detail: 'a reviewer is a person: name them' })
    return
  }
  const person = await tx
    .selectFrom('darkroom.person')
    .select(['roles', 'deactivated_at'])
    .where('id', '=', personId)
    .where('tenant_id', '=', tenantId)
    .executeTakeFirst()
  if (person === undefined)
    throw new Fault('invalid_request', { field: 'person_id', detail: 'this tenant has no such person' })
  if (person.deactivated_at !== null)
    throw new Fault('conflict', { field: 'person_id', detail: 'this person is deactivated' })
  const lacking = roles.find((role) => person.roles?.includes(role) === false)
  if (lacking !== undefined)
    throw new Fault('forbidden', { field: 'roles', detail: `this person has not the role ${lacking}` })
}

async function requireFuture(tx: Tx, expiresAt: Date | null): Promise<void> {
  if (expiresAt !== null && expiresAt <= (await nowOf(tx)))
    throw new Fault('invalid_request', { field: 'expires_at', detail: 'expires_at lies in the past' })
}

async function nowOf(tx: Tx): Promise<Date> {
  const { rows } = await raw<{ now: Date }>`SELECT darkroom.now() AS now`.execute(tx)
  const now = rows[0]?.now
  if (now === undefined) throw new TypeError('the clock answers one row')
  return now
}
