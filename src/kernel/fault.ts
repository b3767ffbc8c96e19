// An infrastructure failure, told apart from a refusal (which is a value).
// `code` is stable: HTTP maps it to a problem, the task runner to a retry. Nothing in it may carry prompts, keys or pixels.

export type FaultCode =
  // configuration and start
  | 'config_invalid'
  | 'home_unwritable'
  | 'home_locked'
  | 'port_busy'
  | 'schema_newer'
  | 'policy_invalid'
  | 'plan_missing'
  // models
  | 'pack_missing'
  | 'pack_corrupt'
  | 'model_unknown'
  | 'nan'
  | 'out_of_memory'
  | 'timeout'
  | 'model_error'
  | 'inference_down'
  // journey and tasks
  | 'conflict'
  | 'lease_lost'
  | 'cancelled'
  | 'poison'
  // outside world
  | 'database_failed'
  | 'object_store_failed'
  | 'object_missing'
  | 'object_mismatch'
  | 'storage_error'
  | 'log_inconsistent'
  | 'log_behind'
  | 'doorbell_failed'
  | 'webhook_secret_unreadable'
  // marking
  | 'mark_failed'
  | 'mark_unverified'
  | 'signer_failed'
  | 'statement_incomplete'
  // review and appeals
  | 'lease_expired'
  | 'conflict_of_interest'
  | 'already_appealed'
  | 'appeal_closed'
  | 'decision_incomplete'
  | 'exposure_reached'
  | 'break_due'
  | 'translation_failed'
  // callers
  | 'not_found'
  | 'gone'
  | 'request_timeout'
  | 'headers_too_large'
  | 'invalid_request'
  | 'unauthenticated'
  | 'forbidden'
  | 'tenant_suspended'
  | 'too_large'
  | 'rate_limited'
  | 'quota_exceeded'
  | 'overloaded'
  | 'method_not_allowed'
  | 'unsupported_media'
  | 'url_refused'
  | 'url_failed'
  | 'busy'

/** When the same work may be tried again: never, after a backoff, or at once. */
export type Retry = 'never' | 'later' | 'now'

export type FaultOptions = {
  retry?: Retry
  cause?: unknown
  /** The field, variable or file that is at fault. */
  field?: string
  /** Facts for the log and the problem document: ids, numbers, digests. */
  facts?: Record<string, string | number | boolean | null>
  /** A sentence for the person who reads it. */
  detail?: string
}

export class Fault extends Error {
  readonly code: FaultCode
  readonly retry: Retry
  readonly field: string | undefined
  readonly facts: Readonly<Record<string, string | number | boolean | null>>

  constructor(code: FaultCode, options: FaultOptions = {}) {
    super(options.detail ?? code, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'Fault'
    this.code = code
    this.retry = options.retry ?? 'never'
    this.field = options.field
    this.facts = Object.freeze({ ...options.facts })
  }
}

export function isFault(value: unknown, code?: FaultCode): value is Fault {
  return value instanceof Fault && (code === undefined || value.code === code)
}
