// From a move to its receiver: what is told and to whom, and that it arrives at least once whatever fails in between. Endpoints that
// wear out are in endpoints.test.ts, many receivers at once in crowd.test.ts.
import assert from 'node:assert/strict'
import { after, beforeEach, describe, test } from 'node:test'
import { sql as raw } from 'kysely'
import { advance } from '../../src/advance.ts'
import { openCheckpoint } from '../../src/audit/checkpoint.ts'
import { verifierOf } from '../../src/audit/log-keys.ts'
import type { Ground } from '../../src/kernel/ground.ts'
import { claimDue, deliver } from '../../src/notify/deliver.ts'
import { replayDelivery } from '../../src/notify/history.ts'
import { cancelRequest, failRequest } from '../../src/outcome.ts'
import { queueRequest } from '../support/world.ts'
import { openReceiver, openTcp, verify } from './receiver.ts'
import { never, openTelling, tools } from './telling.ts'

const telling = await openTelling()
const { world, ground, tenantId, listen, cancelOne, deliverDue, setClock, deliveriesOf, endpointNow } = telling
beforeEach(telling.clear)
after(() => telling[Symbol.asyncDispose]())

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
        log_checkpoint: null,
      },
    })
    assert.match(heard.headers['webhook-id'] ?? '', /^msg_/)
    assert.equal(heard.headers['webhook-id'], other.heard[0]?.headers['webhook-id'])
    assert.equal(heard.headers['content-type'], 'application/json')
    assert.match(heard.headers['user-agent'] ?? '', /^Darkroom-Webhooks\//)
    assert.equal(await deliverDue(), 0, 'delivered once')
  })

  test('the newest checkpoint that was signed before the event rides along', async () => {
    await using receiver = await openReceiver()
    const { secret } = await listen(receiver.url)
    await world.growLog()
    const { tree_size: size } = await ground.database.sql
      .selectFrom('darkroom.log')
      .select('tree_size')
      .executeTakeFirstOrThrow()
    await cancelOne()
    await world.growLog()
    await deliverDue()
    const [heard] = receiver.heard
    assert.ok(heard)
    verify(secret, heard)
    const note: string = JSON.parse(heard.body).data.log_checkpoint
    const origin = 'darkroom.test/log'
    const checkpoint = openCheckpoint(Buffer.from(note), {
      origin,
      logKeys: [verifierOf(world.transparency.key, origin)],
    })
    assert.equal(checkpoint.size, Number(size))
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
        tenantId: tenantId,
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
    await cancelRequest(ground, tenantId, requestId)
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
    assert.notEqual((await endpointNow(endpoint.id)).failing_since, null)
    assert.equal(await deliverDue(), 0)
    failing = false
    await setClock(7)
    assert.equal(await deliverDue(), 1)
    ;[delivery] = await deliveriesOf(endpoint.id)
    assert.deepEqual([delivery?.state, delivery?.attempt, delivery?.last_status], ['delivered', 2, 200])
    assert.equal(delivery?.last_error_code, null)
    assert.equal((await endpointNow(endpoint.id)).failing_since, null)
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
    await replayDelivery(ground, tenantId, given?.id ?? '')
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
