// A throw-away Redis for one test file: 127.0.0.1, a free port, an append-only file in a temporary folder, as production has it.
// It can be ended and started again on its data, and dies with the test process.

import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort, type Missing, missing, withDeathSignal } from './services.ts'

export interface TestRedis extends AsyncDisposable {
  url: string
  /** Ends it as a crash would (kill -9); its data stay. */
  kill(): Promise<void>
  /** Starts it again on the same port and data. */
  start(): Promise<void>
}

const isInstalled = (): boolean => {
  try {
    execFileSync('redis-server', ['--version'], { stdio: 'pipe' })
    return true
  } catch {
    return false
  }
}

/** `settings` are Redis' own, in pairs: `['--requirepass', 'secret']`. */
export const withRedis = async (settings: readonly string[] = []): Promise<TestRedis | Missing> => {
  if (!isInstalled()) return missing('Redis', 'apt-get install redis-server')
  const port = await freePort()
  const folder = mkdtempSync(join(tmpdir(), 'darkroom-redis-'))
  const durable = ['--save', '', '--appendonly', 'yes', '--appendfsync', 'everysec', '--maxmemory-policy', 'noeviction']
  const options = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder, ...durable, ...settings]
  let stop = await startServer(options)
  return {
    url: `redis://127.0.0.1:${port}`,
    kill: () => stop(),
    start: async () => {
      stop = await startServer(options)
    },
    async [Symbol.asyncDispose]() {
      await stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

const startServer = async (options: readonly string[]): Promise<() => Promise<void>> => {
  const [command, ...args] = withDeathSignal('KILL', 'redis-server', ...options)
  const server = spawn(command, args, { stdio: ['ignore', 'pipe', 'ignore'] })
  let log = ''
  server.stdout.setEncoding('utf8').on('data', (text: string) => {
    log += text
  })
  const exited = once(server, 'exit')
  while (!log.includes('Ready to accept connections')) {
    const ended = await Promise.race([once(server.stdout, 'data').then(() => false), exited.then(() => true)])
    if (ended) throw new Error(`Redis did not start:\n${log}`)
  }
  return async () => {
    server.kill('SIGKILL')
    await exited
  }
}
