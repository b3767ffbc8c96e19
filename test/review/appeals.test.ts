// Appeals that must not begin, each refused by name, and what a picture that people withdrew comes back by.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { sha256 } from '../../src/kernel/canonical.ts'
import { finishRemovals } from '../../src/publish/removals.ts'
import { ALLOWED, json } from '../http/service.ts'
import { type Court, openCourt } from './court.ts'
import { openVoices, TEXT, UNDO_SECONDS } from './voices.ts'

const DAY_SECONDS = 86_400
const WINDOW_DAYS = 183

let court: Court
let voices: ReturnType<typeof openVoices>
before(async () => {
  court = await openCourt({ env: { DARKROOM_APPEAL_WINDOW_DAYS: String(WINDOW_DAYS) } })
  voices = openVoices(court)
})
after(() => court[Symbol.asyncDispose]())

test('a published picture that was reported is withdrawn by a person with reasons, and an appeal publishes the same file again', async () => {
  const { call, post, judge, order, appealOf } = voices
  const { imageId } = await order(ALLOWED, {})
  await court.finish()
  const shown = await releasedDigest(imageId)
  const report = await call(
    null,
    '/v1/reports',
    json({ image_id: imageId, category: 'weapons', text: 'A real rifle.' }),
  )
  assert.equal(report.status, 202)
  const item = await judge('ada', 'deny', 'weapons/2')
  assert.equal(item.lane, 'report')
  await court.pass(UNDO_SECONDS)
  await finishRemovals(court.ground)
  const { body: image } = await call('client', `/v1/images/${imageId}`)
  assert.equal(image.state, 'withdrawn')
  assert.notEqual((await call('client', `/v1/images/${imageId}/content`)).status, 302)
  const { body: statement } = await call('client', `/v1/statements/${image.statement.id}`)
  assert.deepEqual([statement.restriction.kind, statement.source], ['image_withdrawn', 'notice'])
  const { body: filed } = await appealOf(statement.id)
  for (const who of ['ben', 'cleo'] as const) {
    await judge(who, 'allow')
    await court.pass(UNDO_SECONDS)
  }
  assert.equal((await call('client', `/v1/appeals/${filed.id}`)).body.state, 'overturned')
  await court.finish()
  assert.equal((await call('client', `/v1/images/${imageId}`)).body.state, 'published')
  assert.equal(await releasedDigest(imageId), shown, 'the very file')
  assert.equal(
    (await post('client', `/v1/images/${imageId}/withdraw`, {})).status,
    200,
    'its owner may still take it back',
  )
  const { body: owned } = await call('client', `/v1/images/${imageId}`)
  const refusal = await appealOf(owned.statement.id)
  assert.deepEqual([refusal.status, refusal.body.code], [409, 'appeal_closed'], 'which is nobody else’s decision')
})

test('an overturned order is itself again: its prompt is screened by its weights, and what it asked of sampling is asked', async () => {
  const { call, post, judge, appealOf } = voices
  const prompt = 'a man being behea(ded:1.2), go(re:1.2) and blo(od:1.1) everywhere, dismem(bered:1.1) body'
  const asked = { prompt_syntax: 'weighted', timesteps: [999, 500, 20] }
  assert.equal((await post('client', '/v1/generations', { prompt })).body.state, 'queued')
  const { body: refused } = await post('client', '/v1/generations', { prompt, ...asked })
  const { body: filed } = await appealOf(refused.statement.id)
  for (const who of ['ada', 'ben'] as const) {
    await judge(who, 'allow')
    await court.pass(UNDO_SECONDS)
  }
  const { body: appeal } = await call('client', `/v1/appeals/${filed.id}`)
  assert.deepEqual([appeal.state, appeal.answer?.new_clause], ['partial', 'violence/1'], JSON.stringify(appeal))
  const { body: anew } = await call('client', `/v1/generations/${appeal.result_request_id}`)
  assert.deepEqual([anew.sampling, anew.steps], [asked, 3])
})

test('appeals that must not begin are refused by name', async () => {
  const { post, denied, appealOf } = voices
  const { statement } = await denied()
  const problems: [string, Awaited<ReturnType<typeof post>>, number, string, string?][] = [
    [
      'of another tenant',
      await post('second_client', '/v1/appeals', { statement_id: statement.id, text: TEXT }),
      404,
      'not_found',
    ],
    ['by nobody', await post(null, '/v1/appeals', { statement_id: statement.id, text: TEXT }), 401, 'unauthenticated'],
    [
      'with a wrong secret',
      await post(
        null,
        '/v1/appeals',
        { statement_id: statement.id, text: TEXT },
        { 'darkroom-statement-secret': 'A'.repeat(22) },
      ),
      401,
      'unauthenticated',
    ],
    ['by a reviewer', await post('ada', '/v1/appeals', { statement_id: statement.id, text: TEXT }), 403, 'forbidden'],
    ['of nothing', await appealOf('sor_00000000000000000000000000'), 404, 'not_found'],
    ['without a text', await appealOf(statement.id, { text: ' \n ' }), 400, 'invalid_request', 'text'],
    ['with too long a text', await appealOf(statement.id, { text: 'a'.repeat(2001) }), 400, 'invalid_request', 'text'],
    ['for an unknown purpose', await appealOf(statement.id, { purpose: 'fun' }), 400, 'invalid_request', 'purpose'],
    ['with an unknown field', await appealOf(statement.id, { hurry: true }), 400, 'invalid_request', 'hurry'],
  ]
  for (const [what, { status, body }, expected, code, field] of problems)
    assert.deepEqual([what, status, body.code, body.field], [what, expected, code, field])
  assert.equal((await appealOf(statement.id, { text: 'a'.repeat(2000) })).status, 201, 'the longest text is read')
  const second = await appealOf(statement.id)
  assert.deepEqual([second.status, second.body.code], [409, 'already_appealed'])
})

test('an appeal is taken on the last day, and no more after it', async () => {
  const { denied, appealOf } = voices
  const inTime = await denied()
  const late = await denied()
  await court.pass(WINDOW_DAYS * DAY_SECONDS - 60)
  assert.equal((await appealOf(inTime.statement.id)).status, 201)
  await court.pass(120)
  const refusal = await appealOf(late.statement.id)
  assert.deepEqual([refusal.status, refusal.body.code], [409, 'appeal_closed'])
})

async function releasedDigest(imageId: string): Promise<string> {
  const { object_key: key } = await court.sql
    .selectFrom('darkroom.image')
    .select('object_key')
    .where('id', '=', imageId)
    .executeTakeFirstOrThrow()
  return sha256((await court.ground.images.get(key ?? '')).bytes)
}
