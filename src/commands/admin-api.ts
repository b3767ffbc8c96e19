// A service's API with an administrator's key, for commands: the key of DARKROOM_KEY, else the one in the key file.
import { readFile } from 'node:fs/promises'
import type { Config } from '../kernel/config.ts'
import { Fault } from '../kernel/fault.ts'
import { type KeyPlace, keyFileOf } from '../tenant/key-file.ts'
import { reachService } from './reach.ts'

export type Api = (method: 'GET' | 'POST', path: string, body?: object) => Promise<object>

/** Faults: not_found (no service), unauthenticated (no key), invalid_request (what the service refuses, with its field). */
export async function withApi<T>(
  config: Config,
  { url }: { url?: string | undefined },
  work: (api: Api) => Promise<T>,
): Promise<T> {
  await using service = await reachService(config, url)
  const key = process.env.DARKROOM_KEY ?? (await adminKey(config))
  // Awaited here, or a service that was started for this would stop before it is asked.
  return await work(async (method, path, body) => {
    const response = await fetch(new URL(path, service.url), {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const answer: unknown = await response.json()
    if (typeof answer !== 'object' || answer === null) throw new Fault('invalid_request', { detail: 'no answer' })
    if (response.ok) return answer
    throw new Fault('invalid_request', {
      field: textOf(answer, 'field') || 'key',
      detail: textOf(answer, 'detail') || `the service answered ${response.status}`,
    })
  })
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
