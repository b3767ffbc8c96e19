import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { isFault } from '../../src/kernel/fault.ts'
import { type FileStore, isKey, openFileStore } from '../../src/publish/file-store.ts'

const KEY = 'img_1.png'
const SECRET = Buffer.alloc(32, 3)
const object = (text: string, contentType = 'image/png') => ({ bytes: Buffer.from(text), contentType })

let directory: string
let store: FileStore
let nowMs = 1_800_000_000_000

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'darkroom-store-'))
  store = await openFileStore({ directory, secret: SECRET, nowMs: () => nowMs })
  await store.putIfAbsent(KEY, object('the picture\nof two lines'))
})
after(() => rm(directory, { recursive: true, force: true }))

test('an object comes back as it was stored, with its type', async () => {
  const { bytes, contentType } = await store.get(KEY)
  assert.equal(bytes.toString(), 'the picture\nof two lines')
  assert.equal(contentType, 'image/png')
})

test('the first writer wins, whatever the number of writers', async () => {
  const written = await Promise.all(
    Array.from({ length: 20 }, (_, i) => store.putIfAbsent('race/one', object(`writer ${i}`))),
  )
  assert.equal(written.filter((outcome) => outcome === 'created').length, 1)
  const winner = written.indexOf('created')
  assert.equal((await store.get('race/one')).bytes.toString(), `writer ${winner}`)
  const [drafts] = await readdir(join(directory, '.drafts'))
  assert.deepEqual(await readdir(join(directory, '.drafts', drafts ?? '')), [], 'no draft is left')
})

test('only the owner can read an object', async () => {
  assert.equal((await stat(join(directory, KEY))).mode & 0o077, 0)
})

test('what is missing is missing, and removing it is no error', async () => {
  await assert.rejects(store.get('img_2.png'), (error) => isFault(error, 'object_missing'))
  await assert.rejects(store.get('race'), (error) => isFault(error, 'object_missing'))
  await assert.rejects(store.get(`${KEY}/below`), (error) => isFault(error, 'object_missing'))
  await store.remove('img_2.png')
  await store.putIfAbsent('gone', object('x'))
  await store.remove('gone')
  await assert.rejects(store.get('gone'), (error) => isFault(error, 'object_missing'))
})

test('a file that was damaged on disk is not handed out', async () => {
  await store.putIfAbsent('damaged', object('all of it'))
  const file = join(directory, 'damaged')
  const bytes = await readFile(file)
  for (const wrong of [
    bytes.subarray(0, -1),
    Buffer.concat([bytes, Buffer.from('!')]),
    Buffer.from('no head'),
    Buffer.alloc(0),
  ]) {
    await writeFile(file, wrong)
    await assert.rejects(store.get('damaged'), (error) => isFault(error, 'object_mismatch'))
  }
})

const TRAVERSALS = [
  '../secret',
  'a/../../b',
  '/etc/passwd',
  'a//b',
  './a',
  'a/.',
  'a/..',
  '..',
  '.',
  '',
  '.drafts/x',
  'a\\..\\b',
  'a\0b',
  'a%2e%2e/b',
  'a/',
  'ä',
  'a b',
  'x'.repeat(301),
  'a..b',
  '-a/.hidden',
]
test('a key names a file below the store and nothing else', async () => {
  for (const key of TRAVERSALS) {
    assert.equal(isKey(key), false, key)
    await assert.rejects(store.putIfAbsent(key, object('x')), (error) => isFault(error, 'object_store_failed'))
    await assert.rejects(store.get(key), (error) => isFault(error, 'object_store_failed'))
    await assert.rejects(store.remove(key), (error) => isFault(error, 'object_store_failed'))
    await assert.rejects(store.signedUrl(key, 60), (error) => isFault(error, 'object_store_failed'))
    assert.equal(store.verifySignedUrl(key, '9999999999', 'x'), false)
  }
  for (const key of ['img_1.png', 'img_1/generated', 'a/b/c.tar.gz', '_x-1']) assert.ok(isKey(key), key)
})

function parts(url: string) {
  const parsed = new URL(url, 'http://x')
  return { expires: parsed.searchParams.get('expires') ?? '', signature: parsed.searchParams.get('signature') ?? '' }
}

test('a link grants its own object until it runs out', async () => {
  const url = await store.signedUrl(KEY, 300)
  assert.ok(url.startsWith(`/objects/${KEY}?`))
  const { expires, signature } = parts(url)
  assert.equal(store.verifySignedUrl(KEY, expires, signature), true)
  nowMs += 299_000
  assert.equal(store.verifySignedUrl(KEY, expires, signature), true)
  nowMs += 1_000
  assert.equal(store.verifySignedUrl(KEY, expires, signature), false)
})

test('a link with anything changed grants nothing', async () => {
  const { expires, signature } = parts(await store.signedUrl(KEY, 300))
  assert.equal(store.verifySignedUrl('race/one', expires, signature), false, 'another key')
  assert.equal(store.verifySignedUrl(KEY, String(Number(expires) + 1), signature), false, 'a later end')
  assert.equal(store.verifySignedUrl(KEY, `0${expires}`, signature), false, 'the same end, spelt otherwise')
  assert.equal(store.verifySignedUrl(KEY, 'never', signature), false)
  for (const wrong of ['', signature.slice(0, -1), `${signature}A`, `${signature}=`, `${signature} `])
    assert.equal(store.verifySignedUrl(KEY, expires, wrong), false)
  // The last character of 32 bytes in base64url holds two spare bits: other spellings decode to the same bytes.
  const spare = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const last = spare.indexOf(signature.slice(-1))
  assert.equal(store.verifySignedUrl(KEY, expires, signature.slice(0, -1) + spare.charAt(last ^ 1)), false)
  const other = await openFileStore({
    directory: `${directory}-other`,
    secret: Buffer.alloc(32, 4),
    nowMs: () => nowMs,
  })
  assert.equal(other.verifySignedUrl(KEY, expires, signature), false, 'another deployment')
  await rm(`${directory}-other`, { recursive: true })
})

test('a store without a secret hands out no links', async () => {
  const quarantine = await openFileStore({ directory: `${directory}-quarantine`, secret: null })
  await assert.rejects(quarantine.signedUrl(KEY, 60), TypeError)
  await rm(`${directory}-quarantine`, { recursive: true })
})
