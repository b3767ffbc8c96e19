// Bodies and queries made to break the service rather than to be answered.
import assert from 'node:assert/strict'
import { connect } from 'node:net'
import test, { after, before } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
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

test('who sends slowly holds half of the places of verification, and the rest verify on', async () => {
  await using narrow = await openService({ DARKROOM_VERIFICATIONS_AT_ONCE: '2', DARKROOM_TRUSTED_PROXIES: '127.0.0.1' })
  const { port, hostname } = new URL(narrow.url)
  const slow = connect(Number(port), hostname)
  slow.write(
    'POST /v1/provenance/verify HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\n' +
      'Content-Length: 100000\r\n\r\n--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nx',
  )
  const verify = (address: string) => {
    const body = new FormData()
    body.set('file', new Blob(['x']), 'a.png')
    return fetch(`${narrow.url}/v1/provenance/verify`, {
      method: 'POST',
      body,
      headers: { 'x-forwarded-for': address },
    })
  }
  while ((await verify('127.0.0.1')).status !== 429) await sleep(20)
  assert.equal((await verify('192.0.2.1')).status, 200)
  slow.destroy()
  while ((await verify('127.0.0.1')).status !== 200) await sleep(20)
})

test('a malformed address below OpenAI’s is answered in their words', async () => {
  const answer = await service.call('/v1/models/%zz')
  assert.deepEqual(
    [answer.status, Object.keys((await answer.json()).error).sort()],
    [404, ['code', 'message', 'param', 'type']],
  )
})
