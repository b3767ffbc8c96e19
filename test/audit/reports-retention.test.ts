// The report of retention over time: what is due and overdue before the janitor comes, what it then erased, and what is kept all the same.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { AuditReport } from '../../src/audit/reports/report.ts'
import { type House, openHouse } from '../publish/house.ts'
import { figuresOf, periodOf, rowsOf } from './reports-cast.ts'

const [WINDOW, GRACE] = [30, 7]
const NOW = ['due', 'overdue', 'holds', 'held', 'preserved', 'preservations_due'] as const
const THEN = [
  'erased_by_owner',
  'pictures_by_time',
  'requests_by_time',
  'erased_later',
  'holds_placed',
  'holds_lifted',
] as const

let house: House
before(async () => {
  house = await openHouse()
})
after(() => house[Symbol.asyncDispose]())

async function report(): Promise<AuditReport> {
  const { from, to } = await periodOf(house.sql, 100)
  const { status, body } = await house.call(`/v1/audit/reports/retention?from=${from}&to=${to}`, { as: 'compliance' })
  assert.equal(status, 200, JSON.stringify(body))
  assert.equal(body.complete, true, JSON.stringify(body.differences))
  return body
}
async function told(names: readonly string[]) {
  const figures = figuresOf(await report())
  return names.map((name) => figures[name])
}

test('what is due is told before it is late, and late after an hour; what is erased then is told by why', async () => {
  const { imageId } = await house.denied()
  await house.refused()
  const { requestId: heldId } = await house.published()
  const held = await house.denied()
  const restricted = await house.denied()
  const holdId = await house.hold(heldId)
  await house.hold(held.requestId)
  await house.restrict((await house.rowOf('image', restricted.imageId)).statement_id)
  assert.equal((await house.call(`/v1/generations/${heldId}`, { method: 'DELETE' })).status, 204)
  await house.janitor()
  assert.deepEqual(await told(NOW), [0, 0, 2, 1, 1, 0])
  await house.days(WINDOW + GRACE)
  assert.deepEqual(
    await told(NOW),
    [2, 0, 2, 1, 1, 0],
    'a denied picture and a refused order; neither what is held nor what is restricted',
  )
  await house.days(2 / 24)
  assert.deepEqual(await told(NOW), [2, 2, 2, 1, 1, 0])
  assert.deepEqual(rowsOf(await report(), 'quarantine', ['class', 'under_half_year', 'total']), [
    ['order refused', 1, 1],
    ['picture denied', 1, 1],
  ])
  await house.janitor()
  assert.ok((await house.rowOf('image', imageId)).erased_at)
  assert.deepEqual(await told(THEN), [1, 1, 1, 0, 2, 0])
  assert.deepEqual(rowsOf(await report(), 'quarantine', ['class', 'total']), [])
  await house.lift(holdId)
  await house.janitor()
  assert.deepEqual(await told(THEN), [1, 1, 1, 1, 2, 1], 'nothing keeps what its owner erased any more')
  assert.deepEqual(await told(['held', 'holds']), [0, 1])
})

test('a preserved case whose time is over is told to be decided, and nothing more of it', async () => {
  await house.days(house.rules.restrictedDays)
  await house.janitor()
  assert.deepEqual(await told(['preserved', 'preservations_due']), [1, 1])
})
