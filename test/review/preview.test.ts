// What a reviewer reads before a verdict is what the person concerned reads after it, word by word; and until their own verdict is stored
// it is the same for every item of a lane.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { ALLOWED } from '../http/service.ts'
import { type Court, openCourt } from './court.ts'
import { FINDINGS, GRAPHIC, openDesk } from './desk.ts'
import { openVoices, UNDO_SECONDS, type Who } from './voices.ts'

let court: Court
let voices: ReturnType<typeof openVoices>
before(async () => {
  court = await openCourt()
  voices = openVoices(court)
})
after(() => court[Symbol.asyncDispose]())

const preview = (who: Who, id: string, body: object) => voices.post(who, `/v1/review/items/${id}/preview`, body)
const withoutIds = (sentences: string[]) => sentences.map((one) => one.replace(/\b(img|sor|req)_[0-9a-z]{26}\b/g, '…'))
const denial = (clause: string) => ({ outcome: 'deny', clause, findings: voices.firstOf(clause) })

test('a denial is read beforehand as the person concerned will read it, and stores nothing', async () => {
  const { imageId } = await voices.order(ALLOWED, { weapons: 0.95 })
  const { item, lease } = await voices.next('ada')
  const verdicts = () => court.sql.selectFrom('darkroom.review_verdict').selectAll().execute()
  const statements = () => court.sql.selectFrom('darkroom.statement').select('id').execute()
  const before = [await verdicts(), await statements()]
  const read = await preview('ada', item.id, denial('weapons/2'))
  assert.equal(read.status, 200)
  assert.deepEqual([await verdicts(), await statements()], before)
  const verdict = { lease: lease.token, ...denial('weapons/2') }
  assert.equal((await voices.post('ada', `/v1/review/items/${item.id}/decide`, verdict)).status, 200)
  const known = await preview('ada', item.id, denial('weapons/2'))
  assert.ok(known.body.sentences[0].includes(imageId), 'what is no longer withheld is named')
  await court.pass(UNDO_SECONDS)
  const { body: image } = await voices.call('client', `/v1/images/${imageId}`)
  const { notice } = (await voices.call('client', `/v1/statements/${image.statement.id}`)).body
  assert.deepEqual(read.body, { kind: 'statement', title: notice.title, sentences: withoutIds(notice.sentences) })
  assert.equal((await preview('ada', item.id, denial('weapons/2'))).body.code, 'conflict', 'it is closed')
})

test('the withdrawal of a reported picture is read beforehand too', async () => {
  const { imageId } = await voices.order(ALLOWED, {})
  await court.finish()
  await voices.post(null, '/v1/reports', { image_id: imageId, category: 'weapons', text: 'look at this' })
  const { item } = await voices.next('ada')
  assert.equal(item.lane, 'report')
  const read = await preview('ada', item.id, denial('weapons/2'))
  const kept = await preview('ada', item.id, { outcome: 'allow' })
  assert.deepEqual([kept.body.kind, kept.body.sentences.length], ['none', 1])
  await voices.post('ada', '/v1/review/shift/end', {})
  await voices.judge('ben', 'deny', 'weapons/2')
  await court.pass(UNDO_SECONDS)
  const { body: image } = await voices.call('client', `/v1/images/${imageId}`)
  assert.equal(image.state, 'withdrawn')
  const { notice } = (await voices.call('client', `/v1/statements/${image.statement.id}`)).body
  assert.deepEqual(read.body, { kind: 'statement', title: notice.title, sentences: withoutIds(notice.sentences) })
})

for (const [outcome, clause, state] of [
  ['deny', 'violence/graphic/3', 'upheld'],
  ['deny', 'weapons/2', 'partial'],
  ['allow', undefined, 'overturned'],
] as const)
  test(`once one has judged an appeal, its answer is read as it is then given: ${state}`, async () => {
    const { statement } = await voices.denied()
    const filed = await voices.appealOf(statement.id)
    const clauseOfStatement = (await voices.call('client', `/v1/statements/${statement.id}`)).body.clause
    const cited = state === 'upheld' ? clauseOfStatement : clause
    const verdict =
      outcome === 'allow'
        ? { outcome, reason: 'medical_use' }
        : { outcome, clause: cited, findings: voices.firstOf(cited) }
    const { item, lease } = await voices.next('ada')
    const blind = await preview('ada', item.id, verdict)
    assert.notEqual(blind.body.kind, 'answer', 'before the verdict nothing tells that it is an appeal')
    await voices.post('ada', `/v1/review/items/${item.id}/decide`, { lease: lease.token, ...verdict })
    const alone = await preview('ada', item.id, verdict)
    const { kind, final, more } = alone.body
    assert.deepEqual({ kind, final, more }, { kind: 'answer', final: false, more: 1 }, 'one of two decides nothing')
    assert.match(alone.body.text, /^Two people .*They found/)
    await court.pass(UNDO_SECONDS)
    await voices.judge('ben', outcome, cited)
    const both = await preview('ben', item.id, verdict)
    assert.deepEqual([both.body.final, both.body.more], [true, 0])
    assert.match(both.body.text, /^Two people /)
    await court.pass(UNDO_SECONDS)
    const { body: appeal } = await voices.call('client', `/v1/appeals/${filed.body.id}`)
    assert.equal(appeal.state, state)
    assert.equal(both.body.text, appeal.answer.text)
  })

test('an answer to an appeal that declared a purpose does not say that none was declared', async () => {
  for (const purpose of ['medical', undefined]) {
    const { statement } = await voices.refused()
    const { body: refused } = await voices.call('client', `/v1/statements/${statement.id}`)
    assert.match(refused.ground.explanation, /nor a declared purpose show/)
    const filed = await voices.appealOf(statement.id, purpose === undefined ? {} : { purpose })
    let read = ''
    for (const who of ['ada', 'ben'] as const) {
      const verdict = { outcome: 'deny', clause: refused.clause }
      const { item, lease } = await voices.next(who)
      const decision = { lease: lease.token, ...verdict }
      assert.equal((await voices.post(who, `/v1/review/items/${item.id}/decide`, decision)).status, 200)
      read = (await preview(who, item.id, verdict)).body.text
      await court.pass(UNDO_SECONDS)
    }
    const { state, answer } = (await voices.call('client', `/v1/appeals/${filed.body.id}`)).body
    assert.equal(state, 'upheld')
    assert.equal(read, answer.text)
    assert.equal(/nor a declared purpose show/.test(answer.text), purpose === undefined)
    assert.equal(/declared with the appeal does not change that/.test(answer.text), purpose !== undefined)
  }
})

test('a split is read as the split that it is', async () => {
  const { statement } = await voices.denied()
  const filed = await voices.appealOf(statement.id)
  const { clause } = (await voices.call('client', `/v1/statements/${statement.id}`)).body
  await voices.judge('ada', 'deny', clause)
  await court.pass(UNDO_SECONDS)
  const allowed = { outcome: 'allow', reason: 'medical_use' }
  const item = await voices.judge('ben', 'allow')
  const split = await preview('ben', item.id, allowed)
  assert.deepEqual([split.body.final, split.body.more], [false, 1], 'one against one is no decision')
  assert.match(split.body.text, /^Three people .*By two to one/)
  await court.pass(UNDO_SECONDS)
  await voices.judge('cleo', 'allow')
  const read = await preview('cleo', item.id, allowed)
  assert.equal(read.body.final, true)
  await court.pass(UNDO_SECONDS)
  const { body: appeal } = await voices.call('client', `/v1/appeals/${filed.body.id}`)
  assert.match(appeal.answer.text, /By two to one/)
  assert.equal(read.body.text, appeal.answer.text)
})

test('before one’s own verdict the items of a lane are told apart by nothing, whatever is tried', async () => {
  await using desk = await openDesk()
  const tries = [
    { outcome: 'deny', clause: GRAPHIC, findings: FINDINGS },
    { outcome: 'deny', clause: 'weapons/2' },
    { outcome: 'deny', clause: 'sexual/minors/1' },
    { outcome: 'deny' },
    { outcome: 'allow' },
    { outcome: 'allow', reason: 'medical_use' },
    { outcome: 'omit', reason: 'misuse' },
    { outcome: 'omit' },
  ]
  for (const kinds of [['appeal', 'audit', 'gold'], ['hold']] as const) {
    const answers = new Set<string>()
    for (const kind of kinds)
      for (const category of ['violence/graphic', 'weapons']) {
        const { id, imageId } = await desk.make(kind, { category })
        await desk.hold('lead', id)
        const read: unknown[] = []
        for (const body of tries) {
          const answer = await desk.as(`/v1/review/items/${id}/preview`, 'lead', { body })
          read.push([answer.status, { ...answer.body, instance: '' }])
        }
        const text = JSON.stringify(read)
        assert.equal(read.filter((one) => Array.isArray(one) && one[0] === 200).length, 3, text)
        assert.ok(imageId !== null && !text.includes(imageId), 'no id that is withheld')
        answers.add(text)
      }
    assert.equal(answers.size, 1, [...answers].join('\n'))
  }
})

test('what a verdict lacks is told as by deciding, and leaving undecided is a lead’s', async () => {
  await using desk = await openDesk()
  const { id } = await desk.make('hold')
  const read = (body: object, who = 'ada') => desk.as(`/v1/review/items/${id}/preview`, who, { body })
  assert.equal((await read({ outcome: 'allow' })).body.code, 'forbidden', 'it is claimed first')
  const lease = await desk.hold('ada', id)
  for (const verdict of [
    { outcome: 'deny' },
    { outcome: 'deny', clause: GRAPHIC },
    { outcome: 'deny', clause: GRAPHIC, findings: { ...FINDINGS, mood: 'grim' } },
    { outcome: 'allow', clause: GRAPHIC },
    { outcome: 'allow', reason: 'because' },
    { outcome: 'omit', reason: 'misuse' },
  ]) {
    const [previewed, decided] = [await read(verdict), await desk.decide('ada', id, { lease, ...verdict })]
    assert.ok(decided.status >= 400)
    assert.deepEqual({ ...previewed.body, instance: '' }, { ...decided.body, instance: '' })
  }
  const restricted = await desk.make('escalation')
  await desk.hold('ada', restricted.id)
  const { body } = await desk.as(`/v1/review/items/${restricted.id}/preview`, 'ada', {
    body: { outcome: 'deny', clause: GRAPHIC, findings: FINDINGS },
  })
  assert.deepEqual([body.kind, body.sentences?.length], ['none', 1])
})
