// The edges of HTTP: methods, addresses and connections that no route sees, each answered clearly as a problem document.
import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { after, before, test } from 'node:test'
import { ALLOWED, json, openService, type Service } from './service.ts'

let service: Service
before(async () => {
  service = await openService({ DARKROOM_REQUEST_TIMEOUT_MS: '300', DARKROOM_BODY_LIMIT_BYTES: '4096' })
})
after(() => service[Symbol.asyncDispose]())

const PROBLEM = 'application/problem+json; charset=utf-8'

test('a method that an address does not offer is 405 and says which it does', async () => {
  const cases: [string, string, string][] = [
    ['PUT', '/v1/generations', 'GET, HEAD, POST'],
    ['PATCH', '/v1/generations/req_x', 'DELETE, GET, HEAD'],
    ['GET', '/v1/generations/req_x/cancel', 'POST'],
    ['POST', '/v1/generations/req_x/events', 'GET'],
    ['DELETE', '/healthz', 'GET, HEAD'],
    ['POST', '/objects/a/b.png', 'GET, HEAD'],
  ]
  for (const [method, path, allow] of cases) {
    const response = await service.call(path, { method })
    assert.deepEqual([response.status, response.headers.get('allow')], [405, allow], `${method} ${path}`)
    assert.equal(response.headers.get('content-type'), PROBLEM)
    assert.equal((await response.json()).code, 'method_not_allowed')
  }
})

test('an address that is written out says its own methods, not those of an address of its form', async () => {
  const response = await service.call('/v1/images/generations', { method: 'PUT' })
  assert.deepEqual([response.status, response.headers.get('allow')], [405, 'POST'])
})

test('HEAD is GET without a body, and follows no events', async () => {
  const get = await service.call('/v1/generations')
  const head = await service.call('/v1/generations', { method: 'HEAD' })
  assert.equal(head.status, 200)
  assert.equal(await head.text(), '')
  assert.equal(head.headers.get('content-length'), String(Buffer.byteLength(await get.text())))
  assert.equal((await service.call('/v1/generations', { method: 'HEAD', as: null })).status, 401)
  assert.equal((await service.call('/v1/generations/req_x/events', { method: 'HEAD' })).status, 405)
})

test('an address that is malformed or too long is a problem like any other', async () => {
  for (const path of [
    '/v1/generations/%zz',
    `/v1/generations/${'x'.repeat(500)}`,
    '/nowhere',
    '/v1/generations/a/b/c',
  ]) {
    const response = await service.call(path)
    assert.equal(response.status, 404, path)
    assert.equal(response.headers.get('content-type'), PROBLEM)
    assert.equal(response.headers.get('x-content-type-options'), 'nosniff')
    const problem = await response.json()
    assert.equal(problem.code, 'not_found')
    assert.equal(problem.instance, response.headers.get('x-request-id'))
  }
})

const speak = (text: string) =>
  new Promise<string>((resolve, reject) => {
    const { port, hostname } = new URL(service.url)
    const socket = connect(Number(port), hostname)
    let heard = ''
    socket.on('data', (chunk) => {
      heard += chunk
    })
    socket.once('close', () => resolve(heard))
    socket.once('error', reject)
    socket.write(text)
  })

test('a client that does not finish its request is answered 408, and the connection closes', {
  timeout: 20_000,
}, async () => {
  const auth = `Authorization: Bearer ${service.key('client')}`
  const slow = [
    'GET /healthz HTTP/1.1\r\nHost: x\r\n',
    `POST /v1/generations HTTP/1.1\r\nHost: x\r\n${auth}\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{"pro`,
  ]
  for (const text of slow) {
    const heard = await speak(text)
    assert.match(heard, /^HTTP\/1\.1 408 Request Timeout\r\n/)
    assert.match(heard, /"code":"request_timeout"/)
  }
})

test('what is no HTTP is 400, and headers without end are 431', { timeout: 20_000 }, async () => {
  assert.match(await speak('HELO darkroom\r\n\r\n'), /^HTTP\/1\.1 400 [\s\S]*"code":"invalid_request"/)
  const endless = `GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: ${'a'.repeat(20_000)}\r\n\r\n`
  assert.match(await speak(endless), /^HTTP\/1\.1 431 [\s\S]*"code":"headers_too_large"/)
})

test('a body past the limit is 413 before it has arrived, and the connection closes', { timeout: 20_000 }, async () => {
  const auth = `Authorization: Bearer ${service.key('client')}`
  const head = `POST /v1/generations HTTP/1.1\r\nHost: x\r\n${auth}\r\nContent-Type: application/json\r\n`
  const heard = await speak(`${head}Content-Length: 999999\r\n\r\n{`)
  assert.match(heard, /^HTTP\/1\.1 413 /)
  assert.match(heard, /connection: close/i)
})

test('a generation that did not change is 304 to who knows it', async () => {
  const { id } = await (await service.call('/v1/generations', json({ prompt: 'a boat' }))).json()
  const first = await service.call(`/v1/generations/${id}`)
  const etag = first.headers.get('etag') ?? ''
  assert.match(etag, /^W\/"/)
  const again = await service.call(`/v1/generations/${id}`, { headers: { 'if-none-match': `"x", ${etag}` } })
  assert.deepEqual([again.status, await again.text()], [304, ''])
  await service.call(`/v1/generations/${id}/cancel`, { method: 'POST' })
  const changed = await service.call(`/v1/generations/${id}`, { headers: { 'if-none-match': etag } })
  assert.equal(changed.status, 200)
})

test('a content type without a body is no body: a cancel that names one is a cancel', async () => {
  const { requestId } = await service.admit({ prompt: ALLOWED })
  const init = { method: 'POST', headers: { 'content-type': 'application/json' } }
  assert.equal((await service.call(`/v1/generations/${requestId}/cancel`, init)).status, 200)
})

test('a client that never reads its answer does not keep the service from stopping', async () => {
  const stopping = await openService({ DARKROOM_EVENTS_STALL_MS: '60000' })
  const { requestId } = await stopping.admit({ prompt: ALLOWED })
  const { port, hostname } = new URL(stopping.url)
  const socket = connect(Number(port), hostname)
  socket.pause()
  socket.write(
    `GET /v1/generations/${requestId}/events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${stopping.key('client')}\r\n\r\n`,
  )
  // An upload that never ends.
  const upload = connect(Number(port), hostname)
  upload.on('error', () => undefined)
  upload.write(
    'POST /v1/provenance/verify HTTP/1.1\r\nhost: x\r\ncontent-type: multipart/form-data; boundary=b\r\ncontent-length: 99999\r\n\r\n--b',
  )
  await new Promise((resolve) => setTimeout(resolve, 300))
  const began = performance.now()
  await stopping[Symbol.asyncDispose]()
  assert.ok(performance.now() - began < 10_000)
  socket.destroy()
  upload.destroy()
})
