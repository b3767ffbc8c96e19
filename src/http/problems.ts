// The one place that maps failures to HTTP: every fault code to a status and a title, Fastify's own errors to fault codes, and both
// to the two shapes that clients read (RFC 9457 problems; OpenAI's error object). What is our failure says no more than its
// code and a fixed sentence.
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Fault, type FaultCode } from '../kernel/fault.ts'
import { isHopeless, isOpenaiAddress, openaiProblem } from './openai-errors.ts'

type Mapping = { status: number; title: string }

const MAPPINGS: Record<FaultCode, Mapping> = {
  invalid_request: { status: 400, title: 'The request is not valid' },
  model_unknown: { status: 400, title: 'There is no such model' },
  unauthenticated: { status: 401, title: 'Authentication is needed' },
  forbidden: { status: 403, title: 'This is not allowed' },
  tenant_suspended: { status: 403, title: 'This tenant is suspended' },
  not_found: { status: 404, title: 'There is no such thing' },
  gone: { status: 410, title: 'This was erased' },
  request_timeout: { status: 408, title: 'The request did not arrive in time' },
  headers_too_large: { status: 431, title: 'The headers are too large' },
  conflict: { status: 409, title: 'The state of this has changed' },
  lease_expired: { status: 409, title: 'Your claim on this has ended' },
  conflict_of_interest: { status: 403, title: 'This is not yours to decide' },
  already_appealed: { status: 409, title: 'This was appealed already' },
  appeal_closed: { status: 409, title: 'This can no longer be appealed' },
  decision_incomplete: { status: 400, title: 'The decision lacks a part' },
  exposure_reached: { status: 409, title: 'You have seen enough of this for now' },
  break_due: { status: 409, title: 'A break is due first' },
  translation_failed: { status: 502, title: 'The translation could not be had' },
  cancelled: { status: 409, title: 'This was cancelled' },
  method_not_allowed: { status: 405, title: 'This method is not offered here' },
  rate_limited: { status: 429, title: 'Too many requests' },
  quota_exceeded: { status: 429, title: 'A quota of this tenant is used up' },
  overloaded: { status: 503, title: 'The service is overloaded' },
  too_large: { status: 413, title: 'The body is too large' },
  unsupported_media: { status: 415, title: 'This kind of content is not supported' },
  url_refused: { status: 400, title: 'This address may not be called' },
  url_failed: { status: 400, title: 'The address gave no picture' },
  plan_missing: { status: 503, title: 'The limits of this tenant are not set up' },
  busy: { status: 503, title: 'The service is busy' },
  database_failed: { status: 503, title: 'The records cannot be reached' },
  object_store_failed: { status: 503, title: 'The object store cannot be reached' },
  storage_error: { status: 503, title: 'The object store cannot be reached' },
  doorbell_failed: { status: 503, title: 'The work queue cannot be reached' },
  inference_down: { status: 503, title: 'No device serves this model' },
  log_behind: { status: 503, title: 'The transparency log does not grow' },
  signer_failed: { status: 503, title: 'The signer cannot be reached' },
  timeout: { status: 504, title: 'This took too long' },
  nan: { status: 500, title: 'The model produced numbers that are not a picture' },
  out_of_memory: { status: 500, title: 'The device ran out of memory' },
  model_error: { status: 500, title: 'The model failed' },
  pack_missing: { status: 500, title: 'The model is not installed' },
  pack_corrupt: { status: 500, title: 'The model is damaged' },
  poison: { status: 500, title: 'The request kept failing and was given up' },
  object_missing: { status: 500, title: 'A stored file is missing' },
  object_mismatch: { status: 500, title: 'A stored file is damaged' },
  log_inconsistent: { status: 500, title: 'The transparency log does not agree with itself' },
  mark_failed: { status: 500, title: 'The picture could not be marked' },
  mark_unverified: { status: 500, title: 'The mark on the picture could not be verified' },
  statement_incomplete: { status: 500, title: 'A statement of reasons could not be completed' },
  policy_invalid: { status: 500, title: 'The policy could not be evaluated' },
  webhook_secret_unreadable: { status: 500, title: 'The secret of a webhook cannot be opened' },
  config_invalid: { status: 500, title: 'The service is not configured rightly' },
  home_unwritable: { status: 500, title: 'The service cannot write its files' },
  home_locked: { status: 500, title: 'The service cannot write its files' },
  port_busy: { status: 500, title: 'The service could not start' },
  schema_newer: { status: 500, title: 'The service could not start' },
  lease_lost: { status: 500, title: 'Somebody else took this work over' },
}

/** What was erased is told apart from what never was. */
export function goneFault(): Fault {
  return new Fault('gone', { detail: 'this was erased; only the record of what was decided is kept' })
}

/** What went wrong, for a client. `code` is stable; `internal` is any failure that has no code of its own. */
export type Problem = {
  status: number
  code: FaultCode | 'internal'
  title: string
  detail: string
  field: string | null
  /** How a field is wrong, in OpenAI's words; null: not told. */
  wrong: string | null
  /** After which asking again may help. */
  retryAfterMs?: number
}

export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8'
const JSON_TYPE = 'application/json; charset=utf-8'

export function problemOf(error: unknown, limits: { bodyBytes: number }): Problem {
  const fault = error instanceof Fault ? error : fromFastify(error, limits)
  if (fault === null)
    return {
      status: 500,
      code: 'internal',
      title: 'The service failed',
      detail: 'the service failed; nothing that was asked for is half-done',
      field: null,
      wrong: null,
    }
  const { status, title } = MAPPINGS[fault.code]
  const said = fault.message !== fault.code && status < 500
  const { retryAfterMs } = fault.facts
  return {
    status,
    code: fault.code,
    title,
    detail: said ? fault.message : `${title.charAt(0).toLowerCase()}${title.slice(1)}`,
    field: status < 500 ? (fault.field ?? null) : null,
    wrong: typeof fault.facts.wrong === 'string' ? fault.facts.wrong : null,
    ...(typeof retryAfterMs === 'number' ? { retryAfterMs } : {}),
  }
}

/** RFC 9457. */
export function problemBody(problem: Problem, requestId: string) {
  const { status, code, title, detail, field } = problem
  return {
    type: `urn:darkroom:problem:${code}`,
    title,
    status,
    detail,
    code,
    ...(field === null ? {} : { field }),
    instance: requestId,
  }
}

/** Answers with a problem in the dialect of the route. A client may repeat what failed before anything was admitted. */
export function sendProblem(request: FastifyRequest, reply: FastifyReply, problem: Problem): FastifyReply {
  sayWhen(reply, problem)
  if (dialectOf(request) === 'openai') {
    const { status, body } = openaiProblem(problem, request)
    if (isHopeless(problem)) reply.header('x-should-retry', 'false')
    return reply.code(status).type(JSON_TYPE).send(body)
  }
  return reply.code(problem.status).type(PROBLEM_TYPE).send(problemBody(problem, request.id))
}

const LONGEST_WAIT_MS = 60_000

/** RFC 9110 section 10.2.3, and the header that OpenAI's clients read first. Nothing for what must not be repeated. */
export function sayWhen(reply: FastifyReply, { status, code, retryAfterMs }: Problem): void {
  if (reply.hasHeader('x-should-retry')) return
  // A quota that is used up for the day is not worth a client's waiting.
  if (code === 'quota_exceeded' && (retryAfterMs ?? Number.POSITIVE_INFINITY) > LONGEST_WAIT_MS)
    reply.header('x-should-retry', 'false')
  const ms = retryAfterMs ?? (status === 503 ? 1000 : null)
  if (ms === null) return
  reply.headers({ 'retry-after': String(Math.ceil(ms / 1000)), 'retry-after-ms': String(Math.ceil(ms)) })
}

/** An OpenAI address that leads to a native route, such as GET /v1/images/generations to an image's, is still OpenAI's. */
function dialectOf(request: FastifyRequest): 'native' | 'openai' {
  return isOpenaiAddress(request.url) ? 'openai' : (request.routeOptions.config?.dialect ?? 'native')
}

/** Fastify's own errors as faults; null for what is no fault of the caller. */
function fromFastify(error: unknown, limits: { bodyBytes: number }): Fault | null {
  if (!(error instanceof Error)) return null
  switch ('code' in error ? error.code : undefined) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new Fault('too_large', { detail: `the body is larger than the limit of ${limits.bodyBytes} bytes` })
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new Fault('unsupported_media', {
        field: 'content-type',
        detail: 'the content type of the body is not accepted here',
      })
    case 'FST_ERR_CTP_EMPTY_JSON_BODY':
    case 'FST_ERR_CTP_INVALID_JSON_BODY':
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return new Fault('invalid_request', { detail: 'the body is not a JSON document' })
    case 'FST_ERR_MAX_PARAM_LENGTH':
    case 'FST_ERR_BAD_URL':
      return new Fault('not_found', { detail: 'there is nothing at this address; it is malformed or too long' })
    default:
      return isClientError(error) ? new Fault('invalid_request', { detail: 'the request is malformed' }) : null
  }
}

function isClientError(error: Error): boolean {
  return (
    'statusCode' in error && typeof error.statusCode === 'number' && error.statusCode >= 400 && error.statusCode < 500
  )
}
