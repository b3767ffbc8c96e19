// How the log does: what is read of the records, what is called not well and from when on, and that its words are those of the alerts.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { sql as raw } from 'kysely'
import { parse } from 'yaml'
import { note } from '../../src/advance.ts'
import { type HealthTools, type LogHealth, readLogHealth } from '../../src/audit/health.ts'
import { ALERTS, problemsOf } from '../../src/audit/health-problems.ts'
import { verifierKeyOf } from '../../src/audit/log-keys.ts'
import { logPage } from '../../src/console/pages/audit/log.ts'
import { sha256 } from '../../src/kernel/canonical.ts'
import { readConfig } from '../../src/kernel/config.ts'
import { KEY, type LogHouse, ORIGIN, openLogHouse } from './log-house.ts'
import { openWitnessHouse } from './witness-house.ts'

const CONFIG = readConfig({})
const toolsOf = ({ database, tools }: LogHouse, more: Partial<HealthTools['config']> = {}): HealthTools => ({
  sql: database.sql,
  config: { ...CONFIG, ...more },
  transparency: tools,
})
const pass = ({ database }: LogHouse, time: string) =>
  raw`UPDATE darkroom.clock_offset SET by = by + ${time}::interval`.execute(database.sql)
const alertsOf = (health: LogHealth) => problemsOf(health).map(({ alert }) => alert)

test('a log that is empty and one that grows are told with their key, tree, hours and what they lack', async () => {
  await using house = await openLogHouse()
  const empty = await readLogHealth(toolsOf(house))
  assert.deepEqual(
    [empty.tree.size, empty.tree.at, empty.unsigned, empty.witnesses, empty.timestamps],
    [0, null, { moves: 0, oldestSeconds: 0 }, [], null],
  )
  assert.deepEqual(problemsOf(empty), [])
  await raw`UPDATE darkroom.clock_offset SET by = by + (date_trunc('hour', darkroom.now()) + interval '30 minutes' - darkroom.now())`.execute(
    house.database.sql,
  )
  await house.say(7)
  await house.run()
  await pass(house, '2 hours')
  await house.say(5)
  await house.run()
  await house.say(3)
  const health = await readLogHealth(toolsOf(house))
  const key = verifierKeyOf(KEY, ORIGIN)
  assert.deepEqual([health.origin, health.key, health.keySha256], [ORIGIN, key, sha256(`${key}\n`)])
  assert.deepEqual([health.tree.size, health.tree.rounds, health.unsigned.moves], [12, 2, 3])
  const { root } = await house.database.sql.selectFrom('darkroom.log').select('root').executeTakeFirstOrThrow()
  assert.equal(Buffer.from(health.tree.root, 'base64').toString('hex'), root)
  assert.deepEqual(
    health.hours.map(({ leaves }) => leaves),
    [...Array<number>(21).fill(0), 7, 0, 5],
  )
  assert.ok(health.hours.every(({ at }, hour) => at.getTime() % 3_600_000 === 0 && hour < 24))
  assert.deepEqual(health.store, { kind: 'files', lockDays: null })
})

test('a log that stands still for more than half a minute is not well, and is again once it has grown', async () => {
  await using house = await openLogHouse()
  await house.say(1)
  await pass(house, '25 seconds')
  assert.deepEqual(alertsOf(await readLogHealth(toolsOf(house))), [])
  await pass(house, '6 seconds')
  assert.deepEqual(alertsOf(await readLogHealth(toolsOf(house))), ['DarkroomLogStandsStill'])
  await house.run()
  assert.deepEqual(alertsOf(await readLogHealth(toolsOf(house))), [])
})

test('a witness is behind by what it has not cosigned, and not well when that is an hour old or it saw another tree', async () => {
  await using house = await openWitnessHouse('witness.one', 'witness.two')
  const [one, two] = house.servers
  assert.ok(one && two)
  const witnesses = house.servers.map(({ config }) => config)
  const read = () => readLogHealth(toolsOf(house.log, { transparency: { ...CONFIG.transparency, witnesses } }))
  await house.grow(4)
  const before = await read()
  assert.deepEqual(
    before.witnesses.map(({ name, size, behind, failure }) => [name, size, behind, failure]),
    [
      ['witness.one', null, 4, null],
      ['witness.two', null, 4, null],
    ],
  )
  await house.turn()
  await house.grow(6)
  const [first] = (await read()).witnesses
  assert.deepEqual([first?.size, first?.behind], [4, 6])
  await house.pass(3599)
  assert.deepEqual(alertsOf(await read()), [])
  await house.pass(2)
  const late = await read()
  assert.deepEqual(alertsOf(late), ['DarkroomLogNotCosigned', 'DarkroomLogNotCosigned'])
  assert.match(problemsOf(late)[1]?.summary ?? '', /^Witness witness\.two has not cosigned/)
  await raw`UPDATE darkroom.log_witness SET failure = 'split_view' WHERE key = ${one.config.key}`.execute(
    house.log.database.sql,
  )
  const split = await read()
  assert.deepEqual(alertsOf(split), ['DarkroomLogSplitView', 'DarkroomLogNotCosigned'])
  const page = logPage(split).toString()
  assert.match(page, /<h2>Witness witness\.one has seen another tree of the transparency log<\/h2>/)
  assert.match(page, /<bdi>witness\.one<\/bdi>[\s\S]*?4 leaves[\s\S]*?6 leaves[\s\S]*?it has seen another tree/)
  assert.match(page, /<bdi>witness\.two<\/bdi>[\s\S]*?was answered/)
})

test('an authority on time is named without its path, and dates too little after three hours of growth', async () => {
  await using house = await openLogHouse()
  const { sql } = house.database
  const timestamps = { ...CONFIG.timestamps, url: 'https://time.example.com/stamp?who=us' }
  const read = () => readLogHealth(toolsOf(house, { timestamps }))
  await house.say(2)
  await house.run()
  await raw`UPDATE darkroom.log_checkpoint SET timestamp_token = '\\x3000'`.execute(sql)
  await pass(house, '5 hours')
  const dated = await read()
  assert.deepEqual(
    [dated.timestamps?.authority, dated.timestamps?.size, dated.timestamps?.datedAt, alertsOf(dated)],
    ['time.example.com', 2, null, []],
    'a log that does not grow has nothing to show',
  )
  const page = logPage({ ...dated, store: { kind: 's3', lockDays: 365 } }).toString()
  assert.match(page, /<bdi>time\.example\.com<\/bdi> \(RFC 3161\)[\s\S]*?the tree of 2 leaves, signed <time/)
  assert.match(page, /S3, held by Object Lock for 365 days/)
  await house.say(2)
  await house.run()
  await pass(house, '179 minutes')
  assert.deepEqual(alertsOf(await read()), [])
  await pass(house, '2 minutes')
  assert.deepEqual(alertsOf(await read()), ['DarkroomLogNotDated'])
})

test('what a recheck found is not well for a day, by what it found, and an export that contradicts the log while it is there', async () => {
  await using house = await openLogHouse()
  const { database } = house
  const [{ id }] = house.world.tenants
  const find = (result: string) =>
    database.transact((tx) => note(tx, id, 'image.recheck_failed', 'img_1', { result, problems: [] }))
  await find('log_mismatch')
  await house.run()
  assert.deepEqual(alertsOf(await readLogHealth(toolsOf(house))), ['DarkroomLogContradictsPicture'])
  await find('missing')
  await find('missing')
  await house.run()
  const { recheck } = await readLogHealth(toolsOf(house))
  assert.deepEqual(recheck.found, [
    { result: 'log_mismatch', count: 1 },
    { result: 'missing', count: 2 },
  ])
  await pass(house, '24 hours')
  assert.deepEqual(alertsOf(await readLogHealth(toolsOf(house))), [])
  for (const failure of ['log_inconsistent', 'too_large', 'log_inconsistent'])
    await raw`INSERT INTO darkroom.audit_export (id, state, requested_by, period_from, period_to, csv, parquet, failure)
      VALUES (${`exp_${failure}_${Math.random()}`}, 'failed', '{}', now() - interval '1 day', now(), false, false, ${failure})`.execute(
      database.sql,
    )
  const health = await readLogHealth(toolsOf(house))
  assert.deepEqual(health.failedExports, [
    { failure: 'log_inconsistent', count: 2 },
    { failure: 'too_large', count: 1 },
  ])
  assert.deepEqual(alertsOf(health), ['DarkroomExportContradictsLog'])
})

test('what is not well is said in the words of its alert', async () => {
  const path = resolve(import.meta.dirname, '../../deploy/alerts/darkroom.yaml')
  const { groups }: { groups: { rules: { alert: string; annotations: Record<string, string> }[] }[] } = parse(
    await readFile(path, 'utf8'),
  )
  const rules = new Map(groups.flatMap(({ rules }) => rules).map(({ alert, annotations }) => [alert, annotations]))
  for (const [alert, { summary, action }] of Object.entries(ALERTS)) {
    const said = { summary: summary.replace('{witness}', '{{ $labels.witness }}'), action }
    assert.deepEqual(rules.get(alert), said, alert)
  }
})
