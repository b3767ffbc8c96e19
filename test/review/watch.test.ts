// What nobody may overlook: deadlines that passed are said once, and what nobody is left for waits with an alarm until somebody is there.
import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { openGauges } from '../../src/kernel/gauges.ts'
import type { Log } from '../../src/kernel/log.ts'
import { LANES, laneOf } from '../../src/review/lane.ts'
import { watchQueue } from '../../src/review/watch.ts'
import { type Desk, openDesk } from './desk.ts'

let desk: Desk
before(async () => {
  desk = await openDesk()
  // The two reviewers of the first start are not of this desk.
  await setRoles(null)
})
after(() => desk[Symbol.asyncDispose]())
afterEach(() => desk.clear())

/** Deactivates everybody of the desk's reviewers but those named; null: those of the first start. */
async function setRoles(active: readonly string[] | null): Promise<void> {
  const { sql } = desk.service.ground.database
  const ours = ['ada', 'bea', 'cy', 'dan', 'lead'].map((name) => desk.id(name))
  if (active === null)
    await sql
      .updateTable('darkroom.person')
      .set({ deactivated_at: new Date() })
      .where('id', 'not in', ours)
      .where('name', 'in', ['First reviewer', 'Second reviewer'])
      .execute()
  else
    for (const name of ['ada', 'bea', 'cy', 'dan', 'lead'])
      await sql
        .updateTable('darkroom.person')
        .set({ deactivated_at: active.includes(name) ? null : new Date() })
        .where('id', '=', desk.id(name))
        .execute()
}

/** One pass, with the lines that it logged. */
async function watch() {
  const lines: { level: string; fields: object }[] = []
  const { log } = desk.service.ground
  const heard: Log = Object.assign(Object.create(log), {
    error: (fields: object) => void lines.push({ level: 'error', fields }),
    info: (fields: object) => void lines.push({ level: 'info', fields }),
  })
  return { watched: await watchQueue({ ...desk.service.ground, log: heard }), lines }
}
const kindsOf = async (id: string) => (await desk.notesOf(id)).map((row) => row.kind)

test('a deadline that passed is noted once, with one loud line of ids', async () => {
  const { id } = await desk.make('hold')
  assert.deepEqual((await watch()).watched, { breached: 0, awaiting: 0, resumed: 0 })
  await desk.clock(8.1 * 3600)
  const late = await watch()
  assert.equal(late.watched.breached, 1)
  assert.deepEqual(late.lines, [{ level: 'error', fields: { items: [id], count: 1 } }])
  assert.equal((await watch()).watched.breached, 0)
  assert.ok((await desk.row(id)).breached_at)
  assert.deepEqual(await kindsOf(id), ['review.breached'])
})

test('an item that nobody is left for waits for a reviewer with an alarm, never for who decided first, and is open once somebody is there', async () => {
  try {
    await setRoles(['ada', 'bea'])
    const { id } = await desk.make('appeal', { exclude: [{ personId: desk.id('ada'), reason: 'first_decider' }] })
    assert.equal((await watch()).watched.awaiting, 0)
    await setRoles(['ada'])
    const alone = await watch()
    assert.equal(alone.watched.awaiting, 1)
    assert.deepEqual(alone.lines, [{ level: 'error', fields: { items: [id], count: 1 } }])
    assert.equal((await desk.row(id)).state, 'awaiting_reviewer')
    assert.equal((await desk.claim('ada', id)).status, 403)
    assert.deepEqual((await watch()).watched, { breached: 0, awaiting: 0, resumed: 0 })
    await setRoles(['ada', 'cy'])
    assert.equal((await watch()).watched.resumed, 1)
    assert.equal((await desk.claim('cy', id)).status, 200)
    assert.deepEqual((await kindsOf(id)).slice(0, 2), ['review.awaiting', 'review.resumed'])
  } finally {
    await setRoles(['ada', 'bea', 'cy', 'dan', 'lead'])
  }
})

test('who is away is not there, who holds an item is, and what was handed up needs a lead', async () => {
  try {
    await setRoles(['ada'])
    const { id } = await desk.make('hold')
    const lease = await desk.hold('ada', id)
    const until = new Date(Date.now() + 3_600_000)
    const { sql } = desk.service.ground.database
    await sql
      .insertInto('darkroom.reviewer')
      .values({ person_id: desk.id('ada'), away_until: until })
      .execute()
    assert.equal((await watch()).watched.awaiting, 0, 'somebody has it')
    await desk.as(`/v1/review/items/${id}/release`, 'ada', { body: { lease } })
    assert.equal((await watch()).watched.awaiting, 1)
    await desk.clock(3700)
    assert.equal((await watch()).watched.resumed, 1)
    await sql.updateTable('darkroom.review_item').set({ lead_only: true }).where('id', '=', id).execute()
    assert.equal((await watch()).watched.awaiting, 1)
    await setRoles(['ada', 'lead'])
    assert.equal((await watch()).watched.resumed, 1)
  } finally {
    await setRoles(['ada', 'bea', 'cy', 'dan', 'lead'])
  }
})

test('the gauges count what waits by the lanes that reviewers know', async () => {
  const kinds = ['hold', 'appeal', 'audit', 'report', 'gold', 'escalation'] as const
  const expected = new Map<string, number>()
  for (const kind of kinds) {
    await desk.make(kind)
    const lane = laneOf({ kind, restricted: false })
    expected.set(lane, (expected.get(lane) ?? 0) + 1)
  }
  await desk.make('hold', { restricted: true })
  expected.set('restricted', (expected.get('restricted') ?? 0) + 1)
  assert.deepEqual([...expected.keys()].sort(), [...LANES].sort())
  await desk.clock(20 * 3600)
  const gauges = openGauges(desk.service.ground.database, async () => ({ tasks: 0, estimatedSeconds: 0, devices: 0 }))
  const text = await gauges.metrics()
  for (const [lane, count] of expected)
    assert.ok(text.includes(`darkroom_review_items{lane="${lane}",state="open"} ${count}`), `${lane}\n${text}`)
  assert.match(text, /darkroom_review_oldest_seconds\{lane="report"\} 72\d\d\d/)
  assert.match(text, /darkroom_review_breached [1-9]/)
  assert.match(text, /darkroom_review_awaiting 0/)
  const queue = (await desk.as('/v1/review/queue', 'lead')).body
  assert.deepEqual([queue.lanes.first_look, queue.lanes.second_look, queue.lanes.report], [1, 3, 1])
})
