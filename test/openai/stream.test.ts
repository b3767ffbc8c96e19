// Image streams as OpenAI's own client, unmodified, reads them, and as a client that vanishes or does not read. The workers are the
// test's (../http/service.ts): they lay out previews as the generate stage does, then develop.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import OpenAI from 'openai'
import { getGeneration } from '../../src/admit/records.ts'
import { advance } from '../../src/advance.ts'
import { answerOf, type Context } from '../../src/http/openai-answers.ts'
import { deliveryOf } from '../../src/http/openai-delivery.ts'
import { makeEvents } from '../../src/http/openai-events.ts'
import { requestTopic } from '../../src/kernel/ground.ts'
import { dropTasks } from '../../src/kernel/tasks.ts'
import { authenticate } from '../../src/tenant/caller.ts'
import { ALLOWED, type End, FORBIDDEN, json, openService, type Service } from '../http/service.ts'

type Event = OpenAI.ImageGenStreamEvent & { darkroom: { image_id: string; position: number; withheld?: unknown[] } }

let service: Service
let openai: OpenAI

before(async () => {
  service = await openService({ DARKROOM_WAIT_MS: '4000', DARKROOM_EVENTS_STALL_MS: '300' })
  openai = new OpenAI({ apiKey: service.key('client'), baseURL: `${service.url}/v1`, maxRetries: 0 })
})
after(() => service[Symbol.asyncDispose]())

const PIXEL = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)

async function open(order: Partial<OpenAI.ImageGenerateParamsStreaming> = {}, signal?: AbortSignal) {
  const stream = await openai.images.generate(
    { prompt: ALLOWED, stream: true, ...order },
    signal === undefined ? {} : { signal },
  )
  const { request } = await getGeneration(service.ground.database.sql, await tenantId(), await latestRequest())
  return { events: stream as AsyncIterable<Event>, requestId: request.id, stream }
}

async function all(events: AsyncIterable<Event>): Promise<Event[]> {
  const seen: Event[] = []
  for await (const event of events) seen.push(event)
  return seen
}

/** A released preview: its object, its row, its bell. */
async function preview(requestId: string, position: number, index: number, tell = true): Promise<void> {
  const { database, images, bell } = service.ground
  const image = (await imagesOf(requestId))[position]
  assert.ok(image)
  const key = `${image.id}/preview/${index}`
  await images.putIfAbsent(key, { bytes: PIXEL, contentType: 'image/png' })
  await database.sql
    .insertInto('darkroom.preview')
    .values({
      image_id: image.id,
      position: index,
      object_key: key,
      content_type: 'image/png',
      width: 64,
      height: 64,
      released_at: new Date(),
    })
    .execute()
  if (tell) bell.tell(requestTopic(requestId), { preview: image.id, index })
}

test('partial pictures come in order, then the picture, each with every field of the contract', async () => {
  const { events, requestId } = await open({ partial_images: 2, quality: 'low', user: 'ada', output_format: 'png' })
  const seen = all(events)
  await preview(requestId, 0, 0)
  await sleep(100)
  await preview(requestId, 0, 1)
  await sleep(100)
  await service.develop(requestId, ['published'])
  const [first, second, final, ...more] = await seen
  assert.deepEqual(
    [first?.type, second?.type, final?.type, more.length],
    [...Array(2).fill('image_generation.partial_image'), 'image_generation.completed', 0],
  )
  for (const [index, event] of [first, second].entries()) {
    assert.ok(event?.type === 'image_generation.partial_image')
    assert.equal(event.partial_image_index, index)
    assert.deepEqual(Buffer.from(event.b64_json, 'base64'), PIXEL)
  }
  for (const event of [first, second, final]) {
    assert.deepEqual(
      [event?.size, event?.quality, event?.background, event?.output_format],
      ['128x128', 'low', 'opaque', 'png'],
    )
    assert.ok(Math.abs((event?.created_at ?? 0) - Date.now() / 1000) < 60)
  }
  assert.ok(final?.type === 'image_generation.completed')
  assert.equal(Buffer.from(final.b64_json, 'base64').subarray(1, 4).toString(), 'PNG')
  const { usage } = final
  assert.ok(usage.input_tokens > 0 && usage.output_tokens === 256)
  assert.equal(usage.total_tokens, usage.input_tokens + usage.output_tokens)
  assert.deepEqual(usage.input_tokens_details, { text_tokens: usage.input_tokens, image_tokens: 0 })
  assert.equal(final.safety_identifier, 'ada')
})

test('no partial is sent unless it was asked for', async () => {
  const { events, requestId } = await open()
  const seen = all(events)
  await preview(requestId, 0, 0)
  await sleep(100)
  await service.develop(requestId, ['published'])
  assert.deepEqual(
    (await seen).map(({ type }) => type),
    ['image_generation.completed'],
  )
})

test('a partial picture is never sent after its final one, nor one that is not released', async () => {
  const { requestId } = await service.admit({ prompt: ALLOWED, n: 2, previews: 3 })
  const make = makeEvents(service.ground, { name: 'image_generation', partials: 3 })
  const sql = service.ground.database.sql
  const names = async () => {
    const generation = await getGeneration(sql, await tenantId(), requestId)
    const said: string[] = []
    for await (const event of make.whatIsNew(generation, context())) said.push(event.split('\n')[0] ?? '')
    return said
  }
  await preview(requestId, 0, 1, false)
  assert.deepEqual(await names(), ['event: image_generation.partial_image'])
  await preview(requestId, 0, 0, false)
  assert.deepEqual(await names(), [], 'an earlier one that is late is dropped')
  await preview(requestId, 1, 0, false)
  await sql.updateTable('darkroom.preview').set({ released_at: null }).execute()
  assert.deepEqual(await names(), [], 'not released')
  await sql.updateTable('darkroom.preview').set({ released_at: new Date() }).execute()
  await preview(requestId, 0, 2, false)
  await service.develop(requestId, ['published', 'published'])
  assert.deepEqual(await names(), ['event: image_generation.completed'], 'the second final waits for the end')
  assert.deepEqual(await names(), [])
})

test('each picture of a batch completes, the last names what was withheld, and the usage adds up', async () => {
  const { events, requestId } = await open({ n: 4 })
  const seen = all(events)
  await service.develop(requestId, ['published', 'denied', 'published', 'held'])
  const finals = await seen
  assert.deepEqual(
    finals.map(({ type, darkroom }) => [type, darkroom.position]),
    [
      ['image_generation.completed', 0],
      ['image_generation.completed', 2],
    ],
  )
  assert.equal(finals[0]?.darkroom.withheld, undefined)
  const withheld = finals[1]?.darkroom.withheld as { state: string; statement_id: string | null }[]
  assert.deepEqual(
    withheld.map((one) => [one.state, one.statement_id?.slice(0, 4) ?? null]),
    [
      ['denied', 'sor_'],
      ['held', null],
    ],
  )
  const whole = await answerOf(await getGeneration(service.ground.database.sql, await tenantId(), requestId), context())
  const { usage } = whole.body as { usage: { total_tokens: number } }
  const sum = finals.reduce((total, one) => total + ('usage' in one ? one.usage.total_tokens : 0), 0)
  assert.equal(sum, usage.total_tokens)
})

const endings: [string, readonly End[], string][] = [
  ['denied pictures', ['denied', 'denied'], 'moderation_blocked'],
  ['held pictures', ['held', 'denied'], 'moderation_held'],
  ['a failure', [{ failed: 'nan' }], 'nan'],
]
for (const [what, ends, code] of endings)
  test(`${what} end the stream with the error ${code}, which the client throws`, async () => {
    const { events, requestId } = await open({ n: ends.length })
    const seen = all(events)
    seen.catch(() => undefined)
    await service.develop(requestId, ends)
    const error = await thrown(() => seen)
    assert.equal(error.code, code)
    for (const key of ['message', 'type', 'param', 'code']) assert.ok(key in Object(error.error), key)
    const { statement_id, status_url } = Object(error.error)
    if (code === 'moderation_blocked') assert.match(statement_id, /^sor_/)
    if (code === 'moderation_held') assert.equal(status_url, `${service.url}/v1/generations/${requestId}`)
    assert.equal(error.requestID, requestId)
  })

test('a forbidden prompt is refused before the stream begins', async () => {
  const error = await thrown(() => openai.images.generate({ prompt: FORBIDDEN, stream: true }))
  assert.ok(error instanceof OpenAI.BadRequestError)
  assert.equal(error.code, 'moderation_blocked')
})

test('a stream that outlasts the wait says where to look, and gives what is there', async () => {
  const { events, requestId } = await open()
  const error = await thrown(() => all(events))
  assert.equal(error.code, 'wait_timeout')
  assert.equal(Object(error.error).darkroom.status_url, `${service.url}/v1/generations/${requestId}`)
  await service.develop(requestId, ['published'])
})

test('a client that goes away takes a queued request with it', async () => {
  const leaving = new AbortController()
  const { requestId } = await open({}, leaving.signal)
  leaving.abort()
  assert.equal(await settled(requestId, 'queued'), 'cancelled')
})

test('a client that goes away while its picture is drawn does not end it', async () => {
  const leaving = new AbortController()
  const { requestId } = await open({}, leaving.signal)
  const { tenant_id, version } = await service.ground.database.sql
    .selectFrom('darkroom.request')
    .select(['tenant_id', 'version'])
    .where('id', '=', requestId)
    .executeTakeFirstOrThrow()
  await service.ground.database.transact(async (tx) => {
    const move = { subject: 'request', id: requestId, tenantId: tenant_id, from: 'queued', version } as const
    await advance(tx, { ...move, to: 'generating', facts: {} })
    await dropTasks(tx, [requestId])
  })
  leaving.abort()
  await sleep(500)
  assert.equal(await settled(requestId, 'queued'), 'generating')
})

test('a quiet stream is kept alive by comments', async () => {
  await using quiet = await openService({ DARKROOM_WAIT_MS: '2000', DARKROOM_EVENTS_KEEP_ALIVE_MS: '100' })
  const answer = await quiet.call('/v1/images/generations', json({ prompt: ALLOWED, stream: true }))
  assert.match(await answer.text(), /^: req_\S+\n\n(: still here\n\n)+/)
})

test('a server that closes says so in the stream', async () => {
  await using short = await openService({ DARKROOM_WAIT_MS: '60000' })
  const answer = await short.call('/v1/images/generations', json({ prompt: ALLOWED, stream: true }))
  assert.equal(answer.headers.get('content-type'), 'text/event-stream; charset=utf-8')
  assert.equal(answer.headers.get('x-should-retry'), 'false')
  assert.match(answer.headers.get('x-request-id') ?? '', /^req_/)
  const [text] = await Promise.all([answer.text(), short.app.close()])
  assert.match(text, /event: error\ndata: \{"error":\{.*"code":"shutting_down"/)
})

test('a client that does not read is cut off, and its pictures are kept', { timeout: 120_000 }, async () => {
  const accepted = once(service.app.server, 'connection')
  const socket = connect(Number(new URL(service.url).port), '127.0.0.1')
  const body = JSON.stringify({ prompt: ALLOWED, stream: true })
  socket.pause()
  const [atServer]: Socket[] = await accepted
  assert.ok(atServer)
  const cutOff = once(atServer, 'close')
  socket.write(
    `POST /v1/images/generations HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer ${service.key('client')}\r\n` +
      `content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  )
  const requestId = await queued()
  const [image] = await imagesOf(requestId)
  // More than any socket buffer holds.
  const bytes = Buffer.alloc(24 * 2 ** 20, 1)
  await service.ground.images.putIfAbsent(`${image?.id}.png`, { bytes, contentType: 'image/png' })
  await service.develop(requestId, ['published'])
  await cutOff
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  socket.on('error', () => undefined)
  let got = 0
  socket.on('data', (chunk: Buffer) => {
    got += chunk.length
  })
  socket.resume()
  await closed
  assert.ok(got < bytes.length, 'the answer was not sent whole')
  const { state } = await (await service.call(`/v1/generations/${requestId}`)).json()
  assert.equal(state, 'done')
})

function context(): Context {
  const asked = { prompt: ALLOWED, inputImageTokens: 0, responseFormat: null, stream: null, safetyIdentifier: null }
  return { base: service.url, asked, promptTokens: 77, deliver: deliveryOf(service.ground, service.url, null) }
}

async function tenantId(): Promise<string> {
  return (await authenticate(service.ground, service.key('client'))).tenantId
}

async function imagesOf(requestId: string) {
  return (await getGeneration(service.ground.database.sql, await tenantId(), requestId)).images
}

async function latestRequest(): Promise<string> {
  const { sql } = service.ground.database
  const row = await sql.selectFrom('darkroom.request').select('id').orderBy('id', 'desc').executeTakeFirstOrThrow()
  return row.id
}

async function queued(): Promise<string> {
  for (;;) {
    const { sql } = service.ground.database
    const row = await sql.selectFrom('darkroom.request').select('id').where('state', '=', 'queued').executeTakeFirst()
    if (row !== undefined) return row.id
    await sleep(20)
  }
}

async function settled(id: string, from: string): Promise<string> {
  for (let waited = 0; ; waited += 50) {
    const { state } = await (await service.call(`/v1/generations/${id}`)).json()
    if (state !== from || waited > 5000) return state
    await sleep(50)
  }
}

async function thrown(ask: () => Promise<unknown>): Promise<InstanceType<typeof OpenAI.APIError>> {
  try {
    await ask()
  } catch (error) {
    assert.ok(error instanceof OpenAI.APIError, String(error))
    return error
  }
  return assert.fail('nothing was thrown')
}
