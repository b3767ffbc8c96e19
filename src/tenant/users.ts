// A tenant's end users, as that tenant names them. Nothing keeps the name: a keyed digest of tenant and name is what an order is
// found by, so that the same name in another tenant is somebody else, and nobody without the key makes a name of it again.
import { saltedDigest } from '../kernel/canonical.ts'
import { Fault } from '../kernel/fault.ts'

export const MAX_USER_CHARACTERS = 512

/** Fault: invalid_request (field user), for what no order could have named. */
export function checkUser(user: string): string {
  const length = [...user].length
  if (length === 0) throw invalid('user is empty')
  if (length > MAX_USER_CHARACTERS)
    throw invalid(`user has ${length} characters; no order names one with more than ${MAX_USER_CHARACTERS}`)
  if (user.includes('\0') || !user.isWellFormed())
    throw invalid('user has a character that is not text (U+0000 or half a surrogate pair)')
  return user
}

/** HMAC-SHA-256, as hex. `secret` is the service's own. */
export function userDigestOf(secret: Uint8Array, tenantId: string, user: string): string {
  return saltedDigest(secret, `${tenantId}\n${user}`)
}

function invalid(detail: string): Fault {
  return new Fault('invalid_request', { field: 'user', detail })
}
