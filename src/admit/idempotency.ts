// An order handed in twice under one Idempotency-Key is one request. The key and a keyed digest of the order stand on the request's
// row, written with it: a race is decided by the row's uniqueness, a lost answer by asking again.
import { canonical, saltedDigest } from '../kernel/canonical.ts'
import type { Sql } from '../kernel/database.ts'
import { Fault } from '../kernel/fault.ts'
import type { GenerationOrder } from './order.ts'

export type Idempotency = { key: string; orderDigest: string }

const KEY = /^[\x21-\x7e]{1,255}$/

/** Null without a key. Fault: invalid_request (field idempotency-key). */
export function readIdempotency(
  key: string | null,
  order: GenerationOrder,
  tenantId: string,
  secret: Uint8Array,
): Idempotency | null {
  if (key === null) return null
  if (!KEY.test(key))
    throw new Fault('invalid_request', {
      field: 'idempotency-key',
      detail: 'a key is 1 to 255 visible ASCII characters',
    })
  return { key, orderDigest: saltedDigest(secret, `${tenantId}\n${canonical(order)}`) }
}

/** The request that was admitted under this key, or null. Fault: conflict, when it was another order. */
export async function findAdmitted(sql: Sql, tenantId: string, { key, orderDigest }: Idempotency) {
  const earlier = await sql
    .selectFrom('darkroom.request')
    .select(['id', 'state', 'order_digest'])
    .where('tenant_id', '=', tenantId)
    .where('idempotency_key', '=', key)
    .executeTakeFirst()
  if (earlier === undefined) return null
  if (earlier.order_digest !== orderDigest)
    throw new Fault('conflict', {
      field: 'idempotency-key',
      detail: 'this key was used for another order; take a new key',
    })
  return { requestId: earlier.id, state: earlier.state === 'refused' ? ('refused' as const) : ('queued' as const) }
}

/** Whether an insert failed because somebody else has just used the key. */
export function isKeyTaken(error: unknown): boolean {
  return error instanceof Error && 'constraint' in error && error.constraint === 'request_idempotency'
}
