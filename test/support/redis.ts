// A throw-away Redis for one test file: 127.0.0.1, a free port, nothing on disk. It dies with the test process.

import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { freePort, type Missing, missing, withDeathSignal } from './services.ts'

export interface TestRedis extends AsyncDisposable {
  url: string
}

const isInstalled = (): boolean => {
  try {
    execFileSync('redis-server', ['--version'], { stdio: 'pipe' })
    return true
  } catch {
    return false
  }
}

export const withRedis = async (): Promise<TestRedis | Missing> => {
  if (!isInstalled()) return missing('Redis', 'apt-get install redis-server')
  const port = await freePort()
  const options = ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', tmpdir()]
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
  return {
    url: `redis://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.kill('SIGKILL')
      await exited
    },
  }
}
