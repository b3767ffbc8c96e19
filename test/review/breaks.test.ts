// Breaks: when one is due and when it is required, at the edges, what is a break and what is none; and the end of a shift.
import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { forgetShifts } from '../../src/review/shift.ts'
import { HOUR, MINUTE, openSparingDesk, type SparingDesk } from './limits.ts'

let desk: SparingDesk
before(async () => {
  desk = await openSparingDesk()
})
after(() => desk[Symbol.asyncDispose]())
afterEach(() => desk.clear())

/** Claims and gives back every `everyMinutes` up to `minutes`, so that the work goes on. */
async function work(who: string, id: string, minutes: number, everyMinutes = 9): Promise<void> {
  for (let at = 0; at <= minutes; at += everyMinutes) {
    await desk.clock(at * MINUTE)
    const lease = await desk.hold(who, id)
    await desk.post(who, `items/${id}/release`, { lease })
  }
}
const claimCode = async (who: string, id: string) => (await desk.claim(who, id)).body?.code ?? null

test('a break is due after fifty minutes of work and not a second before, and is only told', async () => {
  const { id } = await desk.make('hold')
  assert.deepEqual((await desk.shift('ada')).break, { state: 'none', since: null, due_at: null, until: null })
  await work('ada', id, 45)
  const { state, since, due_at, until } = (await desk.shift('ada')).break
  assert.deepEqual([state, until], ['none', null])
  assert.equal(Date.parse(due_at) - Date.parse(since), 50 * MINUTE * 1000)
  await desk.clock(50 * MINUTE - 5)
  assert.equal(await desk.state('ada'), 'none')
  await desk.clock(50 * MINUTE + 5)
  assert.equal(await desk.state('ada'), 'due')
  assert.equal((await desk.next('ada')).status, 200)
  assert.equal(await desk.state('bea'), 'none', 'each has a day of their own')
})

test('after ninety minutes nothing is handed out until a pause as long as a break was made', async () => {
  const { id } = await desk.make('hold')
  await work('ada', id, 81)
  await desk.clock(90 * MINUTE - 5)
  const lease = await desk.hold('ada', id)
  await desk.post('ada', `items/${id}/release`, { lease })
  await desk.clock(90 * MINUTE + 5)
  const refused = await desk.next('ada')
  assert.deepEqual([refused.status, refused.body.code], [409, 'break_due'])
  assert.equal(await claimCode('ada', id), 'break_due')
  const { state, until } = (await desk.shift('ada')).break
  assert.equal(state, 'required')
  assert.ok(refused.body.detail.includes(until))
  const waitSeconds = Number(refused.headers.get('retry-after'))
  assert.ok(waitSeconds > 9 * MINUTE && waitSeconds <= 10 * MINUTE, `${waitSeconds}`)
  assert.equal((await desk.next('bea')).status, 200)
  const early = await desk.post('ada', 'shift/resume')
  assert.deepEqual([early.status, early.body.code], [409, 'conflict'])
  // Asking is no work: the pause counts from the last claim.
  await desk.clock(100 * MINUTE - 10)
  assert.equal((await desk.next('ada')).status, 409)
  await desk.clock(100 * MINUTE)
  assert.equal((await desk.next('ada')).status, 204, 'what there is somebody has')
  assert.deepEqual((await desk.shift('ada')).break.since, null)
})

test('a verdict is work too, and what is held when a break is required can still be decided', async () => {
  const { id } = await desk.make('hold')
  const other = await desk.make('hold')
  await work('ada', id, 81)
  await desk.clock(89 * MINUTE)
  const lease = await desk.hold('ada', other.id)
  await desk.clock(95 * MINUTE)
  assert.equal(await desk.state('ada'), 'required')
  const mine = await desk.claim('ada', other.id)
  assert.notEqual(mine.body.code, 'break_due', 'what one holds is not handed out')
  const own = mine.status === 200 ? mine.body.lease.token : lease
  assert.equal((await desk.decide('ada', other.id, { lease: own, outcome: 'allow' })).status, 200)
  await desk.clock(104 * MINUTE)
  assert.equal(await claimCode('ada', id), 'break_due', 'ten minutes from the verdict')
  await desk.clock(105 * MINUTE + 1)
  assert.equal(await claimCode('ada', id), null)
})

test('a break gives back what one holds, and nothing is handed out until it is over', async () => {
  const { id } = await desk.make('hold')
  const lease = await desk.hold('ada', id)
  const began = await desk.post('ada', 'shift/break')
  assert.equal(began.status, 200)
  assert.equal(began.body.object, 'review_shift')
  assert.equal(began.body.break.state, 'on_break')
  assert.equal((await desk.row(id)).lease_person, null)
  assert.equal((await desk.decide('ada', id, { lease, outcome: 'allow' })).body.code, 'lease_expired')
  const refused = await desk.next('ada')
  assert.deepEqual([refused.status, refused.body.code], [409, 'break_due'])
  await desk.clock(5 * MINUTE)
  const again = await desk.post('ada', 'shift/break')
  assert.equal(again.body.break.until, began.body.break.until, 'one that goes on becomes no longer')
  await desk.clock(10 * MINUTE - 5)
  assert.equal(await claimCode('ada', id), 'break_due')
  await desk.clock(10 * MINUTE + 5)
  assert.equal(await desk.state('ada'), 'none')
  assert.equal(await claimCode('ada', id), null)
})

test('a break that was begun freely ends early, and then was none', async () => {
  const { id } = await desk.make('hold')
  await work('ada', id, 27)
  const { since } = (await desk.shift('ada')).break
  await desk.post('ada', 'shift/break')
  await desk.clock(30 * MINUTE)
  const resumed = await desk.post('ada', 'shift/resume')
  assert.equal(resumed.status, 200)
  assert.deepEqual([resumed.body.break.state, resumed.body.break.since], ['none', since], 'the work goes on')
  assert.equal(await claimCode('ada', id), null)
  assert.equal((await desk.shift('ada')).break.since, since)
  assert.equal((await desk.post('ada', 'shift/resume')).status, 200, 'where none goes on nothing changes')
})

test('a required break that was begun does not end early', async () => {
  const { id } = await desk.make('hold')
  await work('ada', id, 88, 8)
  await desk.clock(91 * MINUTE)
  assert.equal((await desk.post('ada', 'shift/break')).body.break.state, 'on_break')
  await desk.clock(97 * MINUTE)
  const early = await desk.post('ada', 'shift/resume')
  assert.deepEqual([early.status, early.body.code], [409, 'conflict'])
  await desk.clock(101 * MINUTE - 5)
  assert.equal(await claimCode('ada', id), 'break_due', 'begun is begun')
  const rested = await desk.post('ada', 'shift/resume')
  assert.equal(rested.body.break.state, 'none', 'ten minutes from the last act it is no longer required')
  assert.equal(await claimCode('ada', id), null)
  assert.notEqual((await desk.shift('ada')).break.since, null, 'the work begins anew')
})

test('after a break the work begins anew', async () => {
  const { id } = await desk.make('hold')
  await work('ada', id, 45)
  const { since } = (await desk.shift('ada')).break
  await desk.post('ada', 'shift/break')
  await desk.clock(55 * MINUTE + 5)
  await desk.hold('ada', id)
  const { break: now } = await desk.shift('ada')
  assert.ok(Date.parse(now.since) - Date.parse(since) > 55 * MINUTE * 1000)
})

test('the end of a shift gives back what one holds, and leaves a note that is shown for a while and then gone', async () => {
  const first = await desk.make('hold')
  const second = await desk.make('hold')
  await desk.hold('ada', first.id)
  await desk.hold('ada', second.id)
  const note = 'two of the same author wait; the second needs somebody who reads Greek'
  const ended = await desk.post('ada', 'shift/end', { note })
  assert.deepEqual([ended.status, ended.body], [200, { released: 2 }])
  assert.deepEqual([(await desk.row(first.id)).lease_person, (await desk.row(second.id)).lease_person], [null, null])
  const [own] = (await desk.shift('ada')).handovers
  const [read] = (await desk.shift('bea')).handovers
  assert.deepEqual([own.from, own.note, own.items], ['you', note, 2])
  assert.deepEqual({ ...read, from: '' }, { ...own, from: '' })
  assert.equal(read.from, 'a colleague')
  const notes = (await desk.notesOf(desk.id('ada'))).filter(({ kind }) => kind === 'review.shift_ended')
  assert.deepEqual(
    notes.map(({ facts, tenant_id }) => [facts, tenant_id]),
    [[{ items: 2 }, desk.operatorId]],
    'the log says that it ended, and nothing of the note',
  )
  assert.deepEqual((await desk.post('ada', 'shift/end')).body, { released: 0 })
  assert.equal((await desk.shift('bea')).handovers.length, 1, 'no note leaves nothing')
  assert.equal((await desk.post('ada', 'shift/end', { note: 'x'.repeat(2001) })).body.field, 'note')

  await desk.clock(24 * HOUR - 60)
  assert.equal(await forgetShifts(desk.sql, desk.service.review.rules), 0)
  assert.equal((await desk.shift('bea')).handovers.length, 1)
  await desk.clock(24 * HOUR)
  assert.deepEqual((await desk.shift('bea')).handovers, [])
  assert.equal(await forgetShifts(desk.sql, desk.service.review.rules), 1)
  assert.deepEqual(await desk.sql.selectFrom('darkroom.review_handover').select('id').execute(), [])
})

test('without limits nobody is told of breaks and nothing is kept from anybody', async () => {
  await using free = await openSparingDesk({ break_after_minutes: null, break_latest_minutes: null })
  const { id } = await free.make('hold')
  for (let at = 0; at <= 108; at += 9) {
    await free.clock(at * MINUTE)
    const lease = await free.hold('ada', id)
    await free.post('ada', `items/${id}/release`, { lease })
  }
  const { state, since, due_at } = (await free.shift('ada')).break
  assert.deepEqual([state, due_at], ['none', null])
  assert.notEqual(since, null)
})
