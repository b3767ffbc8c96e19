// A throw-away S3 server for one test file: versitygw on 127.0.0.1 over a temporary folder, with versioning, object lock and a
// root account. It dies with the test process. `buckets()` makes a fresh set: quarantine and images plain, log with object lock.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { CreateBucketCommand, PutBucketVersioningCommand, S3Client } from '@aws-sdk/client-s3'
import type { S3Config } from '../../src/kernel/config/objects.ts'
import { readConfig } from '../../src/kernel/config.ts'
import { freePort, type Missing, missing, withDeathSignal } from './services.ts'

export interface TestBuckets {
  quarantine: string
  images: string
  log: string
  /** What a Darkroom process needs to use them. */
  env: Record<string, string>
}

export interface TestS3 extends AsyncDisposable {
  /** http://127.0.0.1:port */
  url: string
  accessKeyId: string
  secretAccessKey: string
  /** The folder behind the server: a bucket is a folder in it. */
  folder: string
  /** A client with the root account, for looking behind the adapter. */
  client: S3Client
  buckets(): Promise<TestBuckets>
  /** Ends the server as a crash would; its data stay. */
  kill(): Promise<void>
  /** Starts it again on the same port and data. */
  start(): Promise<void>
}

const ACCOUNT = { accessKeyId: 'darkroom-test', secretAccessKey: 'darkroom-test-secret' }
const START_MS = 15_000

/** Where `go install` puts it. */
const goPath = (process.env.GOPATH ?? join(homedir(), 'go')).split(delimiter).map((folder) => join(folder, 'bin'))

export const findServer = (): string | undefined =>
  [...(process.env.PATH ?? '').split(delimiter), ...goPath]
    .map((folder) => join(folder, 'versitygw'))
    .find((file) => existsSync(file))

export const withVersitygw = async (): Promise<TestS3 | Missing> => {
  const server = findServer()
  if (server === undefined)
    return missing('an S3 server', 'go install github.com/versity/versitygw/cmd/versitygw@latest')
  const home = mkdtempSync(join(tmpdir(), 'darkroom-s3-'))
  const folder = join(home, 'data')
  const versions = join(home, 'versions')
  for (const one of [folder, versions]) mkdirSync(one)
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const launch = (): Promise<() => Promise<void>> => startServer(server, { folder, versions, port, url })
  let stop = await launch()
  const client = new S3Client({ endpoint: url, region: 'us-east-1', forcePathStyle: true, credentials: ACCOUNT })
  let count = 0
  return {
    url,
    ...ACCOUNT,
    folder,
    client,
    buckets: () => makeBuckets(client, url, ++count),
    kill: () => stop(),
    start: async () => {
      stop = await launch()
    },
    async [Symbol.asyncDispose]() {
      client.destroy()
      await stop()
      rmSync(home, { recursive: true, force: true })
    },
  }
}

type Place = { folder: string; versions: string; port: number; url: string }

const startServer = async (server: string, { folder, versions, port, url }: Place): Promise<() => Promise<void>> => {
  const options = ['--port', `127.0.0.1:${port}`, '--quiet', '--health', '/health']
  const [command, ...args] = withDeathSignal('KILL', server, ...options, 'posix', '--versioning-dir', versions, folder)
  const child = spawn(command, args, {
    env: { PATH: process.env.PATH, ROOT_ACCESS_KEY: ACCOUNT.accessKeyId, ROOT_SECRET_KEY: ACCOUNT.secretAccessKey },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-4000)
    })
  const exited = once(child, 'exit')
  const deadline = Date.now() + START_MS
  for (;;) {
    const up = await fetch(`${url}/health`).then(
      (answer) => answer.ok,
      () => false,
    )
    if (up) break
    if (child.exitCode !== null || Date.now() > deadline) throw new Error(`versitygw did not start:\n${said}`)
    await sleep(50)
  }
  return async () => {
    child.kill('SIGKILL')
    await exited
  }
}

const makeBuckets = async (client: S3Client, url: string, number: number): Promise<TestBuckets> => {
  const quarantine = `quarantine-${number}`
  const images = `images-${number}`
  const log = `log-${number}`
  await client.send(new CreateBucketCommand({ Bucket: quarantine }))
  await client.send(new CreateBucketCommand({ Bucket: images }))
  await client.send(new CreateBucketCommand({ Bucket: log, ObjectLockEnabledForBucket: true }))
  const enabled = { Status: 'Enabled' } as const
  await client.send(new PutBucketVersioningCommand({ Bucket: images, VersioningConfiguration: enabled }))
  return {
    quarantine,
    images,
    log,
    env: {
      AWS_ENDPOINT_URL_S3: url,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: ACCOUNT.accessKeyId,
      AWS_SECRET_ACCESS_KEY: ACCOUNT.secretAccessKey,
      DARKROOM_S3_FORCE_PATH_STYLE: 'true',
      // It takes the header and encrypts nothing, which the check at start would refuse.
      DARKROOM_S3_SSE: 'none',
      DARKROOM_S3_BUCKET_QUARANTINE: quarantine,
      DARKROOM_S3_BUCKET_IMAGES: images,
      DARKROOM_S3_BUCKET_LOG: log,
    },
  }
}

/** The adapter's configuration for a set of buckets. */
export function s3ConfigOf(buckets: TestBuckets, env: Record<string, string> = {}): S3Config {
  const { s3 } = readConfig({
    DARKROOM_S3_FORCE_PATH_STYLE: 'true',
    DARKROOM_S3_SSE: 'none',
    DARKROOM_S3_BUCKET_QUARANTINE: buckets.quarantine,
    DARKROOM_S3_BUCKET_IMAGES: buckets.images,
    DARKROOM_S3_BUCKET_LOG: buckets.log,
    ...env,
  }).objects
  if (s3 === null) throw new Error('three buckets were named')
  return s3
}
