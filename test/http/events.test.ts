// Event streams: what was missed is told again, in order and once; nobody resumes what is not theirs; who does not read is let go;
// and a thousand readers cost the database what one costs.
import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { after, before, test } from 'node:test'
import { requestTopic } from '../../src/kernel/ground.ts'
import { ALLOWED, json, openService, type Service } from './service.ts'
import { allEvents, eventsOf } from './sse.ts'

let service: Service
before(async () => {
  service = await openService({
    DARKROOM_EVENTS_LISTENERS: '3',
    DARKROOM_EVENTS_KEEP_ALIVE_MS: '100',
    DARKROOM_EVENTS_STALL_MS: '500',
    DARKROOM_EVENTS_BUFFER_BYTES: '200000',
  })
  const { sql } = service.ground.database
  await sql
    .updateTable('darkroom.tenant')
    .set({ quota: JSON.stringify({ listeners: 2 }) })
    .execute()
})
after(() => service[Symbol.asyncDispose]())

const order = async (body: object = {}, as = 'client') => {
  const { id } = await (await service.call('/v1/generations', { ...json({ prompt: ALLOWED, ...body }), as })).json()
  return String(id)
}
const follow = (id: string, headers: Record<string, string> = {}, as = 'client', query = '') =>
  service.call(`/v1/generations/${id}/events${query}`, { headers, as })
const finished = async (id: string) => {
  await service.develop(id, ['published'])
  return id
}

test('who comes back with the last id it saw is told every state since, once, in order, and then the end', async () => {
  const id = await order()
  const first = await follow(id)
  const seen: string[] = []
  for await (const event of eventsOf(first)) {
    if (event.id !== null) seen.push(event.id)
    break
  }
  await finished(id)
  const events = await allEvents(await follow(id, { 'last-event-id': seen[0] ?? '' }))
  const states = events.filter(({ name }) => name === 'state')
  const told = states.map(({ data }) => {
    const [image] = Array.isArray(data.images) ? data.images : []
    return `${data.state} ${image.state}`
  })
  assert.deepEqual(told, [
    'generating planned',
    'generating generated',
    'generating cleared',
    'generating marked',
    'generating published',
    'done published',
  ])
  const ids = states.map((event) => BigInt(event.id ?? 0))
  assert.deepEqual(
    ids,
    ids.toSorted((a, b) => (a < b ? -1 : 1)),
  )
  assert.equal(new Set([...seen, ...ids.map(String)]).size, 7)
  const last = states.at(-1)?.id ?? ''
  const rest = await allEvents(await follow(id, {}, 'client', `?last_event_id=${ids[3]}`))
  assert.deepEqual(
    rest.map((event) => event.id),
    ids.slice(4).map(String),
  )
  assert.equal((await follow(id, { 'last-event-id': last })).status, 204)
})

test('nothing that was not released shows an address in a replayed state', async () => {
  const id = await finished(await order())
  const events = await allEvents(await follow(id, { 'last-event-id': '0' }))
  const urls = events.map(({ data }) => (Array.isArray(data.images) ? [data.state, data.images[0].url === null] : []))
  assert.deepEqual(urls.at(-1), ['done', false])
  assert.ok(urls.slice(0, 5).every(([, hidden]) => hidden === true))
})

test('an id that is no event of this generation is a clear 400, in the header and in the query', async () => {
  const id = await finished(await order())
  const other = await finished(await order({}, 'second_client'))
  const [foreign] = (await allEvents(await follow(other, {}, 'second_client'))).map((event) => event.id ?? '')
  for (const wrong of ['x', '-1', '1e3', '99999999', '9'.repeat(40), foreign ?? '']) {
    const inHeader = await follow(id, { 'last-event-id': wrong })
    const problem = await inHeader.json()
    assert.deepEqual([inHeader.status, problem.field], [400, 'last-event-id'], wrong)
    const inQuery = await follow(id, {}, 'client', `?last_event_id=${wrong}`)
    assert.deepEqual([inQuery.status, (await inQuery.json()).field], [400, 'last_event_id'], wrong)
  }
  assert.equal((await follow(other)).status, 404)
})

test('a seat is refused when the tenant’s own are taken, and when all are, and is free again after', async () => {
  const id = await order()
  const mine = [await follow(id), await follow(id)]
  const third = await follow(id)
  assert.deepEqual([third.status, (await third.json()).code], [429, 'quota_exceeded'])
  assert.ok(Number(third.headers.get('retry-after')) >= 1)
  const other = await order({}, 'second_client')
  const theirs = await follow(other, {}, 'second_client')
  const fourth = await follow(other, {}, 'second_client')
  assert.deepEqual([fourth.status, (await fourth.json()).code], [503, 'overloaded'])
  await Promise.all([...mine, theirs].map((response) => response.body?.cancel()))
  for (;;) {
    const again = await follow(id)
    await again.body?.cancel()
    if (again.status === 200) break
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
})

test('a preview is told with its address, and readers of one request see the same events', async () => {
  const id = await order()
  const two = [await follow(id), await follow(id)]
  const reading = Promise.all(two.map(allEvents))
  await new Promise((resolve) => setTimeout(resolve, 100))
  service.ground.bell.tell(requestTopic(id), { preview: 'img_x', index: 1 })
  await finished(id)
  for (const events of await reading) {
    const preview = events.find(({ name }) => name === 'preview')
    assert.deepEqual(preview?.data, { image_id: 'img_x', index: 1, url: '/v1/images/img_x/previews/1' })
    assert.equal(preview?.id, null)
    assert.ok(events.some(({ name }) => name === 'progress'))
    assert.equal(events.at(-1)?.data.final, true)
  }
})

test('an order may ask for three previews of each image, and for no more', async () => {
  const id = await order({ previews: 3 })
  const { database } = service.ground
  const row = await database.sql
    .selectFrom('darkroom.request')
    .select('previews')
    .where('id', '=', id)
    .executeTakeFirstOrThrow()
  assert.equal(row.previews, 3)
  const refused = await service.call('/v1/generations', json({ prompt: ALLOWED, previews: 4 }))
  assert.deepEqual([refused.status, (await refused.json()).field], [400, 'previews'])
})

test('a listener that does not read is let go, and nobody else waits for it', { timeout: 60_000 }, async () => {
  const id = await order()
  const { port, hostname } = new URL(service.url)
  const socket = connect(Number(port), hostname)
  const closed = new Promise((resolve) => socket.once('close', resolve))
  socket.on('error', () => undefined)
  const auth = `Authorization: Bearer ${service.key('client')}`
  socket.write(`GET /v1/generations/${id}/events HTTP/1.1\r\nHost: ${hostname}\r\n${auth}\r\n\r\n`)
  socket.pause()
  const reading = allEvents(await follow(id))
  while ((await seatsLeft(id)) !== 0) await sleep(20)
  const preview = 'x'.repeat(10_000)
  for (let turn = 0; turn < 1000; turn++) {
    service.ground.bell.tell(requestTopic(id), { preview, index: turn })
    if (turn % 5 === 0) await sleep(2)
  }
  while ((await seatsLeft(id)) !== 1) await sleep(50)
  let text = ''
  socket.on('data', (chunk) => {
    text += chunk
  })
  socket.resume()
  await closed
  assert.ok(text.includes('event: preview') && !text.includes('"index":999'))
  await finished(id)
  const events = await reading
  assert.equal(events.filter(({ name }) => name === 'preview').length, 1000)
  assert.equal(events.at(-1)?.data.state, 'done')
})

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
/** 1 when one more may follow, 0 when none. */
async function seatsLeft(id: string): Promise<number> {
  const response = await follow(id)
  await response.body?.cancel()
  return response.status === 200 ? 1 : 0
}

test('readers share one statement a second, however many requests they follow', { timeout: 30_000 }, async () => {
  await using crowd = await openService()
  const ids = await Promise.all(
    Array.from({ length: 5 }, async (_, n) => (await crowd.admit({ prompt: ALLOWED, seed: n })).requestId),
  )
  const streams = await Promise.all(
    Array.from({ length: 100 }, (_, n) => crowd.call(`/v1/generations/${ids[n % 5]}/events`)),
  )
  const reading = streams.map(allEvents)
  await new Promise((resolve) => setTimeout(resolve, 500))
  const { sql } = crowd.ground.database
  let statements = 0
  const counted = sql.getExecutor()
  const executed = counted.executeQuery.bind(counted)
  Reflect.set(counted, 'executeQuery', (...args: Parameters<typeof executed>) => {
    statements++
    return executed(...args)
  })
  await new Promise((resolve) => setTimeout(resolve, 3000))
  const idle = statements
  for (const id of ids) await crowd.develop(id, ['published'])
  for (const events of await Promise.all(reading)) assert.equal(events.at(-1)?.data.state, 'done')
  assert.ok(idle >= 2 && idle <= 5, `${idle} statements in three seconds`)
})
