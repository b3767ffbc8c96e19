import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { sql as raw } from 'kysely'
import { admitGeneration } from '../../src/admit/admit.ts'
import { getGeneration, getImage, listGenerations } from '../../src/admit/records.ts'
import { saltedDigest } from '../../src/kernel/canonical.ts'
import { isFault } from '../../src/kernel/fault.ts'
import { openLine } from '../../src/schedule/position.ts'
import { getStanding } from '../../src/statement/standing.ts'
import { authenticate, type Caller } from '../../src/tenant/caller.ts'
import { ALLOWED, FORBIDDEN, openService, type Service } from '../http/service.ts'

let service: Service
let caller: Caller
let other: Caller

before(async () => {
  service = await openService()
  caller = await authenticate(service.ground, service.key('client'))
  other = await authenticate(service.ground, service.key('second_client'))
})
after(() => service[Symbol.asyncDispose]())

const rows = {
  request: (id: string) =>
    service.ground.database.sql
      .selectFrom('darkroom.request')
      .selectAll()
      .where('id', '=', id)
      .executeTakeFirstOrThrow(),
  images: (id: string) =>
    service.ground.database.sql
      .selectFrom('darkroom.image')
      .selectAll()
      .where('request_id', '=', id)
      .orderBy('position')
      .execute(),
  tasks: (id: string) =>
    service.ground.database.sql.selectFrom('darkroom.task').selectAll().where('subject_id', '=', id).execute(),
  moves: (ids: string[]) =>
    service.ground.database.sql
      .selectFrom('darkroom.move')
      .selectAll()
      .where('subject_id', 'in', ids)
      .orderBy('id')
      .execute(),
}
const countAll = async () => {
  const {
    rows: [counts],
  } = await raw<{ text: string }>`
    SELECT concat_ws(',', (SELECT count(*) FROM darkroom.request), (SELECT count(*) FROM darkroom.image),
      (SELECT count(*) FROM darkroom.task), (SELECT count(*) FROM darkroom.move), (SELECT count(*) FROM darkroom.statement)) AS text
  `.execute(service.ground.database.sql)
  return counts?.text
}

test('an order becomes a queued request with its images planned and one generate task', async () => {
  const { requestId, state } = await service.admit({ prompt: ALLOWED, n: 3, seed: 7, steps: 10 })
  assert.equal(state, 'queued')
  const request = await rows.request(requestId)
  const images = await rows.images(requestId)
  assert.deepEqual(
    images.map(({ state, seed, position }) => [state, seed, position]),
    [
      ['planned', '7', 0],
      ['planned', '8', 1],
      ['planned', '9', 2],
    ],
  )
  assert.ok(images.every(({ mark_id }) => BigInt(mark_id) < 2n ** 40n))
  const tasks = await rows.tasks(requestId)
  assert.deepEqual(
    tasks.map(({ stage, cost, dispatched_at }) => [stage, cost, dispatched_at]),
    [['generate', request.cost, null]],
  )
  assert.equal(request.cost, (10 * 128 * 128 * 3) / 1e6)
})

test('the log tells of the request, then of its images, then that it is queued, in one unbroken chain', async () => {
  const { requestId } = await service.admit({ prompt: ALLOWED, n: 2 })
  const images = await rows.images(requestId)
  const moves = await rows.moves([requestId, ...images.map(({ id }) => id)])
  assert.deepEqual(
    moves.map(({ kind, subject_id, from_state }) => [kind, subject_id, from_state]),
    [
      ['request.received', requestId, null],
      ...images.map(({ id }) => ['image.planned', id, null]),
      ['request.queued', requestId, 'received'],
    ],
  )
  for (const [index, move] of moves.slice(1).entries()) assert.equal(move.previous_leaf, moves[index]?.leaf_hash)
})

test('seeds wrap at 32 bits', async () => {
  const { requestId } = await service.admit({ prompt: ALLOWED, n: 2, seed: 2 ** 32 - 1 })
  assert.deepEqual(
    (await rows.images(requestId)).map((image) => image.seed),
    ['4294967295', '0'],
  )
})

test('the log has salted digests and never the prompt or the user', async () => {
  const marker = 'a lighthouse called Zanzibar Ninepins'
  const { requestId } = await service.admit({ prompt: marker, negativePrompt: 'Zanzibar fog', user: 'Zanzibar-42' })
  const request = await rows.request(requestId)
  const moves = await rows.moves([requestId])
  assert.ok(!JSON.stringify(moves).includes('Zanzibar'))
  assert.ok(!JSON.stringify(moves).includes('Ninepins'))
  assert.equal(request.user_digest?.includes('Zanzibar'), false)
  const facts = moves[0]?.facts
  assert.ok(typeof facts === 'object' && facts !== null && !Array.isArray(facts) && request.salt !== null)
  assert.equal(facts.prompt, saltedDigest(request.salt, marker))
  const twin = await rows.request((await service.admit({ prompt: marker, user: 'Zanzibar-42' })).requestId)
  assert.equal(twin.user_digest, request.user_digest, 'one user has one digest')
  assert.notDeepEqual(twin.salt, request.salt)
})

test('a forbidden prompt is refused with a complete statement, its images cancelled and no work left', async () => {
  const { requestId, state } = await service.admit({ prompt: FORBIDDEN, n: 2 })
  assert.equal(state, 'refused')
  const request = await rows.request(requestId)
  assert.deepEqual(
    (await rows.images(requestId)).map((image) => image.state),
    ['cancelled', 'cancelled'],
  )
  assert.deepEqual(await rows.tasks(requestId), [])
  const { statement } = await getStanding(service.ground.database.sql, request.statement_id ?? '', caller.tenantId)
  assert.equal(statement.stage, 'input')
  assert.deepEqual(statement.subject, { kind: 'request', id: requestId })
  assert.ok(
    statement.redress.kind === 'full' && Date.parse(statement.redress.appealUntil) > Date.now() + 182 * 86_400_000,
  )
  const moves = await rows.moves([requestId])
  assert.deepEqual(
    moves.map((move) => move.kind),
    ['request.received', 'request.refused'],
  )
})

test('whatever goes wrong, nothing half-done remains', async () => {
  const counted = await countAll()
  const faults = [
    () => service.admit({ prompt: ALLOWED, size: '1x1' }),
    () => service.admit({ prompt: ALLOWED, purpose: 'world domination' }),
    // A statement that cannot be completed: the policy lost what it must say of duration.
    () =>
      admitGeneration(
        service.ground,
        { ...service.admission, policy: { ...service.policy, duration: { input: '', output: '' } } },
        caller,
        { prompt: FORBIDDEN },
      ),
    // A failure in the middle of the transaction.
    () =>
      admitGeneration(
        service.ground,
        { ...service.admission, costOf: () => Number.NaN },
        { ...caller, keyId: 'key_gone' },
        { prompt: ALLOWED },
      ),
  ]
  for (const fault of faults) await assert.rejects(fault)
  assert.equal(await countAll(), counted)
})

test('a mark id that is taken is drawn again', async () => {
  // 3 bits hold 8 ids: the ninth image could not be admitted, the first eight all must be.
  const admission = { ...service.admission, markIdBits: 3 }
  const { requestId } = await admitGeneration(service.ground, admission, caller, { prompt: ALLOWED, n: 8 })
  const ids = (await rows.images(requestId)).map((image) => image.mark_id).sort()
  assert.deepEqual(ids, ['0', '1', '2', '3', '4', '5', '6', '7'])
})

test('what belongs to another tenant is not there', async () => {
  const { sql } = service.ground.database
  const { requestId } = await service.admit({ prompt: FORBIDDEN })
  const { images, request } = await getGeneration(sql, caller.tenantId, requestId)
  const absent = (error: unknown) => isFault(error, 'not_found')
  await assert.rejects(getGeneration(sql, other.tenantId, requestId), absent)
  await assert.rejects(getImage(sql, other.tenantId, images[0]?.id ?? ''), absent)
  await assert.rejects(getStanding(sql, request.statement_id ?? '', other.tenantId), absent)
  assert.deepEqual((await listGenerations(sql, other.tenantId, { limit: 100, after: null })).generations, [])
  assert.deepEqual((await listGenerations(sql, other.tenantId, { limit: 100, after: `${requestId}` })).generations, [])
})

test('pages hold every generation once, newest first, while others arrive', async () => {
  const { sql } = service.ground.database
  const tenantId = other.tenantId
  const expected: string[] = []
  for (let i = 0; i < 5; i++) expected.unshift((await service.admit({ prompt: ALLOWED }, 'second_client')).requestId)
  const seen: string[] = []
  for (let after: string | null = null, more = true; more; ) {
    const page = await listGenerations(sql, tenantId, { limit: 2, after })
    seen.push(...page.generations.map(({ request }) => request.id))
    after = seen.at(-1) ?? null
    more = page.hasMore
    if (seen.length === 2) await service.admit({ prompt: ALLOWED }, 'second_client')
  }
  assert.deepEqual(seen, expected)
})

test('the place in line counts the tenant’s own requests before it', async () => {
  const { sql } = service.ground.database
  const ahead = async (id: string) => (await openLine(sql)(id))?.ahead ?? Number.NaN
  const first = (await service.admit({ prompt: ALLOWED })).requestId
  await service.admit({ prompt: ALLOWED }, 'second_client')
  const second = (await service.admit({ prompt: ALLOWED })).requestId
  assert.equal(await ahead(second), (await ahead(first)) + 1)
  await service.develop(first, ['published'])
  assert.equal(await openLine(sql)(first), null)
})
