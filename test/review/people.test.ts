// The queue as leads and reviewers see it, what leads do with it, and who may set what of whom.
import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { EVERYTHING } from '../support/reviewing.ts'
import { type Desk, openDesk } from './desk.ts'

let desk: Desk
before(async () => {
  desk = await openDesk()
})
after(() => desk[Symbol.asyncDispose]())
afterEach(() => desk.clear())

const set = (by: string, whom: string, more: object) =>
  desk.as(`/v1/review/people/${desk.id(whom) || whom}`, by, { method: 'PUT', body: { ...EVERYTHING, ...more } })
const assign = (id: string, to: string, by = 'lead') =>
  desk.as(`/v1/review/items/${id}/assign`, by, { body: { to: desk.id(to) || to } })
const next = (who: string) => desk.as('/v1/review/next', who, { method: 'POST' })

test('a lead sees the whole queue in its order, page by page, with who has what', async () => {
  const mild = await desk.make('audit', { category: 'weapons', clause: 'weapons/2' })
  const grave = await desk.make('appeal')
  const held = await desk.make('hold')
  await desk.hold('ada', held.id)
  await desk.clock(5 * 3600)
  await desk.hold('bea', held.id)
  const queue = (await desk.as('/v1/review/queue?limit=2', 'lead')).body
  assert.equal(queue.object, 'review_queue')
  assert.deepEqual(queue.lanes, { first_look: 1, second_look: 2, report: 0, restricted: 0 })
  assert.deepEqual(queue.categories, [
    { category: 'violence/graphic', count: 2 },
    { category: 'weapons', count: 1 },
  ])
  assert.ok(queue.oldest_seconds >= 5 * 3600)
  assert.equal(queue.breached, 0)
  assert.equal(queue.awaiting, 0)
  assert.equal(queue.has_more, true)
  const rest = (await desk.as(`/v1/review/queue?limit=2&after=${queue.next}`, 'lead')).body
  const ids = [...queue.items, ...rest.items].map((item: { id: string }) => item.id)
  assert.deepEqual(ids, [grave.id, held.id, mild.id])
  const { lease, kind, severity, deadline_at } = queue.items[1]
  assert.equal(lease.person_id, desk.id('bea'))
  assert.deepEqual([kind, severity], ['hold', 80])
  assert.ok(Date.parse(deadline_at))
  assert.equal((await desk.as('/v1/review/queue?after=nothing', 'lead')).body.field, 'after')
  await desk.clock(9 * 3600)
  assert.equal((await desk.as('/v1/review/queue', 'lead')).body.breached, 1)
})

test('a reviewer sees what they could have by lane, what they hold and what they can take back, and nothing else', async () => {
  const decided = await desk.make('hold')
  await desk.allow('ada', decided.id)
  const held = await desk.make('appeal')
  await desk.hold('ada', held.id)
  await desk.make('report')
  await desk.make('audit', { exclude: [{ personId: desk.id('ada'), reason: 'conflict' }] })
  await desk.hold('bea', (await desk.make('hold')).id)
  const queue = (await desk.as('/v1/review/queue', 'ada')).body
  assert.deepEqual(Object.keys(queue).sort(), ['claims', 'lanes', 'object', 'undoable'])
  assert.deepEqual(queue.lanes, { first_look: 0, second_look: 0, report: 1, restricted: 0 })
  assert.deepEqual(
    queue.claims.map((one: { id: string; lane: string }) => [one.id, one.lane]),
    [[held.id, 'second_look']],
  )
  assert.equal(queue.undoable[0].id, decided.id)
})

test('a lead keeps an item for somebody who may have it, and lets it go again', async () => {
  const { id } = await desk.make('hold', { exclude: [{ personId: desk.id('dan'), reason: 'sibling' }] })
  assert.equal((await assign(id, 'bea', 'ada')).status, 403)
  for (const nobody of ['dan', `per_${'0'.repeat(26)}`]) {
    const refused = await assign(id, nobody)
    assert.deepEqual([refused.status, refused.body.field], [400, 'to'], nobody)
  }
  await set('lead', 'cy', { away_until: new Date(Date.now() + 86_400_000).toISOString() })
  assert.equal((await assign(id, 'cy')).body.field, 'to')
  const assigned = await assign(id, 'bea')
  assert.equal(assigned.status, 200)
  assert.equal(assigned.body.reserved_for, desk.id('bea'))
  assert.equal((await next('ada')).status, 204)
  assert.equal((await desk.as('/v1/review/queue', 'lead')).body.items[0].reserved_for, desk.id('bea'))
  const freed = await desk.as(`/v1/review/items/${id}/unassign`, 'lead', { method: 'POST' })
  assert.equal(freed.status, 204)
  assert.equal((await next('ada')).body.item.id, id)
  assert.equal((await assign(id, 'bea')).body.code, 'conflict', 'a claim that runs is nobody’s to take away')
  const kinds = (await desk.notesOf(id)).map((row) => row.kind)
  assert.deepEqual(kinds, ['review.assigned', 'review.unassigned'])
})

test('leads and administrators list who reviews and set what they review; each change is one note of field names', async () => {
  const list = (await desk.as('/v1/review/people', 'lead')).body.data
  const ada = list.find((one: { id: string }) => one.id === desk.id('ada'))
  const { version, ...terms } = ada
  assert.match(version, /^[0-9a-f]{64}$/)
  assert.deepEqual(terms, {
    id: desk.id('ada'),
    object: 'reviewer',
    name: 'Person ada',
    lead: false,
    ...EVERYTHING,
    restricted: false,
  })
  assert.equal(
    list.some((one: { id: string }) => one.id === desk.id('compliance')),
    false,
  )
  const asked = { categories: ['weapons', 'violence/graphic'], languages: ['de'], lead_id: desk.id('lead') }
  const changed = await set('lead', 'ada', asked)
  assert.deepEqual(
    [changed.status, changed.body.categories, changed.body.lead_id],
    [200, asked.categories, desk.id('lead')],
  )
  await set('admin', 'ada', { ...asked, categories: ['violence/graphic', 'weapons'] })
  const notes = (await desk.notesOf(desk.id('ada'))).filter((row) => row.kind === 'reviewer.changed')
  assert.deepEqual(
    notes.map(({ facts, tenant_id }) => [Reflect.get(Object(facts), 'fields'), tenant_id]),
    [[['categories', 'languages', 'lead_id'], desk.operatorId]],
  )
  assert.equal((await set('ada', 'bea', {})).status, 403)
  assert.equal((await desk.as('/v1/review/people', 'ada')).status, 403)
})

test('of two who change one person at once the second is told, and undoes nothing', async () => {
  const versionOf = async () => {
    const list = (await desk.as('/v1/review/people', 'lead')).body.data
    return list.find((one: { id: string }) => one.id === desk.id('bea')).version
  }
  const seen = await versionOf()
  const first = await set('lead', 'bea', { languages: ['fr'], version: seen })
  assert.deepEqual([first.status, first.body.version], [200, await versionOf()])
  assert.notEqual(first.body.version, seen)
  const second = await set('admin', 'bea', { max_severity: 60, version: seen })
  assert.deepEqual([second.status, second.body.code], [409, 'conflict'])
  assert.equal(await versionOf(), first.body.version, 'nothing changed')
  const { languages, max_severity } = (await set('admin', 'bea', { languages: ['fr'], max_severity: 60 })).body
  assert.deepEqual([languages, max_severity], [['fr'], 60], 'who names no version sets what they say')
  const back = await set('lead', 'bea', { version: await versionOf() })
  assert.deepEqual(
    [back.status, back.body.version],
    [200, seen],
    'the same terms are the same version, whenever they stand',
  )
})

test('what makes no sense is refused by its field', async () => {
  const refused = async (more: object) => {
    const { status, body } = await set('lead', 'ada', more)
    return [status, body.field]
  }
  assert.deepEqual(await refused({ categories: ['kittens'] }), [400, 'categories'])
  assert.deepEqual(await refused({ categories: [] }), [400, 'categories'])
  assert.deepEqual(await refused({ languages: ['English'] }), [400, 'languages.0'])
  const { detail } = (await set('lead', 'ada', { languages: ['English'] })).body
  assert.equal(detail, 'each of languages must be two or three small letters, such as de')
  assert.deepEqual(await refused({ tenants: [`ten_${'0'.repeat(26)}`] }), [400, 'tenants'])
  assert.deepEqual(await refused({ conflicts: [desk.operatorId] }), [400, 'conflicts'])
  assert.deepEqual(await refused({ lead_id: desk.id('bea') }), [400, 'lead_id'])
  assert.deepEqual(await refused({ lead_id: desk.id('ada') }), [400, 'lead_id'])
  assert.deepEqual(await refused({ max_severity: 101 }), [400, 'max_severity'])
  assert.deepEqual(await refused({ away_until: 'soon' }), [400, 'away_until'])
  assert.deepEqual(await refused({ away_until: undefined }), [400, 'away_until'])
  const compliance = (await desk.call(`/v1/admin/tenants/${desk.operatorId}/people`)).body.data.find(
    (one: { roles: string[] }) => one.roles.includes('compliance'),
  )
  assert.equal((await set('lead', compliance.id, {})).status, 404)
})

test('only an administrator opens what is restricted, nobody for themself, and nobody withdraws a conflict of their own', async () => {
  const byLead = await set('lead', 'ada', { restricted: true })
  assert.deepEqual([byLead.status, byLead.body.field], [403, 'restricted'])
  assert.equal((await set('lead', 'lead', { restricted: true })).status, 403)
  await desk.addPerson('both', ['lead', 'admin'])
  assert.equal((await set('both', 'both', { restricted: true })).status, 403)
  assert.equal((await set('both', 'ada', { restricted: true })).body.restricted, true)
  assert.equal((await set('lead', 'ada', { max_severity: 90 })).body.restricted, true, 'it stays unless it is named')
  assert.equal((await set('lead', 'ada', { restricted: false })).status, 403)
  assert.equal((await set('lead', 'lead', { conflicts: [desk.clientTenant] })).status, 200)
  const withdrawn = await set('lead', 'lead', {})
  assert.deepEqual([withdrawn.status, withdrawn.body.field], [403, 'conflicts'])
  assert.equal((await set('admin', 'lead', {})).status, 200)
})
