// Lists: filters, and cursors that are good only for the tenant and the filters that they were made for.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { ALLOWED, FORBIDDEN, openService, type Service } from './service.ts'

let service: Service
const ids: string[] = []
before(async () => {
  service = await openService()
  for (let n = 0; n < 5; n++) ids.push((await service.admit({ prompt: n === 2 ? FORBIDDEN : ALLOWED })).requestId)
  for (let n = 0; n < 3; n++) await service.admit({ prompt: ALLOWED }, 'second_client')
})
after(() => service[Symbol.asyncDispose]())

const list = async (query: string, as = 'client') => {
  const response = await service.call(`/v1/generations?${query}`, { as })
  return { status: response.status, body: await response.json() }
}
const idsOf = ({ body }: { body: { data: { id: string }[] } }) => body.data.map(({ id }) => id)

test('a list is filtered by state, model and moment, and pages keep the filter', async () => {
  assert.deepEqual(idsOf(await list('state=refused')), [ids[2]])
  assert.deepEqual(idsOf(await list('model=another')), [])
  const first = await list('state=queued&limit=3')
  assert.deepEqual(idsOf(first), [ids[4], ids[3], ids[1]])
  const second = await list(`state=queued&limit=3&after=${first.body.next}`)
  assert.deepEqual([idsOf(second), second.body.has_more, second.body.next], [[ids[0]], false, null])
  const { created_at } = first.body.data[1]
  const since = await list(`created_from=${created_at}`)
  assert.ok(idsOf(since).includes(ids[3] ?? '') && !idsOf(since).includes(ids[0] ?? ''))
  const before = await list(`created_before=${created_at}`)
  assert.ok(!idsOf(before).includes(ids[3] ?? '') && idsOf(before).includes(ids[0] ?? ''))
})

test('a cursor of another tenant, of other filters, changed or made up, is no cursor', async () => {
  const { next } = (await list('limit=2')).body
  const theirs = (await list('limit=2', 'second_client')).body.next
  const filtered = (await list('limit=2&state=queued')).body.next
  const plain = Buffer.from(ids[2] ?? '').toString('base64url')
  const [body, mac] = next.split('.')
  for (const after of [
    theirs,
    filtered,
    ids[3],
    plain,
    `${plain}.${mac}`,
    `${body}.`,
    `${next}x`,
    `${next}.${mac}`,
    '.',
  ]) {
    const { status, body: problem } = await list(`limit=2&after=${after}`)
    assert.deepEqual([status, problem.code, problem.field], [400, 'invalid_request', 'after'], String(after))
  }
  assert.equal((await list(`limit=1&after=${next}`)).status, 200)
})

test('a filter that cannot be read names its field', async () => {
  for (const [query, field] of [
    ['state=lost', 'state'],
    ['created_from=yesterday', 'created_from'],
    ['created_from=2026', 'created_from'],
    ['limit=true', 'limit'],
    ['limit=1e1', 'limit'],
    ['created_before=2026-13-01T00:00:00Z', 'created_before'],
    ['model=', 'model'],
  ]) {
    const { status, body } = await list(query ?? '')
    assert.deepEqual([status, body.field], [400, field], query)
  }
})
