// A problem in OpenAI's words: its four keys, always, and the types and codes that its clients know. Where OpenAI has no name for
// what happened, the code is ours.
import type { Problem } from './problems.ts'

const CODES: Partial<Record<Problem['code'], string>> = {
  unauthenticated: 'invalid_api_key',
  forbidden: 'insufficient_permissions',
  model_unknown: 'model_not_found',
  method_not_allowed: 'method_not_supported',
  rate_limited: 'rate_limit_exceeded',
  quota_exceeded: 'insufficient_quota',
  overloaded: 'server_overloaded',
  internal: 'internal_error',
}

/** By what is limited; everything else has the type of its status. */
const TYPES: Partial<Record<Problem['code'], string>> = {
  rate_limited: 'requests',
  quota_exceeded: 'insufficient_quota',
}

export function openaiErrorBody({ status, code, detail, field, wrong }: Problem) {
  const type = TYPES[code] ?? (status < 500 ? 'invalid_request_error' : 'server_error')
  const named = code === 'invalid_request' && field !== null ? (wrong ?? 'invalid_value') : (CODES[code] ?? code)
  return { error: { message: detail, type, param: field, code: named } }
}

type Asked = { is404: boolean; method: string; url: string }

/** Status and body: OpenAI answers for a model, or an address, that is not there as for any other thing. */
export function openaiProblem(problem: Problem, { is404, method, url }: Asked): { status: number; body: object } {
  const body = openaiErrorBody(problem)
  const path = url.split('?', 1)[0] ?? ''
  if (is404 && (problem.status === 404 || path.startsWith(RETIRED))) {
    const message = `Unknown request URL: ${method} ${path.slice(0, 200)}.`
    return { status: 404, body: { error: { ...body.error, message, code: 'unknown_url' } } }
  }
  return { status: problem.code === 'model_unknown' ? 404 : problem.status, body }
}

/** Its client waits a minute at most, and would otherwise ask again at once; a key that was another order's stays so. */
export function isHopeless({ status, code, field, retryAfterMs }: Problem): boolean {
  if (code === 'conflict' && field === 'idempotency-key') return true
  return status === 429 && (retryAfterMs === undefined ? code === 'quota_exceeded' : retryAfterMs > 60_000)
}

/** What is served, and what their clients may ask for in vain. */
const OPENAI_ADDRESS =
  /^\/v1\/(images\/(generations|edits|variations)|moderations|models|chat|completions|responses|conversations|embeddings|audio|videos|files|uploads|batches|fine_tuning|vector_stores|assistants|threads|realtime|evals|containers)(?=[/?]|$)/

/** Retired by OpenAI too; by another method it would be an image's address here. */
const RETIRED = '/v1/images/variations'

/** Addresses whose clients read OpenAI's errors, whether or not anything is there. An image of ours is a native resource. */
export function isOpenaiAddress(url: string): boolean {
  return OPENAI_ADDRESS.test(url)
}
