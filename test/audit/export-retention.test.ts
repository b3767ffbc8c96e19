// How long exports are kept: the edge of their time, the log that says who took them away, and the meter of those that were given up.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql as raw } from 'kysely'
import { getBrief } from '../../src/audit/export-records.ts'
import { endExports, keptUntil } from '../../src/audit/export-retention.ts'
import { isFault } from '../../src/kernel/fault.ts'
import { openGauges } from '../../src/kernel/gauges.ts'
import { startExporter } from '../../workers/exporter.ts'
import { type ExportHouse, openExportHouse } from './export-house.ts'
import { rewriteMoves } from './log-house.ts'

const DAYS = 90

async function openFull(): Promise<ExportHouse> {
  const house = await openExportHouse()
  await house.log.say(20)
  await house.log.run()
  await house.pass('1 hour')
  return house
}

/** One that is given up, as its rows are not what the log signed. */
async function giveUp(house: ExportHouse): Promise<string> {
  const { database } = house.log
  await house.log.run()
  await rewriteMoves(database, raw`UPDATE darkroom.move SET facts = '{"i": -1}' WHERE log_index = 3`)
  const id = await house.order()
  await house.until('failed')
  await rewriteMoves(database, raw`UPDATE darkroom.move SET facts = '{"i": 3}' WHERE log_index = 3`)
  return id
}

const isThere = (house: ExportHouse, id: string) =>
  getBrief(house.log.database.sql, id).then(
    () => true,
    (error: unknown) => {
      assert.ok(isFault(error, 'not_found'))
      return false
    },
  )

test('an export that is made, or given up, is taken away when its time is over and no moment before, and the log says by whom', async () => {
  await using house = await openFull()
  const { database } = house.log
  const made = await house.order()
  await house.until('made')
  await house.pass('1 minute')
  const failed = await giveUp(house)
  const waiting = await house.order({ from: new Date(0), to: new Date(1000) })
  for (const id of [made, failed]) {
    const until = keptUntil(await getBrief(database.sql, id), DAYS)
    assert.ok(until !== null)
    await raw`UPDATE darkroom.clock_offset
                 SET by = by + (${until}::timestamptz - darkroom.now()) - interval '5 seconds'`.execute(database.sql)
    assert.equal(await endExports(database, DAYS), 0, 'five seconds before its end')
    await house.pass('5 seconds')
    assert.equal(await endExports(database, DAYS), 1)
    assert.equal(await isThere(house, id), false)
  }
  assert.ok(await isThere(house, waiting), 'what waits stays')
  const told = await database.sql
    .selectFrom('darkroom.move')
    .select(['subject_id', 'facts'])
    .where('kind', '=', 'audit.removed')
    .orderBy('id')
    .execute()
  assert.deepEqual(told, [
    { subject_id: made, facts: { by: { program: 'janitor' } } },
    { subject_id: failed, facts: { by: { program: 'janitor' } } },
  ])
  await house.until('removed')
  await house.until('removed')
  assert.equal(house.quarantine.size, 0, 'its objects too')
})

test('an export stays for good where its days are none, and has no end while it is worked on', async () => {
  await using house = await openFull()
  const { database } = house.log
  const waiting = await house.order({ from: new Date(0), to: new Date(1000) })
  assert.equal(keptUntil(await getBrief(database.sql, waiting), DAYS), null)
  await house.until('made')
  const brief = await getBrief(database.sql, waiting)
  assert.equal(keptUntil(brief, 0), null)
  assert.equal(keptUntil(brief, 1)?.getTime(), brief.due_at.getTime() + 86_400_000)
  assert.ok(Math.abs(brief.due_at.getTime() - (brief.done_at?.getTime() ?? 0)) < 1000, 'from when it was done')
  await house.pass('3000 days')
  assert.equal(await endExports(database, 0), 0)
  assert.ok(await isThere(house, waiting))
})

test('exports that were given up are counted by why until they are taken away', async () => {
  await using house = await openFull()
  const { database } = house.log
  const meter = async () => {
    const gauges = openGauges(database, async () => ({ tasks: 0, estimatedSeconds: 0, devices: 0 }))
    return (await gauges.metrics()).match(/^darkroom_audit_exports_failed\{.*$/gm)
  }
  assert.equal(await meter(), null)
  await giveUp(house)
  assert.deepEqual(await meter(), ['darkroom_audit_exports_failed{failure="log_inconsistent"} 1'])
  await house.pass('91 days')
  assert.equal(await endExports(database, DAYS), 1)
  assert.equal(await meter(), null)
})

test('the exporter of the janitor’s role takes away what is over, its objects too', async () => {
  await using house = await openFull()
  const { world, database } = house.log
  const id = await house.order()
  await house.until('made')
  await house.pass('90 days')
  const { quarantine, transparency } = house.tools
  await using _exporter = startExporter({ ...world.ground, quarantine }, transparency)
  await until(async () => house.quarantine.size === 0 && !(await isThere(house, id)), 'the export’s end')
  assert.deepEqual(await database.sql.selectFrom('darkroom.audit_export').select('id').execute(), [])
})

async function until(holds: () => Promise<boolean>, what: string): Promise<void> {
  for (const end = performance.now() + 20_000; !(await holds()); await new Promise(setImmediate))
    assert.ok(performance.now() < end, `never came: ${what}`)
}
