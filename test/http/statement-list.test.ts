// A tenant's statements as a list, each with its appeal as that stands; one of them in other languages; and what the counters of its page
// count.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { sql as raw } from 'kysely'
import { tallyOf } from '../../src/statement/tally.ts'
import { type Court, openCourt } from '../review/court.ts'
import { openVoices, UNDO_SECONDS } from '../review/voices.ts'
import { BEARERS } from './service.ts'

let court: Court
let voices: ReturnType<typeof openVoices>
/** Of each state, the statement's id. */
const ids: Record<string, string> = {}
let tenantId: string

before(async () => {
  court = await openCourt({ env: { DARKROOM_PUBLIC_REQUESTS_PER_MINUTE: '100000' } })
  voices = openVoices(court)
  const { denied, refused, appealOf, judge, post, next } = voices
  const decided = async (outcomes: readonly ['allow' | 'deny', string?][], make = denied) => {
    const { statement } = await make()
    assert.equal((await appealOf(statement.id)).status, 201)
    for (const [index, [outcome, clause]] of outcomes.entries()) {
      await judge(index === 0 ? 'ada' : 'ben', outcome, clause)
      await court.pass(UNDO_SECONDS)
    }
    return statement.id
  }
  ids.upheld = await decided([
    ['deny', 'violence/graphic/3'],
    ['deny', 'violence/graphic/3'],
  ])
  ids.overturned = await decided([['allow'], ['allow']])
  ids.partial = await decided([
    ['deny', 'weapons/2'],
    ['deny', 'weapons/2'],
  ])
  ids.resumed = await decided([['allow'], ['allow']], refused)
  const withdrawn: string = (await denied()).statement.id
  const { body: taken } = await appealOf(withdrawn)
  assert.equal((await post('client', `/v1/appeals/${taken.id}/withdraw`, {})).status, 200)
  const reviewing: string = (await refused()).statement.id
  await appealOf(reviewing)
  assert.ok(await next('cleo'))
  const open: string = (await denied()).statement.id
  await appealOf(open)
  Object.assign(ids, { withdrawn, reviewing, open, appealable: (await denied()).statement.id })
  const { rows } = await raw<{ id: string }>`
    SELECT tenant_id AS id FROM darkroom.statement WHERE id = ${ids.open}`.execute(court.sql)
  tenantId = rows[0]?.id ?? ''
})
after(() => court[Symbol.asyncDispose]())

const list = async (query = '', as: 'client' | 'second_client' = 'client') => {
  const { status, body } = await voices.call(as, `/v1/statements?${query}`)
  return { status, body, ids: status === 200 ? body.data.map(({ id }: { id: string }) => id) : [] }
}
const one = async (state: string, query = '') =>
  (await voices.call('client', `/v1/statements/${ids[state]}${query}`)).body

test('the list has every statement of the tenant, newest first, and nobody else’s', async () => {
  const { body, ids: listed } = await list('limit=100')
  assert.deepEqual(listed, [...listed].sort().reverse())
  for (const [state, id] of Object.entries(ids)) assert.ok(listed.includes(id), state)
  assert.equal(body.has_more, false)
  assert.deepEqual((await list('', 'second_client')).ids, [])
  assert.equal((await voices.call('ada', '/v1/statements')).status, 403)
})

test('it is narrowed to one state of the appeal, or to what can be appealed now', async () => {
  for (const state of ['upheld', 'withdrawn', 'reviewing', 'open', 'appealable'])
    assert.deepEqual((await list(`state=${state}`)).ids, [ids[state]], state)
  assert.deepEqual((await list('state=overturned')).ids, [ids.resumed, ids.overturned])
  assert.deepEqual((await list('state=partial')).ids, [ids.partial])
  const { status, body } = await list('state=lost')
  assert.deepEqual([status, body.code, body.field], [400, 'invalid_request', 'state'])
})

test('it is searched by the id of a statement, of its picture and of its request', async () => {
  const { subject } = await one('upheld')
  const { body: image } = await voices.call('client', `/v1/images/${subject.id}`)
  for (const about of [ids.upheld, subject.id, image.request_id])
    assert.deepEqual((await list(`about=${about}`)).ids, [ids.upheld], about)
  assert.deepEqual((await list(`about=${subject.id}`, 'second_client')).ids, [])
  assert.deepEqual((await list("about=%25' OR 1=1 --")).ids, [])
})

test('pages go on where the last one ended, and a cursor is good for its filters alone', async () => {
  const whole = (await list('limit=100')).ids
  const first = await list('limit=4')
  const second = await list(`limit=4&after=${first.body.next}`)
  assert.deepEqual([...first.ids, ...second.ids], whole.slice(0, 8))
  for (const wrong of [`state=open&after=${first.body.next}`, `after=${whole[3]}`])
    assert.equal((await list(wrong)).body.field, 'after', wrong)
})

test('a row says what was restricted, how the appeal stands and by when, and the link to hand on', async () => {
  const { body } = await list(`about=${ids.reviewing}`)
  const [row] = body.data
  assert.deepEqual(
    [row.restriction, row.category_name, row.decided_by],
    ['request_refused', 'graphic violence', 'automated'],
  )
  assert.equal(
    row.public_url,
    `${court.service.url}/statements/${ids.reviewing}#${BEARERS.secretOf(ids.reviewing ?? '')}`,
  )
  assert.ok(Date.parse(row.appeal.due_at) > Date.parse(row.appeal.created_at))
  assert.ok(row.appeal.reviewing_at !== null && row.appeal.ended_at === null)
  const waiting = (await list('state=open')).body.data[0]
  assert.equal(waiting.appeal.reviewing_at, null)
  // Let go again, nobody looks at it.
  await raw`UPDATE darkroom.appeal SET state = 'open' WHERE statement_id = ${ids.reviewing}`.execute(court.sql)
  assert.equal((await one('reviewing')).appeal.reviewing_at, null)
})

test('a statement tells what an appeal gave back: the picture, or the request that was admitted anew', async () => {
  const picture = await one('overturned')
  assert.deepEqual([picture.appeal.result.kind, picture.appeal.result.id], ['image', picture.subject.id])
  assert.equal(picture.appeal.ended_at, picture.appeal.answer.decided_at)
  const request = await one('resumed')
  assert.equal(request.appeal.result.kind, 'request')
  const { body: generation } = await voices.call('client', `/v1/generations/${request.appeal.result.generation_id}`)
  assert.equal(generation.state, 'queued')
  assert.equal((await one('upheld')).appeal.result, null)
  assert.ok((await one('withdrawn')).appeal.ended_at)
})

test('in another language everything is said, the answer too; without it the words are those of the decision', async () => {
  const english = await one('upheld')
  assert.deepEqual([english.language, english.translated, english.quoted], ['en', false, []])
  const response = await voices.call('client', `/v1/statements/${ids.upheld}?lang=de`)
  assert.equal(response.headers.get('content-language'), 'de')
  const { body: german } = response
  assert.deepEqual([german.translated, german.quoted], [true, []])
  assert.match(german.facts, /^Das Bild wurde auf drastische Gewalt hin bewertet/)
  assert.match(german.appeal.answer.text, /zwei Personen.*Die Entscheidung bleibt bestehen\.$/)
  assert.match(german.notice.title, /zurückgehalten/)
  const whole = await one('partial', '?lang=fr')
  assert.deepEqual(whole.quoted, [])
  assert.equal((await voices.call('client', `/v1/statements/${ids.upheld}?lang=xx`)).body.field, 'lang')
})

test('what was decided by words that have no translation stays as it was, and is named', async () => {
  await raw`UPDATE darkroom.statement SET record = jsonb_set(record, '{facts}', '"Something older."') WHERE id = ${ids.open}`.execute(
    court.sql,
  )
  const response = await voices.call('client', `/v1/statements/${ids.open}?lang=fr`)
  assert.deepEqual([response.body.facts, response.body.quoted], ['Something older.', ['facts']])
  assert.equal(response.headers.get('content-language'), 'fr, en')
})

test('the counters hold what could be appealed, what was, and what that reversed, and no rehearsals', async () => {
  const tally = await tallyOf(court.sql, tenantId)
  assert.equal(tally.weeks.length, 12)
  assert.equal(
    tally.weeks.reduce((sum, week) => sum + week.statements, 0),
    9,
  )
  const { open, appealed, decided, reversed } = tally
  // The statement that replaced another is final.
  assert.deepEqual({ open, appealed, decided, reversed }, { open: 8, appealed: 7, decided: 4, reversed: 2 })
  await raw`UPDATE darkroom.request SET sandbox = '{}' WHERE statement_id = ${ids.resumed}`.execute(court.sql)
  assert.equal((await tallyOf(court.sql, tenantId)).reversed, 1)
  assert.equal((await tallyOf(court.sql, 'ten_nobody')).open, 0)
})
