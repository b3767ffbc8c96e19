// The real service in a process of its own, as an operator would run it: to be killed, started again and asked over HTTP.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { withDeathSignal } from './services.ts'

const MAIN = resolve(import.meta.dirname, '../../src/main.ts')

export type LogLine = { msg?: string; stage?: string; pid?: number; inferencePid?: number; [field: string]: unknown }

export type ServiceProcess = {
  readonly pid: number
  readonly url: string
  readonly lines: LogLine[]
  /** Called for each log line as it comes. */
  onLine: (line: LogLine) => void
  readonly kill: () => Promise<void>
  readonly stop: () => Promise<void>
} & AsyncDisposable

type Start = { args: string[]; env: Record<string, string>; readyWhen: (text: string) => string | null }

/** Starts `darkroom serve` on a free port. */
export function startServe(env: Record<string, string>, args: string[] = []): Promise<ServiceProcess> {
  return start({
    args: ['serve', ...args],
    env: { PORT: '0', ...env },
    readyWhen: (text) => /ready at (http:\/\/\S+)/.exec(text)?.[1] ?? null,
  })
}

/** Starts `darkroom worker` with the given roles. */
export function startWorker(env: Record<string, string>, roles: string[]): Promise<ServiceProcess> {
  return start({
    args: ['worker', ...roles],
    env,
    readyWhen: (text) => (text.includes('the worker is ready') ? 'worker:' : null),
  })
}

const { PATH = '', NODE_COMPILE_CACHE } = process.env
/** Modules that another process of this run has read are not compiled again. */
const compiled = NODE_COMPILE_CACHE === undefined ? {} : { NODE_COMPILE_CACHE }

async function start({ args, env, readyWhen }: Start): Promise<ServiceProcess> {
  // A test that is killed must not leave a service behind.
  const [command, ...rest] = withDeathSignal('KILL', process.execPath, MAIN, ...args)
  const child = spawn(command, rest, {
    env: { PATH, ...compiled, DARKROOM_LOG_LEVEL: 'debug', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ready = Promise.withResolvers<string>()
  let text = ''
  const service = {
    pid: child.pid ?? 0,
    lines: [] as LogLine[],
    onLine: (_line: LogLine): void => undefined,
  }
  const hear = (line: string) => {
    text += `${line}\n`
    const found = readyWhen(text)
    if (found !== null) ready.resolve(found)
    const parsed = parseLine(line)
    if (parsed === null) return
    service.lines.push(parsed)
    service.onLine(parsed)
  }
  createInterface({ input: child.stdout }).on('line', hear)
  createInterface({ input: child.stderr }).on('line', hear)
  child.on('exit', (code, signal) =>
    ready.reject(new Error(`the service ended (${code ?? signal}):\n${text.slice(-4000)}`)),
  )
  const url = await ready.promise
  return Object.assign(service, {
    url,
    kill: () => end(child, 'SIGKILL'),
    stop: () => end(child, 'SIGTERM'),
    [Symbol.asyncDispose]: () => end(child, 'SIGKILL'),
  })
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill(signal)
  await once(child, 'exit')
}

function parseLine(line: string): LogLine | null {
  if (!line.startsWith('{')) return null
  try {
    return JSON.parse(line)
  } catch {
    return null
  }
}

export type Keys = Record<
  'client' | 'second_client' | 'reviewer' | 'second_reviewer' | 'compliance' | 'admin' | 'lead',
  string
>

export function readKeys(home: string): Keys {
  return JSON.parse(readFileSync(join(home, 'keys.json'), 'utf8'))
}

export type GenerationJson = {
  id: string
  state: string
  outcome: string | null
  failure: string | null
  images: { id: string; state: string; url: string | null; failure: string | null }[]
}

export function client(url: string, key: string) {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
  return {
    /** The acknowledged request, or null when the service did not answer 202. */
    submit: async (body: object): Promise<GenerationJson | null> => {
      try {
        const response = await fetch(`${url}/v1/generations`, { method: 'POST', headers, body: JSON.stringify(body) })
        return response.status === 202 ? ((await response.json()) as GenerationJson) : null
      } catch {
        return null
      }
    },
    get: async (id: string): Promise<GenerationJson> => {
      const response = await fetch(`${url}/v1/generations/${id}`, { headers })
      if (!response.ok) throw new Error(`GET ${id}: ${response.status}`)
      return (await response.json()) as GenerationJson
    },
    bytes: async (path: string): Promise<Buffer> => {
      const response = await fetch(new URL(path, url), { headers })
      if (!response.ok) throw new Error(`GET ${path}: ${response.status}`)
      return Buffer.from(await response.arrayBuffer())
    },
  }
}

const ENDED = ['done', 'refused', 'failed', 'cancelled', 'expired']

/** Polls until every request has ended. */
export async function untilEnded(
  service: { get: (id: string) => Promise<GenerationJson> },
  ids: readonly string[],
  limitMs: number,
): Promise<GenerationJson[]> {
  const deadline = Date.now() + limitMs
  for (;;) {
    const all = await Promise.all(ids.map((id) => service.get(id)))
    if (all.every((one) => ENDED.includes(one.state))) return all
    if (Date.now() > deadline)
      throw new Error(`not ended: ${JSON.stringify(all.filter((one) => !ENDED.includes(one.state)))}`)
    await sleep(100)
  }
}
