// Webhooks on PostgreSQL, where several processes claim, move, delete and record at the same time. Needs PostgreSQL 15.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql as raw } from 'kysely'
import { openDatabase } from '../../src/kernel/database.ts'
import { claimDeliveries } from '../../src/notify/claims.ts'
import { claimDue, deliver, type WebhookTools } from '../../src/notify/deliver.ts'
import { changeEndpoint, createEndpoint, deleteEndpoint } from '../../src/notify/endpoints.ts'
import { cancelRequest } from '../../src/outcome.ts'
import { startNotifier } from '../../workers/notifier.ts'
import { withPostgres } from '../support/postgres.ts'
import { suiteOn } from '../support/services.ts'
import { openWorld, queueRequest } from '../support/world.ts'
import { LOOPBACK, openReceiver } from './receiver.ts'

const tools: WebhookTools = { key: Buffer.alloc(32, 3), resolve: async () => ['127.0.0.1'] }
const env = { ...LOOPBACK, DARKROOM_WEBHOOK_POLL_MS: '50', DARKROOM_WEBHOOK_TIMEOUT_MS: '2000' }

suiteOn('webhooks on PostgreSQL', await withPostgres(), (postgres) => {
  test('two processes deliver each message once between them, and no move waits in a circle with them', async () => {
    await using place = await postgres.database()
    const database = await openDatabase({ url: place.url, home: null })
    await using world = await openWorld({ database, env })
    const { ground } = world
    const tenantId = world.tenants[0].id
    await using receiver = await openReceiver()
    await createEndpoint(
      ground,
      tools,
      { tenantId, keyId: null, personId: null },
      { url: receiver.url, events: ['*'], description: '' },
    )
    const passing = await createEndpoint(
      ground,
      tools,
      { tenantId, keyId: null, personId: null },
      { url: receiver.url, events: ['*'], description: '' },
    )
    await using _one = startNotifier(ground, tools)
    await using _other = startNotifier(ground, tools)
    const requests = await Promise.all(Array.from({ length: 30 }, () => queueRequest(world, world.tenants[0])))
    await Promise.all([
      ...requests.map(({ requestId }) => cancelRequest(ground, tenantId, requestId)),
      changeEndpoint(ground, tools, { tenantId, keyId: null, personId: null }, passing.endpoint.id, {
        state: 'disabled',
      }).then(() => deleteEndpoint(ground, { tenantId, keyId: null, personId: null }, passing.endpoint.id)),
    ])
    const pending = async () =>
      (await database.sql.selectFrom('darkroom.webhook_delivery').select('id').where('state', '=', 'pending').execute())
        .length
    while ((await pending()) > 0) await new Promise((done) => setTimeout(done, 20))
    const deliveries = await database.sql.selectFrom('darkroom.webhook_delivery').selectAll().execute()
    assert.equal(deliveries.length, 30)
    for (const { state, attempt } of deliveries) assert.deepEqual([state, attempt], ['delivered', 1])
    const kept = new Set(deliveries.map(({ message_id: id }) => id))
    const told = receiver.heard.map(({ headers }) => headers['webhook-id'] ?? '').filter((id) => kept.has(id))
    assert.equal(new Set(told).size, 30)
  })

  test('a lease is taken by one of many, and a claim of few among many waiting reads few', async () => {
    await using place = await postgres.database()
    const database = await openDatabase({ url: place.url, home: null })
    await using world = await openWorld({ database, env })
    const { ground } = world
    const tenantId = world.tenants[0].id
    const { endpoint } = await createEndpoint(
      ground,
      tools,
      { tenantId, keyId: null, personId: null },
      {
        url: 'http://127.0.0.1:9999/',
        events: ['*'],
        description: '',
      },
    )
    await raw`
      WITH message AS (
        INSERT INTO darkroom.webhook_message (id, tenant_id, kind, subject, subject_id, body)
        SELECT 'msg_' || n, ${tenantId}, 'image.failed', 'image', 'img', '{}' FROM generate_series(1, 20000) AS n RETURNING id)
      INSERT INTO darkroom.webhook_delivery (id, message_id, endpoint_id, runnable_at)
      SELECT 'dlv_' || id, id, ${endpoint.id}, now() + CASE WHEN id LIKE '%00' THEN interval '-1 hour' ELSE interval '1 hour' END
        FROM message`.execute(database.sql)
    await raw`ANALYZE darkroom.webhook_delivery`.execute(database.sql)
    const order = { limit: 4, perEndpoint: 200, failing: false, leaseMs: 60_000 }
    const rounds = await Promise.all(Array.from({ length: 10 }, () => claimDeliveries(database.sql, order)))
    const ids = rounds.flat().map(({ deliveryId }) => deliveryId)
    assert.ok(ids.length >= 4)
    assert.equal(new Set(ids).size, ids.length, 'nothing was claimed twice')
    const started = performance.now()
    for (let i = 0; i < 20; i++) await claimDue(ground, 4, 4)
    const eachMs = (performance.now() - started) / 20
    assert.ok(eachMs < 50, `${eachMs.toFixed(1)} ms a claim with 20,000 waiting`)
  })

  test('an attempt that was recorded by its successor is not recorded again', async () => {
    await using place = await postgres.database()
    const database = await openDatabase({ url: place.url, home: null })
    await using world = await openWorld({ database, env })
    const { ground } = world
    const tenantId = world.tenants[0].id
    await using receiver = await openReceiver((_, response) => void response.writeHead(500).end())
    await createEndpoint(
      ground,
      tools,
      { tenantId, keyId: null, personId: null },
      { url: receiver.url, events: ['*'], description: '' },
    )
    const { requestId } = await queueRequest(world, world.tenants[0])
    await cancelRequest(ground, tenantId, requestId)
    const [first] = await claimDue(ground, 1, 1)
    assert.ok(first)
    await raw`UPDATE darkroom.clock_offset SET by = interval '1 minute'`.execute(database.sql)
    const [second] = await claimDue(ground, 1, 1)
    assert.ok(second)
    await deliver(ground, tools, first, new AbortController().signal)
    const row = await database.sql.selectFrom('darkroom.webhook_delivery').selectAll().executeTakeFirstOrThrow()
    assert.deepEqual([row.state, row.attempt, row.last_status], ['pending', 2, null])
    assert.notEqual(row.lease_until, null)
  })
})
