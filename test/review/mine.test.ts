// A reviewer's own verdicts: theirs alone, newest first, with what became of an item once that is known.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { settleDue } from '../../src/review/settle.ts'
import { FINDINGS, GRAPHIC } from './desk.ts'
import { openSparingDesk, type SparingDesk } from './limits.ts'

let desk: SparingDesk
before(async () => {
  desk = await openSparingDesk()
})
after(() => desk[Symbol.asyncDispose]())

const nothing = async () => async () => []
const mine = async (who: string, query = '') => (await desk.as(`/v1/review/mine${query}`, who)).body
const ids = ({ data }: { data: { item_id: string }[] }) => data.map(({ item_id }) => item_id)

test('one’s own verdicts are listed newest first, in pages, with the ruling of what is closed', async () => {
  const [first, second, third] = [await desk.make('hold'), await desk.make('report'), await desk.make('hold')]
  const deny = { outcome: 'deny', clause: GRAPHIC, findings: FINDINGS, note: 'plain to see' }
  await desk.decide('ada', first.id, { lease: await desk.hold('ada', first.id), ...deny })
  await desk.clock(61)
  const effects = {
    hold: nothing,
    appeal: nothing,
    audit: nothing,
    report: nothing,
    gold: nothing,
    escalation: nothing,
  }
  await settleDue(desk.service.ground, desk.service.review, effects)
  await desk.allow('ada', second.id)
  await desk.allow('ada', third.id)
  await desk.as(`/v1/review/items/${third.id}/undo`, 'ada', { method: 'POST' })
  const all = await mine('ada')
  assert.deepEqual(ids(all), [second.id, first.id], 'what was taken back is none')
  const [newest, oldest] = all.data
  assert.deepEqual(
    [newest.lane, newest.outcome, newest.rule, newest.undoable, newest.ruling],
    ['report', 'allow', null, true, null],
  )
  assert.deepEqual([oldest.lane, oldest.outcome, oldest.undoable, oldest.ruling], ['first_look', 'deny', false, 'deny'])
  assert.equal(oldest.rule, desk.service.policy.clauses.get(GRAPHIC)?.rule)
  assert.equal(oldest.note, 'plain to see')
  assert.ok(Math.abs(Date.parse(oldest.effect_at) - Date.parse(oldest.at) - 60_000) < 1000)
  const page = await mine('ada', '?limit=1')
  assert.deepEqual([ids(page), page.has_more], [[second.id], true])
  const rest = await mine('ada', `?limit=1&after=${page.next}`)
  assert.deepEqual([ids(rest), rest.has_more, rest.next], [[first.id], false, null])
  assert.deepEqual((await mine('bea')).data, [])
  assert.equal((await mine('bea', `?after=${page.next}`)).field, 'after', 'another’s page is nobody’s')
})

test('what is restricted is listed only while one has that permission', async () => {
  const made = await desk.make('escalation', { restricted: true, category: 'sexual/minors', clause: 'sexual/minors/1' })
  const open = (restricted: boolean) =>
    desk.sql
      .insertInto('darkroom.reviewer')
      .values({ person_id: desk.id('bea'), restricted })
      .onConflict((on) => on.column('person_id').doUpdateSet({ restricted }))
      .execute()
  await open(true)
  await desk.decide('bea', made.id, { lease: await desk.hold('bea', made.id), outcome: 'allow' })
  assert.deepEqual(ids(await mine('bea')), [made.id])
  await open(false)
  assert.deepEqual((await mine('bea')).data, [])
})
