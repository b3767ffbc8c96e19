// The form of an export: what its fields become, the periods of its buttons, what may be chosen, and the rows that it foresees.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { kindChoices, tenantChoices } from '../../src/audit/export-choices.ts'
import { foreseeRange } from '../../src/audit/export-range.ts'
import { exportForm } from '../../src/console/pages/audit/export-form.ts'
import { orderOf, type PeriodName, periodOf, readSaid } from '../../src/console/pages/audit/export-said.ts'
import { readOrder, requireShape } from '../../src/http/audit-export-order.ts'
import { isFault } from '../../src/kernel/fault.ts'
import { newId } from '../../src/kernel/ids.ts'
import { queueRequest } from '../support/world.ts'
import { openExportHouse } from './export-house.ts'

test('periods are whole days and months of UTC that are over, and the quarter ends with the minute', () => {
  const expected: [PeriodName, string, string, string][] = [
    ['yesterday', '2026-03-01T00:00:00Z', '2026-02-28T00:00', '2026-03-01T00:00'],
    ['yesterday', '2028-03-01T23:59:59Z', '2028-02-29T00:00', '2028-03-01T00:00'],
    ['week', '2026-01-03T12:34:56Z', '2025-12-27T00:00', '2026-01-03T00:00'],
    ['month', '2026-01-31T12:34:56Z', '2025-12-01T00:00', '2026-01-01T00:00'],
    ['month', '2026-03-31T12:34:56Z', '2026-02-01T00:00', '2026-03-01T00:00'],
    ['today', '2026-11-29T17:08:59Z', '2026-11-29T00:00', '2026-11-29T17:08'],
    ['quarter', '2026-11-29T17:08:59Z', '2026-10-01T00:00', '2026-11-29T17:08'],
    ['quarter', '2026-03-31T23:59:00Z', '2026-01-01T00:00', '2026-03-31T23:59'],
  ]
  for (const [name, now, from, to] of expected) assert.deepEqual(periodOf(name, new Date(now)), { from, to }, name)
})

test('what the fields hold becomes an order of moments of UTC, and what they do not is refused by its name', () => {
  const fields = new URLSearchParams('from=2026-01-31T12%3A00&to=2026-02-01T00%3A00%3A05&tenant=&subject=+img_1+')
  fields.append('formats', 'parquet')
  const body = orderOf(readSaid(fields))
  assert.deepEqual(body, {
    from: '2026-01-31T12:00:00Z',
    to: '2026-02-01T00:00:05Z',
    tenant: null,
    kind: null,
    subject: 'img_1',
    formats: ['parquet'],
  })
  requireShape(body)
  const wrong: [string, string, string][] = [
    ['from', 'yesterday', 'from is not a moment such as 2026-01-31T12:00:00Z'],
    ['to', '2026-13-01T00:00', 'to is not a moment such as 2026-01-31T12:00:00Z'],
    ['to', '', 'to is empty: give a moment such as 2026-01-31T12:00:00Z'],
    ['from', '1900-01-01T00:00', 'from is before 1970'],
    ['kind', 'published', 'kind must be a kind that the log tells by its name, such as image.denied'],
    ['subject', 'x'.repeat(201), 'subject may have 200 characters at most'],
    ['from', '2'.repeat(41), 'from may have 40 characters at most'],
  ]
  for (const [field, value, detail] of wrong)
    assert.throws(
      () => {
        const said = new URLSearchParams(fields)
        said.set(field, value)
        const order = orderOf(readSaid(said))
        requireShape(order)
        readOrder(order, 100)
      },
      (error) => isFault(error, 'invalid_request') && error.field === field && error.message === detail,
      detail,
    )
})

test('kinds that tell of restricted cases cannot be chosen, since the log has them under no name', () => {
  const kinds = kindChoices().map(({ kind }) => kind)
  assert.ok(kinds.includes('image.published') && kinds.includes('audit.exported'))
  for (const kind of ['escalation.confirmed', 'image.preservation_due', 'request.preservation_ended'])
    assert.ok(!kinds.includes(kind), kind)
  for (const kind of kinds) requireShape({ from: '', to: '', kind })
})

test('an id that no row is about is told before an export of it is ordered', async () => {
  await using house = await openExportHouse()
  const { world, database } = house.log
  const [tenant] = world.tenants
  const { requestId } = await queueRequest(world, tenant, { n: 1 })
  const said = { ...periodOf('today', new Date()), tenant: '', kind: '', csv: false, parquet: false }
  const period = { from: new Date(0), to: await house.now() }
  for (const [subject, warns] of [
    [requestId, false],
    [newId('req'), true],
    ['', false],
  ] as const) {
    const outlook = await foreseeRange(database.sql, { ...period, subject: subject === '' ? null : subject })
    const form = { wrong: null, outlook, tenants: [], kinds: [], key: 'k', keepDays: 0 }
    const drawn = exportForm({ ...form, said: { ...said, subject } }).toString()
    assert.equal(drawn.includes('No row of the log is about that'), warns, subject)
  }
})

test('tenants are chosen by name, and named by their id where they are too many', async () => {
  await using house = await openExportHouse()
  const { sql } = house.log.database
  const few = await tenantChoices(sql)
  assert.deepEqual(
    few?.map(({ name }) => name),
    few?.map(({ name }) => name).toSorted(),
  )
  assert.ok(few?.some(({ name }) => name === 'Operator'))
  const said = {
    ...periodOf('yesterday', new Date()),
    tenant: 'ten_<b>',
    kind: '',
    subject: '',
    csv: false,
    parquet: false,
  }
  const form = { said, wrong: null, outlook: null, kinds: [], key: 'k', keepDays: 0 }
  assert.match(exportForm({ ...form, tenants: few }).toString(), /<select id="tenant"/)
  const rows = Array.from({ length: 500 }, (_, i) => {
    const id = newId('ten')
    return { id, name: `Tenant ${i}`, pseudonym: id.padEnd(32, '0'), head: '0'.repeat(64) }
  })
  await sql.insertInto('darkroom.tenant').values(rows).execute()
  assert.equal(await tenantChoices(sql), null)
  assert.match(
    exportForm({ ...form, tenants: null }).toString(),
    /<input id="tenant" name="tenant" value="ten_&lt;b&gt;"/,
  )
})

test('an export has as many rows as were foreseen, in the middle of the log and beside it', async () => {
  await using house = await openExportHouse()
  const { sql } = house.log.database
  const times: Date[] = []
  for (let hour = 0; hour < 4; hour++) {
    times.push(await house.now())
    await house.log.say(10 + hour)
    await house.log.run()
    await house.pass('1 hour')
  }
  const [, second, third] = times
  assert.ok(second && third)
  for (const [from, to] of [
    [second, third],
    [new Date(0), new Date(1000)],
    [new Date(0), await house.now()],
  ] as const) {
    await house.log.run()
    const { rows, whole } = await foreseeRange(sql, { from, to, subject: null })
    assert.equal(whole, true)
    const id = await house.order({ from, to })
    await house.until('made')
    assert.equal((await house.get(id)).counts?.rows, rows)
  }
  await house.log.say(1)
  assert.equal((await foreseeRange(sql, { from: new Date(0), to: await house.now(), subject: null })).whole, false)
})
