// What every bad upload is told, and that nothing of it is left. Edits that are admitted are in ./edits.test.ts.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import sharp from 'sharp'
import { sweepInputs } from '../../src/admit/input-store.ts'
import { Fault, isFault } from '../../src/kernel/fault.ts'
import { cancelRequest } from '../../src/outcome.ts'
import { editsOf, maskOf, type Parts, solid } from './edit-forms.ts'
import { ALLOWED, CARD, FORBIDDEN, NOTHING_SEEN, openService, type Service } from './service.ts'

const LIMITS = { DARKROOM_UPLOAD_LIMIT_BYTES: '200000', DARKROOM_UPLOAD_LIMIT_PIXELS: '1000000' }
const sql = () => service.ground.database.sql

let service: Service
let png: Buffer
let edits: ReturnType<typeof editsOf>

before(async () => {
  service = await openService(LIMITS)
  edits = editsOf(service)
  png = await solid(256, 192).png().toBuffer()
})
after(() => service[Symbol.asyncDispose]())

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
  const cases: [string, Parts, number, string, RegExp][] = [
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
    const answer = await edits.refused(parts)
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
    const answer = await edits.refused({ image: png })
    assert.deepEqual([answer.status, answer.error.param], [400, 'model'])
    assert.match(answer.error.message, /storybook cannot edit .*able/)
  } finally {
    change(models)
  }
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
    assert.equal((await edits.refused({ image: png, mask: await maskOf(256, 192), prompt: FORBIDDEN })).status, 500)
  } finally {
    Object.assign(service.admission, { policy })
    quarantine.putIfAbsent = putIfAbsent
  }
  assert.equal(stored.length, 2)
  for (const key of stored) await assert.rejects(quarantine.get(key), (error) => isFault(error, 'object_missing'))
})

test('an edit whose commit was written while its answer was lost keeps its inputs', async () => {
  const { database, quarantine } = service.ground
  const { transact } = database
  const lost: typeof transact = async (work) => {
    await transact(work)
    throw new Fault('database_failed', { retry: 'later', detail: 'the connection was lost at the commit' })
  }
  Reflect.set(database, 'transact', lost)
  const parts = { image: png, mask: await maskOf(256, 192) }
  try {
    assert.equal((await edits.post(parts)).status, 503)
  } finally {
    Reflect.set(database, 'transact', transact)
  }
  const rows = await sql()
    .selectFrom('darkroom.input')
    .innerJoin('darkroom.request', 'darkroom.request.id', 'darkroom.input.request_id')
    .select(['darkroom.input.object_key', 'darkroom.request.id', 'darkroom.request.tenant_id'])
    .where('darkroom.request.state', '=', 'queued')
    .execute()
  assert.equal(rows.length, 2)
  for (const { object_key } of rows) assert.ok((await quarantine.get(object_key)).bytes.length > 0)
  for (const { id, tenant_id } of rows.slice(0, 1)) await cancelRequest(service.ground, tenant_id, id)
})

test('an admission that comes after its inputs were given up admits nothing', async () => {
  const { quarantine } = service.ground
  const { putIfAbsent } = quarantine
  quarantine.putIfAbsent = async (key, object) => {
    const outcome = await putIfAbsent(key, object)
    await sql()
      .updateTable('darkroom.input_intent')
      .set({ created_at: new Date(Date.now() - 2 * 3_600_000) })
      .execute()
    return outcome
  }
  try {
    assert.equal((await edits.refused({ image: png })).status, 409)
  } finally {
    quarantine.putIfAbsent = putIfAbsent
  }
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
  assert.deepEqual((await edits.counts()).intents, [{ request_id: 'req_young' }])
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
