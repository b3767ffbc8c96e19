// Routing through the API: who sets rules and how they are kept, what they make of an item when it comes, and that whoever hands out,
// claims, assigns and watches goes by them.
import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { raiseItem } from '../../src/review/item.ts'
import type { RoutingRule } from '../../src/review/routing-rules.ts'
import { watchQueue } from '../../src/review/watch.ts'
import { type Desk, openDesk } from './desk.ts'
import { rule } from './routing-rules.ts'

let desk: Desk
before(async () => {
  desk = await openDesk()
})
after(() => desk[Symbol.asyncDispose]())
afterEach(async () => {
  await desk.clear()
  await setRules([])
})

const inForce = async () => (await desk.as('/v1/review/routing', 'lead')).body
const put = (body: object, who = 'lead') => desk.as('/v1/review/routing', who, { method: 'PUT', body })
async function setRules(rules: readonly RoutingRule[]): Promise<number> {
  const { status, body } = await put({ version: (await inForce()).version, rules })
  assert.equal(status, 200, JSON.stringify(body))
  return body.version
}
const next = (who: string) => desk.as('/v1/review/next', who, { method: 'POST' })
const GERMAN = 'ein Hafen mit der Laterne und dem Boot'

test('leads set the rules as a whole on top of the version that they read, and every version is kept', async () => {
  const first = await inForce()
  assert.deepEqual([first.version, first.rules, first.changed_at, first.changed_by], [0, [], null, null])
  assert.ok(first.choices.people.some((one: { id: string }) => one.id === desk.id('ada')))
  assert.ok(!first.choices.kinds.includes('gold'))
  const graphic = rule('Graphic', { categories: ['violence/graphic'] }, { people: [desk.id('ada'), desk.id('bea')] })
  const set = await put({ version: 0, rules: [graphic] })
  assert.deepEqual([set.status, set.body.version, set.body.rules], [200, 1, [graphic]])
  assert.deepEqual(set.body.changed_by, { person_id: desk.id('lead'), name: 'Person lead' })
  const stale = await put({ version: 0, rules: [] })
  assert.deepEqual([stale.status, stale.body.code, stale.body.field], [409, 'conflict', 'version'])
  assert.equal((await put({ version: 1, rules: [graphic] })).body.version, 1, 'the same again is no new version')
  assert.equal((await put({ version: 1, rules: [] })).body.version, 2)
  const page = (await desk.as('/v1/review/routing/versions?limit=1', 'lead')).body
  assert.deepEqual([page.data[0].version, page.has_more, page.next], [2, true, '2'])
  const rest = (await desk.as('/v1/review/routing/versions?after=2', 'lead')).body
  assert.deepEqual([rest.data.length, rest.data[0].rules, rest.has_more], [1, [graphic], false])
  assert.equal((await desk.as('/v1/review/routing/versions?after=x', 'lead')).body.field, 'after')
  const notes = (await desk.notesOf(desk.operatorId)).filter(({ kind }) => kind === 'review.routing_changed')
  const facts = notes.map((note) => Object(note.facts))
  assert.deepEqual(
    facts.map(({ version, count, by }) => [version, count, by.person]),
    [
      [1, 1, desk.id('lead')],
      [2, 0, desk.id('lead')],
    ],
  )
  assert.match(facts[0].digest, /^[0-9a-f]{64}$/)
  assert.doesNotMatch(JSON.stringify(facts), /Graphic|Person/)
  for (const who of ['ada', 'admin', 'client'])
    assert.equal((await put({ version: 2, rules: [] }, who)).status, 403, who)
  assert.equal((await desk.as('/v1/review/routing', 'ada')).status, 403)
})

test('two leads who read the same version cannot both set the next', async () => {
  const { version } = await inForce()
  const mine = (name: string) => put({ version, rules: [rule(name, { kinds: ['hold'] }, { lead_only: true })] })
  const answers = await Promise.all([mine('one'), mine('two'), mine('three')])
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 409, 409])
})

test('what makes no sense is refused by its field, in words, and nothing changes', async () => {
  const fine = rule('Fine', { kinds: ['hold'] }, { lead_only: true })
  const { version } = await inForce()
  async function refused(when: object, then: object, name = 'Wrong') {
    const wrong = Object.fromEntries(
      Object.entries({ name, when, effects: then }).map(([key, value]) => [key === 'effects' ? 'then' : key, value]),
    )
    const { status, body } = await put({ version, rules: [fine, fine, wrong] })
    const tried = await desk.as('/v1/review/routing/dry-run', 'lead', { body: { rules: [fine, fine, wrong] } })
    assert.deepEqual([tried.status, tried.body.field], [400, body.field], 'a dry run says the same')
    assert.equal(status, 400, JSON.stringify(body))
    assert.ok(body.detail.startsWith(body.field), body.detail)
    return body.field
  }
  const held = { kinds: ['hold'] }
  const up = { lead_only: true }
  assert.equal(await refused({ categories: ['kittens'] }, up), 'rules[2].when.categories[0]')
  assert.equal(await refused({ categories: ['weapons', 'dogs'] }, up), 'rules[2].when.categories[1]')
  assert.equal(await refused({ kinds: ['gold'] }, up), 'rules[2].when.kinds[0]')
  assert.equal(await refused({ kinds: [] }, up), 'rules[2].when.kinds')
  assert.equal(await refused({ tenants: [desk.operatorId] }, up), 'rules[2].when.tenants[0]')
  assert.equal(await refused({ languages: ['German'] }, up), 'rules[2].when.languages[0]')
  assert.equal(await refused({ min_severity: 60, max_severity: 50 }, up), 'rules[2].when.min_severity')
  assert.equal(await refused({ max_severity: 101 }, up), 'rules[2].when.max_severity')
  assert.equal(await refused({ has_language: false, languages: ['de'] }, up), 'rules[2].when.has_language')
  assert.equal(await refused({}, up), 'rules[2].when')
  assert.equal(await refused(held, {}), 'rules[2].then')
  assert.equal(await refused(held, { verdicts: 6 }), 'rules[2].then.verdicts')
  assert.equal(await refused(held, { verdicts: 2, people: [desk.id('ada')] }), 'rules[2].then.verdicts')
  assert.equal(await refused(held, { head_start_minutes: 10_081 }), 'rules[2].then.head_start_minutes')
  assert.equal(await refused(held, { people: [`per_${'0'.repeat(26)}`] }), 'rules[2].then.people[0]')
  assert.equal(await refused(held, up, ' '), 'rules[2].name')
  assert.equal(await refused(held, up, 'x'.repeat(81)), 'rules[2].name')
  assert.equal((await put({ version, rules: Array(51).fill(fine) })).body.field, 'rules')
  assert.equal((await inForce()).version, version)
})

test('only those whom a rule names get an item, however they ask; which rule sent it there is kept with it', async () => {
  const weapons = rule('Weapons', { categories: ['weapons'] }, { head_start_minutes: 1 })
  const version = await setRules([weapons, rule('To Ada', { languages: ['de'] }, { people: [desk.id('ada')] })])
  const { id } = await desk.make('hold', { prompt: GERMAN })
  const other = await desk.make('hold', { prompt: 'a boat in the harbour' })
  const row = await desk.row(id)
  assert.deepEqual([row.people, row.routing_version, row.routing_rule], [[desk.id('ada')], version, 1])
  assert.deepEqual([(await desk.row(other.id)).people, (await desk.row(other.id)).routing_rule], [null, null])
  const refused = await desk.claim('bea', id)
  assert.deepEqual([refused.status, refused.body.code], [403, 'conflict_of_interest'])
  assert.equal(
    (await desk.as(`/v1/review/items/${id}/assign`, 'lead', { body: { to: desk.id('bea') } })).body.field,
    'to',
  )
  assert.equal((await desk.as('/v1/review/queue', 'bea')).body.lanes.first_look, 1)
  assert.equal((await desk.as('/v1/review/queue', 'ada')).body.lanes.first_look, 2)
  assert.equal((await next('bea')).body.item.id, other.id)
  assert.equal((await next('bea')).status, 204)
  assert.equal((await next('ada')).body.item.id, id)
})

test('a lead who has judged an item is told which rule sent it there, and nobody is before or without being one', async () => {
  const version = await setRules([rule('Up', { kinds: ['hold'] }, { head_start_minutes: 5 })])
  const { id } = await desk.make('hold')
  const shown = async (who: string) => (await desk.as(`/v1/review/items/${id}`, who)).body
  assert.equal((await shown('lead')).disclosed, null)
  await desk.allow('lead', id)
  assert.deepEqual((await shown('lead')).disclosed.routing, { version, rule: 0, name: 'Up' })
  const other = await desk.make('hold')
  await desk.allow('ada', other.id)
  assert.equal((await desk.as(`/v1/review/items/${other.id}`, 'ada')).body.disclosed.routing, null)
})

test('an item whose people are all away waits for a reviewer with an alarm, and is open again once one is back', async () => {
  await setRules([rule('To Ada', { kinds: ['hold'] }, { people: [desk.id('ada')] })])
  const { id } = await desk.make('hold')
  const { ground } = desk.service
  assert.equal((await watchQueue(ground)).awaiting, 0)
  const away = ground.database.sql.insertInto('darkroom.reviewer')
  await away.values({ person_id: desk.id('ada'), away_until: new Date(Date.now() + 3_600_000) }).execute()
  assert.equal((await watchQueue(ground)).awaiting, 1)
  assert.equal((await desk.row(id)).state, 'awaiting_reviewer')
  await desk.clock(3700)
  assert.equal((await watchQueue(ground)).resumed, 1)
  assert.equal((await next('ada')).body.item.id, id)
})

test('a rule keeps items for leads, asks for more verdicts and sends them ahead, and the defaults stay where they ask for more', async () => {
  await setRules([
    rule('Up', { categories: ['hate'] }, { lead_only: true }),
    rule('Twice', { kinds: ['appeal'], categories: ['weapons'] }, { verdicts: 1 }),
    rule('Thrice', { categories: ['weapons'] }, { verdicts: 3 }),
    rule('Soon', { max_severity: 50 }, { head_start_minutes: 10_080 }),
  ])
  const grave = await desk.make('hold')
  const mild = await desk.make('hold', { category: 'violence', clause: 'violence/1' })
  const armed = await desk.make('hold', { category: 'weapons', clause: 'weapons/2' })
  const appealed = await desk.make('appeal', { category: 'weapons', clause: 'weapons/2' })
  const handedUp = await desk.make('hold', { category: 'hate', clause: 'hate/1' })
  assert.equal((await desk.row(armed.id)).needs, 3)
  assert.equal((await desk.row(appealed.id)).needs, 2, 'a rule takes no verdict away')
  assert.equal((await desk.row(handedUp.id)).lead_only, true)
  assert.equal((await desk.claim('ada', handedUp.id)).status, 403)
  assert.equal((await next('ada')).body.item.id, mild.id, 'it goes ahead of what is graver')
  assert.equal((await next('ada')).body.item.id, grave.id)
  const { rank_at, created_at } = await desk.row(mild.id)
  assert.equal(Math.round((created_at.getTime() - rank_at.getTime()) / 60_000), 10_080 + 100)
})

test('gold questions are not routed, and what is restricted is only hastened or kept for leads', async () => {
  await setRules([
    rule(
      'All',
      { min_severity: 0 },
      { people: [desk.id('ada')], verdicts: 1, lead_only: true, head_start_minutes: 60 },
    ),
  ])
  const gold = await desk.row((await desk.make('gold')).id)
  assert.deepEqual([gold.people, gold.lead_only, gold.routing_rule], [null, false, null])
  const restricted = await desk.row((await desk.make('hold', { restricted: true })).id)
  assert.deepEqual([restricted.people, restricted.lead_only, restricted.routing_rule], [null, true, 0])
  const plain = await desk.row((await desk.make('hold')).id)
  assert.deepEqual([plain.people, plain.lead_only], [[desk.id('ada')], true])
})

test('a report that becomes graver keeps its head start and whom it is for', async () => {
  await setRules([rule('Reports', { kinds: ['report'] }, { head_start_minutes: 600, people: [desk.id('ada')] })])
  const { id } = await desk.make('report', { category: 'weapons', clause: 'weapons/2' })
  const before = await desk.row(id)
  await desk.service.ground.database.transact((tx) => raiseItem(tx, desk.service.review, id, 'violence/graphic'))
  const after = await desk.row(id)
  assert.deepEqual([before.severity, after.severity], [20, 80])
  const { headStartMsPerSeverity } = desk.service.review.rules
  assert.equal(before.rank_at.getTime() - after.rank_at.getTime(), (80 - 20) * headStartMsPerSeverity)
  assert.deepEqual([after.people, after.routing_rule], [[desk.id('ada')], 0])
})
