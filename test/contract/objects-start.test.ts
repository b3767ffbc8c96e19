// What the buckets must be at start, on a real S3 server: each refusal names its variable and the remedy, and leaves nothing behind.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CreateBucketCommand, ListObjectVersionsCommand, PutBucketPolicyCommand } from '@aws-sdk/client-s3'
import { isFault } from '../../src/kernel/fault.ts'
import { checkBuckets, reachBuckets } from '../../src/publish/s3-checks.ts'
import { openS3Stores, type S3Connection } from '../../src/publish/s3-store.ts'
import { openProxy } from '../support/s3-proxy.ts'
import { suiteOn } from '../support/services.ts'
import { s3ConfigOf, withVersitygw } from '../support/versitygw.ts'

suiteOn('S3 at start', await withVersitygw(), (server) => {
  const credentials = { accessKeyId: server.accessKeyId, secretAccessKey: server.secretAccessKey }
  const connection = { endpoint: server.url, region: 'us-east-1', credentials }
  const made = server.buckets()
  const refuses = async (env: Record<string, string>, field: string, says: RegExp, to: S3Connection = connection) => {
    const config = s3ConfigOf(await made, env)
    await using stores = openS3Stores(config, to)
    await assert.rejects(checkBuckets(config, stores), (error) => {
      assert.ok(isFault(error), String(error))
      assert.equal(error.field, field)
      assert.match(error.message, says)
      assert.doesNotMatch(`${error.message} ${JSON.stringify(error.facts)}`, /guessed|darkroom-test-secret/)
      return true
    })
  }

  test('buckets as they should be are accepted, and nothing is left in them', async () => {
    const config = s3ConfigOf(await made)
    await using stores = openS3Stores(config, connection)
    await checkBuckets(config, stores)
    await reachBuckets(stores)
    for (const Bucket of Object.values(config.buckets)) {
      const left = await server.client.send(new ListObjectVersionsCommand({ Bucket, Prefix: 'darkroom-probe' }))
      assert.deepEqual([left.Versions ?? [], left.DeleteMarkers ?? []], [[], []])
    }
  })

  test('a bucket that is not there is named', () =>
    refuses({ DARKROOM_S3_BUCKET_IMAGES: 'nowhere' }, 'DARKROOM_S3_BUCKET_IMAGES', /no bucket nowhere; create it/))

  test('a log bucket without Object Lock or versioning is refused', async () => {
    await server.client.send(new CreateBucketCommand({ Bucket: 'unlocked' }))
    await refuses({ DARKROOM_S3_BUCKET_LOG: 'unlocked' }, 'DARKROOM_S3_BUCKET_LOG', /no versioning.*Object Lock/)
    await refuses(
      { DARKROOM_S3_BUCKET_LOG: (await server.buckets()).images },
      'DARKROOM_S3_BUCKET_LOG',
      /no Object Lock/,
    )
  })

  test('wrong credentials are told, and are not repeated', async () => {
    const account = { accessKeyId: server.accessKeyId, secretAccessKey: 'guessed' }
    await refuses({}, 'AWS_ACCESS_KEY_ID', /refuses these credentials/, { ...connection, credentials: account })
    const unknown = { accessKeyId: 'guessed', secretAccessKey: 'guessed' }
    await refuses({}, 'AWS_ACCESS_KEY_ID', /refuses these credentials/, { ...connection, credentials: unknown })
  })

  test('a server that is not there is told within seconds', () =>
    refuses({}, 'AWS_ENDPOINT_URL_S3', /cannot reach/, { ...connection, endpoint: 'http://127.0.0.1:1' }))

  test('a server that ignores the encryption it was asked for is refused', () =>
    refuses({ DARKROOM_S3_SSE: 'AES256' }, 'DARKROOM_S3_SSE', /did not; set DARKROOM_S3_SSE=none/))

  test('a server that lets a second writer overwrite is refused', async () => {
    let writes = 0
    await using proxy = await openProxy(server.url, ({ method }) => (method === 'PUT' && ++writes === 2 ? 200 : null))
    await refuses({}, 'DARKROOM_S3_BUCKET_QUARANTINE', /If-None-Match/, { ...connection, endpoint: proxy.url })
  })

  test('a quarantine that anybody can read is refused', async () => {
    const { quarantine: Bucket } = await server.buckets()
    const Resource = [`arn:aws:s3:::${Bucket}/*`]
    const statement = { Effect: 'Allow', Principal: '*', Action: ['s3:GetObject'], Resource }
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement] })
    await server.client.send(new PutBucketPolicyCommand({ Bucket, Policy }))
    await refuses({ DARKROOM_S3_BUCKET_QUARANTINE: Bucket }, 'DARKROOM_S3_BUCKET_QUARANTINE', /public/)
  })
})
