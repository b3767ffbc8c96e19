// Verdicts over the API: what must be in one, when it takes effect, taking it back, and one verdict on identical items.
import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { settleDue } from '../../src/review/settle.ts'
import { type Desk, FINDINGS, GRAPHIC, openDesk } from './desk.ts'

let desk: Desk
before(async () => {
  desk = await openDesk()
})
after(() => desk[Symbol.asyncDispose]())
afterEach(() => desk.clear())

const DENY = { outcome: 'deny', clause: GRAPHIC, findings: FINDINGS }
const undo = (who: string, id: string) => desk.as(`/v1/review/items/${id}/undo`, who, { method: 'POST' })
const bulk = (who: string, body: object) => desk.as('/v1/review/bulk', who, { body })
const nothing = async () => async () => []
const settle = () =>
  settleDue(desk.service.ground, desk.service.review, {
    ...{ hold: nothing, appeal: nothing, audit: nothing, report: nothing, gold: nothing, escalation: nothing },
  })

test('a verdict that lacks a part is refused by the name of that part, and decides nothing', async () => {
  const { id } = await desk.make('hold')
  const lease = await desk.hold('ada', id)
  const refused = async (body: object, who = 'ada') => {
    const answer = await desk.decide(who, id, { lease, ...body })
    return [answer.status, answer.body.code, answer.body.field]
  }
  const incomplete = (field: string) => [400, 'decision_incomplete', field]
  assert.deepEqual(await refused({ outcome: 'deny' }), incomplete('clause'))
  assert.deepEqual(await refused({ outcome: 'deny', clause: 'violence/99' }), incomplete('clause'))
  assert.deepEqual(await refused({ outcome: 'deny', clause: 'sexual/minors/1' }), incomplete('clause'))
  assert.deepEqual(await refused({ outcome: 'deny', clause: GRAPHIC }), incomplete('findings.shown'))
  assert.deepEqual(
    await refused({ outcome: 'deny', clause: GRAPHIC, findings: { shown: FINDINGS.shown } }),
    incomplete('findings.extent'),
  )
  assert.deepEqual(
    await refused({ ...DENY, findings: { ...FINDINGS, shown: 'something that I made up' } }),
    incomplete('findings.shown'),
  )
  assert.deepEqual(await refused({ ...DENY, findings: { ...FINDINGS, mood: 'grim' } }), incomplete('findings.mood'))
  assert.deepEqual(await refused({ outcome: 'allow', clause: GRAPHIC }), incomplete('clause'))
  assert.deepEqual(await refused({ outcome: 'allow', reason: 'because' }), incomplete('reason'))
  assert.deepEqual(await refused({ outcome: 'omit', reason: 'misuse' }), [403, 'forbidden', 'outcome'])
  assert.deepEqual((await desk.decide('ada', id, DENY)).body.field, 'lease')
  assert.deepEqual(await refused({}), [400, 'invalid_request', 'outcome'])
  assert.equal((await desk.row(id)).state, 'open')
  const appeal = await desk.make('appeal')
  const own = await desk.hold('ada', appeal.id)
  const bare = await desk.decide('ada', appeal.id, { lease: own, outcome: 'allow' })
  assert.deepEqual([bare.body.code, bare.body.field], ['decision_incomplete', 'reason'])
})

test('a verdict is given once, and takes effect when its undo time is over', async () => {
  const { id } = await desk.make('hold', { category: 'weapons', clause: 'weapons/2' })
  const lease = await desk.hold('ada', id)
  const given = await desk.decide('ada', id, { lease, ...DENY, note: 'plain to see' })
  assert.equal(given.status, 200)
  assert.match(given.body.verdict_id, /^vrd_/)
  assert.equal((await desk.decide('ada', id, { lease, ...DENY })).body.code, 'lease_expired')
  assert.equal((await desk.claim('bea', id)).body.code, 'conflict')
  assert.equal(await settle(), 0)
  const queue = (await desk.as('/v1/review/queue', 'ada')).body
  assert.deepEqual(
    queue.undoable.map((one: { id: string; outcome: string }) => [one.id, one.outcome]),
    [[id, 'deny']],
  )
  await desk.clock(61)
  assert.equal(await settle(), 1)
  assert.equal((await desk.row(id)).state, 'closed')
  assert.deepEqual((await desk.as('/v1/review/queue', 'ada')).body.undoable, [])
})

test('the same verdict sent again is answered as it was, and another with the same claim is refused', async () => {
  const { id } = await desk.make('hold', { category: 'weapons', clause: 'weapons/2' })
  const lease = await desk.hold('ada', id)
  const verdict = { lease, ...DENY, note: 'plain to see' }
  const given = await desk.decide('ada', id, verdict)
  const again = await desk.decide('ada', id, {
    ...verdict,
    findings: Object.fromEntries(Object.entries(FINDINGS).reverse()),
  })
  assert.deepEqual([again.status, again.body], [200, given.body])
  for (const other of [
    { ...verdict, note: 'plain to see!' },
    { ...verdict, note: null },
    { ...verdict, reason: 'misread' },
    { ...verdict, findings: { ...FINDINGS, shown: 'a severed part of a body' } },
    { lease, outcome: 'allow' },
    { ...verdict, lease: lease.replace(/^./, (first: string) => (first === 'a' ? 'b' : 'a')) },
  ])
    assert.equal((await desk.decide('ada', id, other)).body.code, 'lease_expired', JSON.stringify(other))
  assert.equal((await desk.decide('bea', id, verdict)).body.code, 'lease_expired')
  const { data } = (await desk.as('/v1/review/mine', 'ada')).body
  assert.equal(data.filter((one: { item_id: string }) => one.item_id === id).length, 1)
  await desk.clock(61)
  await settle()
  assert.deepEqual((await desk.decide('ada', id, verdict)).body, given.body, 'once it has taken effect, too')
})

test('a verdict that was taken back is not given by sending it again', async () => {
  const { id } = await desk.make('hold')
  const lease = await desk.hold('ada', id)
  await desk.decide('ada', id, { lease, ...DENY })
  const { body } = await undo('ada', id)
  assert.equal((await desk.decide('ada', id, { lease, ...DENY })).body.code, 'lease_expired')
  assert.equal((await desk.decide('ada', id, { lease: body.lease.token, ...DENY })).status, 200)
})

test('what is decided or closed is claimed by nobody, and the refusal says which', async () => {
  const { id } = await desk.make('hold', { category: 'weapons', clause: 'weapons/2' })
  await desk.decide('ada', id, { lease: await desk.hold('ada', id), ...DENY })
  for (const who of ['ada', 'bea']) {
    const refused = await desk.claim(who, id)
    assert.deepEqual(
      [refused.status, refused.body.code, refused.body.detail],
      [409, 'conflict', 'this item is decided already'],
    )
  }
  await desk.clock(61)
  await settle()
  assert.equal((await desk.claim('bea', id)).body.detail, 'this item is closed already')
})

test('a verdict is taken back within its time by who gave it, and by nobody else', async () => {
  const { id } = await desk.make('hold')
  const lease = await desk.hold('ada', id)
  await desk.decide('ada', id, { lease, ...DENY })
  assert.equal((await undo('bea', id)).status, 404)
  await desk.clock(58)
  const undone = await undo('ada', id)
  assert.equal(undone.status, 200)
  assert.notEqual(undone.body.lease.token, lease)
  assert.equal((await desk.decide('ada', id, { lease, ...DENY })).body.code, 'lease_expired', 'the old token is void')
  assert.equal((await undo('ada', id)).status, 409)
  const again = await desk.decide('ada', id, { lease: undone.body.lease.token, outcome: 'allow' })
  assert.equal(again.status, 200)
  await desk.clock(58 + 61)
  const late = await undo('ada', id)
  assert.deepEqual([late.status, late.body.code], [409, 'conflict'])
  await settle()
  const verdicts = await desk.service.ground.database.sql
    .selectFrom('darkroom.review_verdict')
    .select(['outcome', 'undone_at'])
    .where('item_id', '=', id)
    .orderBy('at')
    .execute()
  assert.deepEqual(
    verdicts.map((one) => [one.outcome, one.undone_at !== null]),
    [
      ['deny', true],
      ['allow', false],
    ],
  )
})

test('a lead alone leaves something undecided, with a reason, and only an appeal or a report', async () => {
  const appeal = await desk.make('appeal')
  const lease = await desk.hold('lead', appeal.id)
  const without = await desk.decide('lead', appeal.id, { lease, outcome: 'omit' })
  assert.deepEqual([without.body.code, without.body.field], ['decision_incomplete', 'reason'])
  assert.equal((await desk.decide('lead', appeal.id, { lease, outcome: 'omit', reason: 'misuse' })).status, 200)
  const held = await desk.make('hold')
  const own = await desk.hold('lead', held.id)
  const refused = await desk.decide('lead', held.id, { lease: own, outcome: 'omit', reason: 'misuse' })
  assert.deepEqual([refused.body.code, refused.body.field], ['decision_incomplete', 'outcome'])
})

test('identical held items get one verdict together, each with its own undo', async () => {
  const twins = []
  for (let i = 0; i < 3; i++) twins.push((await desk.make('hold', { contentDigest: 'same pixels' })).id)
  const [first = '', ...others] = twins
  const { item, lease } = (await desk.claim('ada', first)).body
  assert.deepEqual(item.alike.toSorted(), others.toSorted())
  const done = await bulk('ada', { item: first, lease: lease.token, items: others, ...DENY })
  assert.equal(done.status, 200)
  assert.equal(done.body.decided, 3)
  for (const id of twins) assert.equal((await desk.row(id)).state, 'decided')
  const [second = '', third = ''] = others
  assert.equal((await undo('ada', second)).status, 200)
  assert.equal((await desk.row(third)).state, 'decided')
})

test('what is not identical, not held, not free or not one’s to decide is never decided in bulk, and then nothing is', async () => {
  const digest = 'the same once more'
  const first = await desk.make('hold', { contentDigest: digest })
  const lease = await desk.hold('ada', first.id)
  const cases: [string, string, string][] = []
  const add = async (why: string, code: string, made: { id: string }) => void cases.push([why, code, made.id])
  await add('another picture', 'invalid_request', await desk.make('hold', { contentDigest: 'other pixels' }))
  await add(
    'another clause',
    'invalid_request',
    await desk.make('hold', { contentDigest: digest, clause: 'weapons/2' }),
  )
  await add(
    'another tenant',
    'invalid_request',
    await desk.make('hold', { contentDigest: digest, tenantId: desk.secondTenant }),
  )
  for (const kind of ['appeal', 'audit', 'report', 'gold', 'escalation'] as const)
    await add(kind, 'invalid_request', await desk.make(kind, { contentDigest: digest }))
  await add('restricted', 'invalid_request', await desk.make('hold', { contentDigest: digest, restricted: true }))
  const exclude = [{ personId: desk.id('ada'), reason: 'conflict' as const }]
  await add('a conflict', 'invalid_request', await desk.make('hold', { contentDigest: digest, exclude }))
  const taken = await desk.make('hold', { contentDigest: digest })
  await desk.hold('bea', taken.id)
  await add('somebody has it', 'conflict', taken)
  const kept = await desk.make('hold', { contentDigest: digest })
  await desk.as(`/v1/review/items/${kept.id}/assign`, 'lead', { body: { to: desk.id('cy') } })
  await add('it is kept for somebody', 'conflict', kept)
  await add('it is not there', 'invalid_request', { id: `rvw_${'0'.repeat(26)}` })
  const fine = await desk.make('hold', { contentDigest: digest })
  for (const [why, code, id] of cases) {
    const refused = await bulk('ada', { item: first.id, lease, items: [fine.id, id], ...DENY })
    assert.deepEqual([refused.body?.code, refused.body?.field], [code, 'items'], why)
  }
  assert.equal(
    (await bulk('ada', { item: first.id, lease: 'x'.repeat(32), items: [fine.id], ...DENY })).body.code,
    'lease_expired',
  )
  assert.equal((await bulk('ada', { item: first.id, lease, items: [fine.id], outcome: 'deny' })).body.field, 'clause')
  for (const { id } of [first, fine]) assert.equal((await desk.row(id)).state, 'open')
  const appeal = await desk.make('appeal', { contentDigest: digest })
  const own = await desk.hold('ada', appeal.id)
  const never = await bulk('ada', {
    item: appeal.id,
    lease: own,
    items: [fine.id],
    outcome: 'allow',
    reason: 'misread',
  })
  assert.deepEqual([never.body.code, never.body.field], ['invalid_request', 'items'])
})
