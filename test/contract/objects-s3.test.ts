// What only S3 has, on a real server: parts, versions, encryption, Object Lock, links to another address, and calls that fail or hang.
// versitygw takes the encryption header and ignores it, so a recording proxy looks at the request.
import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import { test } from 'node:test'
import {
  DeleteObjectCommand,
  GetObjectRetentionCommand,
  ListMultipartUploadsCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import { isFault } from '../../src/kernel/fault.ts'
import { openS3Stores, type S3Connection } from '../../src/publish/s3-store.ts'
import { openProxy } from '../support/s3-proxy.ts'
import { suiteOn } from '../support/services.ts'
import { s3ConfigOf, withVersitygw } from '../support/versitygw.ts'
import { fails, object } from './object-contract.ts'

const MIB = 1_048_576

suiteOn('what only S3 has', await withVersitygw(), (server) => {
  const credentials = { accessKeyId: server.accessKeyId, secretAccessKey: server.secretAccessKey }
  const connection = { endpoint: server.url, region: 'us-east-1', credentials }
  const buckets = server.buckets()
  const open = async (env: Record<string, string> = {}, to: S3Connection = connection) =>
    openS3Stores(s3ConfigOf(await buckets, env), to)

  test('a large object goes in parts, is whole, and still the first writer wins', async () => {
    const { images } = await open({ DARKROOM_S3_PART_BYTES: String(5 * MIB) })
    const bytes = Buffer.alloc(12 * MIB, 'developing ')
    const put = (byte: number) =>
      images.putIfAbsent('img_large.png', { bytes: Buffer.concat([bytes, Buffer.of(byte)]), contentType: 'image/png' })
    const outcomes = await Promise.all([put(1), put(2), put(3)])
    assert.equal(outcomes.filter((outcome) => outcome === 'created').length, 1)
    const whole = await images.get('img_large.png')
    assert.equal(whole.bytes.length, bytes.length + 1)
    assert.equal(whole.bytes.at(-1), outcomes.indexOf('created') + 1)
    assert.equal(whole.contentType, 'image/png')
    assert.equal(await put(4), 'exists')
    const { Uploads } = await server.client.send(new ListMultipartUploadsCommand({ Bucket: (await buckets).images }))
    assert.deepEqual(Uploads ?? [], [], 'the losers left no parts')
  })

  test('an upload that breaks between its parts leaves nothing visible and no parts', async () => {
    await using proxy = await openProxy(server.url, (request) =>
      request.method === 'PUT' && /partNumber=3/.test(request.url ?? '') ? 500 : null,
    )
    const { images } = await open(
      { DARKROOM_S3_PART_BYTES: String(5 * MIB), DARKROOM_S3_ATTEMPTS: '1' },
      { ...connection, endpoint: proxy.url },
    )
    const bytes = Buffer.alloc(12 * MIB, 1)
    await assert.rejects(
      images.putIfAbsent('img_broken.png', { bytes, contentType: 'image/png' }),
      fails('object_store_failed'),
    )
    const direct = await open()
    await assert.rejects(direct.images.get('img_broken.png'), fails('object_missing'))
    const { Uploads } = await server.client.send(new ListMultipartUploadsCommand({ Bucket: (await buckets).images }))
    assert.deepEqual(Uploads ?? [], [])
  })

  test('removal leaves no version and no delete marker of it, and all of its neighbour', async () => {
    const { images } = await open()
    const { images: Bucket } = await buckets
    for (const Body of ['one', 'two', 'three'])
      for (const Key of ['img_versions', 'img_versions2'])
        await server.client.send(new PutObjectCommand({ Bucket, Key, Body }))
    await server.client.send(new DeleteObjectCommand({ Bucket, Key: 'img_versions' }))
    await images.remove('img_versions')
    const left = await server.client.send(new ListObjectVersionsCommand({ Bucket, Prefix: 'img_versions' }))
    assert.deepEqual(left.DeleteMarkers ?? [], [])
    assert.deepEqual([...new Set(left.Versions?.map(({ Key }) => Key))], ['img_versions2'])
    assert.equal(left.Versions?.length, 3)
  })

  test('the quarantine cannot be read without credentials, nor with wrong ones', async () => {
    const { quarantine, probe } = await open()
    await quarantine.putIfAbsent('img_secret/generated', object('unseen'))
    assert.equal((await fetch(await probe('quarantine').address('img_secret/generated'))).status, 403)
    const stranger = await open({}, { ...connection, credentials: { ...credentials, secretAccessKey: 'guessed' } })
    await assert.rejects(stranger.quarantine.get('img_secret/generated'), fails('object_store_failed'))
  })

  test('what the log keeps is locked for its retention and cannot be removed', async () => {
    const { log } = await open({ DARKROOM_S3_LOG_RETENTION_DAYS: '2' })
    const { log: Bucket } = await buckets
    assert.equal(await log.putIfAbsent('tile/0/000', object('leaves', 'application/octet-stream')), 'created')
    assert.equal(await log.putIfAbsent('tile/0/000', object('others')), 'exists')
    const { Retention } = await server.client.send(new GetObjectRetentionCommand({ Bucket, Key: 'tile/0/000' }))
    assert.equal(Retention?.Mode, 'COMPLIANCE')
    assert.ok(Math.abs((Retention?.RetainUntilDate?.getTime() ?? 0) - Date.now() - 2 * 86_400_000) < 60_000)
    const { Versions } = await server.client.send(new ListObjectVersionsCommand({ Bucket, Prefix: 'tile/0/000' }))
    const VersionId = Versions?.[0]?.VersionId
    await assert.rejects(server.client.send(new DeleteObjectCommand({ Bucket, Key: 'tile/0/000', VersionId })))
    assert.equal((await log.get('tile/0/000')).bytes.toString(), 'leaves')
  })

  test('encryption, digest and condition are in each request that writes', async () => {
    await using proxy = await openProxy(server.url)
    const env = {
      DARKROOM_S3_SSE: 'aws:kms',
      DARKROOM_S3_KMS_KEY_ID: 'alias/images',
      DARKROOM_S3_PART_BYTES: String(5 * MIB),
    }
    const { images } = await open(env, { ...connection, endpoint: proxy.url })
    await images.putIfAbsent('img_small.png', object('small'))
    await images.putIfAbsent('img_parts.png', { bytes: Buffer.alloc(6 * MIB), contentType: 'image/png' })
    const sent = (test: (request: IncomingMessage) => boolean) => proxy.requests.filter(test)
    const [put] = sent(({ method, url }) => method === 'PUT' && url?.includes('img_small') === true)
    const [begun] = sent(({ method, url }) => method === 'POST' && url?.includes('uploads') === true)
    const [completed] = sent(({ method, url }) => method === 'POST' && url?.includes('uploadId') === true)
    for (const request of [put, begun]) {
      assert.equal(request?.headers['x-amz-server-side-encryption'], 'aws:kms')
      assert.equal(request?.headers['x-amz-server-side-encryption-aws-kms-key-id'], 'alias/images')
      assert.match(String(request?.headers['x-amz-meta-sha256']), /^[0-9a-f]{64}$/)
    }
    assert.ok(put?.headers['x-amz-checksum-sha256'])
    assert.equal(put?.headers['if-none-match'], '*')
    assert.equal(completed?.headers['if-none-match'], '*')
  })

  test('links lead to the address that clients see', async () => {
    const { images } = await open({ DARKROOM_S3_PUBLIC_ENDPOINT: 'https://pictures.example' })
    assert.match(
      await images.signedUrl('img_1.png', 300),
      /^https:\/\/pictures\.example\/images-\d+\/img_1\.png\?.*Expires=300/,
    )
    await assert.rejects(images.signedUrl('img_1.png', 301), TypeError)
  })

  test('half of all calls failing is made good by bounded retries; all failing is a fault that may be tried later', async () => {
    let calls = 0
    await using flaky = await openProxy(server.url, () => (calls++ % 2 === 0 ? 503 : null))
    const { images } = await open({}, { ...connection, endpoint: flaky.url })
    assert.equal(await images.putIfAbsent('img_flaky.png', object('kept')), 'created')
    assert.equal((await images.get('img_flaky.png')).bytes.toString(), 'kept')
    await using dead = await openProxy(server.url, () => 503)
    const gone = await open({ DARKROOM_S3_ATTEMPTS: '2' }, { ...connection, endpoint: dead.url })
    await assert.rejects(
      gone.images.get('img_flaky.png'),
      (error) => fails('object_store_failed')(error) && isFault(error) && error.retry === 'later',
    )
    assert.equal(dead.requests.length, 2)
  })

  test('a server that does not answer is given up in time', async () => {
    await using silent = await openProxy(server.url, () => 'hang')
    const { images } = await open(
      { DARKROOM_S3_TIMEOUT_MS: '300', DARKROOM_S3_ATTEMPTS: '2' },
      { ...connection, endpoint: silent.url },
    )
    const from = Date.now()
    await assert.rejects(images.get('img_1.png'), fails('object_store_failed'))
    assert.ok(Date.now() - from < 5000)
  })
})
