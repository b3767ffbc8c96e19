// The object store's contract, the same on files and on a real S3 server: the first writer wins, what comes back is what was
// stored, removal leaves no version, links grant one object for a while. Then what only S3 has: parts, encryption, Object Lock.
// versitygw takes the encryption header and ignores it, so a recording proxy looks at the request.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  DeleteObjectCommand,
  GetObjectRetentionCommand,
  ListMultipartUploadsCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import { type FaultCode, isFault } from '../../src/kernel/fault.ts'
import type { ObjectStore, PublicStore } from '../../src/kernel/object-store.ts'
import { openFileStore } from '../../src/publish/file-store.ts'
import { openS3Stores, type S3Connection } from '../../src/publish/s3-store.ts'
import { openProxy } from '../support/s3-proxy.ts'
import { suiteOn } from '../support/services.ts'
import { s3ConfigOf, withVersitygw } from '../support/versitygw.ts'

const MIB = 1_048_576
const object = (text: string, contentType = 'image/png') => ({ bytes: Buffer.from(text), contentType })
const fails = (code: FaultCode) => (error: unknown) => {
  assert.ok(isFault(error, code), String(error))
  assert.doesNotMatch(
    JSON.stringify([error.message, error.facts]),
    /img_|darkroom-test-secret/,
    'no key text, no secret',
  )
  return true
}

/** `links` fetches a link and answers its status; `damage` changes an object behind the store's back. */
type Place = {
  images: PublicStore
  quarantine: ObjectStore
  fetchLink: (url: string) => Promise<{ status: number; type: string | null; body: Buffer }>
  damage: (key: string) => Promise<void>
}

function contract(open: () => Promise<Place>): void {
  let counter = 0
  const newKey = () => `img_${++counter}.png`

  test('an object comes back as it was stored, with its type, also when it is empty', async () => {
    const { images } = await open()
    for (const [text, type] of [
      ['the picture\nof two lines', 'image/webp'],
      ['', 'image/png'],
    ] as const) {
      const key = newKey()
      assert.equal(await images.putIfAbsent(key, object(text, type)), 'created')
      const { bytes, contentType } = await images.get(key)
      assert.deepEqual([bytes.toString(), contentType], [text, type])
    }
  })

  test('of twenty writers one creates and the others find it', async () => {
    const { images } = await open()
    const key = newKey()
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, index) => images.putIfAbsent(key, object(`writer ${index}`))),
    )
    assert.equal(outcomes.filter((outcome) => outcome === 'created').length, 1)
    assert.equal((await images.get(key)).bytes.toString(), `writer ${outcomes.indexOf('created')}`)
  })

  test('what is missing is missing, and removing it is no error', async () => {
    const { images } = await open()
    const key = newKey()
    await assert.rejects(images.get(key), fails('object_missing'))
    await images.remove(key)
  })

  test('what was removed is gone, and its key is free again', async () => {
    const { images } = await open()
    const [key, neighbour] = ['img_removed', 'img_removed1']
    await images.putIfAbsent(neighbour, object('stays'))
    for (const text of ['first', 'second']) {
      assert.equal(await images.putIfAbsent(key, object(text)), 'created')
      await images.remove(key)
      await assert.rejects(images.get(key), fails('object_missing'))
    }
    assert.equal((await images.get(neighbour)).bytes.toString(), 'stays')
  })

  test('a folder is emptied of everything, whatever is in it, and its neighbours stay', async () => {
    const { images } = await open()
    const inside = ['img_folder/generated', 'img_folder/marked-1', 'img_folder/marked-2']
    const outside = ['img_folder.png', 'img_folder2/generated']
    for (const key of [...inside, ...outside]) await images.putIfAbsent(key, object(key))
    await images.removeUnder('img_folder')
    for (const key of inside) await assert.rejects(images.get(key), fails('object_missing'))
    for (const key of outside) assert.equal((await images.get(key)).bytes.toString(), key)
    await images.removeUnder('img_folder')
    await assert.rejects(images.removeUnder('../img_folder'), fails('object_store_failed'))
  })

  test('what was changed behind the store is not handed out', async () => {
    const { images, damage } = await open()
    const key = newKey()
    await images.putIfAbsent(key, object('as it was'))
    await damage(key)
    await assert.rejects(images.get(key), fails('object_mismatch'))
  })

  test('a key is a plain path and nothing else', async () => {
    const { images } = await open()
    for (const key of [
      '../img_1',
      '/img_1',
      'img_1/',
      'a//img_1',
      'img_1?versionId=x',
      'img 1',
      '',
      '.img_1',
      'x'.repeat(301),
    ]) {
      await assert.rejects(images.putIfAbsent(key, object('x')), fails('object_store_failed'))
      await assert.rejects(images.get(key), fails('object_store_failed'))
      await assert.rejects(images.remove(key), fails('object_store_failed'))
      await assert.rejects(images.signedUrl(key, 60), fails('object_store_failed'))
    }
  })

  test('a link grants its object, with its type, until it runs out', async () => {
    const { images, fetchLink } = await open()
    const key = newKey()
    await images.putIfAbsent(key, object('seen', 'image/jpeg'))
    const link = await images.signedUrl(key, 2)
    const answer = await fetchLink(link)
    assert.deepEqual([answer.status, answer.type, answer.body.toString()], [200, 'image/jpeg', 'seen'])
    await sleep(3100)
    assert.ok([403, 404].includes((await fetchLink(link)).status), 'it ran out')
  })

  test('a link with its key, its end or its signature changed grants nothing', async () => {
    const { images, fetchLink } = await open()
    const [key, other] = [newKey(), newKey()]
    for (const one of [key, other]) await images.putIfAbsent(one, object(one))
    const link = await images.signedUrl(key, 60)
    const tampered = [
      link.replace(key, other),
      link.replace(/xpires=\d+/, (text) => `${text}9`),
      link.replace(/ignature=(.)/, (_, first) => `ignature=${first === '0' ? '1' : '0'}`),
      link.replace(/[?&][^&]*ignature=[^&]*/, ''),
      link.split('?')[0] ?? '',
    ]
    for (const url of tampered) {
      assert.notEqual(url, link)
      assert.ok([400, 403, 404].includes((await fetchLink(url)).status), url)
    }
  })

  test('the quarantine has no links', async () => {
    const { quarantine } = await open()
    await quarantine.putIfAbsent('img_held/generated', object('unseen'))
    // @ts-expect-error An ObjectStore makes no links: this is the type's promise.
    const { signedUrl } = quarantine
    if (signedUrl !== undefined) await assert.rejects(signedUrl('img_held/generated', 60), TypeError)
  })
}

suite('objects in files', () => {
  const directory = mkdtempSync(join(tmpdir(), 'darkroom-objects-'))
  process.on('exit', () => rmSync(directory, { recursive: true, force: true }))
  contract(async () => {
    const images = await openFileStore({ directory, secret: Buffer.alloc(32, 3) })
    return {
      images,
      quarantine: await openFileStore({ directory: `${directory}/q`, secret: null }),
      fetchLink: async (url) => {
        const { pathname, searchParams } = new URL(url, 'http://files')
        const key = pathname.slice('/objects/'.length)
        const ok = images.verifySignedUrl(key, searchParams.get('expires') ?? '', searchParams.get('signature') ?? '')
        if (!ok) return { status: 404, type: null, body: Buffer.alloc(0) }
        const { bytes, contentType } = await images.get(key)
        return { status: 200, type: contentType, body: bytes }
      },
      damage: async (key) => writeFileSync(join(directory, key), '{"contentType":"image/png","sha256":"0"}\nchanged'),
    }
  })
})

suiteOn('objects in S3', await withVersitygw(), (server) => {
  const credentials = { accessKeyId: server.accessKeyId, secretAccessKey: server.secretAccessKey }
  const connection = { endpoint: server.url, region: 'us-east-1', credentials }
  const buckets = server.buckets()
  const open = async (env: Record<string, string> = {}, to: S3Connection = connection) =>
    openS3Stores(s3ConfigOf(await buckets, env), to)

  contract(async () => {
    const { images, quarantine } = await open()
    return {
      images,
      quarantine,
      fetchLink: async (url) => {
        const answer = await fetch(url)
        const body = Buffer.from(await answer.arrayBuffer())
        return { status: answer.status, type: answer.headers.get('content-type'), body }
      },
      damage: async (Key) => {
        const { images: Bucket } = await buckets
        const Metadata = { sha256: 'a'.repeat(64) }
        await server.client.send(new PutObjectCommand({ Bucket, Key, Body: 'changed', Metadata }))
      },
    }
  })

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
