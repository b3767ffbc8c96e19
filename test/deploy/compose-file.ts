// deploy/compose.yaml as Compose would start it, on this machine and without containers: its servers with the file's own arguments, and
// its processes of ours with exactly the file's environment. Only addresses, folders and ports are this machine's.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import Type from 'typebox'
import { Compile } from 'typebox/compile'
import { parse } from 'yaml'
import { withPostgres } from '../support/postgres.ts'
import { withRedis } from '../support/redis.ts'
import { freePort, type Missing, missing, withDeathSignal } from '../support/services.ts'
import { findServer } from '../support/versitygw.ts'

export const COMPOSE_FILE = resolve(import.meta.dirname, '../../deploy/compose.yaml')

const Text = Type.Record(Type.String(), Type.String())
const FileShape = Compile(
  Type.Object({
    services: Type.Record(
      Type.String(),
      Type.Object({
        command: Type.Optional(Type.Array(Type.String())),
        environment: Type.Optional(Text),
        depends_on: Type.Optional(Type.Record(Type.String(), Type.Object({ condition: Type.String() }))),
      }),
    ),
  }),
)

export type Walk = {
  /** Services of this program, each after those that it depends on. */
  order: readonly string[]
  /** A service's command and its environment, as the file has them. */
  of: (service: string) => { command: string[]; env: Record<string, string> }
  folder: string
  secrets: string
} & AsyncDisposable

export async function openWalk(): Promise<Walk | Missing> {
  const { services } = FileShape.Parse(parse(readFileSync(COMPOSE_FILE, 'utf8'), { merge: true }))
  const read = (name: string) => services[name] ?? raise(`the file has no service ${name}`)
  await using stack = new AsyncDisposableStack()
  const folder = mkdtempSync(join(tmpdir(), 'darkroom-compose-'))
  stack.defer(() => rmSync(folder, { recursive: true, force: true }))
  // PostgreSQL reads its rules here under a user of its own.
  chmodSync(folder, 0o755)
  const postgres = await startPostgres(read('postgres').environment ?? {}, folder)
  if ('missing' in postgres) return postgres
  stack.use(postgres)
  const redis = await withRedis((read('redis').command ?? []).slice(1))
  if ('missing' in redis) return redis
  stack.use(redis)
  const objects = await startObjects(read('objects'), folder)
  if ('missing' in objects) return objects
  stack.use(objects)
  const secrets = join(folder, 'secrets')
  mkdirSync(secrets)
  const here: [string, string][] = [
    ['postgres:5432', new URL(postgres.url).host],
    ['redis:6379', new URL(redis.url).host],
    ['objects:7070', objects.host],
    ['localhost:7070', objects.host],
    ['/secrets', secrets],
  ]
  const placed = (text: string) => here.reduce((done, [there, local]) => done.replace(there, local), text)
  const order: string[] = []
  const visit = (name: string): void => {
    if (['postgres', 'redis', 'objects'].includes(name) || order.includes(name)) return
    for (const first of Object.keys(read(name).depends_on ?? {})) visit(first)
    order.push(name)
  }
  for (const name of Object.keys(services)) visit(name)
  const owned = stack.move()
  return {
    order,
    folder,
    secrets,
    of: (name) => {
      const { command = [], environment = {} } = read(name)
      const env = Object.fromEntries(Object.entries(environment).map(([key, value]) => [key, placed(value)]))
      return { command: command.map(placed), env }
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/** With the file's user, database and password, which it asks for. */
async function startPostgres(env: Record<string, string>, folder: string) {
  const { POSTGRES_USER: user, POSTGRES_PASSWORD: password, POSTGRES_DB: database } = env
  if (user !== 'darkroom' || password === undefined || database === undefined)
    throw new Error('the file gives PostgreSQL a user darkroom, a password and a database')
  const access = join(folder, 'pg_hba.conf')
  const rules = [`host postgres ${user} 127.0.0.1/32 trust`, `host ${database} all 127.0.0.1/32 scram-sha-256`]
  writeFileSync(access, `${rules.join('\n')}\n`, { mode: 0o644 })
  const server = await withPostgres(['-c', `hba_file=${access}`])
  if ('missing' in server) return server
  const client = new pg.Client(server.url)
  await client.connect()
  await client.query(`ALTER ROLE ${user} PASSWORD '${password}'`)
  await client.query(`CREATE DATABASE ${database}`)
  await client.end()
  return server
}

type Service = { command?: string[] | undefined; environment?: Record<string, string> | undefined }

async function startObjects({ command = [], environment = {} }: Service, folder: string) {
  const binary = findServer()
  if (binary === undefined)
    return missing('an S3 server', 'go install github.com/versity/versitygw/cmd/versitygw@latest')
  const host = `127.0.0.1:${await freePort()}`
  const args = command.map((arg) => (arg === ':7070' ? host : arg.startsWith('/') ? join(folder, arg) : arg))
  for (const arg of args) if (arg.startsWith(folder)) mkdirSync(arg, { recursive: true })
  const [program, ...rest] = withDeathSignal('KILL', binary, ...args)
  const child = spawn(program, rest, { env: { PATH: process.env.PATH, ...environment }, stdio: 'ignore' })
  for (let tries = 0; ; tries++) {
    const up = await fetch(`http://${host}/`).then(
      () => true,
      () => false,
    )
    if (up) break
    if (child.exitCode !== null || tries > 200) throw new Error('the S3 server of the file did not start')
    await sleep(50)
  }
  return {
    host,
    [Symbol.asyncDispose]: async () => {
      const gone = once(child, 'exit')
      child.kill('SIGKILL')
      await gone
    },
  }
}

function raise(message: string): never {
  throw new Error(message)
}
