// `darkroom objects init` against a real S3 server: what it makes passes the checks of a start, and making it again changes nothing.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import {
  CreateBucketCommand,
  GetBucketVersioningCommand,
  GetObjectLockConfigurationCommand,
  ListBucketsCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import { suiteOn } from '../support/services.ts'
import { withVersitygw } from '../support/versitygw.ts'

const MAIN = resolve(import.meta.dirname, '../../src/main.ts')
const run = promisify(execFile)

suiteOn('objects init', await withVersitygw(), (server) => {
  let count = 0
  const names = () => {
    const number = ++count
    return { quarantine: `q-${number}`, images: `i-${number}`, log: `l-${number}` }
  }
  const init = async (buckets: ReturnType<typeof names>, env: Record<string, string> = {}, ...args: string[]) => {
    const { stdout } = await run(process.execPath, [MAIN, 'objects', 'init', ...args], {
      env: {
        PATH: process.env.PATH,
        AWS_ENDPOINT_URL_S3: server.url,
        AWS_REGION: 'us-east-1',
        AWS_ACCESS_KEY_ID: server.accessKeyId,
        AWS_SECRET_ACCESS_KEY: server.secretAccessKey,
        DARKROOM_S3_FORCE_PATH_STYLE: 'true',
        DARKROOM_S3_SSE: 'none',
        DARKROOM_S3_BUCKET_QUARANTINE: buckets.quarantine,
        DARKROOM_S3_BUCKET_IMAGES: buckets.images,
        DARKROOM_S3_BUCKET_LOG: buckets.log,
        ...env,
      },
    })
    return stdout
      .trim()
      .split('\n')
      .map((line) => line.split(/\s{2,}/))
  }
  const featuresOf = async (Bucket: string) => {
    const lock = await server.client.send(new GetObjectLockConfigurationCommand({ Bucket })).catch(() => null)
    const { Status } = await server.client.send(new GetBucketVersioningCommand({ Bucket }))
    return [Status, lock?.ObjectLockConfiguration?.ObjectLockEnabled]
  }

  test('makes three buckets, of which the log alone has versioning and Object Lock, and says so', async () => {
    const buckets = names()
    assert.deepEqual(await init(buckets), [
      ['quarantine', buckets.quarantine, 'made'],
      ['images', buckets.images, 'made'],
      ['log', buckets.log, 'made'],
    ])
    assert.deepEqual(await featuresOf(buckets.log), ['Enabled', 'Enabled'])
    assert.notEqual((await featuresOf(buckets.quarantine))[0], 'Enabled')
    assert.notEqual((await featuresOf(buckets.images))[0], 'Enabled')
  })

  test('is as good twice as once, and completes what is half there', async () => {
    const buckets = names()
    await server.client.send(new CreateBucketCommand({ Bucket: buckets.images }))
    await server.client.send(new PutObjectCommand({ Bucket: buckets.images, Key: 'kept', Body: 'kept' }))
    const said = (await init(buckets)).map(([, , did]) => did)
    assert.deepEqual(said, ['made', 'was there', 'made'])
    assert.deepEqual(
      (await init(buckets)).map(([, , did]) => did),
      ['was there', 'was there', 'was there'],
    )
  })

  test('a log bucket that was there without its features gets them, and that is said', async () => {
    const buckets = names()
    await server.client.send(new CreateBucketCommand({ Bucket: buckets.log }))
    assert.match((await init(buckets)).at(-1)?.[2] ?? '', /^was there; versioning and Object Lock are on now$/)
    assert.deepEqual(await featuresOf(buckets.log), ['Enabled', 'Enabled'])
  })

  test('waits for a server that is still coming up, and no longer than it may', async () => {
    const buckets = names()
    await server.kill()
    const began = performance.now()
    const refused = await init(buckets, { DARKROOM_S3_ATTEMPTS: '1' }, '--wait', '1').catch(
      (error: { stderr: string }) => error.stderr,
    )
    assert.match(String(refused), /cannot reach the S3 server.*object_store_failed/)
    assert.ok(performance.now() - began < 20_000)
    const waiting = init(buckets)
    await sleep(1500)
    await server.start()
    assert.equal((await waiting).length, 3)
  })

  test('an account that may not make buckets is told what it needs', async () => {
    const said = await init(names(), { AWS_SECRET_ACCESS_KEY: 'guessed' }).catch(
      (error: { stderr: string }) => error.stderr,
    )
    assert.match(String(said), /AWS_ACCESS_KEY_ID.*config_invalid/)
    const { Buckets } = await server.client.send(new ListBucketsCommand({}))
    assert.ok(!Buckets?.some(({ Name }) => Name === `q-${count}`))
  })
})
