// An order handed in twice under one key is one request; another order under it is refused.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { sql as raw } from 'kysely'
import { ALLOWED, FORBIDDEN, json, openService, type Service } from './service.ts'

let service: Service
before(async () => {
  service = await openService()
})
after(() => service[Symbol.asyncDispose]())

const order = async (body: object, key: string, as: 'client' | 'second_client' = 'client') => {
  const request = json({ prompt: ALLOWED, ...body })
  const headers = { ...request.headers, 'idempotency-key': key }
  const response = await service.call('/v1/generations', { ...request, headers, as })
  const replayed = response.headers.get('idempotency-replayed')
  return { status: response.status, replayed, body: await response.json() }
}

test('the same order under the same key is the same generation, however many ask at once', async () => {
  const answers = await Promise.all(Array.from({ length: 6 }, () => order({ seed: 1 }, 'key-1')))
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([202]))
  assert.equal(new Set(answers.map(({ body }) => body.id)).size, 1)
})

test('a refused order is refused once', async () => {
  const first = await order({ prompt: FORBIDDEN }, 'key-2')
  const again = await order({ prompt: FORBIDDEN }, 'key-2')
  assert.equal(first.body.state, 'refused')
  assert.equal(again.body.statement.id, first.body.statement.id)
})

test('another order under a used key is a conflict that names the header', async () => {
  await order({ seed: 1 }, 'key-3')
  const other = await order({ seed: 2 }, 'key-3')
  assert.equal(other.status, 409)
  assert.deepEqual([other.body.code, other.body.field], ['conflict', 'idempotency-key'])
})

test('what is asked of sampling is part of the order under a key', async () => {
  const orders = [
    {},
    { prompt_syntax: 'weighted' },
    { guidance_rescale: 0.7 },
    { timesteps: [9, 4] },
    { sigmas: [9, 4] },
  ]
  for (const [i, body] of orders.entries()) {
    assert.equal((await order({ seed: 1, ...body }, `sampling-${i}`)).status, 202)
    assert.equal((await order({ seed: 1, ...body }, `sampling-${i}`)).replayed, 'true')
    assert.equal((await order({ seed: 1, ...orders[(i + 1) % orders.length] }, `sampling-${i}`)).status, 409)
  }
})

test('an answer that is a replay says so', async () => {
  const first = await order({}, 'key-5')
  const again = await order({}, 'key-5')
  assert.deepEqual([first.replayed, again.replayed], [null, 'true'])
})

test('a key holds for a day by the records’ clock; then it may be used for another order', async () => {
  const setClock = (minutes: number) =>
    raw`UPDATE darkroom.clock_offset SET by = ${minutes} * interval '1 minute'`.execute(service.ground.database.sql)
  const first = await order({ seed: 1 }, 'key-6')
  try {
    await setClock(24 * 60 - 1)
    assert.equal((await order({ seed: 2 }, 'key-6')).status, 409)
    await setClock(24 * 60 + 1)
    const answers = await Promise.all([1, 2, 3].map(() => order({ seed: 2 }, 'key-6')))
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([202]))
    assert.equal(new Set(answers.map(({ body }) => body.id)).size, 1)
    assert.notEqual(answers[0]?.body.id, first.body.id)
    assert.equal((await order({ seed: 1 }, 'key-6')).status, 409)
  } finally {
    await setClock(0)
  }
})

test('OpenAI’s route honours a key too', { timeout: 60_000 }, async () => {
  const ask = () => service.call('/v1/images/generations', json({ prompt: FORBIDDEN }, { 'idempotency-key': 'key-7' }))
  const [first, again] = [await ask(), await ask()]
  const [one, two] = [await first.json(), await again.json()]
  assert.equal(one.error.statement_id, two.error.statement_id)
  assert.deepEqual([again.status, again.headers.get('idempotency-replayed')], [400, 'true'])
})

test("keys are each tenant's own", async () => {
  const mine = await order({}, 'key-4')
  const theirs = await order({}, 'key-4', 'second_client')
  assert.notEqual(mine.body.id, theirs.body.id)
})

test('a key that is no key is refused by name, at its edge', async () => {
  assert.equal((await order({}, 'k'.repeat(255), 'second_client')).status, 202)
  for (const key of ['k'.repeat(256), 'two words']) {
    const { status, body } = await order({}, key)
    assert.deepEqual([status, body.field], [400, 'idempotency-key'], key)
  }
})

test('an id with a NUL is not found, on every route that takes one', async () => {
  for (const path of ['generations', 'images', 'statements'])
    assert.equal((await service.call(`/v1/${path}/%00`)).status, 404, path)
})
