// Legal holds: what its owner erases is hidden from everybody at once and lies sealed until nothing asks for it; then it is erased. Only
// people of compliance hold and lift, and the chain has ids alone.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { generatedKey } from '../../src/kernel/quarantine.ts'
import { json } from '../http/service.ts'
import { breakEverywhere, type House, has, openHouse } from './house.ts'

let house: House
before(async () => {
  house = await openHouse()
})
after(() => house[Symbol.asyncDispose]())

const erase = (id: string) => house.service.call(`/v1/generations/${id}`, { method: 'DELETE' })
const place = (body: object, as = 'compliance') => house.call('/v1/admin/legal-holds', { ...json(body), as })
const REASON = 'a court asked for it'

/** The released file of a picture, wherever quarantine has it. */
async function markedFile(imageId: string): Promise<boolean> {
  const { marked } = await house.rowOf('image', imageId)
  const digest = String(Object(Object(marked).digests).file)
  return has(house.ground.quarantine, `${imageId}/marked-${digest}`)
}

test('what is held and erased is hidden at once, kept sealed, and goes when the hold is lifted', async () => {
  const { requestId, imageId } = await house.published()
  const holdId = await house.hold(requestId)
  const link = (await house.call(`/v1/images/${imageId}/content`)).headers.get('location') ?? ''
  assert.equal((await house.call(link, { as: null })).status, 200)
  assert.equal((await erase(requestId)).status, 204)

  assert.equal((await house.call(link, { as: null })).status, 404)
  for (const path of [`/v1/generations/${requestId}`, `/v1/images/${imageId}`, `/v1/images/${imageId}/content`])
    assert.equal((await house.call(path)).status, 410, path)
  assert.equal(await has(house.ground.images, `${imageId}.png`), false)
  assert.ok(await has(house.ground.quarantine, generatedKey(imageId)))
  assert.ok(await markedFile(imageId))
  const hidden = await house.rowOf('request', requestId)
  assert.ok(hidden.prompt !== null && hidden.salt !== null && hidden.erased_at !== null)
  assert.equal((await house.rowOf('image', imageId)).size_bytes, null, 'the tenant stores it no more')
  await house.days(400)
  await house.janitor()
  assert.ok(await has(house.ground.quarantine, generatedKey(imageId)))

  assert.equal((await house.lift(holdId)).status, 200)
  await house.janitor()
  const { prompt, salt, erased_at } = await house.rowOf('request', requestId)
  assert.deepEqual([prompt, salt, erased_at], [null, null, hidden.erased_at])
  assert.equal(await has(house.ground.quarantine, generatedKey(imageId)), false)
  assert.equal(await markedFile(imageId), false)
  const notes = await house.notesOf(requestId)
  assert.deepEqual(
    notes.map(({ kind, facts }) => [kind, Object(facts).held]),
    [
      ['legal_hold.placed', undefined],
      ['generation.erased', true],
      ['legal_hold.lifted', undefined],
      ['generation.erased', false],
    ],
  )
  assert.doesNotMatch(JSON.stringify(notes), /court/, 'why is in no chain')
})

test('the released file is kept even where quarantine had given it up', async () => {
  const { requestId, imageId } = await house.published()
  await house.days(house.rules.releasedOriginalDays + 1)
  await house.janitor()
  assert.equal(await markedFile(imageId), false)
  await house.hold(requestId)
  await erase(requestId)
  assert.equal(await has(house.ground.images, `${imageId}.png`), false)
  assert.ok(await markedFile(imageId))
})

test('two holds are lifted one by one, and lifting again is no error', async () => {
  const { requestId, imageId } = await house.denied()
  const [first, second] = [await house.hold(requestId), await house.hold(requestId)]
  await erase(requestId)
  assert.deepEqual([(await house.lift(first)).status, (await house.lift(first)).status], [200, 200])
  await house.janitor()
  assert.ok(await has(house.ground.quarantine, generatedKey(imageId)))
  await house.lift(second)
  await house.janitor()
  assert.equal(await has(house.ground.quarantine, generatedKey(imageId)), false)
})

test('a restricted case outlives its owner’s erasure as if it were held', async () => {
  const { requestId, imageId } = await house.denied()
  await house.restrict((await house.rowOf('image', imageId)).statement_id)
  assert.equal((await erase(requestId)).status, 204)
  assert.equal((await house.call(`/v1/generations/${requestId}`)).status, 410)
  await house.days(100)
  await house.janitor()
  assert.ok(await has(house.ground.quarantine, generatedKey(imageId)))
})

test('an erasure omits the open appeal and closes the items of what is gone', async () => {
  const { requestId, imageId } = await house.draw({ weapons: 0.95 })
  const { state } = await house.rowOf('image', imageId)
  assert.equal(state, 'held')
  const refused = await house.refused()
  await house.today()
  const denied = await house.denied()
  const appealId = await house.appeal((await house.rowOf('image', denied.imageId)).statement_id ?? '')
  for (const id of [requestId, refused, denied.requestId]) assert.equal((await erase(id)).status, 204)
  assert.equal((await house.call(`/v1/appeals/${appealId}`)).body.state, 'omitted')
  const items = await house.sql
    .selectFrom('darkroom.review_item')
    .select(['state', 'ruling'])
    .where('request_id', 'in', [requestId, denied.requestId])
    .execute()
  assert.ok(items.length >= 2)
  for (const item of items)
    assert.deepEqual([item.state, item.ruling], ['closed', { outcome: 'omit', reason: 'content_erased' }])
})

test('what cannot be held is refused by name', async () => {
  const { requestId } = await house.published()
  assert.equal((await place({ request_id: requestId, reason: REASON }, 'client')).status, 403)
  assert.equal((await place({ request_id: requestId, reason: REASON }, 'admin')).status, 403)
  for (const [body, field] of [
    [{ request_id: requestId }, 'reason'],
    [{ request_id: requestId, reason: '   ' }, 'reason'],
    [{ request_id: requestId, reason: REASON, until: 'ever' }, 'until'],
    [{ request_id: 7, reason: REASON }, 'request_id'],
  ] as const) {
    const { status, body: problem } = await place(body)
    assert.deepEqual([status, problem.field], [400, field])
  }
  assert.equal((await place({ request_id: 'req_nothing', reason: REASON })).status, 404)
  assert.equal((await house.lift('lgh_nothing')).status, 404)
  await erase(requestId)
  await house.janitor()
  assert.equal((await place({ request_id: requestId, reason: REASON })).status, 410)
  const listed = await house.call('/v1/admin/legal-holds?limit=2', { as: 'compliance' })
  assert.deepEqual([listed.body.data.length, listed.body.has_more], [2, true])
  const more = await house.call(`/v1/admin/legal-holds?limit=2&after=${listed.body.next}`, { as: 'compliance' })
  assert.ok(more.body.data.every(({ id }: { id: string }) => id < listed.body.next))
  assert.equal((await house.call('/v1/admin/legal-holds?after=lgh_x', { as: 'compliance' })).status, 400)
})

test('whatever fails while a held erasure is resumed, it is gone in the end and told once', async () => {
  let requestId = ''
  let imageId = ''
  const steps = await breakEverywhere(house, house.janitor, {
    prepare: async () => {
      const made = await house.published()
      requestId = made.requestId
      imageId = made.imageId
      const holdId = await house.hold(requestId)
      await erase(requestId)
      await house.lift(holdId)
    },
    check: async (where) => {
      assert.equal(await has(house.ground.quarantine, generatedKey(imageId)), false, where)
      assert.equal(await has(house.ground.images, `${imageId}.png`), false, where)
      assert.equal((await house.rowOf('request', requestId)).prompt, null, where)
      const kinds = (await house.notesOf(requestId)).map(({ kind }) => kind)
      assert.equal(kinds.filter((kind) => kind === 'generation.erased').length, 2, where)
    },
  })
  assert.ok(steps >= 8, `${steps} steps broke`)
})
