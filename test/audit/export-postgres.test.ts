// Exports on PostgreSQL, where transactions overlap: what was begun before the period ended may commit after it, and two workers really
// run at once.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { note } from '../../src/advance.ts'
import { runExport } from '../../src/audit/export-job.ts'
import { find } from '../../src/audit/find.ts'
import { askedByKey } from '../../src/audit/find-words.ts'
import { readLogHealth } from '../../src/audit/health.ts'
import { readHistory } from '../../src/audit/history.ts'
import { readConfig } from '../../src/kernel/config.ts'
import { openDatabase } from '../../src/kernel/database.ts'
import { withPostgres } from '../support/postgres.ts'
import { suiteOn } from '../support/services.ts'
import { queueRequest } from '../support/world.ts'
import { openExportHouse, verify } from './export-house.ts'
import { recordMoves } from './many-moves.ts'

suiteOn('exports on PostgreSQL', await withPostgres(), (postgres) => {
  const open = async () => {
    const { url, ...records } = await postgres.database()
    const database = await openDatabase({ url, home: null, poolSize: 8 })
    const house = await openExportHouse(20_000, { database })
    return Object.assign(house, {
      [Symbol.asyncDispose]: async () => {
        await database[Symbol.asyncDispose]()
        await records[Symbol.asyncDispose]()
      },
    })
  }

  test('a move of the period that commits after the period is in its export', async () => {
    await using house = await open()
    const { database, world } = house.log
    const [one, two] = world.tenants
    const [written, asked] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const late = database.transact(async (tx) => {
      await note(tx, one.id, 'policy.live', 'late', {})
      written.resolve()
      await asked.promise
    })
    await written.promise
    await database.transact((tx) => note(tx, two.id, 'policy.live', 'early', {}))
    const id = await house.order()
    await house.log.run()
    const pass = runExport(house.tools)
    assert.equal(await Promise.race([pass, new Promise((resolve) => setTimeout(resolve, 500, 'pending'))]), 'pending')
    asked.resolve()
    await late
    assert.equal(await pass, 'waits')
    await house.log.run()
    await house.pass('2 seconds')
    await house.until('made')
    const { failures, manifest } = await verify(await house.archive(id))
    assert.deepEqual([failures, manifest?.counts.opened], [[], 2])
  })

  test('three workers at once, whose leases run out all the time, make one archive of each export', async () => {
    await using house = await open()
    const tenants = house.log.world.tenants.map(({ id }) => id)
    await recordMoves(house.log.database, tenants, 600)
    await house.log.run()
    const ids = [
      await house.order(),
      await house.order({ kind: 'image.denied' }),
      await house.order({ parquet: false }),
    ]
    const work = async () => {
      for (let idle = 0; idle < 3; ) idle = (await runExport({ ...house.tools, leaseMs: 20 })) === 'idle' ? idle + 1 : 0
    }
    for (let done = 0; done < ids.length; ) {
      await Promise.all([work(), work(), work()])
      done = (await Promise.all(ids.map((id) => house.get(id)))).filter(({ state }) => state === 'done').length
    }
    for (const id of ids) assert.deepEqual((await verify(await house.archive(id))).failures, [])
    const told = await house.log.database.sql
      .selectFrom('darkroom.move')
      .select('subject_id')
      .where('kind', '=', 'audit.exported')
      .execute()
    assert.deepEqual(told.map(({ subject_id }) => subject_id).sort(), [...ids].sort())
  })

  test('how the log does, what an id leads to and what happened to it are read there too', async () => {
    await using house = await open()
    const { database, world, tools } = house.log
    const { sql } = database
    const { requestId } = await queueRequest(world, world.tenants[0])
    await house.log.run()
    const health = await readLogHealth({ sql, config: readConfig({}), transparency: tools })
    const moves = await sql.selectFrom('darkroom.move').select('id').execute()
    assert.deepEqual([health.tree.size, health.unsigned.moves, health.hours.length], [moves.length, 0, 24])
    const [finding] = await find(sql, askedByKey(requestId))
    assert.equal(finding?.request_id, requestId)
    const history = await readHistory(sql, requestId)
    assert.deepEqual(
      history.moves.map(({ place }) => place.index),
      moves.map((_, index) => index),
    )
    const ids = ['img', 'apl', 'rvw', 'sor'].map((prefix) => `${prefix}_${'0'.repeat(26)}`)
    for (const by of [...ids, 'urn:c2pa:ce38dec7-7ca3-4f0d-bb1a-9a4035064849', 'a'.repeat(64), '1.1bea6d89e8'])
      assert.deepEqual(await find(sql, askedByKey(by)), [], by)
  })
})
