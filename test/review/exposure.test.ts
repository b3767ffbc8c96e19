// How much of a day's share of pictures and of grave items one person is given, at the edge, and what passing an item and skipping a
// category keep from them: never anything from anybody else, and never so that it tells what an item is.
import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { whoMay } from '../../src/review/load.ts'
import { forgetShifts } from '../../src/review/shift.ts'
import { watchQueue } from '../../src/review/watch.ts'
import { DAY, HOUR, openSparingDesk, type SparingDesk } from './limits.ts'

let desk: SparingDesk
before(async () => {
  desk = await openSparingDesk({ reveals_per_day: 2, grave_per_day: 2, passes_per_day: 2 })
})
after(() => desk[Symbol.asyncDispose]())
afterEach(() => desk.clear())

const WEAPONS = { category: 'weapons', clause: 'weapons/2' }
const reveal = (who: string, id: string, what = 'picture') => desk.post(who, `items/${id}/reveal`, { what })
async function held(who: string, more: object = {}): Promise<{ id: string; lease: string }> {
  const { id } = await desk.make('hold', more)
  return { id, lease: await desk.hold(who, id) }
}
const pass = (who: string, { id, lease }: { id: string; lease: string }) =>
  desk.post(who, `items/${id}/pass`, { lease })

test('a day’s share of pictures is uncovered and not one more, the same again and prompts uncounted', async () => {
  const [one, two, three] = [await held('ada'), await held('ada'), await held('ada')]
  assert.equal((await reveal('ada', one.id)).status, 200)
  assert.equal((await reveal('ada', one.id)).status, 200)
  assert.deepEqual((await desk.shift('ada')).reveals, { used: 1, cap: 2 })
  assert.equal((await reveal('ada', two.id)).status, 200)
  const refused = await reveal('ada', three.id)
  assert.deepEqual([refused.status, refused.body.code], [409, 'exposure_reached'])
  const when = Date.parse(/possible at (\S+)/.exec(refused.body.detail)?.[1] ?? '')
  assert.ok(Math.abs(when - Date.now() - DAY * 1000) < 60_000, refused.body.detail)
  assert.equal((await reveal('ada', two.id)).status, 200, 'what was uncovered is no new picture')
  assert.equal((await reveal('ada', three.id, 'prompt')).status, 200)
  assert.deepEqual((await desk.shift('ada')).reveals, { used: 2, cap: 2 })
  const stored = await desk.sql
    .selectFrom('darkroom.review_reveal')
    .select('what')
    .where('item_id', '=', three.id)
    .execute()
  assert.deepEqual(stored, [{ what: 'prompt' }], 'what was refused is not written down as seen')
  const other = await held('bea')
  assert.equal((await reveal('bea', other.id)).status, 200, 'another’s share is theirs')
  await desk.clock(DAY + 5)
  const late = await held('ada')
  assert.equal((await reveal('ada', late.id)).status, 200)
})

test('once a day’s share of grave items is judged only milder ones come, and nobody is told why', async () => {
  for (const _turn of [1, 2]) {
    const { id, lease } = await held('ada')
    assert.equal((await desk.decide('ada', id, { lease, outcome: 'allow' })).status, 200)
  }
  const atEdge = await desk.make('hold', { category: 'hate', clause: 'hate/1' })
  const mild = await desk.make('hold', { category: 'sexual', clause: 'sexual/1' })
  const refused = await desk.claim('ada', atEdge.id)
  assert.deepEqual([refused.status, refused.body.code], [409, 'exposure_reached'])
  assert.equal((await desk.next('ada')).body.item.id, mild.id)
  assert.equal((await desk.next('ada')).status, 204)
  assert.equal((await desk.next('bea')).body.item.id, atEdge.id, 'it waits for others')
  const again = await desk.make('hold')
  await desk.clock(DAY + 5)
  assert.equal((await desk.next('ada')).body.item.id, again.id)
})

test('one grave verdict fewer than the share, and a verdict that was taken back, keep nothing away', async () => {
  const first = await held('ada')
  await desk.decide('ada', first.id, { lease: first.lease, outcome: 'allow' })
  const second = await held('ada')
  await desk.decide('ada', second.id, { lease: second.lease, outcome: 'allow' })
  assert.equal((await desk.as(`/v1/review/items/${second.id}/undo`, 'ada', { method: 'POST' })).status, 200)
  const grave = await desk.make('hold')
  assert.equal((await desk.claim('ada', grave.id)).status, 200)
})

test('who passes an item gets nothing of its category for a while, and is not told which that is', async () => {
  const passed = await held('ada', WEAPONS)
  const same = await desk.make('hold', WEAPONS)
  const other = await desk.make('hold', { category: 'sexual', clause: 'sexual/1' })
  assert.deepEqual((await pass('ada', passed)).status, 204)
  assert.equal((await desk.row(passed.id)).lease_person, null)
  assert.equal((await pass('ada', passed)).body.code, 'lease_expired')
  assert.equal((await desk.next('ada')).body.item.id, other.id)
  assert.equal((await desk.next('ada')).status, 204)
  const refused = await desk.claim('ada', same.id)
  await desk.hold('bea', passed.id)
  const taken = await desk.claim('ada', passed.id)
  assert.equal(refused.body.code, 'conflict')
  assert.equal(refused.body.detail, taken.body.detail, 'a refusal does not tell what is of the category')
  const { skips, passes } = await desk.shift('ada')
  assert.deepEqual(passes, { used: 1, cap: 2 })
  assert.deepEqual(
    skips.map(({ category, category_name }: Record<string, unknown>) => [category, category_name]),
    [[null, null]],
  )
  const left = Date.parse(skips[0].until) - Date.now()
  assert.ok(Math.abs(left - 12 * HOUR * 1000) < 60_000)
  await desk.clock(12 * HOUR - 60)
  assert.equal((await desk.claim('ada', same.id)).body.code, 'conflict')
  await desk.clock(12 * HOUR + 5)
  assert.equal((await desk.claim('ada', same.id)).status, 200)
})

test('what has no category is passed like anything else', async () => {
  const passed = await held('ada', { category: null, clause: null })
  const same = await desk.make('hold', { category: null, clause: null })
  const named = await desk.make('hold', WEAPONS)
  await pass('ada', passed)
  assert.equal((await desk.next('ada')).body.item.id, named.id)
  assert.equal((await desk.next('ada')).status, 204)
  assert.equal((await desk.next('bea')).status, 200)
  assert.equal((await desk.row(same.id)).state, 'open')
})

test('passing has its share of a day too, and what it refuses gives nothing back', async () => {
  const [one, two, three] = [
    await held('ada', WEAPONS),
    await held('ada', { category: 'sexual', clause: 'sexual/1' }),
    await held('ada', { category: 'hate', clause: 'hate/1' }),
  ]
  assert.equal((await pass('ada', one)).status, 204)
  assert.equal((await pass('ada', two)).status, 204)
  const refused = await pass('ada', three)
  assert.deepEqual([refused.status, refused.body.code], [409, 'conflict'])
  assert.match(refused.body.detail, /passed 2 items .* the next at /)
  assert.equal((await desk.row(three.id)).lease_person, desk.id('ada'))
  // It counts for a day, although it holds for half of one.
  await desk.clock(23 * HOUR)
  assert.ok((await forgetShifts(desk.sql, desk.service.review.rules)) === 0)
  const late = await held('ada', { category: 'hate', clause: 'hate/1' })
  assert.equal((await pass('ada', late)).body.code, 'conflict')
  await desk.clock(DAY + 5)
  const next = await held('ada', { category: 'hate', clause: 'hate/1' })
  assert.equal((await pass('ada', next)).status, 204)
  assert.equal(await forgetShifts(desk.sql, desk.service.review.rules), 2)
})

test('categories are chosen to be skipped from the policy’s, by name and in place of those before', async () => {
  const { categories } = await desk.shift('ada')
  assert.ok(categories.some(({ id, name }: Record<string, unknown>) => id === 'weapons' && typeof name === 'string'))
  const weapon = await desk.make('hold', WEAPONS)
  const body = { categories: ['weapons', 'hate'], hours: 3 }
  const chosen = await desk.put('ada', 'skips', body)
  assert.equal(chosen.status, 200)
  assert.deepEqual(
    chosen.body.skips.map(({ category, category_name }: Record<string, unknown>) => [category, category_name]),
    [
      ['weapons', categories.find(({ id }: { id: string }) => id === 'weapons').name],
      ['hate', categories.find(({ id }: { id: string }) => id === 'hate').name],
    ],
  )
  assert.equal((await desk.next('ada')).status, 204)
  assert.equal((await desk.claim('ada', weapon.id)).body.code, 'conflict')
  assert.equal((await desk.put('ada', 'skips', { categories: ['boats'], hours: 3 })).body.field, 'categories')
  assert.equal((await desk.put('ada', 'skips', { ...body, hours: 721 })).body.field, 'hours')
  assert.equal((await desk.shift('ada')).skips.length, 2, 'what is refused changes nothing')
  await desk.put('ada', 'skips', { categories: ['hate'], hours: 3 })
  assert.equal((await desk.next('ada')).body.item.id, weapon.id)
  await desk.put('ada', 'skips', { categories: [], hours: 1 })
  assert.deepEqual((await desk.shift('ada')).skips, [])
})

test('nothing is kept for somebody who is spared it for now, whether they chose that or passed one', async () => {
  const passed = await held('ada', WEAPONS)
  await pass('ada', passed)
  const { id } = await desk.make('hold', WEAPONS)
  await desk.put('bea', 'skips', { categories: ['weapons'], hours: 3 })
  const keep = (who: string) => desk.post('lead', `items/${id}/assign`, { to: desk.id(who) })
  const [ofPassing, ofChoosing] = [await keep('ada'), await keep('bea')]
  assert.deepEqual([ofPassing.status, ofPassing.body.field], [400, 'to'])
  assert.match(ofPassing.body.detail, /given nothing of its kind for now/)
  assert.equal(ofChoosing.body.detail, ofPassing.body.detail, 'which of the two is told to nobody')
  const { people } = (await desk.as('/v1/review/load', 'lead')).body
  const couldHave = (who: string) =>
    people.find(({ person_id }: { person_id: string }) => person_id === desk.id(who)).could_have
  assert.deepEqual([couldHave('ada'), couldHave('bea'), couldHave('cy')], [0, 0, 2])
  const offered = (await whoMay(desk.sql, [id])).get(id) ?? []
  assert.deepEqual(
    ['ada', 'bea', 'cy'].map((who) => offered.includes(desk.id(who))),
    [false, false, true],
  )
  assert.equal((await keep('cy')).status, 200)
  await desk.clock(12 * HOUR + 5)
  await desk.post('ada', 'shift/break')
  assert.equal((await keep('ada')).status, 200, 'a break is soon over')
})

test('choosing does not end what was passed, and does not tell of it', async () => {
  const passed = await held('ada', WEAPONS)
  await pass('ada', passed)
  await desk.put('ada', 'skips', { categories: ['weapons'], hours: 1 })
  const names = async () =>
    (await desk.shift('ada')).skips.map(({ category }: { category: string | null }) => category).toSorted()
  assert.deepEqual(await names(), [null, 'weapons'].toSorted())
  await desk.put('ada', 'skips', { categories: [], hours: 1 })
  assert.deepEqual(await names(), [null])
  assert.equal((await desk.next('ada')).status, 204)
})

test('an evening off leaves no item with nobody: no alarm is raised, whoever skips', async () => {
  const { id } = await desk.make('hold', WEAPONS)
  for (const who of ['ada', 'bea', 'cy', 'dan', 'lead'])
    await desk.put(who, 'skips', { categories: ['weapons'], hours: 24 })
  assert.equal((await desk.next('ada')).status, 204)
  assert.deepEqual(await watchQueue(desk.service.ground), { breached: 0, awaiting: 0, resumed: 0 })
  assert.equal((await desk.row(id)).state, 'open')
})

test('how one likes to see pictures is kept as a whole, for oneself', async () => {
  const usual = { grey: false, size: 'm', blur_again_seconds: null }
  assert.deepEqual((await desk.shift('ada')).preferences, usual)
  const set = await desk.put('ada', 'preferences', { grey: true, size: 'l', blur_again_seconds: 20 })
  assert.deepEqual(set.body.preferences, { grey: true, size: 'l', blur_again_seconds: 20 })
  assert.deepEqual((await desk.shift('bea')).preferences, usual)
  for (const [field, body] of [
    ['size', { grey: true, size: 'xl', blur_again_seconds: 20 }],
    ['blur_again_seconds', { grey: true, size: 'l', blur_again_seconds: 0 }],
    ['grey', { size: 'l', blur_again_seconds: 20 }],
  ] as const)
    assert.equal((await desk.put('ada', 'preferences', body)).body.field, field)
  await desk.put('ada', 'preferences', usual)
  assert.deepEqual((await desk.shift('ada')).preferences, usual)
})

test('a day is its person’s: how much they decided, and nothing of anybody else', async () => {
  const { id, lease } = await held('ada', WEAPONS)
  await desk.decide('ada', id, { lease, outcome: 'allow' })
  const mine = await desk.shift('ada')
  assert.equal(mine.decided_today, 1)
  assert.deepEqual(mine.translation, { available: false, to: null })
  assert.equal((await desk.shift('bea')).decided_today, 0)
  await desk.as(`/v1/review/items/${id}/undo`, 'ada', { method: 'POST' })
  assert.equal((await desk.shift('ada')).decided_today, 0)
})

test('without limits any number of pictures, grave items and passes is given', async () => {
  await using free = await openSparingDesk({ reveals_per_day: null, grave_per_day: null, passes_per_day: null })
  const seen = await free.make('hold')
  await free.hold('ada', seen.id)
  assert.equal((await free.post('ada', `items/${seen.id}/reveal`, { what: 'picture' })).status, 200)
  const { reveals, passes } = await free.shift('ada')
  assert.deepEqual(
    [reveals, passes],
    [
      { used: 1, cap: null },
      { used: 0, cap: null },
    ],
  )
})
