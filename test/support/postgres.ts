// A throw-away PostgreSQL cluster for one test file, from Debian's binaries (or any on the PATH): fsync off, 127.0.0.1,
// a free port, a temporary folder. It never runs as root, and it dies with the test process, however that ends.
// One database a test: `await using db = await postgres.database()`.

import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, existsSync, globSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { freePort, type Missing, missing, withDeathSignal } from './services.ts'

export interface TestDatabase extends AsyncDisposable {
  url: string
}

export interface TestPostgres extends AsyncDisposable {
  /** The maintenance database; tests use `database()`. */
  url: string
  /** A new empty database, dropped (with its connections) when released. */
  database(): Promise<TestDatabase>
  /** Ends the server at once, as a crash would; its data stay. */
  kill(): Promise<void>
  /** Starts it again on the same port and data. */
  start(): Promise<void>
}

const findBinaries = (): string | undefined =>
  ['/usr/lib/postgresql/*/bin', '/opt/homebrew/opt/postgresql@*/bin']
    .flatMap((pattern) => globSync(pattern))
    .filter((folder) => existsSync(join(folder, 'initdb')))
    .sort((a, b) => b.localeCompare(a, undefined, { numeric: true }))[0]

/** The server refuses to run as root: then it runs as Debian's postgres, else nobody. */
const serverUser = (): { uid: number; gid: number } | undefined => {
  if (process.getuid?.() !== 0) return undefined
  const idOf = (kind: '-u' | '-g', name: string) =>
    Number(execFileSync('id', [kind, name], { stdio: 'pipe' }).toString())
  for (const name of ['postgres', 'nobody']) {
    try {
      return { uid: idOf('-u', name), gid: idOf('-g', name) }
    } catch {
      // No such user here: the next name.
    }
  }
  return { uid: 65534, gid: 65534 }
}

const settings = [
  ['listen_addresses', '127.0.0.1'],
  ['unix_socket_directories', ''],
  ['fsync', 'off'],
  ['synchronous_commit', 'off'],
  ['full_page_writes', 'off'],
  ['shared_buffers', '32MB'],
  ['max_connections', '100'],
].flatMap(([name, value]) => ['-c', `${name}=${value}`])

const execute = async (url: string, statement: string): Promise<void> => {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}

/** `extra` are the server's own settings, in pairs: `['-c', 'max_connections=5']`. */
export const withPostgres = async (extra: readonly string[] = []): Promise<TestPostgres | Missing> => {
  const binaries = findBinaries()
  if (binaries === undefined) return missing('PostgreSQL 15 or newer', 'apt-get install postgresql')
  const folder = mkdtempSync(join(tmpdir(), 'darkroom-postgres-'))
  const user = serverUser()
  if (user) chownSync(folder, user.uid, user.gid)
  const data = join(folder, 'data')
  const identity = { ...user, cwd: folder, env: { PATH: process.env.PATH, LC_ALL: 'C' } }
  const init = ['-D', data, '-U', 'darkroom', '-A', 'trust', '-E', 'UTF8', '--no-sync', '--no-instructions']
  execFileSync(join(binaries, 'initdb'), init, { ...identity, stdio: 'pipe' })

  const port = await freePort()
  const options = ['-D', data, '-p', `${port}`, ...settings, ...extra]
  const launch = () => startServer(join(binaries, 'postgres'), options, identity)
  let stop = await launch()

  const urlOf = (database: string) => `postgres://darkroom@127.0.0.1:${port}/${database}`
  let count = 0
  return {
    url: urlOf('postgres'),
    async database() {
      const name = `test_${++count}`
      await execute(urlOf('postgres'), `CREATE DATABASE ${name}`)
      return {
        url: urlOf(name),
        [Symbol.asyncDispose]: () => execute(urlOf('postgres'), `DROP DATABASE ${name} WITH (FORCE)`),
      }
    },
    kill: () => stop(),
    start: async () => {
      stop = await launch()
    },
    async [Symbol.asyncDispose]() {
      await stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

const startServer = async (
  postgres: string,
  options: readonly string[],
  identity: { uid?: number; gid?: number; cwd: string; env: NodeJS.ProcessEnv },
): Promise<() => Promise<void>> => {
  const [command, ...args] = withDeathSignal('QUIT', postgres, ...options)
  const server = spawn(command, args, { ...identity, stdio: ['ignore', 'ignore', 'pipe'] })
  let log = ''
  server.stderr.setEncoding('utf8').on('data', (text: string) => {
    log += text
  })
  const exited = once(server, 'exit')
  while (!log.includes('ready to accept connections')) {
    const ended = await Promise.race([once(server.stderr, 'data').then(() => false), exited.then(() => true)])
    if (ended) throw new Error(`PostgreSQL did not start:\n${log}`)
  }
  return async () => {
    server.kill('SIGQUIT')
    await exited
  }
}
