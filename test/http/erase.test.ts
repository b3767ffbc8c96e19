// Erasure: what was asked and drawn is gone for good and cannot be read from the first moment on; what was decided stays. A store that
// fails in the middle delays it and loses nothing.
import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { sql as raw } from 'kysely'
import { Fault } from '../../src/kernel/fault.ts'
import { eraseGeneration, finishErasures } from '../../src/publish/erase.ts'
import { ALLOWED, FORBIDDEN, json, openService, type Service } from './service.ts'

let service: Service
before(async () => {
  service = await openService()
})
after(() => service[Symbol.asyncDispose]())
beforeEach(() => setClock(0))

const setClock = (minutes: number) =>
  raw`UPDATE darkroom.clock_offset SET by = ${minutes} * interval '1 minute'`.execute(service.ground.database.sql)
const order = async (body: object = {}) =>
  (await service.call('/v1/generations', json({ prompt: ALLOWED, user: 'u1', ...body }))).json()
const erase = (id: string, as = 'client') => service.call(`/v1/generations/${id}`, { method: 'DELETE', as })
const read = async (path: string) => (await service.call(path)).json()
const isGone = (error: unknown) => error instanceof Fault && error.code === 'object_missing'
const rowOf = (id: string) =>
  service.ground.database.sql.selectFrom('darkroom.request').selectAll().where('id', '=', id).executeTakeFirstOrThrow()
const leftToErase = async () =>
  (await service.ground.database.sql.selectFrom('darkroom.erasure').select('request_id').execute()).length

test('a published picture, its copies and the prompt are gone; the record says that they were', async () => {
  const { id } = await order({ n: 2, negative_prompt: 'rain', purpose: null })
  await service.develop(id, ['published', 'held'])
  const [published, held] = (await read(`/v1/generations/${id}`)).images
  const link = (await service.call(published.url)).headers.get('location') ?? ''
  assert.equal((await service.call(link, { as: null })).status, 200)
  const answer = await erase(id)
  assert.deepEqual([answer.status, await answer.text()], [204, ''])

  for (const part of ['content', 'manifest']) {
    const response = await service.call(`/v1/images/${published.id}/${part}`)
    assert.deepEqual([response.status, (await response.json()).code], [410, 'gone'])
  }
  assert.equal((await service.call(link, { as: null })).status, 404)
  await assert.rejects(service.ground.images.get(`${published.id}.png`), isGone)
  for (const image of [published, held])
    await assert.rejects(service.ground.quarantine.get(`${image.id}/generated`), isGone)
  const row = await rowOf(id)
  for (const column of ['prompt', 'negative_prompt', 'salt', 'purpose', 'user_digest', 'order_digest'] as const)
    assert.equal(row[column], null, column)
  for (const path of [`/v1/generations/${id}`, `/v1/generations/${id}/events`, `/v1/images/${published.id}`]) {
    const response = await service.call(path)
    assert.deepEqual([response.status, (await response.json()).code], [410, 'gone'], path)
  }
  assert.ok(!(await read('/v1/generations')).data.some((one: { id: string }) => one.id === id))
  const notes = await service.ground.database.sql
    .selectFrom('darkroom.move')
    .select('facts')
    .where('kind', '=', 'generation.erased')
    .where('subject_id', '=', id)
    .execute()
  const [key] = await service.ground.database.sql
    .selectFrom('darkroom.api_key')
    .select('id')
    .where('name', '=', 'client')
    .execute()
  assert.deepEqual(notes, [{ facts: { images: 2, by: { key: key?.id, person: null } } }])
})

test('erasing again is answered alike and is one fact; another tenant’s is not found', async () => {
  const { id } = await order()
  await service.develop(id, ['published'])
  assert.equal((await erase(id, 'second_client')).status, 404)
  assert.equal((await rowOf(id)).erased_at, null)
  const both = await Promise.all([erase(id), erase(id)])
  assert.deepEqual(
    both.map(({ status }) => status),
    [204, 204],
  )
  assert.equal((await erase(id)).status, 204)
  const { rows } = await raw<{ count: string }>`
    SELECT count(*) AS count FROM darkroom.move WHERE kind = 'generation.erased' AND subject_id = ${id}`.execute(
    service.ground.database.sql,
  )
  assert.equal(rows[0]?.count, '1')
})

test('what still waits is cancelled first', async () => {
  const { id } = await order({ n: 2 })
  assert.equal((await erase(id)).status, 204)
  const { state, prompt } = await rowOf(id)
  assert.deepEqual([state, prompt], ['cancelled', null])
})

test('a refusal’s statement outlives its prompt', async () => {
  const { id, statement } = await order({ prompt: FORBIDDEN })
  assert.equal((await erase(id)).status, 204)
  assert.equal((await service.call(statement.url)).status, 200)
  assert.equal((await rowOf(id)).prompt, null)
})

test('a store that fails in the middle delays the removal and nothing else', async () => {
  const { id } = await order({ n: 2 })
  await service.develop(id, ['published', 'published'])
  const { images } = await read(`/v1/generations/${id}`)
  const { remove } = service.ground.images
  let removals = 0
  Reflect.set(service.ground.images, 'remove', async (key: string) => {
    if (++removals > 1) throw new Fault('object_store_failed', { retry: 'later' })
    return remove(key)
  })
  try {
    assert.equal((await erase(id)).status, 204)
    assert.equal((await service.call(`/v1/images/${images[1].id}/content`)).status, 410)
    assert.ok((await service.ground.images.get(`${images[1].id}.png`)).bytes.length > 0)
    assert.equal(await finishErasures(service.ground), 0)
  } finally {
    Reflect.set(service.ground.images, 'remove', remove)
  }
  await setClock(2)
  await finishErasures(service.ground)
  for (const image of images) await assert.rejects(service.ground.images.get(`${image.id}.png`), isGone)
})

test('what a worker writes after the erasure is removed by the last pass, which forgets the erasure', async () => {
  const { id, images } = await order()
  await eraseGeneration(
    service.ground,
    { tenantId: (await rowOf(id)).tenant_id, keyId: null, personId: null },
    id,
    async () => {},
  )
  const late = { bytes: Buffer.from('late'), contentType: 'image/png' }
  await service.ground.quarantine.putIfAbsent(`${images[0].id}/generated`, late)
  await setClock(11)
  assert.ok((await finishErasures(service.ground)) >= 1)
  await assert.rejects(service.ground.quarantine.get(`${images[0].id}/generated`), isGone)
  await setClock(30)
  await finishErasures(service.ground)
  assert.equal(await leftToErase(), 0)
})
