// Tenants, people and keys as records. Each creation is a note in its tenant's chain; no key text is ever written here.
import { randomBytes } from 'node:crypto'
import { sql as raw } from 'kysely'
import { note } from '../advance.ts'
import type { Tx } from '../kernel/database.ts'
import { newId } from '../kernel/ids.ts'
import { generateKey, type NewKey } from './key.ts'
import type { Role } from './roles.ts'

/** The hash before a chain's first leaf. */
export const GENESIS = '0'.repeat(64)

export async function createTenant(tx: Tx, tenant: { name: string; weight?: number }): Promise<string> {
  const id = newId('ten')
  await tx
    .insertInto('darkroom.tenant')
    .values({
      id,
      name: tenant.name,
      weight: tenant.weight ?? 1,
      pseudonym: randomBytes(16).toString('hex'),
      head: GENESIS,
    })
    .execute()
  await note(tx, id, 'tenant.created', id, { weight: tenant.weight ?? 1 })
  return id
}

export async function createPerson(tx: Tx, person: { tenantId: string; name: string }): Promise<string> {
  const id = newId('per')
  await tx.insertInto('darkroom.person').values({ id, tenant_id: person.tenantId, name: person.name }).execute()
  await note(tx, person.tenantId, 'person.created', id, {})
  return id
}

export type KeyOrder = {
  tenantId: string
  /** Null: the key of a program. */
  personId: string | null
  name: string
  roles: readonly Role[]
  /** A key that was made and handed out already; absent: a fresh one. */
  key?: NewKey
}

/** Creates a key and returns its text, which cannot be read again. */
export async function createKey(tx: Tx, order: KeyOrder): Promise<{ keyId: string; text: string }> {
  const { text, prefix, hash } = order.key ?? generateKey()
  const keyId = newId('key')
  await tx
    .insertInto('darkroom.api_key')
    .values({
      id: keyId,
      tenant_id: order.tenantId,
      person_id: order.personId,
      name: order.name,
      prefix,
      hash,
      roles: [...order.roles],
    })
    .execute()
  await note(tx, order.tenantId, 'key.created', keyId, { roles: [...order.roles], person: order.personId })
  return { keyId, text }
}

/** Revokes a key; its sessions end with it. */
export async function revokeKey(tx: Tx, tenantId: string, keyId: string): Promise<void> {
  const { numUpdatedRows } = await tx
    .updateTable('darkroom.api_key')
    .set({ revoked_at: raw<Date>`darkroom.now()` })
    .where('id', '=', keyId)
    .where('tenant_id', '=', tenantId)
    .where('revoked_at', 'is', null)
    .executeTakeFirst()
  if (numUpdatedRows === 0n) return
  await tx.deleteFrom('darkroom.session').where('key_id', '=', keyId).execute()
  await note(tx, tenantId, 'key.revoked', keyId, {})
}
