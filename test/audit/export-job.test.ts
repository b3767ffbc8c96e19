// Who makes exports may be killed, overtaken or told to stop, and the log may lag behind: there is one archive in the end, the same one.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql as raw } from 'kysely'
import { runExport } from '../../src/audit/export-job.ts'
import { Fault } from '../../src/kernel/fault.ts'
import { openExportHouse, openFull, verify, watched } from './export-house.ts'
import { recordMoves } from './many-moves.ts'

/** As when the process ends: nothing more of it is heard, and its lease runs out. */
class Killed extends Error {}
const dies = {
  log: {
    error: () => {
      throw new Killed()
    },
  },
}

test('a worker that is killed is followed by one that goes on after the last part', async () => {
  await using house = await openFull(400)
  const id = await house.order()
  const whole = watched(house, {})
  await house.until('made', { quarantine: whole.quarantine })
  const first = await house.archive(id)
  const rows = whole.put.filter((one) => one.startsWith('rows')).length
  assert.ok(rows >= 8, `${rows} parts`)

  const second = await house.order({ to: (await house.get(id)).period_to })
  for (const fatal of ['rows-000002', 'csv-000003', 'rows-000005', 'parquet-000000'])
    for (const when of ['before', 'after'] as const) {
      let alive = true
      const stop = async (key: string) => {
        if (alive && key.endsWith(fatal)) {
          alive = false
          throw new Fault('object_store_failed')
        }
      }
      const { quarantine } = watched(house, { [when]: stop })
      const log = { ...house.tools.log, ...dies.log }
      await assert.rejects(runExport({ ...house.tools, quarantine, log }), Killed)
      assert.equal(await runExport(house.tools), 'idle', 'it is held until the lease runs out')
      await raw`UPDATE darkroom.audit_export SET due_at = darkroom.now()`.execute(house.log.database.sql)
    }
  const last = watched(house, {})
  await house.until('made', { quarantine: last.quarantine })
  assert.deepEqual(last.put, ['parquet-000000 exists'], 'everything was there')
  const [one, two] = [await verify(first), await verify(await house.archive(second))]
  assert.deepEqual([two.failures, two.code], [[], 0])
  assert.deepEqual(two.manifest?.files, one.manifest?.files, 'byte by byte the same')
})

test('a process that is to end leaves what is written, and another goes on at once', async () => {
  await using house = await openFull(200)
  const id = await house.order()
  const stop = new AbortController()
  const { quarantine } = watched(house, {
    after: async (key) => {
      if (key.endsWith('rows-000001')) stop.abort()
    },
  })
  assert.equal(await runExport({ ...house.tools, quarantine, stopping: stop.signal }), 'stopped')
  const last = watched(house, {})
  assert.equal(await runExport({ ...house.tools, quarantine: last.quarantine }), 'made')
  assert.equal(last.put[0], 'rows-000001 exists')
  assert.deepEqual((await verify(await house.archive(id))).failures, [])
})

test('an export is held for as long as it takes to read it back, however small its parts are', async () => {
  await using house = await openFull(200)
  await house.order()
  let reads = 0
  const quarantine = {
    ...house.tools.quarantine,
    get: async (key: string) => {
      const object = await house.tools.quarantine.get(key)
      await house.pass('40 seconds')
      assert.equal(await runExport(house.tools), 'idle', 'nobody else takes it')
      reads += 1
      return object
    },
  }
  assert.equal(await runExport({ ...house.tools, quarantine }), 'made')
  assert.ok(reads > 10, `${reads} reads`)
})

test('two workers at once make one archive, and it is told once', async () => {
  await using house = await openFull(200)
  const id = await house.order()
  let overtaken = false
  const { quarantine, put } = watched(house, {
    after: async (key) => {
      if (!key.endsWith('rows-000002') || overtaken) return
      overtaken = true
      await raw`UPDATE darkroom.audit_export SET due_at = darkroom.now()`.execute(house.log.database.sql)
      assert.equal(await runExport(house.tools), 'made')
    },
  })
  assert.equal(await runExport({ ...house.tools, quarantine }), 'overtaken')
  assert.equal(put.at(-1), 'csv-000002 exists', 'who was overtaken goes no further')
  assert.deepEqual((await verify(await house.archive(id))).failures, [])
  const told = await house.log.database.sql
    .selectFrom('darkroom.move')
    .select('id')
    .where('kind', '=', 'audit.exported')
    .execute()
  assert.equal(told.length, 1)
  assert.equal(await runExport(house.tools), 'idle')
})

test('who was overtaken counts nothing, though who overtook it is not done either', async () => {
  await using house = await openFull(200)
  const id = await house.order()
  const stop = new AbortController()
  const other = watched(house, { after: async () => stop.abort() })
  let overtaken = false
  const { quarantine } = watched(house, {
    after: async (key) => {
      if (!key.endsWith('rows-000002') || overtaken) return
      overtaken = true
      await raw`UPDATE darkroom.audit_export SET due_at = darkroom.now()`.execute(house.log.database.sql)
      const tools = { ...house.tools, quarantine: other.quarantine, stopping: stop.signal }
      assert.equal(await runExport(tools), 'stopped')
      assert.deepEqual([(await house.get(id)).parts.length, other.put], [2, ['rows-000002 exists']])
    },
  })
  assert.equal(await runExport({ ...house.tools, quarantine }), 'overtaken')
  assert.equal((await house.get(id)).parts.length, 2, 'the part is there, and who holds the export will count it')
  await house.until('made')
  assert.deepEqual((await verify(await house.archive(id))).failures, [])
})

test('an export waits until the log has every move of its period, and other exports do not wait for it', async () => {
  await using house = await openFull(20)
  const early = await house.order()
  await house.log.say(5)
  await house.pass('1 hour')
  const late = await house.order()
  await house.until('made')
  assert.deepEqual([(await house.get(early)).state, (await house.get(late)).state], ['done', 'waiting'])
  for (let pass = 0; pass < 3; pass++) {
    await house.pass('2 seconds')
    assert.equal(await runExport(house.tools), 'waits')
  }
  await house.log.run()
  await house.pass('2 seconds')
  await house.until('made')
  const { manifest, failures } = await verify(await house.archive(late))
  assert.deepEqual([failures, manifest?.counts.kinds['policy.live']], [[], 5])
})

test('an export of 20,000 moves holds no more of them than a part at once', async () => {
  await using house = await openExportHouse(1_000_000)
  await recordMoves(
    house.log.database,
    house.log.world.tenants.map(({ id }) => id),
    20_000,
    { factBytes: 400 },
  )
  await house.log.run({ atMost: 4096 })
  await house.pass('1 hour')
  const id = await house.order()
  let most = 0
  globalThis.gc?.()
  const before = process.memoryUsage().heapUsed
  const look = async () => {
    most = Math.max(most, process.memoryUsage().heapUsed - before)
  }
  const { quarantine } = watched(house, { after: look })
  await house.until('made', { quarantine })
  const parts = (await house.get(id)).parts
  assert.ok(parts.length > 10 && parts.every(({ sizeBytes }) => sizeBytes < 1_100_000), `${parts.length} parts`)
  assert.ok(most < 150_000_000, `${most} bytes`)
  const bytes = await house.archive(id)
  const { failures, manifest } = await verify(bytes)
  assert.deepEqual([failures, manifest?.counts.opened], [[], 20_000])
})
