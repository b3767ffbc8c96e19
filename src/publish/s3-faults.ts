// What an S3 server or its client may throw, as faults. Only the error's name and status are told: no key, address or secret.
// A server that is away is told from one that refuses; what a person must mend is named at the start (s3-checks.ts).
import { errorName, isAway, statusOf } from '../kernel/aws-errors.ts'
import { Fault } from '../kernel/fault.ts'

const MISSING = new Set(['NoSuchKey', 'NotFound'])
const WRONG_ACCOUNT = new Set([
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
  'ExpiredToken',
  'InvalidToken',
  'TokenRefreshRequired',
  // versitygw's word for an access key that it does not know.
  'XAdminUserNotFound',
])

/** Something was there already: the condition `If-None-Match: *` did not hold. */
export function isTaken(error: unknown): boolean {
  return errorName(error) === 'PreconditionFailed' || statusOf(error) === 412
}

/** Another writer is at it this moment; whether the key is taken shows at the next try. */
export function isContended(error: unknown): boolean {
  return statusOf(error) === 409
}

export function isWrongAccount(error: unknown): boolean {
  return WRONG_ACCOUNT.has(errorName(error))
}

export function isWithoutAccount(error: unknown): boolean {
  return /^(CredentialsProviderError|TokenProviderError|AuthenticationError)$/.test(errorName(error))
}

/** The fault of a call on an object in the bucket that plays `role`. */
export function objectFault(error: unknown, role: string): Fault {
  if (error instanceof Fault) return error
  const status = statusOf(error)
  // Away, not unwilling: the task that asked is not to blame and may wait for as long as it takes.
  const away = isAway(error)
  const facts = { store: role, error: errorName(error), status, away }
  if (MISSING.has(errorName(error))) return new Fault('object_missing', { facts })
  if (/checksum mismatch/i.test(error instanceof Error ? error.message : ''))
    return new Fault('object_mismatch', { facts })
  return new Fault('object_store_failed', { retry: 'later', detail: 'the object store failed', facts, cause: error })
}
