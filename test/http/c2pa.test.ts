// The Soft Binding Resolution API over images that were really marked, signed and published: from a stripped copy to the manifest that it
// lost, byte for byte; and nothing of what is not published.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Reader } from '@contentauth/c2pa-node'
import sharp from 'sharp'
import { MARK_ALGORITHM, MARK_ALGORITHMS } from '../../src/mark/watermark/algorithm.ts'
import { openPublishing, type Published, type Publishing } from '../mark/publishing.ts'
import { json } from './service.ts'

let publishing: Publishing
let published: Published
let value: string

before(async () => {
  publishing = await openPublishing()
  published = await publishing.publish()
  const reader = await Reader.fromAsset(
    { buffer: published.bytes, mimeType: 'image/png' },
    { verify: { remote_manifest_fetch: false } },
  )
  value = JSON.stringify(reader?.json()).match(/"value":"(\d+\.[0-9a-f]+)"/)?.[1] ?? ''
})
after(() => publishing[Symbol.asyncDispose]())

const call = async (path: string, init: RequestInit = {}) => {
  const response = await publishing.service.call(path, { ...init, as: null })
  return { status: response.status, answer: await response.json() }
}
const content = (bytes: Buffer, type = 'image/png'): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': type },
  body: new Uint8Array(bytes),
})
const found = () => ({ status: 200, answer: { matches: [{ manifestId: published.manifestId }] } })
const byBinding = (alg: string, of: string) =>
  call(`/c2pa/matches/byBinding?alg=${encodeURIComponent(alg)}&value=${encodeURIComponent(of)}`)

test('the algorithms that are resolved are the one that manifests name, and the one that they used to', async () => {
  const { answer } = await call('/c2pa/services/supportedAlgorithms')
  assert.deepEqual(answer, { watermarks: MARK_ALGORITHMS.map((alg) => ({ alg })), fingerprints: [] })
  assert.ok(published.bytes.includes(MARK_ALGORITHM))
})

test('a binding leads to its manifest, as it stands in a manifest or in base64, by GET and by POST', async () => {
  assert.match(value, /^\d+\.[0-9a-f]+$/)
  const base64 = Buffer.from(value).toString('base64')
  for (const one of [value, base64]) {
    for (const alg of MARK_ALGORITHMS) assert.deepEqual(await byBinding(alg, one), found())
    assert.deepEqual(await call('/c2pa/matches/byBinding', json({ alg: MARK_ALGORITHM, value: one })), found())
  }
})

test('a mark of another key’s epoch, or of nobody, leads nowhere', async () => {
  const [epoch, id] = value.split('.')
  for (const other of [`${Number(epoch) + 1}.${id}`, `${epoch}.1`])
    assert.deepEqual(await byBinding(MARK_ALGORITHM, other), { status: 200, answer: { matches: [] } })
})

test('a stripped copy leads to its manifest, whatever it says that it is; a foreign picture to none', async () => {
  const stripped = await sharp(published.bytes).jpeg({ quality: 80 }).toBuffer()
  for (const type of ['image/jpeg', 'image/png', 'application/octet-stream'])
    assert.deepEqual(await call('/c2pa/matches/byContent', content(stripped, type)), found())
  assert.deepEqual(await call('/c2pa/matches/byContent?maxResults=1', content(published.bytes)), found())
  const foreign = await sharp({ create: { width: 128, height: 128, channels: 3, background: '#456' } })
    .png()
    .toBuffer()
  assert.deepEqual(await call('/c2pa/matches/byContent', content(foreign)), { status: 200, answer: { matches: [] } })
})

test('the public check knows released pixels by the digest that their record keeps, and others by likeness', async () => {
  const told = async (bytes: Buffer) => {
    const body = new FormData()
    body.set('file', new Blob([new Uint8Array(bytes)]), 'copy')
    const { answer } = await call('/v1/provenance/verify', { method: 'POST', body })
    return `${answer.verdict}: ${answer.notes.at(-1)}`
  }
  assert.match(
    await told(await sharp(published.bytes).png().toBuffer()),
    /^ours: The pixels are those that were released/,
  )
  assert.match(
    await told(await sharp(published.bytes).jpeg({ quality: 90 }).toBuffer()),
    /^ours: Made here, judging by/,
  )
})

test('the manifest comes back byte for byte, and fits the released file, in each format', async () => {
  for (const format of ['png', 'jpeg', 'webp'] as const) {
    const one = format === 'png' ? published : await publishing.publish(format)
    const response = await publishing.service.call(`/c2pa/manifests/${encodeURIComponent(one.manifestId)}`, {
      as: null,
    })
    assert.deepEqual([response.status, response.headers.get('content-type')], [200, 'application/c2pa'], format)
    const store = Buffer.from(await response.arrayBuffer())
    const reader = await Reader.fromManifestDataAndAsset(
      store,
      { buffer: one.bytes, mimeType: `image/${format}` },
      { verify: { remote_manifest_fetch: false } },
    )
    const read = JSON.parse(JSON.stringify(reader.json()))
    assert.deepEqual([read.active_manifest, read.validation_state], [one.manifestId, 'Valid'], format)
  }
})

test('what was withdrawn, and what was never published, has no manifest to give', async () => {
  const { service } = publishing
  const withdrawn = await publishing.publish()
  const path = `/c2pa/manifests/${encodeURIComponent(withdrawn.manifestId)}`
  const content_ = content(await sharp(withdrawn.bytes).webp({ quality: 90 }).toBuffer(), 'image/webp')
  assert.equal((await service.call(path, { as: null })).status, 200)
  assert.equal((await service.call(`/v1/images/${withdrawn.id}/withdraw`, { method: 'POST' })).status, 200)
  assert.equal((await call(path)).status, 404)
  assert.deepEqual(await call('/c2pa/matches/byContent', content_), { status: 200, answer: { matches: [] } })
  assert.equal((await call('/c2pa/manifests/urn:c2pa:00000000-0000-4000-8000-000000000000')).answer.code, 'not_found')
})

test('a manifest that is not the one that was signed is not handed out', async () => {
  const { sql, service } = publishing
  const one = await publishing.publish()
  const { object_key: key } = await sql
    .selectFrom('darkroom.image')
    .select('object_key')
    .where('id', '=', one.id)
    .executeTakeFirstOrThrow()
  await service.ground.images.remove(key ?? '')
  await service.ground.images.putIfAbsent(key ?? '', { bytes: published.bytes, contentType: 'image/png' })
  const { status, answer } = await call(`/c2pa/manifests/${encodeURIComponent(one.manifestId)}`)
  assert.deepEqual([status, answer.code], [500, 'object_mismatch'])
})

const WRONG: [name: string, path: string, init: RequestInit, status: number, field: string | undefined][] = [
  ['no value', `/c2pa/matches/byBinding?alg=${MARK_ALGORITHM}`, {}, 400, 'value'],
  ['another algorithm', '/c2pa/matches/byBinding?alg=com.example&value=1.a', {}, 400, 'alg'],
  ['a value of another kind', `/c2pa/matches/byBinding?alg=${MARK_ALGORITHM}&value=hello`, {}, 400, 'value'],
  ['no results wanted', `/c2pa/matches/byBinding?alg=${MARK_ALGORITHM}&value=1.a&maxResults=0`, {}, 400, 'maxResults'],
  ['another field', '/c2pa/matches/byBinding', json({ alg: MARK_ALGORITHM, value: '1.a', x: 1 }), 400, 'x'],
  ['another algorithm of a picture', '/c2pa/matches/byContent?alg=com.example', content(Buffer.from('x')), 400, 'alg'],
  ['no picture', '/c2pa/matches/byContent', content(Buffer.from('hello')), 415, 'file'],
  ['an empty picture', '/c2pa/matches/byContent', content(Buffer.alloc(0)), 415, 'content-type'],
  ['a picture in JSON', '/c2pa/matches/byContent', json({ url: 'http://127.0.0.1/' }), 415, 'content-type'],
]
for (const [name, path, init, status, field] of WRONG)
  test(`${name} is refused by its field`, async () => {
    const got = await call(path, init)
    assert.deepEqual([got.status, got.answer.field], [status, field], JSON.stringify(got.answer))
  })
