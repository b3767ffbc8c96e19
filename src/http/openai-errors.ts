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

/** OpenAI answers for a model that is not there as for any other thing. */
export function openaiStatus({ status, code }: Problem): number {
  return code === 'model_unknown' ? 404 : status
}

/** An address of OpenAI's API that is not served here, or not by this method. */
export function unknownUrlBody(problem: Problem, method: string, url: string) {
  const path = url.split('?', 1)[0]?.slice(0, 200)
  const { error } = openaiErrorBody(problem)
  if (problem.status !== 404) return { error }
  return {
    error: { ...error, message: `Unknown request URL: ${method} ${path}. ${problem.detail}`, code: 'unknown_url' },
  }
}

/** Addresses whose clients read OpenAI's errors, whether or not anything is there. An image of ours is a native resource. */
export function isOpenaiAddress(url: string): boolean {
  return /^\/v1\/(images\/(generations|edits|variations)|moderations|models)(?=[/?]|$)/.test(url)
}
