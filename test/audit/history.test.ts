// The history of a request: every move of it and of what is about it, in order, with who made it and its place in the log; the proof of
// each row holds without the service; what is restricted stays closed, and nothing that anybody typed is told.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { sql as raw } from 'kysely'
import { note } from '../../src/advance.ts'
import { factsOf } from '../../src/audit/history-facts.ts'
import type { Move } from '../../src/audit/history-moves.ts'
import { MOVES_A_PAGE } from '../../src/audit/history-moves.ts'
import { parseVerifierKey } from '../../src/audit/note.ts'
import { checkReceipt } from '../../src/audit/receipt-check.ts'
import { newId } from '../../src/kernel/ids.ts'
import { ALLOWED, FORBIDDEN } from '../http/service.ts'
import { type Court, openCourt } from '../review/court.ts'
import { openVoices, TEXT, UNDO_SECONDS } from '../review/voices.ts'
import { growLog } from '../support/log-rounds.ts'
import { asking, factIn, kinds, one, overturnedIn } from './histories.ts'
import { restrict } from './restrict.ts'

const REFUSED_TWICE = 'a man being beheaded, gore and blood everywhere, dismembered body'
let court: Court
let voices: ReturnType<typeof openVoices>
before(async () => {
  // Hundreds of moves at once keep a process busy that has the records in it.
  court = await openCourt({ env: { DARKROOM_EVENT_LOOP_DELAY_LIMIT_MS: '60000' } })
  voices = openVoices(court)
})
after(() => court[Symbol.asyncDispose]())

const ask = (path: string, as: string | null = 'compliance') => asking(court, path, as)
async function history(id: string, more = '') {
  const { status, body } = await ask(`/v1/audit/history/${id}${more}`)
  assert.equal(status, 200, JSON.stringify(body))
  return body
}
const grow = () => growLog(court.ground.database, court.service.transparency)
const overturned = () => overturnedIn(court, voices)

test('an appeal that was won is told whole and in order, with who made each move', async () => {
  const { requestId, imageId, statementId, appealId } = await overturned()
  const { moves, request, images, statements, next, image_id } = await history(imageId)
  assert.deepEqual([request.id, image_id, next], [requestId, imageId, null])
  assert.deepEqual(kinds(moves), [
    'request.received',
    'image.planned',
    'request.queued',
    'request.generating',
    'image.generated',
    'image.denied',
    'request.done',
    'appeal.open',
    'appeal.reviewing',
    'review.verdict',
    'image.cleared',
    'appeal.overturned',
    'review.verdict',
    'review.ruled',
    'image.marked',
    'image.published',
  ])
  const numbers = moves.map((move: Move) => BigInt(move.place.sequence))
  assert.deepEqual(
    numbers,
    numbers.toSorted((a: bigint, b: bigint) => Number(a - b)),
  )
  const who = (kind: string) => one(moves, kind).by
  assert.deepEqual([who('request.received')?.who, who('appeal.open')?.who], ['owner', 'owner'])
  assert.match(who('request.received')?.key ?? '', /^key_/)
  assert.deepEqual([who('image.denied')?.who, who('image.denied')?.policy], ['gate', court.policy.digest])
  assert.deepEqual([who('image.cleared')?.who, who('image.published')?.who], ['people', 'service'])
  assert.deepEqual(who('appeal.overturned')?.people.toSorted(), [court.people.ada.id, court.people.ben.id].toSorted())
  assert.deepEqual(who('review.verdict')?.people, [court.people.ada.id])
  assert.equal(request.sandbox, false)
  const denied = one(moves, 'image.denied')
  assert.equal(factIn(denied.facts, 'clause'), 'violence/graphic/3')
  assert.match(factIn(denied.facts, 'classifiers') ?? '', /^storybook-eye 1\.0\.0 e{64}$/)
  assert.equal(factIn(denied.facts, 'statement'), statementId)
  assert.deepEqual(
    statements.map(({ id }: { id: string }) => id),
    [statementId],
  )
  const { clause, decided_by, redress, facts, policy } = statements[0]
  assert.deepEqual([clause, decided_by, redress], ['violence/graphic/3', 'automated', 'full'])
  assert.ok(facts.length > 20 && policy.digest === court.policy.digest && policy.version === court.policy.version)
  assert.equal(one(moves, 'appeal.open').subject?.id, appealId)
  assert.equal(images[0].verdict.scores['violence/graphic'], 0.99)
  assert.deepEqual((await history(requestId)).moves, moves)
})

test('a decision names the verdicts that led to it, and when each was given, whom its own facts name or not', async () => {
  const { imageId } = await overturned()
  const { moves } = await history(imageId)
  const { ada, ben } = court.people
  for (const kind of ['image.cleared', 'appeal.overturned']) {
    const { verdicts, by } = one(moves, kind)
    assert.deepEqual(
      verdicts.map(({ person, outcome }) => [person, outcome]),
      [
        [ada.id, 'allow'],
        [ben.id, 'allow'],
      ],
    )
    assert.deepEqual(by?.people.toSorted(), [ada.id, ben.id].toSorted())
  }
  const noted = moves.filter(({ kind }: Move) => kind === 'review.verdict')
  const { verdicts } = one(moves, 'image.cleared')
  for (const [at, move] of noted.entries()) {
    assert.equal(move.given_at, verdicts[at]?.given_at)
    assert.equal(factIn(move.facts, 'verdict'), verdicts[at]?.id)
    assert.ok(Date.parse(move.at) - Date.parse(move.given_at) >= (UNDO_SECONDS - 1) * 1000, 'it counts later')
  }
  const others = moves.filter(({ kind }: Move) => !['image.cleared', 'appeal.overturned'].includes(kind))
  assert.ok(others.every((move: Move) => move.verdicts.length === 0))
})

test('what people refused names who did, and its statement by them', async () => {
  const { imageId } = await voices.order(ALLOWED, { 'violence/graphic': 0.5 })
  await voices.judge('cleo', 'deny', 'violence/graphic/3')
  await court.pass(UNDO_SECONDS)
  const { moves, statements } = await history(imageId)
  const { by, verdicts } = one(moves, 'image.denied')
  assert.deepEqual([by?.who, by?.people, verdicts.length], ['people', [court.people.cleo.id], 1])
  assert.deepEqual(
    statements.map((stated: { decided_by: string }) => stated.decided_by),
    ['person'],
  )
})

test('what was allowed since nothing was found cites no clause, but the rule that came nearest', async () => {
  const { imageId } = await voices.order(ALLOWED, { weapons: 0.01 })
  const { facts } = one((await history(imageId)).moves, 'image.cleared')
  assert.equal(factIn(facts, 'reason'), 'clear')
  assert.ok(factIn(facts, 'nearest rule') && factIn(facts, 'nearest category') && factIn(facts, 'its band'))
  for (const name of ['clause', 'category', 'band']) assert.equal(factIn(facts, name), undefined, name)
  const lifted = factsOf({ reason: 'lifted', clause: 'weapons/3' }, 'image.cleared')
  assert.equal(factIn(lifted, 'clause'), 'weapons/3', 'a clause that lets it through is one that it goes by')
})

test('that software refused anew what people had let in is not told as what they found', async () => {
  const { requestId, statement } = await voices.order(REFUSED_TWICE, null)
  assert.equal((await voices.appealOf(statement.id)).status, 201)
  for (const who of ['ada', 'ben'] as const) {
    await voices.judge(who, 'allow')
    await court.pass(UNDO_SECONDS)
  }
  assert.match(one((await history(requestId)).moves, 'appeal.partial').says, /withdrawn, and software refused/)
})

test('each row has a proof that holds without the service, and opens what its move says', async () => {
  const { requestId } = await overturned()
  const key = parseVerifierKey((await ask('/log/key', null)).text.trimEnd())
  const { moves } = await history(requestId)
  for (const { place, kind, subject, at } of moves) {
    const { status, text } = await ask(`/v1/audit/rows/${place.index}`)
    assert.equal(status, 200, text)
    const { failures, row, tree } = checkReceipt(text, key, null)
    assert.deepEqual(failures, [])
    assert.deepEqual([row?.opened?.kind, row?.opened?.id, row?.entry.at], [kind, subject.id, at])
    assert.deepEqual([row?.entry.sequence, row?.index], [place.sequence, place.index])
    assert.ok((tree?.size ?? 0) >= place.signed_in && place.signed_in > place.index)
  }
  const answered = await ask(`/v1/audit/rows/${moves[0].place.index}?format=json`)
  assert.equal(answered.body.row.opened.id, requestId)
})

test('a move that waits for the log says so, and its row is there within a second', async () => {
  const { requestId } = await voices.order(ALLOWED, {})
  const { moves } = await history(requestId)
  const waiting = moves.at(-1).place
  assert.deepEqual([waiting.index, waiting.signed_in], [null, null])
  assert.match(waiting.leaf_hash, /^[0-9a-f]{64}$/)
  await grow()
  const { place } = (await history(requestId)).moves.at(-1)
  assert.ok(place.index >= 0 && place.signed_in > place.index)
  // It has an index, and no tree that was signed has it.
  const tenant = await tenantOf(requestId)
  await court.ground.database.transact((tx) => note(tx, tenant, 'image.reported', requestId, {}))
  await raw`UPDATE darkroom.move SET log_index = (SELECT tree_size FROM darkroom.log) WHERE log_index IS NULL`.execute(
    court.sql,
  )
  const staged = (await history(requestId)).moves.at(-1).place
  assert.deepEqual([typeof staged.index, staged.signed_in], ['number', null])
  const { status, body } = await ask(`/v1/audit/rows/${staged.index}`)
  assert.deepEqual([status, body.code], [409, 'conflict'])
  await grow()
  assert.equal((await ask(`/v1/audit/rows/${staged.index}`)).status, 200)
})

const tenantOf = async (requestId: string) =>
  (
    await court.sql
      .selectFrom('darkroom.request')
      .select('tenant_id')
      .where('id', '=', requestId)
      .executeTakeFirstOrThrow()
  ).tenant_id

test('a refused request that an appeal let in leads to the new one, and that one back', async () => {
  const { requestId, statement } = await voices.refused()
  assert.equal((await voices.appealOf(statement.id)).status, 201)
  for (const who of ['cleo', 'dev'] as const) {
    await voices.judge(who, 'allow')
    await court.pass(UNDO_SECONDS)
  }
  const { request } = await history(requestId)
  assert.equal(request.led_to.length, 1)
  const followed = await history(request.led_to[0])
  assert.equal(followed.request.follows, requestId)
  assert.equal(one(followed.moves, 'request.received').by?.who, 'owner')
})

test('what was erased has its history, which tells the erasure and by whom', async () => {
  const { requestId, imageId } = await voices.order(ALLOWED, {})
  await court.finish()
  assert.equal((await court.service.call(`/v1/generations/${requestId}`, { method: 'DELETE' })).status, 204)
  const { moves, request, images } = await history(imageId)
  assert.ok(request.erased_at !== null && images[0].erased_at !== null)
  const last = moves.at(-1)
  assert.deepEqual([last.kind, last.by.who], ['generation.erased', 'owner'])
  assert.ok(kinds(moves).includes('image.published'))
  assert.equal(images[0].withdrawn_at, null)
})

test('nothing that anybody typed is told, nor who a reviewer is', async () => {
  const { requestId } = await overturned()
  const { text } = await ask(`/v1/audit/history/${requestId}`)
  for (const said of [TEXT, ALLOWED, FORBIDDEN, 'Ada', 'Ben']) assert.ok(!text.includes(said), said)
  // Whatever a fact is called, a sentence is none.
  assert.deepEqual(factsOf({ reason: 'my neighbour keeps one', clause: 'weapons/2', note: 'typed' }, 'image.denied'), [
    { name: 'clause', value: 'weapons/2' },
  ])
})

test('a long history comes in pages, which leave nothing out', async () => {
  const { requestId, imageId } = await voices.order(ALLOWED, {})
  const tenant = await tenantOf(requestId)
  await court.ground.database.transact(async (tx) => {
    for (let i = 0; i < MOVES_A_PAGE; i++) await note(tx, tenant, 'image.reported', imageId, { report: newId('rep') })
  })
  const first = await history(requestId)
  assert.equal(first.moves.length, MOVES_A_PAGE)
  const rest = await history(requestId, `?after=${first.next}`)
  assert.equal(rest.next, null)
  const reported = [...first.moves, ...rest.moves].filter(({ kind }) => kind === 'image.reported')
  assert.equal(reported.length, MOVES_A_PAGE)
  assert.equal(new Set(reported.map(({ place }) => place.sequence)).size, MOVES_A_PAGE)
})

test('a restricted case has no history here, and its rows come closed with a proof that holds', async () => {
  const { requestId, imageId } = await overturned()
  const { moves } = await history(requestId)
  await restrict(court.sql, requestId, imageId)
  for (const id of [requestId, imageId]) {
    const { status, body } = await ask(`/v1/audit/history/${id}`)
    assert.deepEqual([status, body.code], [403, 'forbidden'])
    assert.match(body.detail, /restricted team alone/)
  }
  const key = parseVerifierKey((await ask('/log/key', null)).text.trimEnd())
  for (const { place } of moves) {
    const { failures, row } = checkReceipt((await ask(`/v1/audit/rows/${place.index}`)).text, key, null)
    assert.deepEqual([failures, row?.opened], [[], null], `row ${place.index}`)
  }
})

test('a move whose kind the log keeps closed is told as that, wherever it stands', async () => {
  const { requestId } = await voices.order(ALLOWED, {})
  const tenant = await tenantOf(requestId)
  await court.ground.database.transact((tx) =>
    note(tx, tenant, 'escalation.dismissed', requestId, { clause: 'weapons/2' }),
  )
  await grow()
  const { moves } = await history(requestId)
  const { kind, subject, facts, by, place } = moves.at(-1)
  assert.deepEqual([kind, subject, facts, by], ['restricted', null, [], null])
  assert.equal((await ask(`/v1/audit/rows/${place.index}?format=json`)).body.row.opened, null)
})

test('what is not there, and what is no id or index, is refused by its name', async () => {
  assert.equal((await ask(`/v1/audit/history/${newId('img')}`)).status, 404)
  assert.equal((await ask('/v1/audit/history/nothing')).status, 404)
  assert.equal((await ask('/v1/audit/rows/123456789')).status, 404)
  for (const index of ['-1', '1.5', '01', 'x', '9'.repeat(17)]) {
    const { status, body } = await ask(`/v1/audit/rows/${index}`)
    assert.deepEqual([status, body.field], [400, 'index'], index)
  }
  const { requestId } = await voices.order(ALLOWED, {})
  const { status, body } = await ask(`/v1/audit/history/${requestId}?after=x`)
  assert.deepEqual([status, body.field], [400, 'after'])
  for (const path of [`/v1/audit/history/${requestId}`, '/v1/audit/rows/0']) {
    assert.equal((await ask(path, 'client')).status, 403)
    assert.equal((await ask(path, 'admin')).status, 200)
  }
})
