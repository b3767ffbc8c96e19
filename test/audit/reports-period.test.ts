// The period of a report: whole days in UTC, whose first moment is in it and whose last is not; what is none is refused by its field.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { sql as raw } from 'kysely'
import { pseudonymsUnder } from '../../src/audit/reports/pseudonyms.ts'
import { type AuditReport, REPORT_NAMES, type ReportName } from '../../src/audit/reports/report.ts'
import { countRecheck } from '../../src/mark/day-counts.ts'
import { ALLOWED, FORBIDDEN, openService, type Service } from '../http/service.ts'
import { figure, rowsOf } from './reports-cast.ts'

let service: Service
before(async () => {
  service = await openService({ DARKROOM_AUDIT_REPORT_MAX_DAYS: '31' })
})
after(() => service[Symbol.asyncDispose]())

const call = (path: string, init: RequestInit & { as?: string } = {}) =>
  service.call(`/v1/audit/reports/${path}`, { as: 'compliance', ...init })
async function report(name: ReportName, from: string, to: string): Promise<AuditReport> {
  const response = await call(`${name}?from=${from}&to=${to}`)
  assert.equal(response.status, 200, await response.clone().text())
  return response.json()
}
async function dayOf(days: number): Promise<string> {
  const { rows } = await raw<{ day: string }>`
    SELECT ((darkroom.now() AT TIME ZONE 'UTC')::date + ${days}::int)::text AS day`.execute(service.ground.database.sql)
  return rows[0]?.day ?? assert.fail('no day')
}

test('an empty period is said to have nothing, and nothing is divided by it', async () => {
  for (const name of REPORT_NAMES) {
    const empty = await report(name, '2025-02-01', '2025-03-01')
    assert.deepEqual([empty.complete, empty.over], [true, true], name)
    for (const { value, of, interval } of empty.figures) {
      assert.ok(value === null || Number.isFinite(value))
      assert.equal(interval, null)
      assert.ok(of === null || of === 0 || name === 'retention')
    }
  }
})

test('a move at the first moment of a period is in it, and one at its last moment is in the next', async () => {
  const { sql } = service.ground.database
  const refused = await service.admit({ prompt: FORBIDDEN })
  const erased = await service.admit({ prompt: ALLOWED })
  await service.develop(erased.requestId, ['published'])
  assert.equal((await service.call(`/v1/generations/${erased.requestId}`, { method: 'DELETE' })).status, 204)
  const ids = raw`ARRAY[${refused.requestId}, ${erased.requestId},
    (SELECT id FROM darkroom.image WHERE request_id = ${erased.requestId})]`
  const counted = async (from: string, to: string) => {
    const value = async (name: ReportName, of: string) => figure(await report(name, from, to), of).value
    return [
      await value('decisions', 'decisions'),
      await value('moderation', 'restrictions'),
      await value('marks', 'released'),
      await value('retention', 'erased_by_owner'),
    ]
  }
  const [none, one] = [
    [0, 0, 0, 0],
    [1, 1, 1, 1],
  ]
  await raw`ALTER TABLE darkroom.move DISABLE TRIGGER move_is_append_only`.execute(sql)
  for (const [at, before, on] of [
    ['2025-06-10T00:00:00Z', none, one],
    ['2025-06-09T23:59:59.999Z', one, none],
  ] as const) {
    await raw`UPDATE darkroom.move SET at = ${at} WHERE subject_id = ANY (${ids})
       AND kind IN ('request.refused', 'image.published', 'generation.erased')`.execute(sql)
    await raw`UPDATE darkroom.statement SET created_at = ${at} WHERE subject_id = ANY (${ids})`.execute(sql)
    await raw`UPDATE darkroom.request SET erased_at = ${at} WHERE erased_at IS NOT NULL`.execute(sql)
    await raw`UPDATE darkroom.image SET published_at = ${at} WHERE id = ANY (${ids})`.execute(sql)
    assert.deepEqual(await counted('2025-06-09', '2025-06-10'), before, at)
    assert.deepEqual(await counted('2025-06-10', '2025-06-11'), on, at)
    assert.deepEqual(await counted('2025-06-10T00:00:00Z', '2025-06-11T00:00:00%2B00:00'), on, 'by the moment')
  }
  await raw`ALTER TABLE darkroom.move ENABLE TRIGGER move_is_append_only`.execute(sql)
})

test('a count by day is in the day that it is of', async () => {
  const { sql } = service.ground.database
  await raw`
    INSERT INTO darkroom.public_check_day (day, surface, given, verdict, count)
    VALUES ('2025-07-01', 'page', 'file', 'ours', 5), ('2025-07-02', 'api', 'address', 'none_found', 7)`.execute(sql)
  const days = async (from: string, to: string) =>
    rowsOf(await report('detector', from, to), 'by_day', ['day', 'checks'])
  assert.deepEqual(await days('2025-07-01', '2025-07-02'), [['2025-07-01', 5]])
  assert.deepEqual(await days('2025-07-02', '2025-07-03'), [['2025-07-02', 7]])
  assert.deepEqual(await days('2025-06-30', '2025-07-01'), [])
})

test('what is no period is refused by its field', async () => {
  const [today, tomorrow, later] = [await dayOf(0), await dayOf(1), await dayOf(2)]
  for (const [from, to, field, words] of [
    [today, today, 'to', /to is not after from/],
    [tomorrow, today, 'to', /to is not after from/],
    [tomorrow, later, 'from', /from is in the future/],
    [today, later, 'to', /after the end of today/],
    ['2025-01-01', '2025-02-02', 'to', /31 days at the most/],
    ['2025-02-30', '2025-03-01', 'from', /not a day such as/],
    ['2025-02-01', '2025-2-9', 'to', /not a day such as/],
    ['yesterday', today, 'from', /not a day such as/],
    ['2025-02-01T01:00:00Z', '2025-02-03', 'from', /not the beginning of a day in UTC/],
    ['2025-02-01', '2025-02-03T00:00:00%2B02:00', 'to', /not the beginning of a day in UTC/],
    ['2025-02-01T', '2025-02-03', 'from', /not a moment such as/],
    ['%00', '2025-02-03', 'from', /not text/],
  ] as const) {
    const response = await call(`marks?from=${from}&to=${to}`)
    const problem = await response.json()
    assert.deepEqual([response.status, problem.code, problem.field], [400, 'invalid_request', field], `${from} ${to}`)
    assert.match(problem.detail, words)
  }
  for (const [query, field] of [
    ['', 'from'],
    ['?from=2025-02-01', 'to'],
    ['?from=2025-02-01&to=2025-02-02&table=by_tenant', 'table'],
    ['?from=2025-02-01&to=2025-02-02&format=csv&table=nothing', 'table'],
    ['?from=2025-02-01&to=2025-02-02&format=pdf', 'format'],
    ['?from=2025-02-01&to=2025-02-02&tenant=ten_1', 'tenant'],
  ]) {
    const response = await call(`marks${query}`)
    assert.deepEqual([response.status, (await response.json()).field], [400, field], query)
  }
  assert.equal((await call('nothing?from=2025-02-01&to=2025-02-02')).status, 400)
  assert.equal((await report('marks', await dayOf(-30), tomorrow)).over, false, 'as long as a report may be')
})

test('as CSV a table has its rows and no formula, by format or by what is accepted', async () => {
  const { sql } = service.ground.database
  await raw`UPDATE darkroom.tenant SET name = '=HYPERLINK("x"),' WHERE id = (SELECT min(tenant_id) FROM darkroom.request)`.execute(
    sql,
  )
  const { requestId } = await service.admit({ prompt: ALLOWED })
  await service.develop(requestId, ['published'])
  const query = `from=${await dayOf(0)}&to=${await dayOf(1)}`
  const table = await call(`marks?${query}&format=csv&table=by_tenant`)
  assert.match(table.headers.get('content-type') ?? '', /^text\/csv; charset=utf-8/)
  assert.match(
    table.headers.get('content-disposition') ?? '',
    /filename="marks_by_tenant_\d{4}-\d\d-\d\d_\d{4}-\d\d-\d\d\.csv"/,
  )
  const lines = (await table.text()).split('\r\n')
  assert.match(lines[0] ?? '', /^model,model_version,tenant,tenant_id,released,/)
  assert.match(lines[1] ?? '', /^storybook,1\.0\.0,"'=HYPERLINK\(""x""\),",ten_\w+,1,/)
  const figures = await call(`marks?${query}`, { headers: { accept: 'text/csv' } })
  assert.match(
    await figures.text(),
    /^name,title,value,of,low,high,unmeasured,definition\r\nreleased,Released pictures,1,,,,,/,
  )
  const asked = await call(`marks?${query}`, { headers: { accept: 'application/json' } })
  assert.equal((await asked.json()).object, 'audit_report')
})

test('what was before the counting by day began is not measured, and is not said to be nothing', async () => {
  const { sql } = service.ground.database
  const [today, tomorrow] = [await dayOf(0), await dayOf(1)]
  await countRecheck(sql, 'ok')
  assert.equal(figure(await report('marks', today, tomorrow), 'rechecks').value, 1)
  await raw`UPDATE darkroom.day_count SET since = darkroom.now()`.execute(sql)
  for (const [name, figures] of [
    ['marks', ['rechecks', 'rechecked_as_released']],
    ['detector', ['checks', 'ours', 'none_found']],
  ] as const) {
    const { figures: told } = await report(name, today, tomorrow)
    for (const { name: one, value, unmeasured } of told.filter((one) => figures.some((name) => name === one.name))) {
      assert.equal(value, null, one)
      assert.match(unmeasured ?? '', /counted since \d{4}-\d\d-\d\d \d\d:\d\d UTC alone/)
    }
  }
})

test('a pseudonym is one person’s for a month, and no other month’s, nor under another secret', () => {
  const [here, there] = [pseudonymsUnder(Buffer.alloc(32, 1)), pseudonymsUnder(Buffer.alloc(32, 2))]
  const all = [here('per_1', '2026-01'), here('per_1', '2026-02'), here('per_2', '2026-01'), there('per_1', '2026-01')]
  assert.equal(new Set(all).size, all.length)
  assert.equal(here('per_1', '2026-01'), all[0])
  // HMAC-SHA-256 under HKDF-SHA-256 of 32 bytes of 1, by Python's hashlib and hmac.
  assert.equal(all[0], '86957ee9528b')
})

test('only compliance and administrators are told', async () => {
  for (const as of ['client', 'reviewer'])
    assert.equal((await call('marks?from=2025-02-01&to=2025-02-02', { as })).status, 403, as)
  assert.equal((await call('marks?from=2025-02-01&to=2025-02-02', { as: 'admin' })).status, 200)
})
