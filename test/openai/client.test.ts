// OpenAI's own client, unmodified, against the API on a port. The workers are the test's (see ../http/service.ts), so every end that
// a generation can have is tried; ./real.test.ts does it with the real ones.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import OpenAI from 'openai'
import type { End } from '../http/develop.ts'
import { ALLOWED, BEARERS, CARD, FORBIDDEN, failWhole, openService, type Service } from '../http/service.ts'

let service: Service
let openai: OpenAI
let requests = 0

before(async () => {
  service = await openService({ DARKROOM_WAIT_MS: '3000' })
  openai = client('client')
})
after(() => service[Symbol.asyncDispose]())

function client(as: string): OpenAI {
  return new OpenAI({
    apiKey: service.key(as),
    baseURL: `${service.url}/v1`,
    fetch: (url, init) => {
      requests++
      return fetch(url, init)
    },
  })
}

async function generate(ends: readonly End[], order: Partial<OpenAI.ImageGenerateParamsNonStreaming> = {}) {
  const asked = openai.images.generate({ prompt: ALLOWED, model: 'storybook', n: ends.length, ...order })
  const [answer] = await Promise.allSettled([asked, service.developNext(ends)])
  if (answer.status === 'rejected') throw answer.reason
  return answer.value
}

/** The error of one call, which was made once: the client was told not to repeat it. */
async function failure(
  ask: () => Promise<unknown>,
): Promise<InstanceType<typeof OpenAI.APIError> & { error: Record<string, unknown> }> {
  const before_ = requests
  try {
    await ask()
  } catch (error) {
    assert.ok(error instanceof OpenAI.APIError)
    assert.equal(requests, before_ + 1, 'the client made one request')
    assert.ok(typeof error.error === 'object' && error.error !== null)
    for (const key of ['message', 'type', 'param', 'code']) assert.ok(key in error.error, key)
    return error as InstanceType<typeof OpenAI.APIError> & { error: Record<string, unknown> }
  }
  return assert.fail('the call was answered')
}

test('a picture by url: signed, readable without a key, with usage and echoed settings', async () => {
  const images = await generate(['published'], { response_format: 'url', quality: 'low' })
  const url = images.data?.[0]?.url ?? ''
  assert.ok(url.startsWith(`${service.url}/objects/`))
  assert.equal((await fetch(url)).headers.get('content-type'), 'image/png')
  assert.deepEqual(
    [images.size, images.quality, images.output_format, images.background],
    ['128x128', 'low', 'png', 'opaque'],
  )
  const { usage } = images
  assert.ok(usage && usage.input_tokens > 0 && usage.output_tokens > 0)
  assert.equal(usage.total_tokens, usage.input_tokens + usage.output_tokens)
  assert.ok(Math.abs(images.created - Date.now() / 1000) < 60)
})

test('who does not choose a form gets both: bytes as newer models answer, links as older ones', async () => {
  const { data } = await generate(['published'], { safety_identifier: '', user: 'ada' })
  const [image] = data ?? []
  const linked = Buffer.from(await (await fetch(image?.url ?? '')).arrayBuffer())
  assert.ok(linked.length > 0 && linked.equals(Buffer.from(image?.b64_json ?? '', 'base64')))
})

test('the legacy qualities are ours by another name', async () => {
  for (const [legacy, ours] of [
    ['standard', 'medium'],
    ['hd', 'high'],
  ] as const)
    assert.equal((await generate(['published'], { quality: legacy, response_format: 'url' })).quality, ours)
})

test('two pictures as base64 are two different pngs', async () => {
  const images = await generate(['published', 'published'], { response_format: 'b64_json' })
  const files = images.data?.map(({ b64_json, url }) => {
    assert.equal(url, undefined)
    return Buffer.from(b64_json ?? '', 'base64')
  })
  assert.equal(files?.length, 2)
  for (const file of files ?? []) assert.equal(file.subarray(1, 4).toString(), 'PNG')
  assert.notDeepEqual(files?.[0], files?.[1])
})

test('the client lists models and retrieves one', async () => {
  const ids = []
  for await (const model of openai.models.list()) ids.push(model.id)
  assert.deepEqual(ids, ['storybook'])
  assert.equal((await openai.models.retrieve('storybook')).created, CARD.createdAt.getTime() / 1000)
  await assert.rejects(openai.models.retrieve('dall-e-3'), OpenAI.NotFoundError)
})

test('a forbidden prompt is moderation_blocked, with stage, categories, statement and where to appeal', async () => {
  const error = await failure(() => openai.images.generate({ prompt: FORBIDDEN }))
  assert.ok(error instanceof OpenAI.BadRequestError)
  assert.deepEqual(
    [error.status, error.code, error.type, error.param],
    [400, 'moderation_blocked', 'image_generation_user_error', null],
  )
  assert.deepEqual(error.error.moderation_details, { moderation_stage: 'input', categories: ['violence/graphic'] })
  assert.match(String(error.error.statement_id), /^sor_/)
  const { appeal_url: appeal, statement_id: id } = Object(error.error)
  assert.equal(appeal, `${service.url}/statements/${id}#${BEARERS.secretOf(id)}`)
  assert.match(error.requestID ?? '', /^req_/)
  assert.ok(error.message.includes(String(error.error.statement_id)))
  assert.ok(!error.message.includes('beheading'))
})

test('denied pictures are moderation_blocked at output', async () => {
  const error = await failure(() => generate(['denied', 'denied']))
  assert.equal(error.code, 'moderation_blocked')
  const details = error.error.moderation_details as { moderation_stage: string; categories: string[] }
  assert.equal(details.moderation_stage, 'output')
  assert.equal(details.categories.length, 1)
})

test('a picture that waits for a person is moderation_held, with where to look', async () => {
  const error = await failure(() => generate(['held', 'denied']))
  assert.deepEqual([error.status, error.code], [400, 'moderation_held'])
  assert.equal(error.error.status_url, `${service.url}/v1/generations/${error.requestID}`)
})

test('a mixed batch is answered with what was published, and names what was withheld and why', async () => {
  const images = await generate(['denied', 'published', 'held', { failed: 'nan' }])
  assert.equal(images.data?.length, 1)
  const { darkroom } = images as typeof images & { darkroom: { withheld: Record<string, unknown>[] } }
  assert.deepEqual(
    darkroom.withheld.map(({ state, failure: why, statement_id }) => [state, why, statement_id !== null]),
    [
      ['denied', null, true],
      ['held', null, false],
      ['failed', 'nan', false],
    ],
  )
})

for (const reason of [
  'nan',
  'out_of_memory',
  'model_error',
  'mark_unverified',
  'statement_incomplete',
  'poison',
] as const)
  test(`a generation that failed by ${reason} says so once, and is not repeated`, async () => {
    const error = await failure(() => generate([{ failed: reason }]))
    assert.ok(error instanceof OpenAI.InternalServerError)
    assert.deepEqual([error.status, error.code, error.type], [500, reason, 'server_error'])
    assert.match(error.requestID ?? '', /^req_/)
  })

test('a request that failed as a whole says so', async () => {
  const error = await failure(async () => {
    const asked = openai.images.generate({ prompt: ALLOWED })
    asked.catch(() => undefined)
    await failWhole(service, await queuedId(), 'timeout')
    return asked
  })
  assert.deepEqual([error.status, error.code], [500, 'timeout'])
})

test('a request that somebody cancelled says so', async () => {
  const error = await failure(async () => {
    const asked = openai.images.generate({ prompt: ALLOWED })
    asked.catch(() => undefined)
    await service.call(`/v1/generations/${await queuedId()}/cancel`, { method: 'POST' })
    return asked
  })
  assert.deepEqual([error.status, error.code], [409, 'cancelled'])
})

test('one that takes longer than the wait is told where to look, and goes on', async () => {
  const error = await failure(() => openai.images.generate({ prompt: ALLOWED }))
  assert.deepEqual([error.status, error.code], [504, 'wait_timeout'])
  const { state, id } = await (await service.call(`/v1/generations/${error.requestID}`)).json()
  assert.equal(state, 'queued')
  assert.ok(error.message.includes(`/v1/generations/${id}`))
  await service.develop(id, ['published'])
})

test('a client that goes away takes a queued request with it', async () => {
  const leaving = new AbortController()
  const asked = openai.images.generate({ prompt: ALLOWED }, { signal: leaving.signal }).catch(() => undefined)
  const id = await queuedId()
  leaving.abort()
  await asked
  assert.equal(await settledState(id), 'cancelled')
})

test('an order under a key outlives a client that goes away, and asking again finds it', async () => {
  await using service = await openService()
  const key = { 'Idempotency-Key': 'lost-connection' }
  const ask = (timeout: number) =>
    new OpenAI({ apiKey: service.key('client'), baseURL: `${service.url}/v1`, maxRetries: 0 }).images.generate(
      { prompt: ALLOWED, response_format: 'url' },
      { timeout, headers: key },
    )
  await assert.rejects(ask(300), OpenAI.APIConnectionTimeoutError)
  await new Promise((resolve) => setTimeout(resolve, 300))
  const developed = service.developNext(['published'])
  const { data } = await ask(20_000)
  await developed
  assert.equal(data?.length, 1)
  const { data: all } = await (await service.call('/v1/generations')).json()
  assert.equal(all.length, 1)
})

test('a wrong key, another role and a wrong field are the client’s own error classes', async () => {
  const bad = new OpenAI({ apiKey: 'dk_live_wrong', baseURL: `${service.url}/v1` })
  await assert.rejects(bad.models.list(), OpenAI.AuthenticationError)
  await assert.rejects(client('reviewer').images.generate({ prompt: ALLOWED }), OpenAI.PermissionDeniedError)
  const size = await failure(() => openai.images.generate({ prompt: ALLOWED, size: '1024x1024' }))
  assert.deepEqual([size.status, size.param], [400, 'size'])
  const model = await failure(() => openai.images.generate({ prompt: ALLOWED, model: 'gpt-image-1' }))
  assert.deepEqual([model.param, model.code], ['model', 'model_not_found'])
  assert.ok(model instanceof OpenAI.NotFoundError)
  const again = await failure(() => openai.post('/images/generations', { body: { prompt: ALLOWED, colour: 'red' } }))
  assert.deepEqual([again.param, again.code], ['colour', 'unknown_parameter'])
})

test('closing the server answers those who wait, and what they asked for goes on', async () => {
  await using short = await openService({ DARKROOM_WAIT_MS: '60000' })
  const asked = short.call('/v1/images/generations', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ prompt: ALLOWED }),
  })
  let id: string | undefined
  while (id === undefined) {
    const row = await short.ground.database.sql.selectFrom('darkroom.request').select('id').executeTakeFirst()
    id = row?.id
    await sleep(20)
  }
  await Promise.all([short.app.close(), asked])
  const response = await asked
  assert.equal(response.status, 503)
  assert.equal(response.headers.get('x-should-retry'), 'false')
  assert.equal((await response.json()).error.code, 'shutting_down')
})

async function queuedId(): Promise<string> {
  for (;;) {
    const row = await service.ground.database.sql
      .selectFrom('darkroom.request')
      .select('id')
      .where('state', '=', 'queued')
      .executeTakeFirst()
    if (row !== undefined) return row.id
    await sleep(20)
  }
}

async function settledState(id: string): Promise<string> {
  for (let waited = 0; ; waited += 50) {
    const { state } = await (await service.call(`/v1/generations/${id}`)).json()
    if (state !== 'queued' || waited > 5000) return state
    await sleep(50)
  }
}
