// The public check by HTTP, really looking: uploads and addresses, who may see scores, what is kept (nothing), what people say of an answer.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { Writable } from 'node:stream'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql as raw } from 'kysely'
import { isFault } from '../../src/kernel/fault.ts'
import { FEEDBACK_CHARACTERS, forgetFeedback, keepFeedback } from '../../src/mark/feedback.ts'
import { VERDICTS } from '../../src/mark/verdict.ts'
import { cartoon, imageOf } from '../mark/pictures.ts'
import { openReceiver, type Receiver } from '../notify/receiver.ts'
import { digestsOf } from '../support/records.ts'
import { json, openService, type Service } from './service.ts'

let service: Service
let server: Receiver
let png: Buffer
/** Every line of the service's log. */
const told: string[] = []

before(async () => {
  png = await imageOf(await cartoon(80))
    .png()
    .toBuffer()
  server = await openReceiver((request, response) => {
    if (request.url === '/inside') response.writeHead(302, { location: 'http://10.0.0.1/' }).end()
    else response.end(request.url === '/text.png' ? 'hello' : png)
  })
  const env = {
    DARKROOM_VERIFY_URL_ALLOW_CIDRS: '127.0.0.1/32',
    DARKROOM_VERIFY_URL_PORTS: String(server.port),
    DARKROOM_UPLOAD_LIMIT_BYTES: '200000',
  }
  const log = new Writable({
    write: (line, _encoding, done) => {
      told.push(String(line))
      done()
    },
  })
  service = await openService(env, [], { resolve: async () => ['127.0.0.1'], log })
})
after(async () => {
  await service[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

const PATH = '/v1/provenance/verify'
const upload = (bytes: Buffer, fields: Record<string, string> = {}): RequestInit => {
  const body = new FormData()
  body.set('file', new Blob([new Uint8Array(bytes)]), 'secret-name.png')
  for (const [name, value] of Object.entries(fields)) body.set(name, value)
  return { method: 'POST', body }
}
const form = (fields: Record<string, string>): RequestInit => {
  const body = new FormData()
  for (const [name, value] of Object.entries(fields)) body.set(name, value)
  return { method: 'POST', body }
}
const ask = async (init: RequestInit, as: string | null = null, query = '') => {
  const response = await service.call(`${PATH}${query}`, { ...init, as })
  return { status: response.status, answer: await response.json() }
}
const at = (path: string) => `http://pictures.example:${server.port}${path}`

test('an upload and an address get the same answer, layer by layer, without scores', async () => {
  const sent = await ask(upload(png))
  const named = await ask(json({ url: at('/a.png') }))
  assert.equal(sent.status, 200, JSON.stringify(sent.answer))
  // How far a search came is a matter of time.
  const layers = ({ answer }: typeof sent) =>
    JSON.stringify([answer.verdict, answer.layers, answer.fingerprint]).replace(' in the time allowed', '')
  assert.equal(layers(named), layers(sent))
  assert.equal(sent.answer.verdict, 'none_found')
  assert.deepEqual(
    sent.answer.layers.map(({ layer, confidence }: { layer: string; confidence: string }) => [layer, confidence]),
    ['manifest', 'watermark', 'fingerprint', 'record'].map((layer) => [layer, 'none']),
  )
  assert.equal(sent.answer.detail, undefined)
})

test('scores are for the role compliance and nobody else', async () => {
  for (const as of [null, 'client', 'reviewer', 'admin'])
    assert.deepEqual([(await ask(upload(png), as, '?detail=full')).status, as], [403, as])
  const full = await ask(upload(png), 'compliance', '?detail=full')
  assert.equal(typeof full.answer.detail.watermark.z, 'number')
  assert.equal((await ask(upload(png), 'compliance')).answer.detail, undefined)
  const odd = await ask(upload(png), 'compliance', '?detail=some')
  assert.deepEqual([odd.status, odd.answer.field], [400, 'detail'])
})

const WRONG: [name: string, init: () => RequestInit, status: number, code: string, field: string | undefined][] = [
  ['an address inside', () => json({ url: 'http://10.0.0.1/' }), 400, 'url_refused', 'url'],
  ['an address that leads inside', () => json({ url: at('/inside') }), 400, 'url_refused', 'url'],
  ['an address of no picture', () => json({ url: at('/text.png') }), 415, 'unsupported_media', 'url'],
  ['no address', () => json({ url: 7 }), 400, 'invalid_request', 'url'],
  ['nothing in JSON', () => json({}), 400, 'invalid_request', 'url'],
  ['a list', () => json(['x']), 400, 'invalid_request', undefined],
  ['another field', () => json({ url: at('/'), depth: 1 }), 400, 'invalid_request', 'depth'],
  ['megabytes of JSON', () => json({ url: 'x'.repeat(20_000) }), 413, 'too_large', 'url'],
  ['another field of the form', () => upload(png, { note: 'x' }), 400, 'invalid_request', 'note'],
  ['a picture and an address', () => upload(png, { url: at('/') }), 400, 'invalid_request', 'url'],
  ['an empty file', () => upload(Buffer.alloc(0)), 400, 'invalid_request', 'file'],
  ['too large a file', () => upload(Buffer.alloc(200_001)), 413, 'too_large', 'file'],
  ['words in the place of a file', () => form({ file: 'hello' }), 400, 'invalid_request', 'file'],
  ['no picture', () => upload(Buffer.from('hello')), 415, 'unsupported_media', 'file'],
  [
    'a bare body',
    () => ({ method: 'POST', body: 'x', headers: { 'content-type': 'text/plain' } }),
    415,
    'unsupported_media',
    'content-type',
  ],
]
for (const [name, init, status, code, field] of WRONG)
  test(`${name} is refused by its field`, async () => {
    const { status: got, answer } = await ask(init())
    assert.deepEqual([got, answer.code, answer.field], [status, code, field], JSON.stringify(answer))
  })

test('a file that was sent as text is said to be, and a form may name an address', async () => {
  const { answer } = await ask(form({ file: 'hello' }))
  assert.match(answer.detail, /file was sent as text/)
  assert.equal((await ask(form({ url: at('/a.png') }))).status, 200)
  const { paths } = await (await service.call('/openapi.json', { as: null })).json()
  const { schema } = paths[PATH].post.requestBody.content['multipart/form-data']
  assert.deepEqual([Object.keys(schema.properties), schema.required], [['file', 'url'], undefined])
})

test('addresses can be turned off, and then nothing is fetched', async () => {
  await using closed = await openService({ DARKROOM_VERIFY_URLS: 'off' }, [], { resolve: async () => ['127.0.0.1'] })
  const heard = server.heard.length
  const response = await closed.call(PATH, { ...json({ url: at('/a.png') }), as: null })
  const { code, field } = await response.json()
  assert.deepEqual([response.status, code, field], [400, 'invalid_request', 'url'])
  assert.equal(server.heard.length, heard)
})

test('addresses are counted by who asks, like uploads', async () => {
  const env = { DARKROOM_PUBLIC_REQUESTS_PER_MINUTE: '2' }
  await using few = await openService(env)
  const statuses = []
  for (let i = 0; i < 3; i++)
    statuses.push((await few.call(PATH, { ...json({ url: 'http://10.0.0.1/' }), as: null })).status)
  assert.deepEqual(statuses, [400, 400, 429])
})

test('a picture that is the body itself is read in a place of its own, and no further than a picture may be large', async () => {
  await using one = await openService({ DARKROOM_VERIFICATIONS_AT_ONCE: '1', DARKROOM_UPLOAD_LIMIT_BYTES: '200000' })
  const slow = request(new URL('/c2pa/matches/byContent', one.url), {
    method: 'POST',
    headers: { 'content-type': 'image/png' },
  })
  slow.write(png.subarray(0, 100))
  const statusOf = async () => (await one.call(PATH, { ...upload(png), as: null })).status
  let status = await statusOf()
  for (let tries = 0; tries < 20 && status !== 503; tries++) {
    await sleep(20)
    status = await statusOf()
  }
  assert.equal(status, 503, 'the place is taken before the picture is here')
  slow.write(Buffer.alloc(150_000))
  slow.end(Buffer.alloc(150_000))
  const [answer] = await once(slow, 'response')
  assert.equal(answer.statusCode, 413)
  answer.resume()
  assert.equal(await statusOf(), 200, 'and given back')
})

test('nothing of a picture is left but a count of its day: no row, no file, no word in the log', async () => {
  const marker = Buffer.from('tEXtComment\0leave-nothing-of-this')
  const marked = Buffer.concat([png, marker])
  const { sql } = service.ground.database
  const files = async () => [...(await readdir(service.home, { recursive: true })), ...(await readdir(tmpdir()))].sort()
  const before = { rows: await digestsOf(sql), files: await files() }
  told.length = 0
  assert.equal((await ask(upload(marked))).status, 200)
  assert.equal((await ask(json({ url: at('/secret-address.png') }))).status, 200)
  assert.equal((await ask(upload(Buffer.from('leave-nothing-of-this')))).status, 415)
  const { public_check_day: counted, ...rows } = await digestsOf(sql)
  assert.deepEqual({ ...rows, public_check_day: before.rows.public_check_day }, before.rows)
  assert.notEqual(counted, before.rows.public_check_day, 'answers are counted by day')
  const days = await raw<{
    row: object
  }>`SELECT to_jsonb(this_row) AS row FROM darkroom.public_check_day AS this_row`.execute(sql)
  for (const { row } of days.rows)
    assert.deepEqual(Object.keys(row).sort(), ['count', 'day', 'given', 'surface', 'verdict'])
  const added = (await files()).filter((name) => !before.files.includes(name))
  for (const name of added) {
    const path = `${tmpdir()}/${name}`
    const text = await readFile(path, 'latin1').catch(() => '')
    assert.ok(!text.includes('leave-nothing-of-this'), path)
  }
  assert.ok(told.length >= 3, 'the log was heard')
  assert.doesNotMatch(told.join('\n'), /secret-name|secret-address|leave-nothing|pictures\.example/)
})

test('what people say of an answer is kept without a picture or a person, read by compliance, and erased after its time', async () => {
  const { sql } = service.ground.database
  const say = async (body: object) => {
    const response = await service.call('/v1/provenance/feedback', { ...json(body), as: null })
    return { status: response.status, answer: await response.json() }
  }
  const taken = await say({ agrees: false, verdict: 'none_found', text: 'I made it here' })
  assert.deepEqual(taken, { status: 202, answer: { object: 'provenance_feedback', erased_after_days: 90 } })
  assert.equal((await say({ agrees: true, verdict: 'ours' })).status, 202)
  for (const [body, field] of [
    [{ agrees: 'yes', verdict: 'ours' }, 'agrees'],
    [{ agrees: true, verdict: 'perhaps' }, 'verdict'],
    [{ agrees: true, verdict: 'ours', text: 'x'.repeat(2001) }, 'text'],
    [{ agrees: true, verdict: 'ours', text: 'a\0b' }, 'text'],
    [{ agrees: true, verdict: 'ours', picture: 'AAAA' }, 'picture'],
  ] as const) {
    const { status, answer } = await say(body)
    assert.deepEqual([status, answer.field], [400, field])
  }
  const columns = await raw<{ name: string }>`
    SELECT column_name AS name FROM information_schema.columns
     WHERE table_name = 'provenance_feedback' ORDER BY 1`.execute(sql)
  assert.deepEqual(
    columns.rows.map(({ name }) => name),
    ['agrees', 'created_at', 'id', 'text', 'verdict'],
  )
  const read = async (as: string) => service.call('/v1/audit/provenance-feedback', { as })
  assert.equal((await read('client')).status, 403)
  const { counts, newest } = await (await read('compliance')).json()
  assert.deepEqual(counts, [
    { verdict: 'none_found', agrees: false, count: 1 },
    { verdict: 'ours', agrees: true, count: 1 },
  ])
  assert.equal(newest[1].text, 'I made it here')
  const pass = (days: number) => raw`UPDATE darkroom.clock_offset SET by = ${days} * interval '1 day'`.execute(sql)
  await pass(89)
  assert.equal(await forgetFeedback(service.ground), 0)
  await pass(91)
  assert.equal(await forgetFeedback(service.ground), 2)
})

test('what is kept of people’s words is bounded whichever way they come, in characters and not in their parts', async () => {
  const { sql } = service.ground.database
  const keep = (text: string) => keepFeedback(sql, { agrees: true, verdict: 'ours', text })
  for (const text of ['x'.repeat(FEEDBACK_CHARACTERS + 1), 'a\0b'])
    await assert.rejects(keep(text), (error) => isFault(error, 'invalid_request') && error.field === 'text')
  const boats = '⛵🌊'.repeat(FEEDBACK_CHARACTERS / 2)
  await keep(boats)
  const said = await service.call('/v1/provenance/feedback', {
    ...json({ agrees: true, verdict: 'ours', text: boats }),
    as: null,
  })
  assert.equal(said.status, 202)
  for (const verdict of VERDICTS) await keepFeedback(sql, { agrees: true, verdict, text: null })
})
