// What the clients of AWS and its like throw, as far as it is the same for every service: a name, a status, and whether waiting helps.
// Which names mean what is each adapter's to say: publish/s3-faults.ts, kms.ts.

const UNREACHABLE = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
  'EPIPE',
])

/** The error's name as the service spells it (`NoSuchBucket`), else its class. */
export function errorName(error: unknown): string {
  return error instanceof Error ? error.name : 'unknown'
}

export function statusOf(error: unknown): number | null {
  if (!(error instanceof Error) || !('$metadata' in error)) return null
  const { $metadata } = error
  if (typeof $metadata !== 'object' || $metadata === null || !('httpStatusCode' in $metadata)) return null
  return typeof $metadata.httpStatusCode === 'number' ? $metadata.httpStatusCode : null
}

export function isUnreachable(error: unknown): boolean {
  if (errorName(error) === 'TimeoutError') return true
  for (let one: unknown = error; one instanceof Error; one = one.cause)
    if ('code' in one && typeof one.code === 'string' && UNREACHABLE.has(one.code)) return true
  return false
}

/** Away, not unwilling: whoever asked is not to blame and may wait. */
export function isAway(error: unknown): boolean {
  const status = statusOf(error)
  return isUnreachable(error) || (status !== null && (status >= 500 || status === 429))
}
