// Webhooks over HTTP: made, shown, changed, tested, rotated, replayed and deleted by their own tenant, and by nobody else.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { claimDue, deliver } from '../../src/notify/deliver.ts'
import { LOOPBACK, openReceiver, type Receiver, verify } from '../notify/receiver.ts'
import { ALLOWED, BEARERS, json, openService, type Service } from './service.ts'

let service: Service
let receiver: Receiver
let status = 204

before(async () => {
  service = await openService({
    ...LOOPBACK,
    DARKROOM_WEBHOOK_ENDPOINTS_PER_TENANT: '3',
    DARKROOM_WEBHOOK_TIMEOUT_MS: '500',
  })
  receiver = await openReceiver((_, response) => void response.writeHead(status).end())
})
after(async () => {
  await receiver[Symbol.asyncDispose]()
  await service[Symbol.asyncDispose]()
})

const tools = { key: Buffer.alloc(32, 5), resolve: async () => ['127.0.0.1'] }
const create = (body: object, as = 'client') => service.call('/v1/webhooks', { ...json(body), as })
const patch = (id: string, body: object) => service.call(`/v1/webhooks/${id}`, { ...json(body), method: 'PATCH' })
const post = (path: string, body?: object, as = 'client') =>
  service.call(`/v1/webhooks/${path}`, body === undefined ? { method: 'POST', as } : { ...json(body), as })

async function fresh(as = 'client'): Promise<{ id: string; secret: string; [name: string]: unknown }> {
  const list = await (await service.call('/v1/webhooks', { as })).json()
  for (const { id } of list.data) await service.call(`/v1/webhooks/${id}`, { method: 'DELETE', as })
  const response = await create({ url: receiver.url, events: ['*'] }, as)
  assert.equal(response.status, 201)
  return response.json()
}

async function deliverDue() {
  const never = new AbortController().signal
  for (const claimed of await claimDue(service.ground, 50, 50)) await deliver(service.ground, tools, claimed, never)
}

async function isProblem(response: Response, expected: number, code: string, field?: string) {
  const problem = await response.json()
  assert.equal(response.status, expected, JSON.stringify(problem))
  assert.equal(problem.code, code)
  if (field !== undefined) assert.equal(problem.field, field)
  return problem
}

test('an endpoint is made, its secret shown once, and read back without it', async () => {
  const made = await fresh()
  assert.match(made.secret, /^whsec_[A-Za-z0-9+/]{43}=$/)
  const { secret, ...shown } = made
  assert.deepEqual(shown, {
    id: made.id,
    object: 'webhook',
    url: receiver.url,
    description: '',
    events: ['*'],
    state: 'enabled',
    disabled_reason: null,
    disabled_at: null,
    failing_since: null,
    previous_secret_until: null,
    created_at: made.created_at,
  })
  const read = await service.call(`/v1/webhooks/${made.id}`)
  assert.deepEqual(await read.json(), shown)
  const list = await (await service.call('/v1/webhooks')).json()
  assert.deepEqual(list, { object: 'list', data: [shown], has_more: false, next: null })
  assert.ok(!JSON.stringify(list).includes(secret))
})

test('an address that is not public is refused by its field, and says nothing of what it resolves to', async () => {
  await fresh()
  const details = new Set<string>()
  for (const url of [
    'https://169.254.169.254/latest/meta-data',
    'https://[::1]/',
    'https://2852039166/',
    'https://0xa9fea9fe/',
    'https://[::ffff:a9fe:a9fe]/',
    'https://10.0.0.1:8443/',
  ])
    details.add((await isProblem(await create({ url, events: ['*'] }), 400, 'invalid_request', 'url')).detail)
  assert.deepEqual([...details], ['url must lead to public addresses only'])
  for (const url of [
    'http://example.com/',
    'https://user:password@example.com/',
    'https://example.com:22/',
    'nonsense',
    '',
  ])
    await isProblem(await create({ url, events: ['*'] }), 400, 'invalid_request', 'url')
  const { id } = await fresh()
  await isProblem(await patch(id, { url: 'https://169.254.169.254/' }), 400, 'invalid_request', 'url')
})

test('a name that leads to a private address is refused as one that cannot be found is', async () => {
  await using closed = await openService()
  const make = (url: string) => closed.call('/v1/webhooks', json({ url, events: ['*'] }))
  const private_ = await isProblem(await make('https://hook.example/'), 400, 'invalid_request', 'url')
  assert.equal(private_.detail, 'url must lead to public addresses only')
  const list = await (await closed.call('/v1/webhooks')).json()
  assert.deepEqual(list.data, [])
})

test('wrong bodies name their field', async () => {
  const { id } = await fresh()
  const { url } = receiver
  for (const [body, field] of [
    [{ events: ['*'] }, 'url'],
    [{ url }, 'events'],
    [{ url, events: [] }, 'events'],
    [{ url, events: ['image.exploded'] }, 'events.0'],
    [{ url, events: ['*', '*'] }, 'events'],
    [{ url, events: ['*'], secret: 'mine' }, 'secret'],
    [{ url, events: ['*'], description: 'a'.repeat(501) }, 'description'],
  ] as const)
    await isProblem(await create(body), 400, 'invalid_request', field)
  await isProblem(await patch(id, { state: 'paused' }), 400, 'invalid_request', 'state')
  await isProblem(
    await post(`${id}/rotate-secret`, { overlap_seconds: 604_801 }),
    400,
    'invalid_request',
    'overlap_seconds',
  )
  await isProblem(await post(`${id}/replay`, { since: 'yesterday' }), 400, 'invalid_request', 'since')
  for (const query of ['state=lost', 'limit=0', 'limit=201', 'after=nonsense'])
    await isProblem(await service.call(`/v1/webhooks/${id}/deliveries?${query}`), 400, 'invalid_request')
})

test('a tenant has so many endpoints and no more', async () => {
  await fresh()
  assert.equal((await create({ url: receiver.url, events: ['*'] })).status, 201)
  assert.equal((await create({ url: receiver.url, events: ['*'] })).status, 201)
  await isProblem(await create({ url: receiver.url, events: ['*'] }), 429, 'quota_exceeded')
})

test('an endpoint is changed in part, disabled and enabled', async () => {
  const { id } = await fresh()
  const changed = await (await patch(id, { description: 'orders', events: ['image.published'] })).json()
  assert.deepEqual([changed.description, changed.events, changed.url], ['orders', ['image.published'], receiver.url])
  const off = await (await patch(id, { state: 'disabled' })).json()
  assert.deepEqual([off.state, off.disabled_reason], ['disabled', 'asked'])
  assert.ok(off.disabled_at)
  const on = await (await patch(id, { state: 'enabled' })).json()
  assert.deepEqual([on.state, on.disabled_reason, on.disabled_at], ['enabled', null, null])
  assert.equal((await patch(id, {})).status, 200)
})

test('a test delivery answers what the receiver did, and its signature verifies', async () => {
  const { id, secret } = await fresh()
  receiver.heard.length = 0
  const good = await (await post(`${id}/test`)).json()
  assert.deepEqual([good.delivered, good.status, good.error], [true, 204, null])
  assert.ok(good.response_ms >= 0)
  const heard = receiver.heard[0]
  assert.ok(heard)
  assert.deepEqual((verify(secret, heard) as { type: string }).type, 'webhook.test')
  assert.equal(heard.headers['webhook-id'], good.message_id)
  status = 500
  const bad = await (await post(`${id}/test`)).json()
  status = 204
  assert.deepEqual([bad.delivered, bad.status, bad.error], [false, 500, 'status_refused'])
  const { data } = await (await service.call(`/v1/webhooks/${id}/deliveries`)).json()
  assert.deepEqual(
    data.map((one: { type: string; state: string }) => [one.type, one.state]),
    [
      ['webhook.test', 'failed'],
      ['webhook.test', 'delivered'],
    ],
  )
})

test('a rotated secret is shown once and both sign until the overlap ends', async () => {
  const { id, secret } = await fresh()
  const rotated = await (await post(`${id}/rotate-secret`, { overlap_seconds: 60 })).json()
  assert.ok(rotated.previous_secret_until)
  receiver.heard.length = 0
  await post(`${id}/test`)
  const heard = receiver.heard[0]
  assert.ok(heard)
  verify(secret, heard)
  verify(rotated.secret, heard)
  const at_once = await (await post(`${id}/rotate-secret`, { overlap_seconds: 0 })).json()
  assert.equal(at_once.previous_secret_until, null)
  assert.equal((await post(`${id}/rotate-secret`)).status, 200)
})

test('a generation is told of, its deliveries are listed in pages, and one is sent again under the same id', async () => {
  const { id, secret } = await fresh()
  receiver.heard.length = 0
  const { requestId } = await service.admit({ prompt: ALLOWED, n: 2 })
  await service.develop(requestId, ['published', 'held'])
  await deliverDue()
  const told = receiver.heard.map((heard) => verify(secret, heard) as { type: string; data: { outcome?: string } })
  assert.deepEqual(told.map(({ type }) => type).sort(), ['generation.completed', 'image.held', 'image.published'])
  assert.equal(told.find(({ type }) => type === 'generation.completed')?.data.outcome, 'partly_published')
  const list = (query: string) => service.call(`/v1/webhooks/${id}/deliveries?${query}`).then((page) => page.json())
  const first = await list('limit=2')
  assert.equal(first.has_more, true)
  const second = await list(`limit=2&after=${first.next}`)
  assert.equal(second.has_more, false)
  assert.equal(new Set([...first.data, ...second.data].map(({ id: one }) => one)).size, 3)
  assert.deepEqual((await list('state=pending')).data, [])
  const [delivery] = first.data
  const replayed = await (await post(`deliveries/${delivery.id}/replay`)).json()
  assert.deepEqual([replayed.id, replayed.state], [delivery.id, 'pending'])
  await deliverDue()
  assert.equal(receiver.heard.at(-1)?.headers['webhook-id'], delivery.message_id)
  assert.deepEqual(await (await post(`${id}/replay`)).json(), { object: 'webhook_replay', replayed: 0, complete: true })
  const all = await post(`${id}/replay`, { since: '2020-01-01T00:00:00Z', include_delivered: true })
  assert.equal(all.status, 202)
  assert.equal((await all.json()).replayed, 3)
  await patch(id, { state: 'disabled' })
  await isProblem(await post(`${id}/replay`), 409, 'conflict')
  await isProblem(await post(`deliveries/${delivery.id}/replay`), 409, 'conflict')
})

test('a refusal is told with its statement', async () => {
  await fresh()
  receiver.heard.length = 0
  const { requestId } = await service.admit({ prompt: 'a soldier beheading a man, blood everywhere' })
  await deliverDue()
  const body = JSON.parse(receiver.heard[0]?.body ?? '{}')
  assert.equal(body.type, 'generation.refused')
  assert.equal(body.data.id, requestId)
  const { statement, statement_id: id } = body.data
  const read = await (await service.call(`/v1/statements/${id}`)).json()
  assert.deepEqual(statement, {
    ...{ id, url: `/v1/statements/${id}`, appeal_until: read.redress.appeal_until },
    ...{ stage: read.stage, category: read.category, clause: read.clause, rule: read.rule, band: read.band },
    ...{ facts: read.facts, automated_detection: true, automated_decision: true },
  })
  assert.equal(statement.clause, 'violence/graphic/2')
  // What opens it to anybody stays with the API.
  assert.ok(!receiver.heard[0]?.body.includes(BEARERS.secretOf(id)))
})

test('another tenant finds nothing, and its cursor is not ours', async () => {
  const mine = await fresh()
  const theirs = await fresh('second_client')
  await post(`${mine.id}/test`)
  await post(`${theirs.id}/test`, undefined, 'second_client')
  const deliveries = await (await service.call(`/v1/webhooks/${mine.id}/deliveries`)).json()
  const delivery = deliveries.data[0].id
  for (const [path, method] of [
    [mine.id, 'GET'],
    [mine.id, 'PATCH'],
    [mine.id, 'DELETE'],
    [`${mine.id}/rotate-secret`, 'POST'],
    [`${mine.id}/test`, 'POST'],
    [`${mine.id}/replay`, 'POST'],
    [`${mine.id}/deliveries`, 'GET'],
    [`deliveries/${delivery}/replay`, 'POST'],
  ] as const) {
    const response = await service.call(`/v1/webhooks/${path}`, { method, as: 'second_client' })
    await isProblem(response, 404, 'not_found')
  }
  const crossed = await service.call(`/v1/webhooks/${theirs.id}/deliveries?after=${delivery}`, { as: 'second_client' })
  await isProblem(crossed, 400, 'invalid_request', 'after')
  assert.equal((await service.call(`/v1/webhooks/${mine.id}`)).status, 200)
})

test('a deleted endpoint is gone', async () => {
  const { id } = await fresh()
  assert.equal((await service.call(`/v1/webhooks/${id}`, { method: 'DELETE' })).status, 204)
  assert.equal((await service.call(`/v1/webhooks/${id}`)).status, 404)
  assert.equal((await service.call(`/v1/webhooks/${id}`, { method: 'DELETE' })).status, 404)
})
