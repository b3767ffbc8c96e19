// The public API as the pages see it: the shapes that the server declares, one `call`, and problems as one kind of error.

import type { GenerationResource, ImageResource, StatementBrief } from '../../http/schemas.ts'

export type Generation = GenerationResource
export type Picture = ImageResource
export type Statement = StatementBrief

const ended = ['done', 'refused', 'failed', 'cancelled', 'expired']
export const hasEnded = (generation: Generation) => ended.includes(generation.state)

/** What the server said was wrong, or (`code` "unreachable") that it said nothing. */
export class Problem extends Error {
  status: number
  code: string
  field: string | undefined
  constructor(status: number, code: string, detail: string, field?: string) {
    super(detail)
    this.status = status
    this.code = code
    this.field = field
  }
}

export async function call<T>(path: string, init: RequestInit = {}): Promise<T> {
  const response = await fetch(path, { ...init, headers: { accept: 'application/json', ...init.headers } }).catch(
    () => {
      throw new Problem(0, 'unreachable', 'The server cannot be reached. Nothing is lost: try again in a moment.')
    },
  )
  if (response.ok) return read(response)
  const body = await response.json().catch(() => ({}))
  // The OpenAI routes nest theirs.
  const { code, detail, title, field } = body.error ?? body
  const said = detail ?? title ?? `The server answered ${response.status}.`
  throw new Problem(
    response.status,
    code ?? 'unknown',
    said,
    field?.split(/[/.]/).findLast((part: string) => !/^\d+$/.test(part)),
  )
}

/** Asks on its own account, by a timer: that keeps no idle session alive. */
export const callUnattended = <T>(path: string, headers: Record<string, string> = {}) =>
  call<T>(path, { headers: { ...headers, 'darkroom-unattended': 'true' } })

/** What there is to read; null where an answer has no body. */
async function read(response: Response) {
  const text = await response.text()
  return text === '' ? null : JSON.parse(text)
}

export const post = <T>(path: string, body: unknown, headers: Record<string, string> = {}) =>
  call<T>(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })

export const problemOf = (cause: unknown) =>
  cause instanceof Problem
    ? cause
    : new Problem(0, 'page', 'Something went wrong on this page. Reload it and try again.')
