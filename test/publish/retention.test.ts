// Retention: what could be looked at again is kept until that is over and not longer; appeals, legal holds and restricted cases stop the
// clock; whatever breaks in between is done in the end, once.
import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { sql as raw } from 'kysely'
import { generatedKey } from '../../src/kernel/quarantine.ts'
import { endRetention } from '../../src/publish/retention.ts'
import { json } from '../http/service.ts'
import { breakEverywhere, type House, has, openHouse } from './house.ts'

const WINDOW = 30
const GRACE = 7
let house: House
before(async () => {
  house = await openHouse()
})
after(() => house[Symbol.asyncDispose]())
beforeEach(() => house.today())

const isKept = (imageId: string) => has(house.ground.quarantine, generatedKey(imageId))
const erasedAt = async (table: 'request' | 'image', id: string) => (await house.rowOf(table, id)).erased_at
const statementOf = async (table: 'request' | 'image', id: string) => (await house.rowOf(table, id)).statement_id
const kindsOf = async (id: string) => (await house.notesOf(id)).map(({ kind }) => kind)

test('a denied picture is kept while it can be appealed and a grace after, then erased with a record', async () => {
  const { imageId, requestId } = await house.denied()
  await house.days(WINDOW + GRACE - 0.1)
  await house.janitor()
  assert.ok(await isKept(imageId))
  assert.equal(await erasedAt('image', imageId), null)
  await house.days(0.2)
  assert.equal((await house.janitor()).images, 1)
  assert.equal(await isKept(imageId), false)
  const { salt, erased_at, state, statement_id } = await house.rowOf('image', imageId)
  assert.deepEqual([salt, erased_at !== null, state], [null, true, 'denied'])
  const facts = { statement: statement_id, rules: house.rules.digest }
  assert.deepEqual(await house.notesOf(imageId), [{ kind: 'image.retention_ended', facts }])
  assert.ok((await house.rowOf('request', requestId)).prompt, 'the order is its owner’s, and stays')
  assert.equal((await house.call(`/v1/statements/${statement_id}`)).status, 200, 'the reasons stay')
  await house.janitor()
  assert.deepEqual(await kindsOf(imageId), ['image.retention_ended'], 'once')
})

test('what was asked and refused goes with its inputs, and the request answers that it is gone', async () => {
  const requestId = await house.refused()
  const key = `${requestId}/input-0`
  await house.ground.quarantine.putIfAbsent(key, { bytes: Buffer.from('an upload'), contentType: 'image/png' })
  await house.days(WINDOW + GRACE - 0.1)
  await house.janitor()
  assert.ok((await house.rowOf('request', requestId)).prompt)
  await house.days(0.2)
  assert.equal((await house.janitor()).requests, 1)
  const row = await house.rowOf('request', requestId)
  for (const column of ['prompt', 'negative_prompt', 'salt', 'user_digest', 'order_digest'] as const)
    assert.equal(row[column], null, column)
  assert.equal(await has(house.ground.quarantine, key), false)
  assert.equal((await house.call(`/v1/generations/${requestId}`)).status, 410)
  assert.deepEqual(await kindsOf(requestId), ['request.retention_ended'])
})

test('an appeal that is open stops the clock, and its decision starts the grace again', async () => {
  const { imageId } = await house.denied()
  const appealId = await house.appeal((await statementOf('image', imageId)) ?? '')
  await house.days(2 * (WINDOW + GRACE))
  await house.janitor()
  assert.ok(await isKept(imageId))
  assert.equal((await house.service.call(`/v1/appeals/${appealId}/withdraw`, { method: 'POST' })).status < 300, true)
  await house.days(GRACE - 0.1)
  await house.janitor()
  assert.ok(await isKept(imageId))
  await house.days(0.2)
  await house.janitor()
  assert.equal(await isKept(imageId), false)
})

test('a legal hold keeps what its time would erase, until it is lifted', async () => {
  const { imageId, requestId } = await house.denied()
  const holdId = await house.hold(requestId)
  await house.days(10 * (WINDOW + GRACE))
  await house.janitor()
  assert.ok(await isKept(imageId))
  assert.equal(await erasedAt('image', imageId), null)
  await house.lift(holdId)
  await house.janitor()
  assert.equal(await isKept(imageId), false)
})

test('a restricted case is preserved, people are told once, and only when they end it is it erased', async () => {
  const { imageId } = await house.denied()
  const statementId = await statementOf('image', imageId)
  await house.restrict(statementId)
  const end = (as: string) =>
    house.service.call(`/v1/admin/preservations/${statementId}/end`, {
      ...json({ reason: 'the report is closed' }),
      as,
    })
  await house.days(house.rules.restrictedDays - 0.1)
  await house.janitor()
  assert.ok(await isKept(imageId))
  assert.equal((await end('compliance')).status, 409, 'nobody shortens it')
  await house.days(0.2)
  assert.equal((await house.janitor()).due, 1)
  assert.equal((await house.janitor()).due, 0)
  const { body } = await house.call('/v1/admin/preservations', { as: 'compliance' })
  assert.deepEqual(
    body.data.map((one: { id: string; subject_id: string }) => [one.id, one.subject_id]),
    [[statementId, imageId]],
  )
  await house.days(1000)
  await house.janitor()
  assert.ok(await isKept(imageId), 'time alone does nothing more')
  assert.equal((await end('admin')).status, 403)
  assert.deepEqual([(await end('compliance')).status, (await end('compliance')).status], [204, 204])
  await house.janitor()
  assert.equal(await isKept(imageId), false)
  assert.deepEqual(await kindsOf(imageId), [
    'image.preservation_due',
    'image.preservation_ended',
    'image.retention_ended',
  ])
  assert.deepEqual((await house.call('/v1/admin/preservations', { as: 'compliance' })).body.data, [])
})

test('of a released picture quarantine keeps nothing for good, and the released file stays', async () => {
  const { imageId, requestId } = await house.published()
  const other = await house.published()
  await house.hold(other.requestId)
  await house.days(house.rules.releasedOriginalDays - 0.1)
  await house.janitor()
  assert.ok(await isKept(imageId))
  await house.days(0.2)
  assert.ok((await house.janitor()).originals >= 1)
  assert.equal(await isKept(imageId), false)
  assert.ok(await isKept(other.imageId), 'not what is held')
  assert.ok(await has(house.ground.images, `${imageId}.png`))
  assert.equal((await house.call(`/v1/images/${imageId}/content`)).status, 302)
  assert.ok((await house.rowOf('request', requestId)).prompt)
  assert.equal((await house.janitor()).originals, 0)
})

test('a hold that comes between the choice and the erasure wins', async () => {
  const { imageId, requestId } = await house.denied()
  await house.days(WINDOW + GRACE + 1)
  const { database } = house.ground
  let placed = false
  const late: typeof database = Object.assign(Object.create(database), {
    transact: (async (work) => {
      if (!placed) {
        placed = true
        await house.hold(requestId)
      }
      return database.transact(work)
    }) satisfies typeof database.transact,
  })
  assert.equal((await endRetention({ ...house.ground, database: late }, house.rules)).images, 0)
  await house.janitor()
  assert.ok(await isKept(imageId))
})

test('a hold that comes after what quarantine has was given up, and before it is removed, keeps it while it stands', async () => {
  const { imageId, requestId } = await house.published()
  await house.days(house.rules.releasedOriginalDays + 1)
  await endRetention(house.ground, house.rules)
  const holdId = await house.hold(requestId)
  await house.janitor()
  assert.ok(await isKept(imageId))
  await house.lift(holdId)
  await house.janitor()
  assert.equal(await isKept(imageId), false)
})

test('two janitors at once erase once', async () => {
  const { imageId } = await house.denied()
  const requestId = await house.refused()
  await house.days(WINDOW + GRACE + 1)
  await Promise.all([house.janitor(), house.janitor()])
  assert.deepEqual(await kindsOf(imageId), ['image.retention_ended'])
  assert.deepEqual(await kindsOf(requestId), ['request.retention_ended'])
})

test('whatever fails, before or after it took effect, the end is the same and is told once', async () => {
  let imageId = ''
  let requestId = ''
  let released = ''
  const steps = await breakEverywhere(house, house.janitor, {
    prepare: async () => {
      imageId = (await house.denied()).imageId
      requestId = await house.refused()
      released = (await house.published()).imageId
      await house.ground.quarantine.putIfAbsent(`${requestId}/input-0`, {
        bytes: Buffer.from('an upload'),
        contentType: 'image/png',
      })
      await house.days(WINDOW + GRACE + 1)
    },
    check: async (where) => {
      assert.equal(await isKept(imageId), false, where)
      assert.equal(await isKept(released), false, where)
      assert.ok(await has(house.ground.images, `${released}.png`), where)
      assert.equal(await has(house.ground.quarantine, `${requestId}/input-0`), false, where)
      assert.deepEqual(await kindsOf(imageId), ['image.retention_ended'], where)
      assert.deepEqual(await kindsOf(requestId), ['request.retention_ended'], where)
      await raw`DELETE FROM darkroom.removal`.execute(house.sql)
    },
  })
  assert.ok(steps >= 14, `${steps} steps broke`)
})

/** An appeal that was taken back, with what reviewers wrote beside it; returns its id. */
async function contested(table: 'request' | 'image', id: string): Promise<string> {
  const appealId = await house.appeal((await statementOf(table, id)) ?? '')
  const { id: itemId } = await house.sql
    .selectFrom('darkroom.review_item')
    .select('id')
    .where('appeal_id', '=', appealId)
    .executeTakeFirstOrThrow()
  await raw`UPDATE darkroom.review_item SET handover_note = 'somebody I know' WHERE id = ${itemId}`.execute(house.sql)
  await raw`INSERT INTO darkroom.review_verdict (id, item_id, person_id, outcome, reason, note, blind, took_ms)
            VALUES (${`vrd_${itemId}`}, ${itemId}, ${house.people.ada.id}, 'allow', 'not_depicted', 'I know her', true, 1)`.execute(
    house.sql,
  )
  await house.service.call(`/v1/appeals/${appealId}/withdraw`, { method: 'POST' })
  return appealId
}

async function wordsOf(appeals: readonly string[]) {
  const { rows } = await raw<{ words: number; verdicts: number; appeals: number }>`
    SELECT count(item.handover_note)::int + count(verdict.note)::int + count(appeal.text)::int + count(appeal.salt)::int AS words,
           count(verdict.id)::int AS verdicts, count(appeal.id)::int AS appeals
      FROM darkroom.appeal JOIN darkroom.review_item AS item ON item.appeal_id = appeal.id
      JOIN darkroom.review_verdict AS verdict ON verdict.item_id = item.id
     WHERE appeal.id = ANY (${[...appeals]})`.execute(house.sql)
  return rows[0]
}

test('what was written about it in appeals and notes goes with the content, and what was decided stays', async () => {
  const appeals = [
    await contested('image', (await house.denied()).imageId),
    await contested('request', await house.refused()),
  ]
  await house.days(WINDOW + GRACE - 0.1)
  await house.janitor()
  assert.deepEqual(await wordsOf(appeals), { words: 8, verdicts: 2, appeals: 2 })
  await house.days(0.2)
  await house.janitor()
  assert.deepEqual(await wordsOf(appeals), { words: 0, verdicts: 2, appeals: 2 })
})

test('the same goes with what its owner erases, and once a hold is lifted', async () => {
  const { imageId, requestId } = await house.denied()
  const [own, heldId] = [await contested('image', imageId), await house.refused()]
  const held = await contested('request', heldId)
  const holdId = await house.hold(heldId)
  for (const id of [requestId, heldId])
    assert.equal((await house.service.call(`/v1/generations/${id}`, { method: 'DELETE' })).status, 204)
  assert.equal((await wordsOf([own]))?.words, 0)
  assert.equal((await wordsOf([held]))?.words, 2, 'what reviewers noted is kept with what is held')
  await house.lift(holdId)
  await house.janitor()
  assert.equal((await wordsOf([held]))?.words, 0)
})
