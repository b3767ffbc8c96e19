// Claims over the API: who gets what, that a token is one claim's, and that a claim which ended changes nothing.
import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { type Desk, FINDINGS, GRAPHIC, openDesk } from './desk.ts'

let desk: Desk
before(async () => {
  desk = await openDesk()
})
after(() => desk[Symbol.asyncDispose]())
afterEach(() => desk.clear())

const next = (who: string) => desk.as('/v1/review/next', who, { method: 'POST' })
const DENY = { outcome: 'deny', clause: GRAPHIC, findings: FINDINGS }

test('the next item is the gravest of those that wait equally long, and no two people get the same', async () => {
  const mild = await desk.make('hold', { category: 'weapons', clause: 'weapons/2' })
  const grave = await desk.make('hold')
  const first = await next('ada')
  assert.equal(first.status, 200)
  assert.equal(first.body.item.id, grave.id)
  assert.match(first.body.lease.token, /^[\w-]{32}$/)
  assert.equal((await next('bea')).body.item.id, mild.id)
  const nothing = await next('cy')
  assert.equal(nothing.status, 204)
  assert.equal(nothing.body, null)
})

test('of one lane the next is handed out, and nothing of another', async () => {
  const hold = await desk.make('hold')
  const report = await desk.make('report', { category: 'weapons', clause: 'weapons/2' })
  const of = (lane: unknown) => desk.as('/v1/review/next', 'ada', { body: { lane } })
  assert.equal((await of('second_look')).status, 204)
  assert.equal((await of('report')).body.item.id, report.id)
  assert.equal((await of('report')).status, 204)
  assert.equal((await of('restricted')).status, 204)
  assert.deepEqual((await of('boats')).body.field, 'lane')
  assert.equal((await of(null)).body.item.id, hold.id, 'none is all')
})

test('an answer that was lost is asked for again by its token, and is the same claim', async () => {
  const [first, second] = [await desk.make('hold'), await desk.make('hold')]
  const ask = (who: string, token: string) => desk.as('/v1/review/next', who, { body: { token } })
  const token = 'a'.repeat(32)
  const claim = await ask('ada', token)
  assert.equal(claim.body.lease.token, token)
  assert.equal((await desk.row(claim.body.item.id)).fence, '1')
  const again = await ask('ada', token)
  assert.equal(again.body.item.id, claim.body.item.id)
  assert.equal(again.body.lease.token, token)
  assert.equal((await desk.row(claim.body.item.id)).fence, '1')
  // Somebody else's token is nobody's.
  const other = await ask('bea', token)
  assert.deepEqual([claim.body.item.id, other.body.item.id].sort(), [first.id, second.id].sort())
  assert.equal((await desk.decide('ada', claim.body.item.id, { lease: token, ...DENY })).status, 200)
  assert.equal((await ask('ada', token)).status, 204, 'what was decided is not handed out again')
  for (const bad of ['short', 'a'.repeat(33), `${'a'.repeat(31)}+`])
    assert.equal((await ask('ada', bad)).body.field, 'token')
})

test('a token whose claim ran out asks for the next item, whichever that is by then', async () => {
  const mild = await desk.make('hold', { category: 'weapons', clause: 'weapons/2' })
  const token = 'c'.repeat(32)
  const ask = () => desk.as('/v1/review/next', 'ada', { body: { token } })
  assert.equal((await ask()).body.item.id, mild.id)
  await desk.clock(601)
  // Before it in the queue, while the one that ran out still has the token.
  const grave = await desk.make('hold')
  await desk.service.ground.database.sql
    .updateTable('darkroom.review_item')
    .set({ rank_at: new Date(0) })
    .where('id', '=', grave.id)
    .execute()
  const next = await ask()
  assert.equal(next.status, 200)
  assert.equal(next.body.item.id, grave.id)
  assert.notEqual(next.body.lease.token, token)
  const { status } = await desk.decide('ada', grave.id, { lease: next.body.lease.token, ...DENY })
  assert.equal(status, 200)
})

test('what was claimed ahead counts its time from when it was looked at', async () => {
  const { id } = await desk.make('hold')
  const lease = await desk.hold('ada', id)
  const renew = (body: object) => desk.as(`/v1/review/items/${id}/renew`, 'ada', { body: { lease, ...body } })
  await desk.clock(300)
  const { leased_at: claimedAt } = await desk.row(id)
  await renew({ opened: false })
  assert.deepEqual((await desk.row(id)).leased_at, claimedAt)
  assert.equal((await renew({ opened: true })).status, 200)
  await desk.clock(320)
  await desk.decide('ada', id, { lease, ...DENY })
  const { took_ms } = await desk.service.ground.database.sql
    .selectFrom('darkroom.review_verdict')
    .select('took_ms')
    .where('item_id', '=', id)
    .executeTakeFirstOrThrow()
  assert.ok(Number(took_ms) >= 19_000 && Number(took_ms) < 60_000, `${took_ms}`)
})

test('whoever has no role, or a key that belongs to nobody, reviews nothing', async () => {
  const { id } = await desk.make('hold')
  for (const who of ['client', 'compliance', 'admin']) {
    assert.equal((await desk.as('/v1/review/next', who, { method: 'POST' })).status, 403, who)
    assert.equal((await desk.as(`/v1/review/items/${id}`, who)).status, 403, who)
  }
  assert.equal((await desk.call('/v1/review/queue', { key: 'dk_live_nothing' })).status, 401)
  await desk.addPerson('ghost', ['reviewer'])
  const { sql } = desk.service.ground.database
  await sql.updateTable('darkroom.api_key').set({ person_id: null }).where('person_id', '=', desk.id('ghost')).execute()
  const refused = await next('ghost')
  assert.equal(refused.status, 403)
  assert.match(refused.body.detail, /belongs to nobody/)
})

test('a claim that ran out decides nothing, and the item is the next one’s', async () => {
  const { id } = await desk.make('hold')
  const lease = await desk.hold('ada', id)
  await desk.clock(601)
  const late = await desk.decide('ada', id, { lease, ...DENY })
  assert.equal(late.status, 409)
  assert.equal(late.body.code, 'lease_expired')
  assert.match(late.body.detail, /^This claim [^.]+\. Claim [^.]+\.$/, 'two sentences')
  for (const [act, body] of [
    ['renew', { lease }],
    ['release', { lease }],
    ['escalate', { lease, note: 'please look' }],
  ] as const)
    assert.equal((await desk.as(`/v1/review/items/${id}/${act}`, 'ada', { body })).body.code, 'lease_expired', act)
  assert.equal((await desk.as(`/v1/review/items/${id}`, 'ada')).body.code, 'lease_expired')
  assert.equal((await desk.row(id)).state, 'open')
  assert.equal((await next('bea')).body.item.id, id)
})

test('a renewed claim lasts from then on', async () => {
  const { id } = await desk.make('hold')
  const lease = await desk.hold('ada', id)
  await desk.clock(500)
  const renewed = await desk.as(`/v1/review/items/${id}/renew`, 'ada', { body: { lease } })
  assert.equal(renewed.status, 200)
  await desk.clock(1050)
  assert.equal((await desk.decide('ada', id, { lease, ...DENY })).status, 200)
})

test('two tabs are two claims: what the first holds the second’s token does not touch', async () => {
  const one = await desk.make('hold')
  const two = await desk.make('hold')
  const first = (await next('ada')).body
  const second = (await next('ada')).body
  assert.deepEqual([first.item.id, second.item.id].sort(), [one.id, two.id].sort())
  assert.notEqual(first.lease.token, second.lease.token)
  const crossed = await desk.decide('ada', first.item.id, { lease: second.lease.token, ...DENY })
  assert.equal(crossed.body.code, 'lease_expired')
  assert.equal((await desk.decide('ada', first.item.id, { lease: first.lease.token, ...DENY })).status, 200)
})

test('whoever claims by its id what they hold takes it over: the token of before holds nothing any more', async () => {
  const { id } = await desk.make('hold')
  const lost = await desk.hold('ada', id)
  assert.equal((await desk.claim('bea', id)).status, 409, 'it is held')
  const lease = await desk.hold('ada', id)
  assert.equal((await desk.decide('ada', id, { lease: lost, ...DENY })).body.code, 'lease_expired')
  assert.equal((await desk.decide('ada', id, { lease, ...DENY })).status, 200)
})

test('who gives an item back and sets it aside is not handed it again for as long as a claim lasts; others are', async () => {
  const { id } = await desk.make('hold')
  const lease = await desk.hold('ada', id)
  const given = await desk.as(`/v1/review/items/${id}/release`, 'ada', { body: { lease, aside: true } })
  assert.equal(given.status, 204)
  assert.equal((await next('ada')).status, 204)
  const queue = await desk.as('/v1/review/queue', 'ada')
  assert.equal(queue.body.lanes.first_look, 0, 'nor is it counted as theirs')
  const { rules } = desk.service.review
  await desk.clock(rules.leaseMs / 1000 - 5)
  assert.equal((await next('ada')).status, 204)
  await desk.clock(rules.leaseMs / 1000)
  assert.equal((await next('ada')).body.item.id, id)
  await desk.clear()
  const other = await desk.make('hold')
  await desk.as(`/v1/review/items/${other.id}/release`, 'ada', {
    body: { lease: await desk.hold('ada', other.id), aside: true },
  })
  assert.equal((await next('bea')).body.item.id, other.id)
})

test('a token is its person’s: in another’s hands it does nothing', async () => {
  const { id } = await desk.make('hold')
  const lease = await desk.hold('ada', id)
  for (const [act, body] of [
    ['renew', { lease }],
    ['release', { lease }],
    ['escalate', { lease, note: 'please look' }],
    ['decide', { lease, ...DENY }],
  ] as const)
    assert.equal((await desk.as(`/v1/review/items/${id}/${act}`, 'bea', { body })).body.code, 'lease_expired', act)
  assert.equal((await desk.row(id)).lease_person, desk.id('ada'))
})
