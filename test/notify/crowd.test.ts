// Many receivers and many messages at once: none keeps the others waiting, each endpoint has its few attempts, and old messages are
// forgotten.
import assert from 'node:assert/strict'
import { after, beforeEach, describe, test } from 'node:test'
import { sql as raw } from 'kysely'
import { claimDue } from '../../src/notify/deliver.ts'
import { pruneWebhooks } from '../../src/notify/history.ts'
import { startNotifier } from '../../workers/notifier.ts'
import { openReceiver, openTcp } from './receiver.ts'
import { openTelling, tools } from './telling.ts'

const telling = await openTelling()
const { world, ground, listen, cancelOne, deliverDue, setClock, deliveriesOf } = telling
beforeEach(telling.clear)
after(() => telling[Symbol.asyncDispose]())

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
