// Edits over HTTP: what is refused for what it shows, and what is kept of what was handed in. The classifiers and the readers of marks
// are the test's; ../openai/edit.test.ts has the real ones. Bad uploads: ./uploads.test.ts.
import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import sharp from 'sharp'
import { loadStart } from '../../src/generate/start.ts'
import { saltedDigest } from '../../src/kernel/canonical.ts'
import { isFault } from '../../src/kernel/fault.ts'
import { NOTHING_KNOWN } from '../mark/findings.ts'
import { editsOf, maskOf, solid } from './edit-forms.ts'
import { ALLOWED, FORBIDDEN, NOTHING_SEEN, openService, type Service } from './service.ts'

const sql = () => service.ground.database.sql

let service: Service
let png: Buffer
let edits: ReturnType<typeof editsOf>

before(async () => {
  service = await openService()
  edits = editsOf(service)
  png = await solid(256, 192).png().toBuffer()
})
after(() => service[Symbol.asyncDispose]())
afterEach(() => {
  service.eye.sees = NOTHING_SEEN
  service.eye.marks = NOTHING_KNOWN
})

test('an upload is fitted, cleaned and kept under salted digests before it is admitted', async () => {
  const camera = await solid(400, 300)
    .withExif({ IFD0: { Artist: 'Zanzibar Ninepins' } })
    .jpeg()
    .toBuffer()
  const { answer, request, inputs } = await edits.edited({
    image: camera,
    mask: await maskOf(400, 300),
    input_fidelity: 'high',
  })
  assert.deepEqual([request.operation, request.strength, request.width, request.height], ['inpaint', 0.75, 128, 96])
  assert.equal(answer.size, '128x96')
  assert.equal(answer.usage.input_tokens_details.image_tokens, 16 * 12)
  assert.deepEqual(
    inputs.map(({ kind, object_key, original_key }) => [kind, object_key, original_key]),
    [
      ['image', `${request.id}/input-0`, null],
      ['mask', `${request.id}/mask`, null],
    ],
  )
  for (const { object_key, digest } of inputs) {
    const { bytes } = await service.ground.quarantine.get(object_key)
    assert.ok(!bytes.includes('Ninepins'))
    assert.equal(digest, saltedDigest(request.salt ?? new Uint8Array(), bytes))
    assert.deepEqual(
      await sharp(bytes)
        .metadata()
        .then(({ format, exif, width }) => [format, exif, width]),
      ['png', undefined, 128],
    )
  }
  const [birth] = await sql()
    .selectFrom('darkroom.move')
    .select('facts')
    .where('subject_id', '=', request.id)
    .orderBy('id')
    .execute()
  assert.match(JSON.stringify(birth?.facts), /"operation":"inpaint"/)
  assert.match(JSON.stringify(birth?.facts), new RegExp(`"digest":"${inputs[0]?.digest}"`))
  assert.deepEqual((await edits.counts()).intents, [])
})

test('generation starts from the very pixels that were admitted, upright, and 255 where the mask is transparent', async () => {
  // Stored lying on its side: red on the left; upright, red is on top.
  const sideways = await sharp({ create: { width: 96, height: 128, channels: 3, background: '#0000ff' } })
    .composite([
      {
        input: await sharp({ create: { width: 48, height: 128, channels: 3, background: '#ff0000' } })
          .png()
          .toBuffer(),
        left: 0,
        top: 0,
      },
    ])
    .withExif({ IFD0: { Orientation: '6' } })
    .withMetadata({ orientation: 6 })
    .jpeg({ quality: 100, chromaSubsampling: '4:4:4' })
    .toBuffer()
  const { request } = await edits.edited({
    image: sideways,
    mask: await maskOf(128, 96, { left: 0, top: 0, side: 32 }),
  })
  const { start } = (await loadStart(service.ground, request)) ?? assert.fail('an edit has a start')
  assert.deepEqual([start.picture.width, start.picture.height, start.strength], [128, 96, 1])
  const at = (x: number, y: number) => [...start.picture.rgb.subarray((y * 128 + x) * 3, (y * 128 + x) * 3 + 3)]
  assert.ok((at(100, 5)[0] ?? 0) > 200 && (at(100, 90)[2] ?? 0) > 200, `${at(100, 5)} above ${at(100, 90)}`)
  assert.deepEqual([start.mask?.[5 * 128 + 5], start.mask?.[60 * 128 + 60]], [255, 0])
  const salted = { ...request, salt: Buffer.alloc(16, 1) }
  await assert.rejects(loadStart(service.ground, salted), (error) => isFault(error, 'object_mismatch'))
  await service.ground.quarantine.remove(`${request.id}/input-0`)
  await assert.rejects(loadStart(service.ground, request), (error) => isFault(error, 'object_missing'))
})

test('an order without inputs starts from noise', async () => {
  const { requestId } = await service.admit({ prompt: ALLOWED })
  const request = await sql()
    .selectFrom('darkroom.request')
    .selectAll()
    .where('id', '=', requestId)
    .executeTakeFirstOrThrow()
  assert.equal(await loadStart(service.ground, request), null)
  await service.develop(requestId, ['published'])
})

test('auto takes the size that is nearest in shape, and a wanted size crops', async () => {
  assert.equal((await edits.edited({ image: await solid(900, 900).png().toBuffer() })).answer.size, '128x128')
  assert.equal(
    (await edits.edited({ image: await solid(640, 480).png().toBuffer(), size: 'auto' })).answer.size,
    '128x96',
  )
  assert.equal(
    (await edits.edited({ image: await solid(64, 300).png().toBuffer(), size: '128x96' })).answer.size,
    '128x96',
  )
})

test('a transparent picture lies on white', async () => {
  const { request } = await edits.edited({ image: await solid(128, 128, 0).png().toBuffer() })
  const { data } = await sharp((await service.ground.quarantine.get(`${request.id}/input-0`)).bytes)
    .raw()
    .toBuffer({ resolveWithObject: true })
  assert.ok(data.every((value) => value === 255))
})

test('a forbidden upload is refused with a complete statement that says input and image', async () => {
  for (const [score, band] of [
    [0.99, 'high'],
    [0.5, 'elevated'],
    [0.34, 'borderline'],
  ] as const) {
    service.eye.sees = {
      categories: { weapons: 0.01, 'violence/graphic': score },
      classifiers: NOTHING_SEEN?.classifiers ?? [],
      opinions: [],
    }
    const response = await edits.post({ image: png, n: '2' })
    const { error } = await response.json()
    assert.deepEqual(
      [response.status, error.code, response.headers.get('x-should-retry')],
      [400, 'moderation_blocked', 'false'],
    )
    assert.deepEqual([error.moderation_details.moderation_stage, error.moderation_details.input], ['input', 'image'])
    assert.deepEqual(error.moderation_details.categories, ['violence/graphic'])
    const statement = await (await service.call(`/v1/statements/${error.statement_id}`)).json()
    assert.deepEqual([statement.stage, statement.input_kind, statement.band], ['input', 'image', band])
    assert.deepEqual(
      statement.classifiers.map(({ id }: { id: string }) => id),
      ['storybook-eye'],
    )
    assert.match(statement.notice.sentences[0], /because of the picture/)
    const moves = await sql()
      .selectFrom('darkroom.move')
      .select(['kind', 'facts'])
      .where('subject_id', '=', error.darkroom.request_id)
      .orderBy('id')
      .execute()
    assert.deepEqual(
      moves.map(({ kind }) => kind),
      ['request.received', 'request.refused'],
    )
    assert.match(JSON.stringify(moves[1]?.facts), /"input":"image"/)
    const tasks = await sql()
      .selectFrom('darkroom.task')
      .select('id')
      .where('subject_id', '=', error.darkroom.request_id)
      .execute()
    assert.deepEqual(tasks, [])
  }
})

test('an upload that the classifiers dispute is refused with its reasons, for nobody can look at it first', async () => {
  const said = (gore: number) => ({ weapons: 0.01, 'violence/graphic': gore })
  service.eye.sees = {
    categories: said(0.99),
    classifiers: NOTHING_SEEN?.classifiers ?? [],
    opinions: [
      { id: 'storybook-eye', categories: said(0.02) },
      { id: 'other-eye', categories: said(0.99) },
    ],
  }
  const { error } = await (await edits.post({ image: png })).json()
  const statement = await (await service.call(`/v1/statements/${error.statement_id}`)).json()
  assert.deepEqual([error.code, statement.input_kind, statement.band], ['moderation_blocked', 'image', 'borderline'])
})

test('a forbidden prompt is refused before its picture is looked at', async () => {
  service.eye.sees = { categories: { weapons: 2 }, classifiers: [], opinions: [] }
  const response = await edits.post({ image: png, prompt: FORBIDDEN })
  const { error } = await response.json()
  const statement = await (await service.call(`/v1/statements/${error.statement_id}`)).json()
  assert.deepEqual([response.status, statement.input_kind], [400, 'prompt'])
})

test('without a classifier the upload goes on, for its results are held; with one that gives no usable score nothing does', async () => {
  service.eye.sees = null
  assert.equal((await edits.edited({ image: png })).request.operation, 'edit')
  service.eye.sees = {
    categories: { weapons: Number.NaN, 'violence/graphic': 0.01 },
    classifiers: NOTHING_SEEN?.classifiers ?? [],
    opinions: [],
  }
  assert.equal((await edits.refused({ image: png })).status, 500)
})

test('the file as it came is kept only where it carries a manifest that can be read', async () => {
  const found = { found: true, state: 'Trusted', signed_by: 'Jane Doe', generator: 'Camera', recovered: null } as const
  service.eye.marks = { ...NOTHING_KNOWN, verdict: 'foreign_manifest', manifest: { ...found, problems: [] } }
  const jpeg = await solid(300, 300).jpeg().toBuffer()
  const { request, inputs } = await edits.edited({ image: jpeg })
  assert.equal(inputs[0]?.original_key, `${request.id}/original-0`)
  const original = await service.ground.quarantine.get(`${request.id}/original-0`)
  assert.deepEqual([original.contentType, original.bytes.equals(jpeg)], ['image/jpeg', true])
  assert.ok(!JSON.stringify(inputs[0]?.provenance).includes('Jane'), 'who signed it is not noted')
  service.eye.marks = { ...NOTHING_KNOWN, manifest: { ...found, state: 'Invalid', problems: ['manifest.unreadable'] } }
  assert.equal((await edits.edited({ image: jpeg })).inputs[0]?.original_key, null)
})
