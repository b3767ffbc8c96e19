// An order handed in twice under one Idempotency-Key is one request. The key and a keyed digest of the order stand on the request's
// row, written with it: a race is decided by the row's uniqueness, a lost answer by asking again. A key holds for a day; then who
// uses it anew takes it from the old row in the transaction that writes the new one.

import { sql as raw } from 'kysely'
import type { Sql, Tx } from '../kernel/database.ts'
import { Fault } from '../kernel/fault.ts'
import type { Idempotency } from '../kernel/idempotency.ts'

/** The request that was admitted under this key, or null. Fault: conflict, when it was another order. */
export async function findAdmitted(sql: Sql, tenantId: string, { key, orderDigest }: Idempotency, hours: number) {
  const earlier = await sql
    .selectFrom('darkroom.request')
    .select(['id', 'state', 'order_digest'])
    .where('tenant_id', '=', tenantId)
    .where('idempotency_key', '=', key)
    .where('created_at', '>', since(hours))
    .executeTakeFirst()
  if (earlier === undefined) return null
  if (earlier.order_digest !== orderDigest)
    throw new Fault('conflict', {
      field: 'idempotency-key',
      detail: 'this key was used for another order; take a new key',
    })
  const state = earlier.state === 'refused' ? ('refused' as const) : ('queued' as const)
  return { requestId: earlier.id, state, replayed: true }
}

/** Takes a key from the request that held it for its time. */
export async function freeKey(tx: Tx, tenantId: string, { key }: Idempotency, hours: number): Promise<void> {
  await tx
    .updateTable('darkroom.request')
    .set({ idempotency_key: null, order_digest: null })
    .where('tenant_id', '=', tenantId)
    .where('idempotency_key', '=', key)
    .where('created_at', '<=', since(hours))
    .execute()
}

function since(hours: number) {
  return raw<Date>`darkroom.now() - ${hours} * interval '1 hour'`
}

/** Whether an insert failed because somebody else has just used the key. */
export function isKeyTaken(error: unknown): boolean {
  return error instanceof Error && 'constraint' in error && error.constraint === 'request_idempotency'
}

/** Whether the request was ordered under a key. */
export async function isKeyed(sql: Sql, tenantId: string, requestId: string): Promise<boolean> {
  const row = await sql
    .selectFrom('darkroom.request')
    .select('idempotency_key')
    .where('id', '=', requestId)
    .where('tenant_id', '=', tenantId)
    .executeTakeFirst()
  return row?.idempotency_key != null
}
