// A service's API with an administrator's key, for commands: the key of DARKROOM_KEY, else the one in the key file.
import { readFile } from 'node:fs/promises'
import type { Config } from '../kernel/config.ts'
import { Fault } from '../kernel/fault.ts'
import { type KeyPlace, keyFileOf } from '../tenant/key-file.ts'
import { reachService } from './reach.ts'

export type Api = (
  method: 'GET' | 'POST',
  path: string,
  body?: object,
  headers?: Record<string, string>,
) => Promise<object>

export type Reached = { readonly url: string; readonly key: string }

/** Faults: not_found (no service), unauthenticated (no key), invalid_request (what the service refuses, with its field). */
export async function withApi<T>(
  config: Config,
  named: { url?: string | undefined },
  work: (api: Api, reached: Reached) => Promise<T>,
): Promise<T> {
  await using service = await reachService(config, named.url)
  const reached = { url: service.url, key: process.env.DARKROOM_KEY ?? (await adminKey(config)) }
  // Awaited here, or a service that was started for this would stop before it is asked.
  return await work((method, path, body, headers) => ask(reached, { method, path, body, headers }), reached)
}

type Question = { method: string; path: string; body: object | undefined; headers: Record<string, string> | undefined }

async function ask({ url, key }: Reached, { method, path, body, headers }: Question): Promise<object> {
  const response = await fetch(new URL(path, url), {
    method,
    headers: {
      authorization: `Bearer ${key}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const answer: unknown = await response.json().catch(() => null)
  if (typeof answer !== 'object' || answer === null)
    throw new Fault('invalid_request', { detail: `${path} was answered with ${response.status}, and not in JSON` })
  if (response.ok) return answer
  const refusesKey = response.status === 401 || response.status === 403
  const field = textOf(answer, 'field') || (refusesKey ? 'key' : '')
  const detail = textOf(answer, 'detail') || 'no reason is given'
  if (field !== '') throw new Fault('invalid_request', { field, detail })
  throw new Fault('invalid_request', { detail: `${method} ${path} was answered with ${response.status}: ${detail}` })
}

async function adminKey(place: KeyPlace): Promise<string> {
  const { path } = await keyFileOf(place)
  try {
    return textOf(JSON.parse(await readFile(path, 'utf8')), 'admin')
  } catch (cause) {
    throw new Fault('unauthenticated', {
      field: 'DARKROOM_KEY',
      detail: `give an administrator's key in DARKROOM_KEY: cannot read ${path}; if all were lost, stop the service and 'keys recover'`,
      cause,
    })
  }
}

/** A text of an answer, or nothing. */
export function textOf(value: object, name: string): string {
  const text: unknown = Reflect.get(value, name)
  return typeof text === 'string' ? text : ''
}
