// Bodies and queries made to break the service rather than to be answered.
import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
import { openService, type Service } from './service.ts'

let service: Service

before(async () => {
  service = await openService()
})
after(() => service[Symbol.asyncDispose]())

test('a NUL in a query or a description is refused by its field, not by the database', async () => {
  const query = await service.call('/v1/generations?model=a%00b')
  assert.deepEqual([query.status, (await query.json()).field], [400, 'model'])
  const order = { url: 'https://1.1.1.1/x', events: ['*'], description: 'a\0b' }
  const body = await service.call('/v1/webhooks', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(order),
  })
  assert.deepEqual([body.status, (await body.json()).field], [400, 'description'])
})

test('a body of a million elements or fields is refused before each of them is judged', async () => {
  const vast = [`{"input":[${'1,'.repeat(1_000_000)}1]}`, manyFields(300_000)]
  for (const body of vast) {
    const startedAt = performance.now()
    const answer = await service.call('/v1/moderations', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    })
    const { error } = await answer.json()
    assert.deepEqual([answer.status, error.message], [400, 'the body has more than 10000 fields and elements'])
    assert.ok(performance.now() - startedAt < 5000)
  }
})

function manyFields(count: number): string {
  return `{${Array.from({ length: count }, (_, i) => `"k${i}":1`).join()}}`
}
