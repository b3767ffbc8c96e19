// Whose an item is: handed over or up, left to those whom its category, language, severity, tenant and history leave it to, restricted.
import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { EVERYTHING } from '../support/reviewing.ts'
import { type Desk, FINDINGS, GRAPHIC, openDesk } from './desk.ts'

let desk: Desk
before(async () => {
  desk = await openDesk()
})
after(() => desk[Symbol.asyncDispose]())
afterEach(() => desk.clear())

const next = (who: string) => desk.as('/v1/review/next', who, { method: 'POST' })
const DENY = { outcome: 'deny', clause: GRAPHIC, findings: FINDINGS }

test('an item that is handed over by name waits for that person, with the note, and then for anybody', async () => {
  const { id } = await desk.make('hold')
  const lease = await desk.hold('ada', id)
  const release = (to: string) =>
    desk.as(`/v1/review/items/${id}/release`, 'ada', {
      body: { lease, to, note: 'the left hand is what I am unsure of' },
    })
  const stranger = await release(desk.id('compliance') || `per_${'0'.repeat(26)}`)
  assert.equal(stranger.status, 400)
  assert.equal(stranger.body.field, 'to')
  assert.equal((await release(desk.id('bea'))).status, 204)
  assert.equal((await next('cy')).status, 204)
  assert.equal((await desk.claim('cy', id)).body.code, 'conflict')
  await desk.clock(3601)
  const taken = await next('cy')
  assert.equal(taken.body.item.handover_note, 'the left hand is what I am unsure of')
  await desk.as(`/v1/review/items/${id}/release`, 'cy', { body: { lease: taken.body.lease.token, to: desk.id('bea') } })
  assert.equal((await next('bea')).body.item.id, id)
})

test('what was handed up is a lead’s, and does not come back to who handed it up', async () => {
  const { id } = await desk.make('hold')
  const lease = await desk.hold('ada', id)
  assert.equal((await desk.as(`/v1/review/items/${id}/escalate`, 'ada', { body: { lease } })).body.field, 'note')
  const handed = await desk.as(`/v1/review/items/${id}/escalate`, 'ada', { body: { lease, note: 'beyond me' } })
  assert.equal(handed.status, 204)
  for (const who of ['ada', 'bea']) {
    assert.equal((await next(who)).status, 204, who)
    assert.equal((await desk.claim(who, id)).body.code, 'conflict_of_interest', who)
  }
  const claimed = await next('lead')
  assert.equal(claimed.body.item.handover_note, 'beyond me')
  const nowhere = await desk.as(`/v1/review/items/${id}/escalate`, 'lead', {
    body: { lease: claimed.body.lease.token, note: 'up' },
  })
  assert.equal(nowhere.status, 409)
})

test('an item is claimed only by those whom its category, language, severity, tenant and history leave it to', async () => {
  const { id } = await desk.make('hold', { prompt: 'der Hund und die Katze auf dem Dach' })
  const set = async (more: object) => {
    const { status } = await desk.as(`/v1/review/people/${desk.id('ada')}`, 'lead', {
      method: 'PUT',
      body: { ...EVERYTHING, ...more },
    })
    assert.equal(status, 200)
  }
  for (const more of [
    { categories: ['weapons'] },
    { languages: ['en', 'fr'] },
    { max_severity: 79 },
    { conflicts: [desk.clientTenant] },
    { tenants: [desk.secondTenant] },
  ]) {
    await set(more)
    const refused = await desk.claim('ada', id)
    assert.equal(refused.status, 403, JSON.stringify(more))
    assert.equal(refused.body.code, 'conflict_of_interest')
    assert.equal((await next('ada')).status, 204, JSON.stringify(more))
  }
  await set({ categories: ['violence/graphic'], languages: ['de'], max_severity: 80, tenants: [desk.clientTenant] })
  const lease = await desk.hold('ada', id)
  await set({ conflicts: [desk.clientTenant] })
  const late = await desk.decide('ada', id, { lease, ...DENY })
  assert.equal(late.body.code, 'conflict_of_interest', 'a conflict counts even after the claim')
})

test('who judged a sibling picture or decided first does not get the appeal', async () => {
  const { requestId, imageIds } = await desk.pictures(['held', 'denied'])
  const hold = await desk.add({ kind: 'hold', requestId, imageId: imageIds[0] ?? null })
  await desk.allow('ada', hold)
  const appeal = await desk.make('appeal', { exclude: [{ personId: desk.id('bea'), reason: 'first_decider' }] })
  const { sql } = desk.service.ground.database
  await sql.updateTable('darkroom.review_item').set({ request_id: requestId }).where('id', '=', appeal.id).execute()
  assert.equal((await desk.claim('ada', appeal.id)).body.code, 'conflict_of_interest')
  assert.equal((await desk.claim('bea', appeal.id)).body.code, 'conflict_of_interest')
  assert.equal((await desk.claim('cy', appeal.id)).status, 200)
})

test('what is restricted does not exist for those without the permission, a lead among them', async () => {
  const { id } = await desk.make('escalation', {
    restricted: true,
    category: 'sexual/minors',
    clause: 'sexual/minors/1',
  })
  const absent = `rvw_${'0'.repeat(26)}`
  for (const who of ['ada', 'lead']) {
    assert.equal((await next(who)).status, 204)
    for (const [method, path, body] of [
      ['POST', 'claim', undefined],
      ['GET', '', undefined],
      ['GET', 'picture', undefined],
      ['POST', 'reveal', { what: 'picture' }],
      ...(who === 'lead'
        ? [['POST', 'assign', { to: desk.id('ada') }] as const, ['POST', 'unassign', undefined] as const]
        : []),
    ] as const) {
      const at = (item: string) => desk.as(`/v1/review/items/${item}${path && `/${path}`}`, who, { method, body })
      const [there, nowhere] = [await at(id), await at(absent)]
      assert.equal(there.status, 404, `${who} ${path}`)
      assert.deepEqual({ ...there.body, instance: '' }, { ...nowhere.body, instance: '' })
    }
  }
  const queue = (await desk.as('/v1/review/queue', 'lead')).body
  assert.equal(JSON.stringify(queue).includes(id), false)
  assert.equal(queue.lanes.restricted, 0)
})
