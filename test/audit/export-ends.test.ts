// Exports that end otherwise than made: of rows that are wrong or too large, by a store that fails, taken away; and one key that orders one.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql as raw } from 'kysely'
import { note } from '../../src/advance.ts'
import { runExport } from '../../src/audit/export-job.ts'
import { getExport, orderExport, removeExport } from '../../src/audit/export-records.ts'
import { Fault, isFault } from '../../src/kernel/fault.ts'
import { openExportHouse, openFull, watched } from './export-house.ts'

const BY = { key: 'key_1', person: null }

test('rows that are not what the log signed are not exported, and it says so at once', async () => {
  await using house = await openFull(50)
  const { sql } = house.log.database
  await raw`ALTER TABLE darkroom.move DISABLE TRIGGER move_is_append_only`.execute(sql)
  await raw`UPDATE darkroom.move SET facts = '{"forged":true}' WHERE log_index = 7`.execute(sql)
  const id = await house.order()
  assert.equal(await runExport(house.tools), 'failed')
  const { state, failure, manifest } = await house.get(id)
  assert.deepEqual([state, failure, manifest], ['failed', 'log_inconsistent', null])
})

test('a row that is larger than others would read is not exported, and it says so at once', async () => {
  await using house = await openExportHouse()
  const { database, world } = house.log
  await database.transact((tx) =>
    note(tx, world.tenants[0].id, 'policy.live', 'large', { text: 'x'.repeat(1_100_000) }),
  )
  await house.log.run()
  const id = await house.order()
  assert.equal(await runExport(house.tools), 'failed')
  assert.deepEqual([(await house.get(id)).state, (await house.get(id)).failure], ['failed', 'too_large'])
})

test('a store that fails is tried again, and given up in the end', async () => {
  await using house = await openFull(20)
  const id = await house.order()
  const { quarantine } = watched(house, {
    before: async () => {
      throw new Fault('object_store_failed')
    },
  })
  let passes = 0
  for (; (await house.get(id)).state !== 'failed'; passes++) {
    assert.equal(await runExport({ ...house.tools, quarantine }), 'failed')
    await house.pass('10 minutes')
  }
  assert.deepEqual([passes, (await house.get(id)).failure], [5, 'object_store_failed'])
})

test('an export that is taken away is gone at once, its objects too, also while it is made', async () => {
  await using house = await openFull(200)
  const { database } = house.log
  const gone = async (id: string) => {
    await assert.rejects(getExport(database.sql, id), (error) => isFault(error, 'not_found'))
    await house.pass('2 minutes')
    await house.until('removed')
    assert.equal(house.quarantine.size, 0)
    assert.equal((await database.sql.selectFrom('darkroom.audit_export').select('id').execute()).length, 0)
  }
  const made = await house.order()
  await house.until('made')
  await database.transact((tx) => removeExport(tx, BY, made))
  await gone(made)
  const making = await house.order()
  await house.log.run()
  const { quarantine } = watched(house, {
    after: async (key) => {
      if (key.endsWith('rows-000001')) await database.transact((tx) => removeExport(tx, BY, making))
    },
  })
  assert.equal(await runExport({ ...house.tools, quarantine }), 'overtaken')
  assert.equal(house.quarantine.size, 0, 'who wrote them took them away')
  await gone(making)
  const failing = await house.order()
  await house.log.run()
  const broken = watched(house, {
    before: async () => {
      await database.transact((tx) => removeExport(tx, BY, failing))
      throw new Fault('object_store_failed')
    },
  })
  assert.equal(await runExport({ ...house.tools, quarantine: broken.quarantine }), 'overtaken')
  await gone(failing)
  const told = await database.sql
    .selectFrom('darkroom.move')
    .select('subject_id')
    .where('kind', '=', 'audit.removed')
    .execute()
  assert.deepEqual(
    told.map(({ subject_id }) => subject_id),
    [made, making, failing],
  )
})

test('one key orders one export, however often it is sent, and not another', async () => {
  await using house = await openFull(5)
  const asked = {
    from: new Date(0),
    to: new Date(1000),
    tenant: null,
    kind: null,
    subject: null,
    csv: false,
    parquet: false,
  }
  const send = (orderDigest: string) =>
    house.log.database.transact((tx) => orderExport(tx, BY, asked, { key: 'k', orderDigest }))
  const { id } = await send('a')
  assert.deepEqual(await send('a'), { id, replayed: true })
  await assert.rejects(send('b'), (error) => isFault(error, 'conflict') && error.field === 'idempotency-key')
})
