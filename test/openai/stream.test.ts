// What an image stream says, as OpenAI's own client reads it: partial pictures, final ones, what was withheld, and errors at its end.
// Clients that vanish or do not read are in stream-clients.test.ts.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import OpenAI from 'openai'
import { answerOf, type Context } from '../../src/http/openai-answers.ts'
import { deliveryOf } from '../../src/http/openai-delivery.ts'
import { makeEvents } from '../../src/http/openai-events.ts'
import type { End } from '../http/develop.ts'
import { ALLOWED, BEARERS, FORBIDDEN } from '../http/service.ts'
import { all, openStreaming, PIXEL, thrown } from './streaming.ts'

const streaming = await openStreaming()
const { service, openai, readGeneration, open, preview } = streaming
after(() => streaming[Symbol.asyncDispose]())

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
    const generation = await readGeneration(requestId)
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
  const withheld = finals[1]?.darkroom.withheld ?? []
  assert.deepEqual(
    withheld.map((one) => [one.state, one.statement_id?.slice(0, 4) ?? null]),
    [
      ['denied', 'sor_'],
      ['held', null],
    ],
  )
  const whole = await answerOf(await readGeneration(requestId), context())
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

function context(): Context {
  const asked = { prompt: ALLOWED, inputImageTokens: 0, responseFormat: null, stream: null, safetyIdentifier: null }
  const deliver = deliveryOf(service.ground, service.url, null)
  return { base: service.url, bearers: BEARERS, asked, promptTokens: 77, deliver }
}
