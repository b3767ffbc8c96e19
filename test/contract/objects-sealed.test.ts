// The quarantine's seal: what lies at rest tells nothing, what was changed, swapped or renamed is not handed out, and what was stored
// before there was a seal still reads.
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { openFileStore } from '../../src/publish/file-store.ts'
import { sealStore } from '../../src/publish/sealed-store.ts'
import { memoryStore } from '../support/world.ts'
import { fails, object } from './object-contract.ts'

const SECRET = Buffer.alloc(32, 7)
const KEY = 'img_1/generated'
const PICTURE = 'the plain bytes of a picture'
const openSealed = () => {
  const plain = memoryStore()
  const bytesOf = (key: string) => plain.objects.get(key)?.bytes ?? assert.fail(`nothing at ${key}`)
  return { plain, bytesOf, sealed: sealStore(plain, SECRET) }
}

test('nothing of the plain bytes is in the stored file', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'darkroom-sealed-'))
  try {
    const sealed = sealStore(await openFileStore({ directory, secret: null }), SECRET)
    await sealed.putIfAbsent(KEY, object(PICTURE))
    const file = readFileSync(join(directory, KEY)).toString('latin1')
    for (let at = 0; at + 6 <= PICTURE.length; at++) assert.ok(!file.includes(PICTURE.slice(at, at + 6)))
    assert.equal((await sealed.get(KEY)).bytes.toString(), PICTURE)
  } finally {
    rmSync(directory, { recursive: true })
  }
})

test('the same picture under two keys, or twice under one, is never the same at rest', async () => {
  const { sealed, bytesOf } = openSealed()
  await sealed.putIfAbsent(KEY, object(PICTURE))
  await sealed.putIfAbsent('img_2/generated', object(PICTURE))
  const first = bytesOf(KEY)
  await sealed.remove(KEY)
  await sealed.putIfAbsent(KEY, object(PICTURE))
  assert.equal(new Set([first, bytesOf(KEY), bytesOf('img_2/generated')].map(String)).size, 3)
})

test('a changed byte, wherever it is, is found out', async () => {
  const { sealed, bytesOf } = openSealed()
  await sealed.putIfAbsent(KEY, object(PICTURE))
  const bytes = bytesOf(KEY)
  for (let at = 0; at < bytes.length; at++) {
    bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at)
    await assert.rejects(sealed.get(KEY), fails('object_mismatch'), `byte ${at}`)
    bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at)
  }
  assert.equal((await sealed.get(KEY)).bytes.toString(), PICTURE)
})

test('what was cut short, renamed or sealed with another secret is not handed out', async () => {
  const { plain, sealed } = openSealed()
  await sealed.putIfAbsent(KEY, object(PICTURE))
  const stored = plain.objects.get(KEY) ?? assert.fail()
  plain.objects.set('img_2/generated', stored)
  await assert.rejects(sealed.get('img_2/generated'), fails('object_mismatch'))
  await assert.rejects(sealStore(plain, Buffer.alloc(32, 8)).get(KEY), fails('object_mismatch'))
  for (const length of [0, 5, 8, 9, 18, 30, 40, stored.bytes.length - 1]) {
    plain.objects.set(KEY, { ...stored, bytes: stored.bytes.subarray(0, length) })
    await assert.rejects(sealed.get(KEY), fails('object_mismatch'), `${length} bytes`)
  }
})

test('what was stored before there was a seal still reads, and first come stays first', async () => {
  const { plain, sealed } = openSealed()
  await plain.putIfAbsent(KEY, object(PICTURE, 'image/webp'))
  const { bytes, contentType } = await sealed.get(KEY)
  assert.deepEqual([bytes.toString(), contentType], [PICTURE, 'image/webp'])
  assert.equal(await sealed.putIfAbsent(KEY, object('another')), 'exists')
})
