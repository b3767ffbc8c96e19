// From a move to its receiver: what is told, how it is signed, and what happens when a process, a receiver or an endpoint fails.
import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { sql as raw } from 'kysely'
import { advance } from '../../src/advance.ts'
import type { Ground } from '../../src/kernel/ground.ts'
import { claimDue, deliver, sendTest, type WebhookTools } from '../../src/notify/deliver.ts'
import {
  changeEndpoint,
  createEndpoint,
  deleteEndpoint,
  getEndpoint,
  rotateSecret,
} from '../../src/notify/endpoints.ts'
import { listDeliveries, pruneWebhooks, replayDelivery, replaySince } from '../../src/notify/history.ts'
import { cancelRequest, failRequest } from '../../src/outcome.ts'
import { startNotifier } from '../../workers/notifier.ts'
import { openWorld, queueRequest, type World } from '../support/world.ts'
import { LOOPBACK, openReceiver, openTcp, verify } from './receiver.ts'

const tools: WebhookTools = { key: Buffer.alloc(32, 3), resolve: async () => ['127.0.0.1'] }
const never = new AbortController().signal
let world: World
let ground: Ground

before(async () => {
  world = await openWorld({ env: { ...LOOPBACK, DARKROOM_WEBHOOK_TIMEOUT_MS: '400', DARKROOM_WEBHOOK_POLL_MS: '50' } })
  ground = world.ground
})
after(() => world[Symbol.asyncDispose]())
beforeEach(async () => {
  await ground.database.sql.deleteFrom('darkroom.webhook_endpoint').execute()
  await ground.database.sql.deleteFrom('darkroom.webhook_message').execute()
  await setClock(0)
})

const mine = () => world.tenants[0].id

function listen(url: string, events = ['*'], tenantId = mine()) {
  return createEndpoint(ground, tools, tenantId, { url, events, description: '' })
}

/** Cancels a fresh request of one image: one event. */
async function cancelOne(tenant = world.tenants[0]) {
  const { requestId } = await queueRequest(world, tenant)
  await cancelRequest(ground, tenant.id, requestId)
  return requestId
}

/** Attempts all that is due, once. */
async function deliverDue(): Promise<number> {
  const claims = await claimDue(ground, 100, 100)
  await Promise.all(claims.map((claimed) => deliver(ground, tools, claimed, never)))
  return claims.length
}

async function setClock(seconds: number) {
  await raw`UPDATE darkroom.clock_offset SET by = ${seconds} * interval '1 second'`.execute(ground.database.sql)
}

async function deliveriesOf(endpointId: string) {
  return (await listDeliveries(ground.database.sql, endpointId, { limit: 100, after: null, state: null })).deliveries
}

describe('what is told', () => {
  test('a move becomes one message for each endpoint that asked for it, signed so that the official package agrees', async () => {
    await using receiver = await openReceiver()
    await using other = await openReceiver()
    const { secret } = await listen(receiver.url, ['generation.cancelled'])
    const all = await listen(other.url)
    await listen(receiver.url, ['image.published'])
    const requestId = await cancelOne()
    assert.equal(await deliverDue(), 2)
    assert.equal(receiver.heard.length, 1)
    const heard = receiver.heard[0]
    assert.ok(heard)
    const body = verify(secret, heard)
    assert.throws(() => verify(all.secret, heard))
    assert.deepEqual(body, {
      type: 'generation.cancelled',
      timestamp: JSON.parse(heard.body).timestamp,
      data: {
        id: requestId,
        object: 'generation',
        state: 'cancelled',
        outcome: null,
        failure: null,
        statement_id: null,
        request_id: requestId,
        url: `/v1/generations/${requestId}`,
      },
    })
    assert.match(heard.headers['webhook-id'] ?? '', /^msg_/)
    assert.equal(heard.headers['webhook-id'], other.heard[0]?.headers['webhook-id'])
    assert.equal(heard.headers['content-type'], 'application/json')
    assert.match(heard.headers['user-agent'] ?? '', /^Darkroom-Webhooks\//)
    assert.equal(await deliverDue(), 0, 'delivered once')
  })

  test('failures carry their reason, images their request; nothing carries a prompt', async () => {
    await using receiver = await openReceiver()
    await listen(receiver.url)
    const { requestId, imageIds } = await queueRequest(world, world.tenants[0])
    await ground.database.transact((tx) => failRequest(tx, requestId, 'out_of_memory'))
    await deliverDue()
    const bodies = receiver.heard.map(({ body }) => JSON.parse(body))
    assert.deepEqual(bodies.map(({ type }) => type).sort(), ['generation.failed', 'image.failed'])
    for (const { data } of bodies) {
      assert.equal(data.failure, 'out_of_memory')
      assert.equal(data.request_id, requestId)
    }
    const image = bodies.find(({ type }) => type === 'image.failed')
    assert.equal(image.data.id, imageIds[0])
    assert.equal(image.data.url, `/v1/images/${imageIds[0]}`)
    for (const { body } of receiver.heard) assert.doesNotMatch(body, /boat|prompt/)
  })

  test('a move that is undone tells nobody, and another tenant hears nothing', async () => {
    await using receiver = await openReceiver()
    await listen(receiver.url, ['*'], world.tenants[1].id)
    await cancelOne()
    assert.equal(await deliverDue(), 0)
    await listen(receiver.url)
    const { requestId } = await queueRequest(world, world.tenants[0])
    const undone = ground.database.transact(async (tx) => {
      const move = {
        subject: 'request',
        id: requestId,
        tenantId: mine(),
        from: 'queued',
        version: 0,
        facts: {},
      } as const
      await advance(tx, { ...move, to: 'cancelled' })
      throw new Error('undone')
    })
    await assert.rejects(undone, /undone/)
    assert.equal(await deliverDue(), 0)
  })

  test('a tenant without endpoints costs one read on an event and nothing on admission', async () => {
    const { requestId } = await queueRequest(world, world.tenants[0])
    await cancelRequest(ground, mine(), requestId)
    const { rows } = await raw<{ n: string }>`SELECT count(*) AS n FROM darkroom.webhook_message`.execute(
      ground.database.sql,
    )
    assert.equal(rows[0]?.n, '0')
  })
})

describe('at least once', () => {
  test('a process that dies after sending and before recording sends again, under the same id', async () => {
    await using receiver = await openReceiver()
    const { endpoint, secret } = await listen(receiver.url)
    await cancelOne()
    const [claimed] = await claimDue(ground, 10, 10)
    assert.ok(claimed)
    const dying: Ground = {
      ...ground,
      database: {
        ...ground.database,
        get sql(): Ground['database']['sql'] {
          if (receiver.heard.length > 0) throw new Error('the process died')
          return ground.database.sql
        },
      },
    }
    await assert.rejects(deliver(dying, tools, claimed, never), /died/)
    assert.equal(await deliverDue(), 0, 'its lease still holds')
    await setClock(60)
    assert.equal(await deliverDue(), 1)
    assert.equal(receiver.heard.length, 2)
    assert.equal(receiver.heard[0]?.headers['webhook-id'], receiver.heard[1]?.headers['webhook-id'])
    assert.equal(receiver.heard[0]?.body, receiver.heard[1]?.body)
    for (const heard of receiver.heard) verify(secret, heard)
    // The first one wakes up after all: its record counts for nothing.
    await deliver(ground, tools, claimed, never)
    const [delivery] = await deliveriesOf(endpoint.id)
    assert.equal(delivery?.state, 'delivered')
    assert.equal(delivery?.attempt, 2)
  })

  test('a failed attempt is tried again after its delay, with the same id and a fresh time, until it arrives', async () => {
    let failing = true
    await using receiver = await openReceiver((_, response) => void response.writeHead(failing ? 500 : 200).end())
    const { endpoint } = await listen(receiver.url)
    await cancelOne()
    assert.equal(await deliverDue(), 1)
    let [delivery] = await deliveriesOf(endpoint.id)
    assert.deepEqual(
      [delivery?.state, delivery?.last_status, delivery?.last_error_code],
      ['pending', 500, 'status_refused'],
    )
    assert.notEqual((await getEndpoint(ground.database.sql, mine(), endpoint.id)).failing_since, null)
    assert.equal(await deliverDue(), 0)
    failing = false
    await setClock(7)
    assert.equal(await deliverDue(), 1)
    ;[delivery] = await deliveriesOf(endpoint.id)
    assert.deepEqual([delivery?.state, delivery?.attempt, delivery?.last_status], ['delivered', 2, 200])
    assert.equal(delivery?.last_error_code, null)
    assert.equal((await getEndpoint(ground.database.sql, mine(), endpoint.id)).failing_since, null)
  })

  test('a receiver that says when is believed', async () => {
    await using receiver = await openReceiver(
      (_, response) => void response.writeHead(503, { 'retry-after': '3600' }).end(),
    )
    await listen(receiver.url)
    await cancelOne()
    await deliverDue()
    await setClock(3590)
    assert.equal(await deliverDue(), 0)
    await setClock(3600 * 1.2 + 10)
    assert.equal(await deliverDue(), 1)
  })

  test('after a day of failures it is given up, and a replay begins again under the same id', async () => {
    let status = 500
    await using receiver = await openReceiver((_, response) => void response.writeHead(status).end())
    const { endpoint } = await listen(receiver.url)
    await cancelOne()
    let attempts = 0
    for (let seconds = 0; seconds < 30 * 3600; seconds += 600) {
      await setClock(seconds)
      attempts += await deliverDue()
    }
    const [given] = await deliveriesOf(endpoint.id)
    assert.equal(given?.state, 'given_up')
    assert.ok(attempts >= 9 && attempts <= 13, `${attempts} attempts`)
    status = 200
    await replayDelivery(ground, mine(), given?.id ?? '')
    assert.equal(await deliverDue(), 1)
    assert.equal(receiver.heard.at(-1)?.headers['webhook-id'], receiver.heard[0]?.headers['webhook-id'])
    assert.equal((await deliveriesOf(endpoint.id))[0]?.state, 'delivered')
  })

  test('a drain gives an attempt back, uncounted', async () => {
    await using silent = await openTcp(() => undefined)
    const { endpoint } = await listen(silent.url)
    await cancelOne()
    const [claimed] = await claimDue(ground, 10, 10)
    assert.ok(claimed)
    await deliver(ground, tools, claimed, AbortSignal.abort())
    const [delivery] = await deliveriesOf(endpoint.id)
    assert.deepEqual([delivery?.state, delivery?.attempt], ['pending', 0])
    assert.equal((await claimDue(ground, 10, 10)).length, 1)
  })
})

describe('endpoints that fail', () => {
  test('410 disables the endpoint at once; what waited can be replayed when it is enabled again', async () => {
    let status = 410
    await using receiver = await openReceiver((_, response) => void response.writeHead(status).end())
    const { endpoint } = await listen(receiver.url)
    await cancelOne()
    await cancelOne()
    const [first] = await claimDue(ground, 1, 1)
    assert.ok(first)
    await deliver(ground, tools, first, never)
    const now = await getEndpoint(ground.database.sql, mine(), endpoint.id)
    assert.deepEqual([now.state, now.disabled_reason], ['disabled', 'gone'])
    assert.deepEqual(
      (await deliveriesOf(endpoint.id)).map(({ state }) => state),
      ['failed', 'failed'],
    )
    await cancelOne()
    assert.equal((await deliveriesOf(endpoint.id)).length, 2, 'a disabled endpoint is told nothing')
    await assert.rejects(replaySince(ground, now, new Date(0), false), /disabled/)
    status = 200
    const again = await changeEndpoint(ground, tools, mine(), endpoint.id, { state: 'enabled' })
    assert.deepEqual(await replaySince(ground, again, new Date(0), false), { replayed: 2, complete: true })
    assert.equal(await deliverDue(), 2)
    assert.deepEqual(await replaySince(ground, again, new Date(0), false), { replayed: 0, complete: true })
    assert.deepEqual(await replaySince(ground, again, new Date(0), true), { replayed: 2, complete: true })
    const { rows } = await raw<{ kind: string; facts: unknown }>`
      SELECT kind, facts FROM darkroom.move WHERE subject = 'note' AND subject_id = ${endpoint.id} ORDER BY id`.execute(
      ground.database.sql,
    )
    assert.deepEqual(
      rows.map(({ kind }) => kind),
      ['webhook.created', 'webhook.disabled', 'webhook.changed'],
    )
    assert.doesNotMatch(JSON.stringify(rows), /127\.0\.0\.1|hook"/, 'notes do not say the address')
  })

  test('an endpoint that only fails for days is disabled; one success in between starts the count again', async () => {
    let status = 500
    await using receiver = await openReceiver((_, response) => void response.writeHead(status).end())
    const { endpoint } = await listen(receiver.url)
    const state = async () => (await getEndpoint(ground.database.sql, mine(), endpoint.id)).state
    const day = async (n: number) => {
      await setClock(n * 86_400)
      await cancelOne()
      await deliverDue()
    }
    for (const n of [0, 1, 2, 3]) await day(n)
    status = 200
    await day(4)
    status = 500
    for (const n of [5, 6, 7, 8, 9]) await day(n)
    assert.equal(await state(), 'enabled')
    await day(10.1)
    assert.equal(await state(), 'disabled')
    assert.equal((await getEndpoint(ground.database.sql, mine(), endpoint.id)).disabled_reason, 'failing')
  })

  test('a name that turns private is refused at delivery, and nobody is called', async () => {
    await using receiver = await openReceiver()
    const { endpoint } = await listen(`http://hook.example:${receiver.port}/`)
    await cancelOne()
    const rebound: WebhookTools = { ...tools, resolve: async () => ['169.254.169.254'] }
    const [claimed] = await claimDue(ground, 1, 1)
    assert.ok(claimed)
    await deliver(ground, rebound, claimed, never)
    assert.equal((await deliveriesOf(endpoint.id))[0]?.last_error_code, 'address_refused')
    assert.equal(receiver.heard.length, 0)
  })

  test('with another key the secret cannot be opened: the delivery waits, and nothing is sent unsigned', async () => {
    await using receiver = await openReceiver()
    const { endpoint } = await listen(receiver.url)
    await cancelOne()
    const [claimed] = await claimDue(ground, 1, 1)
    assert.ok(claimed)
    await deliver(ground, { ...tools, key: Buffer.alloc(32, 4) }, claimed, never)
    const [delivery] = await deliveriesOf(endpoint.id)
    assert.deepEqual([delivery?.state, delivery?.last_error_code], ['pending', 'secret_unreadable'])
    assert.equal(receiver.heard.length, 0)
  })

  test('deleting an endpoint while it is told of moves never fails a move', async () => {
    const { endpoint } = await listen('http://127.0.0.1:9999/')
    const [, requestId] = await Promise.all([deleteEndpoint(ground, mine(), endpoint.id), cancelOne()])
    assert.ok(requestId)
  })
})

describe('secrets', () => {
  test('during the overlap both secrets verify; afterwards the new one alone', async () => {
    await using receiver = await openReceiver()
    const { endpoint, secret } = await listen(receiver.url)
    const rotated = await rotateSecret(ground, tools, mine(), endpoint.id, 3600)
    assert.notEqual(rotated.secret, secret)
    await cancelOne()
    await deliverDue()
    const during = receiver.heard[0]
    assert.ok(during)
    verify(secret, during)
    verify(rotated.secret, during)
    await setClock(3700)
    await cancelOne()
    await deliverDue()
    const afterwards = receiver.heard[1]
    assert.ok(afterwards)
    assert.throws(() => verify(secret, afterwards))
    verify(rotated.secret, afterwards)
    const { secret: last } = await rotateSecret(ground, tools, mine(), endpoint.id, 0)
    const result = await sendTest(ground, tools, mine(), endpoint.id, never)
    assert.equal(result.error, null)
    const tested = receiver.heard[2]
    assert.ok(tested)
    verify(last, tested)
    assert.throws(() => verify(rotated.secret, tested))
  })

  test('secrets are not readable in the records, and a row copied to another endpoint opens nothing', async () => {
    const one = await listen('http://127.0.0.1:9999/')
    const other = await listen('http://127.0.0.1:9999/')
    const rows = await ground.database.sql.selectFrom('darkroom.webhook_endpoint').select(['id', 'secret']).execute()
    for (const row of rows) assert.ok(!Buffer.from(row.secret).includes('whsec_'))
    await raw`UPDATE darkroom.webhook_endpoint SET secret = (SELECT secret FROM darkroom.webhook_endpoint WHERE id = ${other.endpoint.id})
               WHERE id = ${one.endpoint.id}`.execute(ground.database.sql)
    assert.equal((await sendTest(ground, tools, mine(), one.endpoint.id, never)).error, 'secret_unreadable')
  })
})

describe('many at once', () => {
  test('a receiver that never answers does not keep the others waiting', async () => {
    await using silent = await openTcp(() => undefined)
    await using quick = await openReceiver()
    await listen(silent.url)
    for (let i = 0; i < 40; i++) await cancelOne()
    await listen(quick.url, ['*'], world.tenants[1].id)
    for (let i = 0; i < 10; i++) await cancelOne(world.tenants[1])
    const started = performance.now()
    await using _notifier = startNotifier(ground, tools)
    while (quick.heard.length < 10 && performance.now() - started < 5000)
      await new Promise((done) => setTimeout(done, 10))
    const tookMs = performance.now() - started
    assert.equal(quick.heard.length, 10)
    assert.ok(tookMs < 2000, `${tookMs} ms`)
  })

  test('one endpoint gets a few attempts at a time, and one that fails a single one', async () => {
    const { endpoint } = await listen('http://127.0.0.1:9999/')
    for (let i = 0; i < 10; i++) await cancelOne()
    assert.equal((await claimDue(ground, 100, 100)).length, 4)
    assert.equal((await claimDue(ground, 100, 100)).length, 0)
    await setClock(60)
    await raw`UPDATE darkroom.webhook_endpoint SET failing_since = darkroom.now() WHERE id = ${endpoint.id}`.execute(
      ground.database.sql,
    )
    assert.equal((await claimDue(ground, 100, 0)).length, 0)
    assert.equal((await claimDue(ground, 100, 100)).length, 1)
    assert.equal((await claimDue(ground, 100, 100)).length, 0)
  })
})

test('messages are forgotten after their days, but not while a delivery waits', async () => {
  await using receiver = await openReceiver()
  const { endpoint } = await listen(receiver.url)
  await cancelOne()
  await deliverDue()
  await setClock(10 * 86_400)
  await cancelOne()
  await setClock(31 * 86_400)
  assert.equal(await pruneWebhooks(ground), 1)
  assert.equal((await deliveriesOf(endpoint.id)).length, 1)
  await setClock(50 * 86_400)
  assert.equal(await pruneWebhooks(ground), 0)
})
