// The whole story, through the API alone: somebody is refused, is told why, appeals, and people who took no part in the decision look
// again without knowing it. Each way it can end; the ways it must not begin are in appeals.test.ts.
import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { ALLOWED } from '../http/service.ts'
import { LOOPBACK, openReceiver, type Receiver } from '../notify/receiver.ts'
import { type Court, openCourt } from './court.ts'
import { BEHEADING, openVoices, TEXT, UNDO_SECONDS } from './voices.ts'

let court: Court
let receiver: Receiver
let voices: ReturnType<typeof openVoices>
before(async () => {
  court = await openCourt({ env: LOOPBACK, realMarks: true })
  receiver = await openReceiver()
  voices = openVoices(court, receiver)
  const made = await voices.post('client', '/v1/webhooks', { url: receiver.url, events: ['*'] })
  assert.equal(made.status, 201)
})
after(async () => {
  await receiver[Symbol.asyncDispose]()
  await court[Symbol.asyncDispose]()
})
beforeEach(() => {
  receiver.heard.length = 0
})

test('a held picture is denied by a person, appealed, judged blind, disputed, and released by a third as it was drawn', async () => {
  const { call, next, judge, order, appealOf, heard } = voices
  const { imageId } = await order(ALLOWED, { weapons: 0.95 })
  assert.equal((await call('client', `/v1/images/${imageId}`)).body.state, 'held')
  await judge('ada', 'deny', 'weapons/2')
  assert.equal((await call('client', `/v1/images/${imageId}`)).body.state, 'held', 'not before the undo time is over')
  await court.pass(UNDO_SECONDS)

  const { body: image } = await call('client', `/v1/images/${imageId}`)
  assert.equal(image.state, 'denied')
  const { body: statement } = await call('client', `/v1/statements/${image.statement.id}`)
  assert.deepEqual([statement.automated_detection, statement.automated_decision], [true, false])
  assert.equal(statement.clause, 'weapons/2')
  assert.match(statement.facts, /^A person looked/)
  const [told] = await heard('image.denied')
  assert.equal(told.data.statement.clause, 'weapons/2')
  assert.equal(told.data.statement.facts, statement.facts)

  const filed = await appealOf(image.statement.id, { purpose: 'medical' })
  assert.equal(filed.status, 201, JSON.stringify(filed.body))
  assert.equal(filed.body.state, 'open')
  assert.equal(await next('ada'), null, 'whoever decided first does not get the appeal')

  const item = await judge('ben', 'deny', 'weapons/2')
  assert.equal(item.lane, 'second_look')
  for (const secret of ['weapons/2', TEXT, statement.facts, 'appeal'])
    assert.ok(!JSON.stringify({ ...item, choices: null }).includes(secret), `the blind view tells: ${secret}`)
  assert.equal((await call('client', `/v1/appeals/${filed.body.id}`)).body.state, 'reviewing')
  await court.pass(UNDO_SECONDS)
  await judge('cleo', 'allow')
  await court.pass(UNDO_SECONDS)
  assert.equal(
    (await call('client', `/v1/appeals/${filed.body.id}`)).body.state,
    'reviewing',
    'two disagree: one more decides',
  )
  assert.equal(await next('ben'), null, 'nobody gives a second verdict')
  await judge('dev', 'allow')
  await court.pass(UNDO_SECONDS)

  const { body: appeal } = await call('client', `/v1/appeals/${filed.body.id}`)
  assert.equal(appeal.state, 'overturned')
  assert.match(appeal.answer.text, /Three people .* By two to one they found .* serves medicine/)
  assert.deepEqual([appeal.answer.reviewers, appeal.answer.agreed], [3, 2])
  assert.equal(appeal.answer.automated, false)
  const { generated_digest: before } = await imageRow(imageId)
  await court.finish()
  const { body: released } = await call('client', `/v1/images/${imageId}`)
  assert.equal(released.state, 'published')
  const { generated_digest: after, marked } = await imageRow(imageId)
  assert.equal(after, before, 'nothing was drawn again')
  assert.equal(Object(marked).validationState, 'Trusted')
  const content = await call('client', `/v1/images/${imageId}/content`)
  assert.equal(content.status, 302)
  const [decided] = await heard('appeal.decided')
  assert.equal(decided.data.answer.text, appeal.answer.text)
  assert.equal((await heard('image.published')).length, 1)
})

test('a refused prompt is appealed by whoever bears its link, admitted anew without the contested clause, and costs nothing', async () => {
  const { call, post, judge, refused, heard } = voices
  const { requestId, statement } = await refused()
  const { body: full } = await call('client', `/v1/statements/${statement.id}`)
  const secret = new URL(full.public_url).hash.slice(1)
  const bearer = { 'darkroom-statement-secret': secret }
  const told = await call(null, `/v1/statements/${statement.id}`, { headers: bearer })
  assert.equal(told.body.clause, full.clause)
  const [refusal] = await heard('generation.refused')
  assert.equal(refusal.data.statement.rule, full.rule)

  const filed = await post(null, '/v1/appeals', { statement_id: statement.id, text: TEXT, purpose: 'art' }, bearer)
  assert.equal(filed.status, 201, JSON.stringify(filed.body))
  const item = await judge('ada', 'allow')
  assert.equal(item.subject.kind, 'prompt')
  assert.equal(item.prompt.text, BEHEADING, 'the prompt is what is judged')
  await court.pass(UNDO_SECONDS)
  await judge('ben', 'allow')
  await court.pass(UNDO_SECONDS)

  const { body: appeal } = await call(null, `/v1/appeals/${filed.body.id}`, { headers: bearer })
  assert.equal(appeal.state, 'overturned', JSON.stringify(appeal))
  const admitted = appeal.result_request_id
  assert.notEqual(admitted, requestId)
  assert.equal((await call('client', `/v1/generations/${requestId}`)).body.state, 'refused')
  const used = (await call('client', '/v1/usage')).body
  const [imageId = ''] = await court.develop(admitted, [{}])
  await court.finish()
  assert.equal((await call('client', `/v1/images/${imageId}`)).body.state, 'published')
  assert.deepEqual((await call('client', '/v1/usage')).body.today?.images, used.today?.images)
  const charge = await court.sql
    .selectFrom('darkroom.charge')
    .select(['images', 'reason'])
    .where('request_id', '=', admitted)
    .executeTakeFirst()
  assert.deepEqual(charge, { images: 0, reason: 'appeal' })
})

test('where software refuses the request anew, no answer says that people found its rule; that refusal has a statement to appeal', async () => {
  const { call, judge, order, appealOf } = voices
  const { statement } = await order('a man being beheaded, gore and blood everywhere, dismembered body', null)
  assert.equal((await call('client', `/v1/statements/${statement.id}`)).body.clause, 'violence/graphic/2')
  const { body: filed } = await appealOf(statement.id)
  for (const [who, outcome] of [
    ['ada', 'allow'],
    ['ben', 'deny'],
    ['cleo', 'allow'],
  ] as const) {
    await judge(who, outcome, 'violence/graphic/2')
    await court.pass(UNDO_SECONDS)
  }
  const { body: appeal } = await call('client', `/v1/appeals/${filed.id}`)
  const { state, answer, result_request_id: anew } = appeal
  assert.deepEqual([state, answer.new_clause], ['partial', 'violence/1'], JSON.stringify(appeal))
  assert.match(
    answer.text,
    /By two to one they found that rule violence\/graphic\/2 does not apply: it serves medicine/,
  )
  assert.match(
    answer.text,
    /Software then checked .* refused it by rule violence\/1: .* No person took this second decision/,
  )
  assert.doesNotMatch(answer.text, /but rule violence\/1 does/)
  const { body: second } = await call('client', `/v1/statements/${answer.statement_id}`)
  assert.deepEqual([second.subject.id, second.decided_by, second.redress.kind], [anew, 'automated', 'full'])
  assert.ok(answer.text.includes(second.facts), answer.text)
  const again = await appealOf(second.id)
  assert.equal(again.status, 201)
  assert.equal((await call('client', `/v1/appeals/${again.body.id}/withdraw`, { method: 'POST' })).status, 200)
})

test('what an overturned prompt makes is judged like any picture', async () => {
  const { call, judge, refused, appealOf } = voices
  const { statement } = await refused()
  const { body: filed } = await appealOf(statement.id)
  await judge('ada', 'allow')
  await court.pass(UNDO_SECONDS)
  await judge('ben', 'allow')
  await court.pass(UNDO_SECONDS)
  const { body: appeal } = await call('client', `/v1/appeals/${filed.id}`)
  const [imageId = ''] = await court.develop(appeal.result_request_id, [{ 'violence/graphic': 0.99 }])
  const { body: image } = await call('client', `/v1/images/${imageId}`)
  assert.equal(image.state, 'denied')
  assert.ok(image.statement.id)
})

test('two who find the same uphold the decision, and say what they saw', async () => {
  const { call, judge, firstOf, denied, appealOf, heard } = voices
  const { imageId, statement } = await denied()
  const { body: filed } = await appealOf(statement.id)
  await judge('ada', 'deny', 'violence/graphic/3')
  await court.pass(UNDO_SECONDS)
  await judge('ben', 'deny', 'violence/graphic/3')
  await court.pass(UNDO_SECONDS)
  const { body: appeal } = await call('client', `/v1/appeals/${filed.id}`)
  assert.equal(appeal.state, 'upheld')
  const [phrase = ''] = Object.values(firstOf('violence/graphic/3'))
  assert.ok(appeal.answer.text.includes(phrase), appeal.answer.text)
  assert.match(appeal.answer.text, /Two people .* stands/)
  assert.equal((await call('client', `/v1/images/${imageId}`)).body.state, 'denied')
  const told = (await heard('appeal.decided')).find((one) => one.data.id === filed.id)
  assert.equal(told?.data.state, 'upheld')
})

test('another clause than the contested one reverses in part: the restriction stays under a statement of its own, which is final', async () => {
  const { call, judge, denied, appealOf } = voices
  const { imageId, statement } = await denied()
  const { body: filed } = await appealOf(statement.id)
  for (const who of ['ada', 'ben'] as const) {
    await judge(who, 'deny', 'weapons/2')
    await court.pass(UNDO_SECONDS)
  }
  const { body: appeal } = await call('client', `/v1/appeals/${filed.id}`)
  assert.equal(appeal.state, 'partial')
  assert.equal(appeal.answer.new_clause, 'weapons/2')
  const { body: image } = await call('client', `/v1/images/${imageId}`)
  assert.equal(image.state, 'denied')
  assert.equal(image.statement.id, appeal.answer.statement_id)
  const { body: anew } = await call('client', `/v1/statements/${image.statement.id}`)
  assert.deepEqual([anew.clause, anew.redress.kind], ['weapons/2', 'final'])
  const { body: old } = await call('client', `/v1/statements/${statement.id}`)
  assert.equal(old.replaced_by, anew.id)
  const secret = new URL(old.replaced_by_url, court.service.url).hash.slice(1)
  const borne = await call(null, `/v1/statements/${anew.id}`, { headers: { 'darkroom-statement-secret': secret } })
  assert.equal(borne.body.clause, 'weapons/2', 'whoever bore the first link reads what took its place')
  assert.match(anew.ground.explanation, /what a person found in the picture/)
  assert.doesNotMatch(anew.restriction.duration, /appeal/)
  const again = await appealOf(anew.id)
  assert.deepEqual([again.status, again.body.code], [409, 'appeal_closed'])
})

test('an appeal may be taken back, and then nobody looks any more', async () => {
  const { post, next, denied, appealOf } = voices
  const { statement } = await denied()
  const { body: filed } = await appealOf(statement.id)
  const taken = await post('client', `/v1/appeals/${filed.id}/withdraw`, {})
  assert.deepEqual([taken.status, taken.body.state], [200, 'withdrawn'])
  assert.equal(await next('ada'), null)
  assert.equal((await post('client', `/v1/appeals/${filed.id}/withdraw`, {})).status, 409)
  assert.equal((await appealOf(statement.id)).body.code, 'already_appealed')
})

test('a lead leaves an appeal undecided with a reason, and nobody else may', async () => {
  const { call, post, next, denied, appealOf } = voices
  const { statement } = await denied()
  const { body: filed } = await appealOf(statement.id)
  const claimed = await next('ada')
  const omit = { lease: claimed.lease.token, outcome: 'omit', reason: 'misuse' }
  assert.equal((await post('ada', `/v1/review/items/${claimed.item.id}/decide`, omit)).status, 403)
  const up = { lease: claimed.lease.token, note: 'the fifth time today' }
  assert.equal((await post('ada', `/v1/review/items/${claimed.item.id}/escalate`, up)).status, 204)
  assert.equal(await next('ben'), null, 'it went up')
  const lead = await next('lead')
  const body = { ...omit, lease: lead.lease.token }
  assert.equal((await post('lead', `/v1/review/items/${lead.item.id}/decide`, body)).status, 200)
  await court.pass(UNDO_SECONDS)
  const { body: appeal } = await call('client', `/v1/appeals/${filed.id}`)
  assert.deepEqual([appeal.state, appeal.answer.reason], ['omitted', 'misuse'])
})

test('a verdict that is taken back in time has no effect, and its giver decides anew', async () => {
  const { call, post, judge, order } = voices
  const { imageId } = await order(ALLOWED, { weapons: 0.95 })
  const item = await judge('ada', 'deny', 'weapons/2')
  const undone = await post('ada', `/v1/review/items/${item.id}/undo`, {})
  assert.equal(undone.status, 200, JSON.stringify(undone.body))
  await court.pass(UNDO_SECONDS)
  assert.equal((await call('client', `/v1/images/${imageId}`)).body.state, 'held')
  const lease = undone.body.lease.token
  assert.equal((await post('ada', `/v1/review/items/${item.id}/decide`, { lease, outcome: 'allow' })).status, 200)
  await court.pass(UNDO_SECONDS)
  await court.finish()
  assert.equal((await call('client', `/v1/images/${imageId}`)).body.state, 'published')
})

test('two people release what was held in a severe category', async () => {
  const { call, next, judge, order } = voices
  const { imageId } = await order(ALLOWED, { 'violence/graphic': 0.5 })
  await judge('ada', 'allow')
  await court.pass(UNDO_SECONDS)
  assert.equal((await call('client', `/v1/images/${imageId}`)).body.state, 'held')
  assert.equal(await next('ada'), null)
  await judge('ben', 'allow')
  await court.pass(UNDO_SECONDS)
  await court.finish()
  assert.equal((await call('client', `/v1/images/${imageId}`)).body.state, 'published')
})

test('after all of it the report of the period reconciles to zero', async () => {
  const { call } = voices
  const report = await call('admin', '/v1/audit/report?from=2026-01-01T00:00:00Z&to=2100-01-01T00:00:00Z')
  assert.equal(report.status, 200, JSON.stringify(report.body))
  const { reconciliation, complaints } = report.body
  assert.ok(complaints.total.total >= 6, JSON.stringify(complaints))
  assert.deepEqual(
    reconciliation.differences.filter((one: { difference: number }) => one.difference !== 0),
    [],
  )
  assert.equal(reconciliation.complete, true)
})

async function imageRow(imageId: string) {
  return court.sql
    .selectFrom('darkroom.image')
    .select(['generated_digest', 'marked'])
    .where('id', '=', imageId)
    .executeTakeFirstOrThrow()
}
