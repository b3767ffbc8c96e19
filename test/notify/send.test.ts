// One attempt against receivers that answer well, badly, slowly or never: each outcome has its code, within its time.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { get, type IncomingMessage, setGlobalProxyFromEnv } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { test } from 'node:test'
import { readConfig } from '../../src/kernel/config.ts'
import { issueDevelopmentChain } from '../../src/mark/development-ca.ts'
import type { Resolve } from '../../src/notify/address.ts'
import { type Sender, type Sent, send } from '../../src/notify/send.ts'
import { LOOPBACK, openReceiver, openTcp } from './receiver.ts'

const policy = readConfig(LOOPBACK).webhooks
const nobody: Resolve = async () => {
  throw new Error('nobody should ask')
}

async function post(url: string, options: Partial<Sender> = {}, signal?: AbortSignal): Promise<Sent> {
  const sender = { policy, resolve: nobody, timeoutMs: 1000, ...options }
  const parcel = { url, body: '{"type":"webhook.test"}', headers: { 'webhook-id': 'msg_1', 'user-agent': 'test' } }
  return send(sender, parcel, signal ?? new AbortController().signal)
}

test('a 2xx is delivered, with the body and headers as they are', async () => {
  await using receiver = await openReceiver()
  const sent = await post(receiver.url)
  assert.deepEqual({ status: sent.status, error: sent.error }, { status: 204, error: null })
  assert.ok(sent.responseMs >= 0 && sent.responseMs < 1000)
  assert.equal(receiver.heard[0]?.body, '{"type":"webhook.test"}')
  assert.equal(receiver.heard[0]?.headers['webhook-id'], 'msg_1')
})

test('any other answer is refused by its status; 429 and 503 may say when', async () => {
  for (const [status, retryAfter, expected] of [
    [400, '9', null],
    [429, '9', 9000],
    [503, '7', 7000],
    [503, 'soon', null],
    [500, undefined, null],
    [304, undefined, null],
  ] as const) {
    const headers = retryAfter === undefined ? {} : { 'retry-after': retryAfter }
    await using receiver = await openReceiver((_, response) => void response.writeHead(status, headers).end())
    const sent = await post(receiver.url)
    assert.equal(sent.status, status)
    assert.equal(sent.error, status < 400 ? 'redirect_refused' : 'status_refused')
    assert.equal(sent.retryAfterMs, expected)
  }
})

test('the name is resolved once, and the connection goes to that address with the name in Host', async () => {
  await using receiver = await openReceiver()
  let asked = 0
  const resolve: Resolve = async (host) => {
    asked++
    assert.equal(host, 'hook.example')
    return ['127.0.0.1']
  }
  const sent = await post(`http://hook.example:${receiver.port}/a`, { resolve })
  assert.equal(sent.error, null)
  assert.equal(asked, 1)
  assert.equal(receiver.heard[0]?.headers.host, `hook.example:${receiver.port}`)
})

test('a name that was public yesterday and is private now is not called', async () => {
  await using receiver = await openReceiver()
  const closed = { ...policy, allowCidrs: [] }
  const answers = [['169.254.169.254'], ['127.0.0.1'], ['8.8.8.8', '127.0.0.1']]
  for (const answer of answers) {
    const sent = await post(`http://hook.example:${receiver.port}/`, { policy: closed, resolve: async () => answer })
    assert.equal(sent.error, 'address_refused')
  }
  assert.equal(receiver.heard.length, 0)
})

test('307 and 308 are followed with the same request; other redirects are not', async () => {
  await using target = await openReceiver()
  for (const status of [307, 308]) {
    await using first = await openReceiver(
      (_, response) => void response.writeHead(status, { location: target.url }).end(),
    )
    assert.equal((await post(first.url)).error, null)
    assert.equal(target.heard.at(-1)?.body, '{"type":"webhook.test"}')
  }
  assert.equal(target.heard.length, 2)
  for (const status of [300, 301, 302, 303]) {
    await using first = await openReceiver(
      (_, response) => void response.writeHead(status, { location: target.url }).end(),
    )
    assert.equal((await post(first.url)).error, 'redirect_refused')
  }
  assert.equal(target.heard.length, 2)
})

test('a redirect to a private address, another scheme, port or nonsense is refused like a first address', async () => {
  const closed = { ...policy, allowCidrs: ['127.0.0.1/32'] }
  for (const location of [
    'http://127.0.0.2:8080/',
    'https://169.254.169.254:8443/latest/meta-data',
    'https://[::1]:8443/',
    'https://[::ffff:169.254.169.254]:8443/',
    'http://internal.example:8080/',
    'file:///etc/passwd',
    'http://user:password@127.0.0.1:8080/',
    'http://127.0.0.1:22/',
    'http://',
  ]) {
    await using first = await openReceiver((_, response) => void response.writeHead(307, { location }).end())
    assert.equal((await post(first.url, { policy: closed })).error, 'redirect_refused', location)
  }
  await using rebinding = await openReceiver(
    (_, response) => void response.writeHead(307, { location: `http://hook.example:${rebinding.port}/` }).end(),
  )
  const resolve: Resolve = async () => ['10.0.0.1']
  assert.equal((await post(rebinding.url, { policy: closed, resolve })).error, 'redirect_refused')
  await using nowhere = await openReceiver((_, response) => void response.writeHead(307).end())
  assert.equal((await post(nowhere.url)).error, 'redirect_refused')
})

test('an endless redirect ends after three', async () => {
  await using loop = await openReceiver((_, response) => void response.writeHead(308, { location: '/again' }).end())
  const sent = await post(loop.url)
  assert.deepEqual({ status: sent.status, error: sent.error }, { status: 308, error: 'too_many_redirects' })
  assert.equal(loop.heard.length, 4)
})

test('a receiver that is silent, drips its head or never ends a redirect chain is cut off at the deadline', async () => {
  await using silent = await openTcp(() => undefined)
  await using dripping = await openTcp((socket) => {
    const head = 'HTTP/1.1 200 OK\r\nx-slow: '.padEnd(4000, 'a')
    let at = 0
    const timer = setInterval(() => socket.write(head.charAt(at++)), 20)
    socket.on('close', () => clearInterval(timer))
  })
  await using informing = await openTcp((socket) => {
    const timer = setInterval(() => socket.write('HTTP/1.1 100 Continue\r\n\r\n'), 20)
    socket.on('close', () => clearInterval(timer))
  })
  for (const { url } of [silent, dripping, informing]) {
    const sent = await post(url, { timeoutMs: 300 })
    assert.equal(sent.error, 'timed_out')
    assert.ok(sent.responseMs >= 290 && sent.responseMs < 1500, `${sent.responseMs} ms`)
  }
})

test('a slow name server is cut off too', async () => {
  const resolve: Resolve = () => new Promise(() => undefined)
  const sent = await post('http://hook.example:8080/', { resolve, timeoutMs: 200 })
  assert.equal(sent.error, 'timed_out')
})

test('of a huge or endless body a little is read, and the status counts', async () => {
  let written = 0
  await using huge = await openReceiver((_, response) => {
    response.writeHead(200)
    const chunk = Buffer.alloc(65_536, 120)
    const more = () => {
      while (!response.destroyed && response.write(chunk)) written += chunk.length
      written += chunk.length
    }
    response.on('drain', more)
    more()
  })
  assert.equal((await post(huge.url)).error, null)
  await new Promise((resolve) => setTimeout(resolve, 100))
  assert.ok(written < 32 * 1_048_576, `the receiver could write ${written} bytes`)
  await using dripping = await openReceiver((_, response) => {
    response.writeHead(200)
    const timer = setInterval(() => response.write('x'), 50)
    response.on('close', () => clearInterval(timer))
  })
  const sent = await post(dripping.url, { timeoutMs: 5000 })
  assert.equal(sent.error, null)
  assert.ok(sent.responseMs < 2500)
})

test('what is not HTTP, or too much of it, is malformed; a closed door is a failed connection', async () => {
  await using nonsense = await openTcp((socket) => void socket.end('SSH-2.0-OpenSSH_9.2\r\n'))
  assert.equal((await post(nonsense.url)).error, 'answer_malformed')
  await using heavy = await openTcp(
    (socket) => void socket.write(`HTTP/1.1 200 OK\r\nx: ${'a'.repeat(40_000)}\r\n\r\n`),
  )
  assert.equal((await post(heavy.url)).error, 'answer_malformed')
  await using rude = await openTcp((socket) => socket.destroy())
  assert.equal((await post(rude.url)).error, 'connect_failed')
  const port = await openTcp(() => undefined).then(async (tcp) => {
    await tcp[Symbol.asyncDispose]()
    return tcp.port
  })
  assert.equal((await post(`http://127.0.0.1:${port}/`)).error, 'connect_failed')
})

test('a drain interrupts, which is no failure of the receiver', async () => {
  await using silent = await openTcp(() => undefined)
  const stop = new AbortController()
  setTimeout(() => stop.abort(), 50)
  assert.equal((await post(silent.url, {}, stop.signal)).error, 'interrupted')
  assert.equal((await post(silent.url, {}, AbortSignal.abort())).error, 'interrupted')
})

test('a certificate that nobody vouches for, and no TLS at all, are TLS failures', async () => {
  const { chain, key } = await issueDevelopmentChain('hook.example')
  let heard = 0
  const server = createTlsServer({ key, cert: chain }, (_, response) => {
    heard++
    response.end()
  })
  server.listen(0, '127.0.0.1').unref()
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const sent = await post(`https://hook.example:${port}/`, { resolve: async () => ['127.0.0.1'] })
  assert.equal(sent.error, 'tls_failed')
  assert.equal(heard, 0)
  server.close()
  await using plain = await openReceiver()
  assert.equal((await post(plain.url.replace('http:', 'https:'))).error, 'tls_failed')
})

test('proxy variables are not honoured', async () => {
  await using proxy = await openReceiver()
  await using receiver = await openReceiver()
  const restore = setGlobalProxyFromEnv({ http_proxy: new URL(proxy.url).origin })
  try {
    const [response]: IncomingMessage[] = await once(get(receiver.url), 'response')
    assert.equal(response?.statusCode, 204)
    response?.resume()
    assert.equal(proxy.heard.length, 1, 'others honour it')
    assert.equal((await post(receiver.url)).error, null)
  } finally {
    restore()
  }
  assert.equal(proxy.heard.length, 1)
  assert.equal(receiver.heard.length, 1)
})
