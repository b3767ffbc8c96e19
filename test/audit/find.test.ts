// Compliance finds a picture by whatever leads to it, among all records, and is never told more than that way shows.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { sql as raw } from 'kysely'
import sharp from 'sharp'
import { readKey } from '../../src/audit/find-keys.ts'
import { sha256 } from '../../src/kernel/canonical.ts'
import { newId } from '../../src/kernel/ids.ts'
import { cartoon, imageOf } from '../mark/pictures.ts'
import { openPublishing, type Published, type Publishing } from '../mark/publishing.ts'
import { openVoices } from '../review/voices.ts'
import { restrict } from './restrict.ts'

let publishing: Publishing
let released: Published
let requestId: string
before(async () => {
  publishing = await openPublishing({ env: { DARKROOM_PUBLIC_REQUESTS_PER_MINUTE: '100000' } })
  released = await publishing.publish()
  const image = await row(released.id)
  requestId = image.request_id
})
after(() => publishing[Symbol.asyncDispose]())

const row = (id: string) =>
  publishing.sql.selectFrom('darkroom.image').selectAll().where('id', '=', id).executeTakeFirstOrThrow()

async function ask(path: string, init: RequestInit = {}, as = 'compliance') {
  const response = await publishing.service.call(path, { ...init, as })
  return { status: response.status, body: await response.json() }
}

const byKey = (q: string, as?: string) => ask(`/v1/audit/find?q=${encodeURIComponent(q)}`, {}, as)

function byPicture(bytes: Uint8Array, as?: string) {
  const body = new FormData()
  body.append('file', new Blob([bytes.slice()]), 'picture.png')
  return ask('/v1/audit/find', { method: 'POST', body }, as)
}

type Told = { image_id: string | null; request_id: string | null; found_by: { by: string; sure: string }[] }
const ways = ({ found_by }: Told) => found_by.map(({ by, sure }) => `${by} ${sure}`)

test('a text is taken for all that it may be, and for nothing that it is not', () => {
  const id = newId('img')
  assert.deepEqual(readKey(` ${id.toUpperCase()} `), [{ by: 'image', value: id }])
  assert.deepEqual(readKey('1.3Fa'), [{ by: 'mark', value: 0x3fa, epoch: 1 }])
  assert.deepEqual(readKey('0x3fa'), [{ by: 'mark', value: 0x3fa, epoch: null }])
  assert.deepEqual(readKey('3fa'), [{ by: 'mark', value: 0x3fa, epoch: null }])
  assert.deepEqual(readKey('17'), [
    { by: 'mark', value: 17, epoch: null },
    { by: 'log_index', value: 17 },
  ])
  assert.deepEqual(
    readKey('AB'.repeat(32)).map(({ by, value }) => [by, value]),
    [
      ['file', 'ab'.repeat(32)],
      ['pixels', 'ab'.repeat(32)],
    ],
  )
  const manifest = 'urn:c2pa:4ce9cc5a-9a6b-4a62-8a5b-1a9b3c0e2f11'
  assert.deepEqual(readKey(manifest), [{ by: 'manifest', value: manifest }])
})

test('what nothing is found by is refused with what would be', async () => {
  const wrong = [
    '',
    '   ',
    'img_',
    'img_short',
    'zebra',
    '-1',
    '1.5.2',
    '9'.repeat(17),
    'x'.repeat(300),
    '<b>x</b>',
    'urn:',
  ]
  for (const q of wrong) {
    const { status, body } = await byKey(q)
    assert.deepEqual([status, body.code, body.field], [400, 'invalid_request', 'q'], `${q} ${JSON.stringify(body)}`)
  }
  assert.match((await byKey('img_short')).body.detail, /26 letters/)
  assert.equal((await ask('/v1/audit/find')).body.field, 'q')
})

test('each kind of key leads to the image or to its request', async () => {
  const { manifest_id: manifest, mark_id, generated_digest: drawn, marked } = await row(released.id)
  const record = JSON.parse(JSON.stringify(marked))
  const epoch = record.watermark.epoch
  const keys: [string, string, boolean][] = [
    [released.id, 'image', true],
    [requestId, 'request', false],
    [String(mark_id), 'mark', true],
    [`${epoch}.${BigInt(mark_id).toString(16)}`, 'mark', true],
    [`0x${BigInt(mark_id).toString(16)}`, 'mark', true],
    [manifest ?? '', 'manifest', true],
    [sha256(released.bytes), 'file', true],
    [drawn ?? '', 'file', true],
    [record.digests.pixels, 'pixels', true],
  ]
  for (const [key, by, isImage] of keys) {
    const { status, body } = await byKey(key)
    assert.equal(status, 200)
    assert.equal(body.findings.length, 1, `${key}: ${JSON.stringify(body)}`)
    const [finding] = body.findings
    assert.deepEqual(ways(finding), [`${by} exact`])
    assert.deepEqual([finding.request_id, finding.image_id], [requestId, isImage ? released.id : null])
    assert.equal(finding.restricted, false)
    assert.match(finding.tenant.id, /^ten_/)
  }
  assert.deepEqual((await byKey(`${epoch + 1}.${BigInt(mark_id).toString(16)}`)).body.findings, [])
})

test('a place in the log leads to what its row is about', async () => {
  const { rows } = await raw<{ log_index: string }>`
    SELECT log_index FROM darkroom.move WHERE subject_id = ${released.id} AND kind = 'image.marked'`.execute(
    publishing.sql,
  )
  const index = rows[0]?.log_index ?? ''
  const { body } = await byKey(index)
  const [finding] = body.findings.filter((one: { log_index: number | null }) => one.log_index !== null)
  assert.deepEqual(
    [finding.image_id, finding.log_index, ways(finding)],
    [released.id, Number(index), ['log_index exact']],
  )
  // The first rows of a log are of its first start, and about no picture.
  const { body: first } = await byKey('0')
  assert.deepEqual([first.findings[0].request_id, first.findings[0].log_index], [null, 0])
})

test('that nothing has a key is said, with what that does not show', async () => {
  const { status, body } = await byKey(newId('img'))
  assert.deepEqual([status, body.findings], [200, []])
  assert.match(body.nothing, /the id of an image/)
  assert.match(body.nothing, /does not show/)
})

test('the released file is found by each of its layers, each as sure as it is', async () => {
  const { status, body } = await byPicture(released.bytes)
  assert.equal(status, 200, JSON.stringify(body))
  assert.equal(body.findings.length, 1)
  assert.deepEqual(ways(body.findings[0]), ['file exact', 'pixels exact', 'manifest high', 'mark high'])
  assert.equal(body.verification.verdict, 'ours')
  assert.ok(body.verification.detail.watermark.z > 5)
  assert.equal(body.nothing, null)
})

test('a recompressed copy and a crop are found by their mark, though the public is told of no record', async () => {
  const copy = await sharp(released.bytes).jpeg({ quality: 80 }).toBuffer()
  const { body } = await byPicture(copy)
  assert.equal(body.findings[0]?.image_id, released.id, JSON.stringify(body))
  assert.deepEqual(
    ways(body.findings[0]).map((way) => way.split(' ')[0]),
    ['mark'],
  )
  const { width = 0, height = 0 } = await sharp(released.bytes).metadata()
  const part = { left: 16, top: 24, width: width - 64, height: height - 72 }
  const crop = await byPicture(await sharp(released.bytes).extract(part).png().toBuffer())
  assert.equal(crop.body.verification.record, null)
  assert.equal(crop.body.findings[0]?.image_id, released.id, JSON.stringify(crop.body))
  assert.match(crop.body.findings[0].found_by[0].does_not_show, /copied/)
})

test('a foreign picture leads to nothing, and the answer says what that does not show', async () => {
  const foreign = await imageOf(await cartoon(4711))
    .png()
    .toBuffer()
  const { status, body } = await byPicture(foreign)
  assert.deepEqual([status, body.findings, body.verification.verdict], [200, [], 'none_found'])
  assert.match(body.nothing, /does not show that it was not made here/)
})

test('no picture, none at all and one that is too large are refused by name', async () => {
  assert.deepEqual((await byPicture(Buffer.from('no picture'))).status, 415)
  const empty = await ask('/v1/audit/find', { method: 'POST', body: new FormData() })
  assert.deepEqual([empty.status, empty.body.field], [400, 'file'])
  const { uploadBytes } = publishing.service.ground.config.limits
  assert.equal((await byPicture(Buffer.alloc(uploadBytes + 1))).status, 413)
})

test('what was refused is found by the very file that was drawn; what is erased by its mark', async () => {
  const { court, service } = publishing
  const { denied } = openVoices(court)
  const { imageId } = await denied()
  const { bytes } = await service.ground.quarantine.get(`${imageId}/generated`)
  const { body } = await byPicture(bytes)
  assert.equal(body.verification.record, null)
  assert.deepEqual([body.findings[0]?.image_id, body.findings[0]?.state], [imageId, 'denied'])
  const gone = await publishing.publish()
  const { request_id: gonesRequest } = await row(gone.id)
  assert.equal((await service.call(`/v1/generations/${gonesRequest}`, { method: 'DELETE' })).status, 204)
  const again = await byPicture(await sharp(gone.bytes).jpeg({ quality: 85 }).toBuffer())
  assert.equal(again.body.findings[0]?.image_id, gone.id)
  const { state, erased_from, erased_at, withdrawn_at } = again.body.findings[0]
  assert.deepEqual([state, erased_from, withdrawn_at], ['erased', 'published', null])
  assert.ok(erased_at)
})

test('what was withdrawn says since when', async () => {
  const back = await publishing.publish()
  const standing = (await byKey(back.id)).body.findings[0]
  assert.deepEqual([standing.state, standing.withdrawn_at, standing.erased_from], ['published', null, null])
  assert.equal((await publishing.service.call(`/v1/images/${back.id}/withdraw`, { method: 'POST' })).status, 200)
  const { state, published_at, withdrawn_at } = (await byKey(back.id)).body.findings[0]
  assert.equal(state, 'withdrawn')
  assert.ok(Date.parse(withdrawn_at) >= Date.parse(published_at), withdrawn_at)
})

test('of a restricted case only that is told, by whatever it is found', async () => {
  const shut = await publishing.publish()
  const { request_id: id, mark_id: markId } = await row(shut.id)
  await restrict(publishing.sql, id, shut.id)
  const { rows } = await raw<{ log_index: string }>`
    SELECT log_index FROM darkroom.move WHERE subject_id = ${id} AND log_index IS NOT NULL LIMIT 1`.execute(
    publishing.sql,
  )
  const answers = [
    ...[id, shut.id, String(markId), sha256(shut.bytes), rows[0]?.log_index ?? ''].map((key) => byKey(key)),
    byPicture(shut.bytes),
  ]
  for (const { body } of await Promise.all(answers)) {
    const closed = body.findings.filter((one: { restricted: boolean }) => one.restricted)
    assert.equal(closed.length, 1, JSON.stringify(body))
    const { found_by: _, restricted: __, ...rest } = closed[0]
    assert.ok(
      Object.values(rest).every((value) => value === null),
      JSON.stringify(rest),
    )
  }
})

test('nobody else may ask, neither by a key nor with a picture', async () => {
  for (const as of ['client', 'second_client']) {
    assert.equal((await byKey(released.id, as)).status, 403, as)
    assert.equal((await byPicture(released.bytes, as)).status, 403, as)
  }
  assert.equal((await byKey(released.id, 'admin')).status, 200)
})
