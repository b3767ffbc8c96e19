// Edits over HTTP: what every bad upload is told, what is refused for what it shows, and what is kept of what was handed in. The
// classifiers and the readers of marks are the test's; ../openai/edit.test.ts has the real ones.
import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import sharp, { type Sharp } from 'sharp'
import { sweepInputs } from '../../src/admit/input-store.ts'
import { loadStart } from '../../src/generate/start.ts'
import { saltedDigest } from '../../src/kernel/canonical.ts'
import { isFault } from '../../src/kernel/fault.ts'
import { ALLOWED, CARD, FORBIDDEN, NOTHING_FOUND, NOTHING_SEEN, openService, type Service } from './service.ts'

const LIMITS = { DARKROOM_UPLOAD_LIMIT_BYTES: '200000', DARKROOM_UPLOAD_LIMIT_PIXELS: '1000000' }
type Part = Buffer | string
type Answer = { status: number; retry: string | null; error: { message: string; param: string | null; code: string } }

let service: Service
let png: Buffer

before(async () => {
  service = await openService(LIMITS)
  png = await solid(256, 192).png().toBuffer()
})
after(() => service[Symbol.asyncDispose]())
afterEach(() => {
  service.eye.sees = NOTHING_SEEN
  service.eye.marks = NOTHING_FOUND
})

const sql = () => service.ground.database.sql
const solid = (width: number, height: number, alpha = 1): Sharp =>
  sharp({ create: { width, height, channels: alpha === 1 ? 3 : 4, background: { r: 40, g: 90, b: 160, alpha } } })

/** Opaque, with a transparent square. */
async function maskOf(width: number, height: number, hole = { left: 8, top: 8, side: 64 }): Promise<Buffer> {
  const { data } = await solid(width, height, 0.999).ensureAlpha().raw().toBuffer({ resolveWithObject: true })
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const inside = x >= hole.left && x < hole.left + hole.side && y >= hole.top && y < hole.top + hole.side
      data[(y * width + x) * 4 + 3] = inside ? 0 : 255
    }
  return sharp(data, { raw: { width, height, channels: 4 } })
    .png()
    .toBuffer()
}

/** A list stands for several parts of one name. */
async function post(parts: Record<string, Part | readonly Part[]>): Promise<Response> {
  const form = new FormData()
  for (const [name, given] of Object.entries({ prompt: ALLOWED, ...parts }))
    for (const part of Array.isArray(given) ? given : [given])
      if (typeof part === 'string') form.append(name, part)
      else form.append(name, new Blob([part]), 'file')
  return service.call('/v1/images/edits', { method: 'POST', body: form })
}

async function refused(parts: Record<string, Part | readonly Part[]>): Promise<Answer> {
  const before = await counts()
  const response = await post(parts)
  const { error } = await response.json()
  assert.deepEqual(
    await counts(),
    before,
    `nothing was admitted and nothing is left: ${Object.keys(parts)} ${JSON.stringify(error)}`,
  )
  return { status: response.status, retry: response.headers.get('x-should-retry'), error }
}

async function counts() {
  const { count } = await sql()
    .selectFrom('darkroom.request')
    .select((e) => e.fn.countAll<string>().as('count'))
    .executeTakeFirstOrThrow()
  const intents = await sql().selectFrom('darkroom.input_intent').select('request_id').execute()
  return { count, intents }
}

/** Sends an edit that is admitted, and answers with its rows; its generation is developed by the test. */
async function edited(parts: Record<string, Part | readonly Part[]>) {
  const [response, requestId] = await Promise.all([post(parts), service.developNext(['published'])])
  const answer = await response.json()
  assert.equal(response.status, 200, JSON.stringify(answer))
  const request = await sql()
    .selectFrom('darkroom.request')
    .selectAll()
    .where('id', '=', requestId)
    .executeTakeFirstOrThrow()
  const inputs = await sql()
    .selectFrom('darkroom.input')
    .selectAll()
    .where('request_id', '=', requestId)
    .orderBy('kind')
    .execute()
  return { answer, request, inputs }
}

test('every bad upload is refused by its field, and nothing is kept', async () => {
  const noise = Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 7919) % 256))
  const frame = await solid(64, 64).png().toBuffer()
  const frames = await sharp([frame, await solid(64, 64).negate().png().toBuffer()], { join: { animated: true } })
    .webp({ loop: 0, delay: [100, 100] })
    .toBuffer()
  const animatedPng = Buffer.concat([
    png.subarray(0, 33),
    Buffer.from('\0\0\0\x08acTL\0\0\0\x02\0\0\0\0\0\0\0\0', 'latin1'),
    png.subarray(33),
  ])
  const bomb = await sharp({ create: { width: 2000, height: 2000, channels: 3, background: '#000' } })
    .png()
    .toBuffer()
  const mask = await maskOf(256, 192)
  const cases: [string, Record<string, Part | readonly Part[]>, number, string, RegExp][] = [
    ['none', {}, 400, 'image', /required/],
    ['text in its place', { image: 'https://example.org/a.png' }, 400, 'image', /file/],
    ['empty', { image: Buffer.alloc(0) }, 400, 'image', /empty/],
    ['no picture', { image: noise }, 400, 'image', /could not be read/],
    ['cut short', { image: png.subarray(0, png.length - 200) }, 400, 'image', /could not be read/],
    ['gif', { image: await solid(64, 64).gif().toBuffer() }, 400, 'image', /gif; send png, jpeg or webp/],
    [
      'svg',
      { image: Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>') },
      400,
      'image',
      /svg/,
    ],
    ['animated webp', { image: frames }, 400, 'image', /animated/],
    ['animated png', { image: animatedPng }, 400, 'image', /animated/],
    ['too many pixels in few bytes', { image: bomb }, 413, 'image', /more than 1000000 pixels/],
    ['too many bytes', { image: Buffer.concat([png, Buffer.alloc(200_000)]) }, 413, 'image', /200000 bytes/],
    ['two pictures', { 'image[]': [png, png] }, 400, 'image', /storybook edits 1 image at a time; 2 were sent/],
    ['seventeen pictures', { 'image[]': Array.from({ length: 18 }, () => png) }, 400, '', /more than 17 files/],
    ['two masks', { image: png, mask: [mask, mask] }, 400, 'mask', /twice/],
    ['a mask of another size', { image: png, mask: await maskOf(128, 96) }, 400, 'mask', /128x96 and image is 256x192/],
    ['a mask without alpha', { image: png, mask: png }, 400, 'mask', /alpha channel/],
    [
      'a mask that frees nothing',
      { image: png, mask: await maskOf(256, 192, { left: 0, top: 0, side: 0 }) },
      400,
      'mask',
      /nowhere transparent/,
    ],
    ['a mask that is no png', { image: png, mask: await sharp(mask).webp().toBuffer() }, 400, 'mask', /PNG/],
    ['a broken mask', { image: png, mask: mask.subarray(0, mask.length - 300) }, 400, 'mask', /could not be read/],
    ['a markup', { image: png, markup: mask }, 400, 'markup', /mask/],
    ['a file of an unknown name', { image: png, picture: png }, 400, 'picture', /unknown field/],
    ['an unknown field', { image: png, colour: 'red' }, 400, 'colour', /unknown field/],
    ['a field twice', { image: png, n: ['1', '2'] }, 400, 'n', /twice/],
    ['no number', { image: png, n: 'two' }, 400, 'n', /./],
    ['no boolean', { image: png, stream: 'yes' }, 400, 'stream', /./],
    ['no fidelity', { image: png, input_fidelity: 'middling' }, 400, 'input_fidelity', /low, high/],
    ['an unknown size', { image: png, size: '999x999' }, 400, 'size', /128x128/],
    ['an svg wanted', { image: png, 'svg[model]': 'gpt' }, 400, 'svg', /svg/],
    ['a prompt of nothing', { image: png, prompt: '' }, 400, 'prompt', /./],
  ]
  for (const [name, parts, status, param, message] of cases) {
    const answer = await refused(parts)
    assert.equal(answer.status, status, `${name}: ${answer.error.message}`)
    assert.equal(answer.error.param ?? '', param, `${name}: ${answer.error.message}`)
    assert.match(answer.error.message, message, name)
    assert.equal(answer.retry, null, name)
  }
})

test('a body that is no form is 415, and one that is cut off is 400', async () => {
  const headers = { 'content-type': 'application/json' }
  const json = await service.call('/v1/images/edits', { method: 'POST', headers, body: '{"prompt":"a boat"}' })
  assert.equal(json.status, 415)
  assert.equal((await json.json()).error.param, 'content-type')
  const cut = await service.call('/v1/images/edits', {
    method: 'POST',
    headers: { 'content-type': 'multipart/form-data; boundary=x' },
    body: '--x\r\ncontent-disposition: form-data; name="prompt"\r\n\r\na bo',
  })
  assert.equal(cut.status, 400)
})

test('a model that cannot edit is refused by the field model, with those that can', async () => {
  const able = { ...CARD, id: 'able' }
  const { models } = service.admission
  const change = (list: typeof models) => Object.assign(service.admission, { models: list })
  change([{ ...CARD, operations: ['generate'] }, able])
  try {
    const answer = await refused({ image: png })
    assert.deepEqual([answer.status, answer.error.param], [400, 'model'])
    assert.match(answer.error.message, /storybook cannot edit .*able/)
  } finally {
    change(models)
  }
})

test('an upload is fitted, cleaned and kept under salted digests before it is admitted', async () => {
  const camera = await solid(400, 300)
    .withExif({ IFD0: { Artist: 'Zanzibar Ninepins' } })
    .jpeg()
    .toBuffer()
  const { answer, request, inputs } = await edited({
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
  assert.deepEqual((await counts()).intents, [])
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
  const { request } = await edited({ image: sideways, mask: await maskOf(128, 96, { left: 0, top: 0, side: 32 }) })
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
  assert.equal((await edited({ image: await solid(900, 900).png().toBuffer() })).answer.size, '128x128')
  assert.equal((await edited({ image: await solid(640, 480).png().toBuffer(), size: 'auto' })).answer.size, '128x96')
  assert.equal((await edited({ image: await solid(64, 300).png().toBuffer(), size: '128x96' })).answer.size, '128x96')
})

test('a transparent picture lies on white', async () => {
  const { request } = await edited({ image: await solid(128, 128, 0).png().toBuffer() })
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
    }
    const response = await post({ image: png, n: '2' })
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

test('a forbidden prompt is refused before its picture is looked at', async () => {
  service.eye.sees = { categories: { weapons: 2 }, classifiers: [] }
  const response = await post({ image: png, prompt: FORBIDDEN })
  const { error } = await response.json()
  const statement = await (await service.call(`/v1/statements/${error.statement_id}`)).json()
  assert.deepEqual([response.status, statement.input_kind], [400, 'prompt'])
})

test('without a classifier the upload goes on, for its results are held; with one that gives no usable score nothing does', async () => {
  service.eye.sees = null
  assert.equal((await edited({ image: png })).request.operation, 'edit')
  service.eye.sees = {
    categories: { weapons: Number.NaN, 'violence/graphic': 0.01 },
    classifiers: NOTHING_SEEN?.classifiers ?? [],
  }
  assert.equal((await refused({ image: png })).status, 500)
})

test('the file as it came is kept only where it carries a manifest that can be read', async () => {
  const found = { found: true, state: 'Trusted', signed_by: 'Jane Doe', generator: 'Camera', problems: [] } as const
  service.eye.marks = { ...NOTHING_FOUND, verdict: 'foreign_manifest', manifest: { ...found, problems: [] } }
  const jpeg = await solid(300, 300).jpeg().toBuffer()
  const { request, inputs } = await edited({ image: jpeg })
  assert.equal(inputs[0]?.original_key, `${request.id}/original-0`)
  const original = await service.ground.quarantine.get(`${request.id}/original-0`)
  assert.deepEqual([original.contentType, original.bytes.equals(jpeg)], ['image/jpeg', true])
  assert.ok(!JSON.stringify(inputs[0]?.provenance).includes('Jane'), 'who signed it is not noted')
  service.eye.marks = { ...NOTHING_FOUND, manifest: { ...found, state: 'Invalid', problems: ['manifest.unreadable'] } }
  assert.equal((await edited({ image: jpeg })).inputs[0]?.original_key, null)
})

test('what an admission that fails has stored is removed with it', async () => {
  const stored: string[] = []
  const { quarantine } = service.ground
  const { putIfAbsent } = quarantine
  const { policy } = service.admission
  quarantine.putIfAbsent = (key, object) => {
    stored.push(key)
    return putIfAbsent(key, object)
  }
  // A statement that cannot be completed: the transaction fails after the inputs have been stored.
  Object.assign(service.admission, { policy: { ...policy, duration: { input: '', output: '' } } })
  try {
    assert.equal((await refused({ image: png, mask: await maskOf(256, 192), prompt: FORBIDDEN })).status, 500)
  } finally {
    Object.assign(service.admission, { policy })
    quarantine.putIfAbsent = putIfAbsent
  }
  assert.equal(stored.length, 2)
  for (const key of stored) await assert.rejects(quarantine.get(key), (error) => isFault(error, 'object_missing'))
})

test('what a crash between storing and admitting leaves is removed by the sweep, and nothing younger', async () => {
  const { quarantine } = service.ground
  const keys = { old: 'req_left/input-0', young: 'req_young/input-0' }
  for (const key of Object.values(keys)) await quarantine.putIfAbsent(key, { bytes: png, contentType: 'image/png' })
  await sql()
    .insertInto('darkroom.input_intent')
    .values([
      { request_id: 'req_left', keys: [keys.old], created_at: new Date(Date.now() - 2 * 3_600_000) },
      { request_id: 'req_young', keys: [keys.young], created_at: new Date() },
    ])
    .execute()
  assert.equal(await sweepInputs(service.ground), 1)
  await assert.rejects(quarantine.get(keys.old), (error) => isFault(error, 'object_missing'))
  assert.ok((await quarantine.get(keys.young)).bytes.equals(png))
  assert.deepEqual((await counts()).intents, [{ request_id: 'req_young' }])
  await sql().deleteFrom('darkroom.input_intent').execute()
})

test('beyond the bound of uploads at once a caller is told to come back', async () => {
  await using narrow = await openService({ DARKROOM_EDIT_UPLOADS_AT_ONCE: '1' })
  const { promise, resolve } = Promise.withResolvers<typeof NOTHING_SEEN>()
  const looking = Promise.withResolvers<void>()
  narrow.eye.look = () => {
    looking.resolve()
    return promise
  }
  const send = () => {
    const form = new FormData()
    form.set('prompt', ALLOWED)
    form.set('image', new Blob([Uint8Array.from(png)]), 'a.png')
    return narrow.call('/v1/images/edits', { method: 'POST', body: form })
  }
  const first = send()
  await looking.promise
  const second = await send()
  assert.deepEqual([second.status, second.headers.get('retry-after') !== null], [503, true])
  resolve(NOTHING_SEEN)
  await narrow.developNext(['published'])
  assert.equal((await first).status, 200)
})
