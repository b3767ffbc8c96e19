// Reports of published pictures: one answer for everybody, one item for a picture, an outcome for all who reported it, and nothing of
// who reported once it is decided.
import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { fileReport } from '../../src/publish/reports.ts'
import { addItem } from '../../src/review/item.ts'
import { json } from '../http/service.ts'
import { type House, has, openHouse } from './house.ts'

let house: House
before(async () => {
  house = await openHouse()
})
after(() => house[Symbol.asyncDispose]())
beforeEach(() => house.today())

const CLAUSE = 'weapons/2'
const report = (body: object) => house.call('/v1/reports', { ...json(body), as: null })
const itemsOf = (imageId: string) =>
  house.sql.selectFrom('darkroom.review_item').selectAll().where('image_id', '=', imageId).orderBy('id').execute()
const reportsOf = (imageId: string) =>
  house.sql.selectFrom('darkroom.report').selectAll().where('image_id', '=', imageId).orderBy('id').execute()
const openItem = async (imageId: string) =>
  (await itemsOf(imageId)).find(({ state }) => state !== 'closed')?.id ?? assert.fail('there is an open item')

test('a report opens one item, those that follow share it, and a graver one makes it more urgent', async () => {
  const { imageId } = await house.published()
  const first = await report({ image_id: imageId, category: 'other', text: 'it looks wrong', email: 'ada@example.org' })
  assert.deepEqual([first.status, Object.keys(first.body).sort()], [202, ['id', 'object']])
  const link = `https://pictures.example/v1/images/${imageId}/content`
  await report({ image_id: link, category: 'violence/graphic' })
  await report({ image_id: imageId, category: 'not_ours' })
  const items = await itemsOf(imageId)
  assert.equal(items.length, 1)
  const severity = house.policy.categories.find(({ id }) => id === 'violence/graphic')?.severity
  assert.deepEqual(
    [items[0]?.kind, items[0]?.report_id, items[0]?.category, items[0]?.severity],
    ['report', first.body.id, 'violence/graphic', severity],
  )
  const reports = await reportsOf(imageId)
  assert.deepEqual(
    reports.map(({ category, text, email }) => [category, text, email]),
    [
      ['other', 'it looks wrong', 'ada@example.org'],
      ['violence/graphic', null, null],
      ['not_ours', null, null],
    ],
  )
  const shown = JSON.stringify([
    (await house.call(`/v1/images/${imageId}`)).body,
    await house.sql.selectFrom('darkroom.move').select(['facts']).where('subject_id', '=', imageId).execute(),
  ])
  assert.doesNotMatch(shown, /ada@|looks wrong/)
})

test('what is not published, erased, withdrawn or unknown is answered alike, as late, and leaves nothing', async () => {
  const [denied, erased, withdrawn, seen] = [
    await house.denied(),
    await house.published(),
    await house.published(),
    await house.published(),
  ]
  await house.service.call(`/v1/generations/${erased.requestId}`, { method: 'DELETE' })
  await house.call(`/v1/images/${withdrawn.imageId}/withdraw`, { method: 'POST' })
  const count = async () => (await house.sql.selectFrom('darkroom.report').select('id').execute()).length
  const before_ = await count()
  const shapes = new Set<string>()
  for (const image_id of [denied.imageId, erased.imageId, withdrawn.imageId, 'img_nothing', 'https://example.org/x']) {
    const from = performance.now()
    const { status, body } = await report({ image_id, category: 'sexual' })
    assert.ok(performance.now() - from >= 240)
    shapes.add(JSON.stringify([status, Object.keys(body), body.id.length, body.id.slice(0, 4)]))
  }
  assert.equal(await count(), before_)
  const { status, body } = await report({ image_id: seen.imageId, category: 'sexual' })
  shapes.add(JSON.stringify([status, Object.keys(body), body.id.length, body.id.slice(0, 4)]))
  assert.equal(shapes.size, 1, [...shapes].join('\n'))
  assert.equal(await count(), before_ + 1)
})

test('what is wrong with a report is said by its field, and nothing is stored', async () => {
  const { imageId } = await house.published()
  const good = { image_id: imageId, category: 'sexual' }
  for (const [body, field] of [
    [{ category: 'sexual' }, 'image_id'],
    [{ ...good, image_id: 7 }, 'image_id'],
    [{ ...good, image_id: '' }, 'image_id'],
    [{ ...good, category: 'beauty' }, 'category'],
    [{ ...good, text: 'x'.repeat(2001) }, 'text'],
    [{ ...good, text: 'a\0b' }, 'text'],
    [{ ...good, email: 'nobody' }, 'email'],
    [{ ...good, email: `${'a'.repeat(250)}@example.org` }, 'email'],
    [{ ...good, name: 'Ada' }, 'name'],
  ] as const) {
    const { status, body: problem } = await report(body)
    assert.deepEqual([status, problem.field], [400, field], JSON.stringify(body).slice(0, 80))
  }
  assert.deepEqual(await reportsOf(imageId), [])
})

test('many reports of one picture at once share one item, and beyond a bound nothing more is kept', async () => {
  const { imageId } = await house.published()
  const one = { image: imageId, category: 'sexual', text: null, email: null }
  const file = () => fileReport(house.ground, house.tools, one, 0)
  await Promise.all(Array.from({ length: 20 }, file))
  assert.deepEqual([(await itemsOf(imageId)).length, (await reportsOf(imageId)).length], [1, 20])
  for (let more = 0; more < 85; more++) await file()
  assert.equal((await reportsOf(imageId)).length, 100)
})

test('denied, the picture is withdrawn with reasons that can be appealed, and every reporter’s words are gone', async () => {
  const { imageId } = await house.published()
  for (const email of ['ada@example.org', 'bo@example.org'])
    await report({ image_id: imageId, category: 'weapons', text: 'a gun', email })
  await house.rule(await openItem(imageId), {
    outcome: 'deny',
    clause: CLAUSE,
    findings: house.findingsOf(CLAUSE),
  })
  const { body: image } = await house.call(`/v1/images/${imageId}`)
  assert.equal(image.state, 'withdrawn')
  const { body: statement } = await house.call(`/v1/statements/${image.statement.id}`)
  assert.deepEqual(
    [statement.clause, statement.detection, statement.source, statement.decided_by, statement.redress.kind],
    [CLAUSE, 'notice', 'notice', 'person', 'full'],
  )
  for (const row of await reportsOf(imageId)) {
    assert.deepEqual([row.state, row.text, row.email], ['removed', null, null])
    assert.ok(row.decided_at !== null)
  }
  await house.janitor()
  assert.equal(await has(house.ground.images, `${imageId}.png`), false)
  await house.appeal(statement.id)
})

test('what was withdrawn after a report and given back by an appeal is the very file again, and nothing takes it away', async () => {
  const { imageId } = await house.published()
  const { bytes } = await house.ground.images.get(`${imageId}.png`)
  await house.days(house.rules.releasedOriginalDays + 1)
  await house.janitor()
  await report({ image_id: imageId, category: 'weapons' })
  await house.rule(await openItem(imageId), { outcome: 'deny', clause: CLAUSE, findings: house.findingsOf(CLAUSE) })
  const { statement_id } = await house.rowOf('image', imageId)
  await house.janitor()
  await house.appeal(statement_id ?? '')
  const itemId = await openItem(imageId)
  const asked = { as: null, headers: { authorization: `Bearer ${house.keyOf('lead')}` } }
  const seen = await house.service.call(`/v1/review/items/${itemId}/picture?view=blurred`, asked)
  assert.equal(seen.status, 200, 'the original is gone, and the released file is looked at')
  for (const by of ['ben', 'cleo'] as const) await house.rule(itemId, { outcome: 'allow', reason: 'misread' }, by)
  await house.finish()
  await house.janitor()
  assert.equal((await house.rowOf('image', imageId)).state, 'published')
  assert.deepEqual((await house.ground.images.get(`${imageId}.png`)).bytes, bytes)
  await house.days(house.rules.releasedOriginalDays + 1)
  await house.janitor()
  assert.equal(await has(house.ground.quarantine, `${imageId}/generated`), false)
  assert.ok(await has(house.ground.images, `${imageId}.png`))
})

test('allowed, it stays published; left undecided by a lead, it stays too, and says so', async () => {
  for (const [outcome, reason, state] of [
    ['allow', null, 'kept'],
    ['omit', 'misuse', 'omitted'],
  ] as const) {
    const { imageId } = await house.published()
    await report({ image_id: imageId, category: 'weapons', text: 'a gun' })
    await house.rule(await openItem(imageId), { outcome, reason }, outcome === 'omit' ? 'lead' : 'ada')
    assert.equal((await house.rowOf('image', imageId)).state, 'published')
    const [row] = await reportsOf(imageId)
    assert.deepEqual([row?.state, row?.text], [state, null])
    assert.ok(await has(house.ground.images, `${imageId}.png`))
    await report({ image_id: imageId, category: 'weapons' })
    assert.equal((await itemsOf(imageId)).length, 2, 'what is reported again is looked at again')
  }
})

test('an item that no report opened is decided alike, and cites nobody outside', async () => {
  const { imageId, requestId } = await house.published()
  const { tenant_id: tenantId } = await house.rowOf('image', imageId)
  const subject = { tenantId, requestId, imageId, category: 'weapons', clause: CLAUSE }
  const itemId = await house.ground.database.transact((tx) => addItem(tx, house.tools, { kind: 'report', ...subject }))
  await report({ image_id: imageId, category: 'weapons' })
  assert.equal((await itemsOf(imageId)).length, 1)
  await house.rule(itemId, { outcome: 'deny', clause: CLAUSE, findings: house.findingsOf(CLAUSE) })
  const { state, statement_id } = await house.rowOf('image', imageId)
  assert.equal(state, 'withdrawn')
  assert.equal((await house.call(`/v1/statements/${statement_id}`)).body.source, 'own_initiative')
  assert.equal((await reportsOf(imageId))[0]?.state, 'removed')
})

test('an owner who is faster ends the report; what a restricted team is to see stays for it', async () => {
  const { imageId, requestId } = await house.published()
  await report({ image_id: imageId, category: 'weapons', text: 'a gun' })
  await report({ image_id: imageId, category: 'sexual/minors', text: 'look at this' })
  assert.deepEqual(
    (await itemsOf(imageId)).map(({ restricted }) => restricted),
    [false, true],
  )
  await house.call(`/v1/images/${imageId}/withdraw`, { method: 'POST' })
  const ended = async () => [
    (await itemsOf(imageId)).map(({ state }) => state),
    (await reportsOf(imageId)).map(({ state, text }) => [state, text]),
  ]
  const left = [
    ['closed', 'open'],
    [
      ['omitted', null],
      ['open', 'look at this'],
    ],
  ]
  assert.deepEqual(await ended(), left)
  await house.days(100)
  await house.janitor()
  assert.equal((await house.rowOf('image', imageId)).erased_at, null)
  await house.service.call(`/v1/generations/${requestId}`, { method: 'DELETE' })
  await house.janitor()
  assert.ok((await house.rowOf('request', requestId)).prompt, 'not even its owner erases it meanwhile')
})

test('a report does not keep a picture from its owner’s erasure, which ends it', async () => {
  const { imageId, requestId } = await house.published()
  await report({ image_id: imageId, category: 'weapons', text: 'a gun', email: 'ada@example.org' })
  await house.service.call(`/v1/generations/${requestId}`, { method: 'DELETE' })
  const [row] = await reportsOf(imageId)
  assert.deepEqual([row?.state, row?.text, row?.email], ['omitted', null, null])
  assert.deepEqual(
    (await itemsOf(imageId)).map(({ state }) => state),
    ['closed'],
  )
})

test('who reported reads and has erased what is stored by the address they left; what only a restricted team decides is not told', async () => {
  const { imageId } = await house.published()
  const restricted = house.policy.categories.find(({ clauses }) =>
    clauses.some(({ statement }) => statement?.redress === 'restricted'),
  )
  const more = { text: 'my house', email: 'Kim@example.org' }
  const open = (await report({ image_id: imageId, category: 'other', ...more })).body.id
  await report({ image_id: imageId, category: restricted?.id, ...more })
  await report({ image_id: imageId, category: 'other', text: 'not theirs', email: 'kim@example.com' })
  const ask = (method: string, email = 'kim@EXAMPLE.org', as = 'compliance') =>
    house.call(`/v1/admin/reports?email=${encodeURIComponent(email)}`, { method, as })
  const found = await ask('GET')
  assert.deepEqual(
    found.body.data.map(({ id, text, category }: { [name: string]: string }) => [id, text, category]),
    [[open, 'my house', 'other']],
  )
  for (const as of ['client', 'second_client']) assert.equal((await ask('GET', 'kim@example.org', as)).status, 403)
  for (const email of ['', 'kim', 'a@b\0.org']) assert.equal((await ask('GET', email)).body.field, 'email', email)
  assert.deepEqual([(await ask('DELETE')).status, (await ask('DELETE')).status], [204, 204])
  assert.equal((await ask('DELETE', 'nobody@example.org')).status, 204, 'alike')
  assert.deepEqual((await ask('GET')).body.data, [])
  const left = (await reportsOf(imageId)).map(({ category, text, state }) => [category, text, state])
  assert.deepEqual(
    left.toSorted(),
    [
      ['other', 'not theirs', 'open'],
      ['other', null, 'open'],
      [restricted?.id, 'my house', 'open'],
    ].toSorted(),
  )
  const notes = await house.notesOf(open)
  assert.deepEqual(
    notes.map(({ kind }) => kind),
    ['report.erased'],
  )
  assert.doesNotMatch(JSON.stringify(notes), /kim|house/i)
})
