// Endpoints that fail, turn private or are deleted while they are told, and the rotation and keeping of their secrets.
import assert from 'node:assert/strict'
import { after, beforeEach, describe, test } from 'node:test'
import { sql as raw } from 'kysely'
import { claimDue, deliver, sendTest, type WebhookTools } from '../../src/notify/deliver.ts'
import { changeEndpoint, deleteEndpoint, rotateSecret } from '../../src/notify/endpoints.ts'
import { replaySince } from '../../src/notify/history.ts'
import { openReceiver, verify } from './receiver.ts'
import { never, openTelling, tools } from './telling.ts'

const telling = await openTelling()
const { ground, tenantId, listen, cancelOne, deliverDue, setClock, deliveriesOf, endpointNow } = telling
beforeEach(telling.clear)
after(() => telling[Symbol.asyncDispose]())

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
    const now = await endpointNow(endpoint.id)
    assert.deepEqual([now.state, now.disabled_reason], ['disabled', 'gone'])
    assert.deepEqual(
      (await deliveriesOf(endpoint.id)).map(({ state }) => state),
      ['failed', 'failed'],
    )
    await cancelOne()
    assert.equal((await deliveriesOf(endpoint.id)).length, 2, 'a disabled endpoint is told nothing')
    await assert.rejects(replaySince(ground, now, new Date(0), false), /disabled/)
    status = 200
    const again = await changeEndpoint(ground, tools, { tenantId, keyId: null, personId: null }, endpoint.id, {
      state: 'enabled',
    })
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
    const state = async () => (await endpointNow(endpoint.id)).state
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
    assert.equal((await endpointNow(endpoint.id)).disabled_reason, 'failing')
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
    const [, requestId] = await Promise.all([
      deleteEndpoint(ground, { tenantId, keyId: null, personId: null }, endpoint.id),
      cancelOne(),
    ])
    assert.ok(requestId)
  })
})

describe('secrets', () => {
  test('during the overlap both secrets verify; afterwards the new one alone', async () => {
    await using receiver = await openReceiver()
    const { endpoint, secret } = await listen(receiver.url)
    const rotated = await rotateSecret(ground, tools, { tenantId, keyId: null, personId: null }, endpoint.id, 3600)
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
    const { secret: last } = await rotateSecret(
      ground,
      tools,
      { tenantId, keyId: null, personId: null },
      endpoint.id,
      0,
    )
    const result = await sendTest(ground, tools, tenantId, endpoint.id, never)
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
    assert.equal((await sendTest(ground, tools, tenantId, one.endpoint.id, never)).error, 'secret_unreadable')
  })
})
