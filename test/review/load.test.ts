// How the desk is loaded: ages and deadlines by lane, what came and was decided by the hour, whose hands are full, and what is counted
// for whom.
import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { sql as raw } from 'kysely'
import { EVERYTHING } from '../support/reviewing.ts'
import { type Desk, openDesk } from './desk.ts'

let desk: Desk
before(async () => {
  desk = await openDesk()
})
after(() => desk[Symbol.asyncDispose]())
beforeEach(() => desk.clear())

const HOUR = 3600

type Person = {
  person_id: string
  name: string
  holding: number
  reserved: number
  could_have: number
  away_until: string | null
}

async function load(who = 'lead') {
  const { status, body } = await desk.as('/v1/review/load', who)
  assert.equal(status, 200, JSON.stringify(body))
  const lane = <T extends { lane: string }>(rows: T[], name: string): T | undefined =>
    rows.find((row) => row.lane === name)
  return {
    body,
    ages: (name: string) =>
      Object.fromEntries(
        (lane<{ lane: string; buckets: { from_hours: number; count: number }[] }>(body.ages, name)?.buckets ?? [])
          .filter(({ count }) => count > 0)
          .map(({ from_hours, count }) => [from_hours, count]),
      ),
    due: (name: string) => {
      const { lane: _lane, ...due } = lane<{ lane: string }>(body.due, name) ?? { lane: name }
      return due
    },
    person: (name: string): Person => body.people.find((one: Person) => one.person_id === desk.id(name)),
    hours: body.hours as { at: string; came: number; decided: number }[],
  }
}

const arrived = (id: string, hoursAgo: number) =>
  raw`UPDATE darkroom.review_item SET created_at = darkroom.now() - ${hoursAgo} * interval '1 hour' WHERE id = ${id}`.execute(
    desk.service.ground.database.sql,
  )
const due = (id: string, hours: number) =>
  raw`UPDATE darkroom.review_item SET deadline_at = darkroom.now() + ${hours} * interval '1 hour' WHERE id = ${id}`.execute(
    desk.service.ground.database.sql,
  )

test('what waits is counted by its lane and by how long it has waited', async () => {
  for (const hours of [0, 0.9, 1.1, 30, 200]) await arrived((await desk.make('hold')).id, hours)
  await arrived((await desk.make('report')).id, 5)
  await arrived((await desk.make('audit')).id, 5)
  await arrived((await desk.makePromptAppeal()).id, 5)
  const now = await load()
  assert.deepEqual(now.ages('first_look'), { 0: 2, 1: 1, 24: 1, 96: 1 })
  assert.deepEqual(now.ages('report'), { 4: 1 })
  assert.deepEqual(now.ages('second_look'), { 4: 2 }, 'appeals and samples are one lane')
  assert.deepEqual(now.ages('restricted'), {})
  assert.equal(now.body.ages[0].buckets.at(-1).to_hours, null)
})

test('what is late and what is due soon are told apart at their edges', async () => {
  for (const hours of [-3, -0.01, 0.01, 3.9, 4.1, 23.9, 24.1]) await due((await desk.make('hold')).id, hours)
  const now = await load()
  assert.deepEqual(now.due('first_look'), { late: 2, within_4h: 2, within_24h: 2, later: 1 })
  assert.deepEqual(now.due('report'), { late: 0, within_4h: 0, within_24h: 0, later: 0 })
})

test('the last 48 hours say what came and what people decided, each in its hour; what merely ended is no decision', async () => {
  const { sql } = desk.service.ground.database
  const ids = [await desk.make('hold'), await desk.make('hold'), await desk.make('hold')].map(({ id }) => id)
  await raw`UPDATE darkroom.review_item SET created_at = darkroom.now() - interval '60 hours'`.execute(sql)
  await raw`UPDATE darkroom.review_item SET closed_at = darkroom.now() - interval '60 hours' WHERE state = 'closed'`.execute(
    sql,
  )
  const [first = '', second = '', third = ''] = ids
  await arrived(first, 30)
  await arrived(second, 30)
  await raw`UPDATE darkroom.review_item SET state = 'closed', verdicts = 1, closed_at = darkroom.now() - interval '2 hours',
              ruling = '{"outcome":"allow"}' WHERE id = ${first}`.execute(sql)
  await raw`UPDATE darkroom.review_item SET state = 'closed', closed_at = darkroom.now() - interval '2 hours',
              ruling = '{"outcome":"omit"}' WHERE id = ${third}`.execute(sql)
  const { hours } = await load()
  assert.equal(hours.length, 48)
  for (const { at } of hours) assert.match(at, /:00:00\.000Z$/)
  const latest = Date.parse(hours.at(-1)?.at ?? '')
  assert.ok(Date.now() - latest < HOUR * 1000 && latest <= Date.now())
  assert.deepEqual(
    hours.filter((hour) => hour.came > 0).map((hour) => [hour.came, hour.decided]),
    [[2, 0]],
  )
  const decided = hours.filter((hour) => hour.decided > 0)
  assert.deepEqual(
    decided.map((hour) => hour.decided),
    [1],
  )
  assert.equal(latest - Date.parse(decided[0]?.at ?? ''), 2 * HOUR * 1000)
})

test('whose hands are full: what each holds, what is kept for each, and what each could have', async () => {
  const [one, two, three] = [await desk.make('hold'), await desk.make('hold'), await desk.make('hold')]
  await desk.make('hold', { exclude: [{ personId: desk.id('cy'), reason: 'conflict' }] })
  await desk.hold('ada', one.id)
  assert.equal(
    (await desk.as(`/v1/review/items/${two.id}/assign`, 'lead', { body: { to: desk.id('bea') } })).status,
    200,
  )
  const now = await load()
  const of = (name: string) => {
    const { holding, reserved, could_have } = now.person(name)
    return [holding, reserved, could_have]
  }
  assert.deepEqual(of('ada'), [1, 0, 2])
  assert.deepEqual(of('bea'), [0, 1, 3])
  assert.deepEqual(of('cy'), [0, 0, 1])
  assert.deepEqual(of('dan'), [0, 0, 2])
  assert.doesNotMatch(JSON.stringify(now.body.people), /second|minute|per_hour|speed|median/)
  await desk.clock(desk.service.review.rules.leaseMs / 1000 + 1)
  assert.equal((await load()).person('ada').holding, 0, 'a claim that ran out is nobody’s')
  assert.ok(three.id)
})

test('who is away is said to be, and what nobody who is there may have is counted', async () => {
  await desk.make('hold')
  assert.equal((await load()).body.nobody, 0)
  const { people } = (await load()).body
  for (const { person_id } of people)
    await desk.as(`/v1/review/people/${person_id}`, 'lead', {
      method: 'PUT',
      body: {
        ...EVERYTHING,
        away_until: new Date(Date.now() + 1e8).toISOString(),
      },
    })
  const now = await load()
  assert.equal(now.body.nobody, 1)
  assert.ok(now.person('ada').away_until)
})

test('what is restricted counts only for a lead who may see it', async () => {
  const { id } = await desk.make('hold', { restricted: true })
  await arrived(id, 2)
  const others = await load()
  assert.deepEqual([others.ages('restricted'), others.body.nobody], [{}, 0])
  assert.equal(
    others.hours.reduce((sum, hour) => sum + hour.came, 0),
    (await cameUnrestricted()).length,
  )
  await desk.service.ground.database.sql
    .insertInto('darkroom.reviewer')
    .values({ person_id: desk.id('lead'), restricted: true })
    .execute()
  const now = await load()
  assert.deepEqual(now.ages('restricted'), { 1: 1 })
  assert.equal(now.person('lead').could_have, 1)
})

test('it is for leads', async () => {
  assert.equal((await desk.as('/v1/review/load', 'ada')).status, 403)
  assert.equal((await desk.as('/v1/review/load', 'admin')).status, 403)
  assert.equal((await desk.call('/v1/review/load', { as: 'client' })).status, 403)
})

function cameUnrestricted() {
  return desk.service.ground.database.sql
    .selectFrom('darkroom.review_item')
    .select('id')
    .where('restricted', '=', false)
    .where('created_at', '>', raw<Date>`darkroom.now() - interval '46 hours'`)
    .execute()
}
