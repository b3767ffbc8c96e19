// An Idempotency-Key as callers send it, beside a keyed digest of what they ordered: the same order under the same key is the same thing.
// Whoever keeps orders keeps both on the order's row, and decides how long a key holds.
import { canonical, saltedDigest } from './canonical.ts'
import { Fault } from './fault.ts'

export type Idempotency = { readonly key: string; readonly orderDigest: string }

const KEY = /^[\x21-\x7e]{1,255}$/

/** Null without a key. `scope`: whose order it is, or of what kind. Fault: invalid_request (field idempotency-key). */
export function readIdempotency(
  key: string | null,
  order: object,
  scope: string,
  secret: Uint8Array,
): Idempotency | null {
  if (key === null) return null
  if (!KEY.test(key))
    throw new Fault('invalid_request', {
      field: 'idempotency-key',
      detail: 'a key is 1 to 255 visible ASCII characters',
    })
  return { key, orderDigest: saltedDigest(secret, `${scope}\n${canonical(order)}`) }
}
