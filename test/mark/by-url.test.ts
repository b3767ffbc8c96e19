// A picture by its address: what may not be called is not, whatever a name or a redirect leads to; what is called is sent nothing but a
// plain GET; and what answers can be neither too slow, too long nor untrue. Real servers on loopback, which only the test's range allows.
import assert from 'node:assert/strict'
import test from 'node:test'
import { gzipSync } from 'node:zlib'
import { isFault } from '../../src/kernel/fault.ts'
import { fetchPicture, type PictureFetch } from '../../src/mark/by-url.ts'
import { type Answer, openReceiver, openTcp } from '../notify/receiver.ts'

const BYTES = Buffer.from('not looked at here')
const LOOPBACK = ['127.0.0.1/32']

const from = (port: number, more: Partial<PictureFetch> = {}): PictureFetch => ({
  resolve: async () => ['127.0.0.1'],
  allowCidrs: LOOPBACK,
  ports: [80, 443, port],
  timeoutMs: 3000,
  maxBytes: 1000,
  ...more,
})
const fails = (code: Parameters<typeof isFault>[1], says: RegExp) => (error: unknown) =>
  isFault(error, code) && error.field === 'url' && says.test(error.message)
const serve = (answer: Answer) => openReceiver(answer)

test('what is sent is a plain GET with our name, and nothing of who asked', async () => {
  await using server = await serve((_, response) => void response.end(BYTES))
  const got = await fetchPicture(`http://pictures.example:${server.port}/a.png?b=c#d`, from(server.port))
  assert.deepEqual(got, BYTES)
  const [heard] = server.heard
  assert.equal(heard?.path, '/a.png?b=c')
  assert.equal(heard?.body, '')
  assert.deepEqual(Object.keys(heard?.headers ?? {}).sort(), [
    'accept',
    'accept-encoding',
    'connection',
    'host',
    'user-agent',
  ])
  assert.match(heard?.headers['user-agent'] ?? '', /^Darkroom\/[\d.]+ \(provenance check\)$/)
})

const FORBIDDEN = [
  ['another scheme', 'ftp://example.com/a.png', /start with/],
  ['a file', 'file:///etc/passwd', /start with/],
  ['the bytes themselves', 'data:image/png;base64,AAAA', /start with/],
  ['no address', 'a.png', /absolute/],
  ['a name and a password', 'https://a:b@example.com/a.png', /user name/],
  ['another port', 'https://example.com:22/a.png', /port 22/],
  ['one that is too long', `https://example.com/${'a'.repeat(2048)}`, /2048/],
  ['loopback', 'http://127.0.0.1/a.png', /public internet/],
  ['loopback as one number', 'http://2130706433/a.png', /public internet/],
  ['loopback in hexadecimal and short', 'http://0x7f.1/a.png', /public internet/],
  ['loopback in octal', 'http://0177.0.0.1/a.png', /public internet/],
  ['this machine by no address', 'http://0.0.0.0/a.png', /public internet/],
  ['a private network', 'http://10.1.2.3/a.png', /public internet/],
  ['another private network', 'http://192.168.0.1/a.png', /public internet/],
  ['a shared network', 'http://100.64.0.1/a.png', /public internet/],
  ['the cloud’s metadata', 'http://169.254.169.254/latest/meta-data', /public internet/],
  ['many at once', 'http://224.0.0.1/a.png', /public internet/],
  ['loopback in IPv6', 'http://[::1]/a.png', /public internet/],
  ['a link’s own IPv6', 'http://[fe80::1]/a.png', /public internet/],
  ['a private IPv6', 'http://[fd00::1]/a.png', /public internet/],
  ['the cloud’s metadata in IPv6', 'http://[fd00:ec2::254]/a.png', /public internet/],
  ['many at once in IPv6', 'http://[ff02::1]/a.png', /public internet/],
  ['a mapped address', 'http://[::ffff:10.0.0.1]/a.png', /public internet/],
  ['one through NAT64', 'http://[64:ff9b::7f00:1]/a.png', /public internet/],
  ['one through 6to4', 'http://[2002:7f00:1::]/a.png', /public internet/],
] as const

test('what is not public, or no address for a picture, is refused before anything is dialled', async () => {
  for (const [name, url, says] of FORBIDDEN)
    await assert.rejects(fetchPicture(url, from(80, { allowCidrs: [] })), fails('url_refused', says), name)
})

test('a name that leads inside, were it by one of several addresses, is refused; one that leads nowhere has failed', async () => {
  const ask = (addresses: string[]) =>
    fetchPicture('http://example.com/a', from(80, { allowCidrs: [], resolve: async () => addresses }))
  await assert.rejects(ask(['10.0.0.1']), fails('url_refused', /public internet/))
  await assert.rejects(ask(['1.1.1.1', '::1']), fails('url_refused', /public internet/))
  await assert.rejects(ask([]), fails('url_failed', /not found/))
})

test('a name is resolved once: what it leads to a moment later is not dialled', async () => {
  await using server = await serve((_, response) => void response.end(BYTES))
  let looks = 0
  const resolve = async () => (looks++ === 0 ? ['127.0.0.1'] : ['10.0.0.1'])
  assert.deepEqual(
    await fetchPicture(`http://rebinding.example:${server.port}/`, from(server.port, { resolve })),
    BYTES,
  )
  assert.equal(looks, 1)
})

test('a redirect to the same name is resolved anew, and is refused where it leads inside by then', async () => {
  await using server = await serve((_, response) => void response.writeHead(302, { location: '/next' }).end())
  let looks = 0
  const resolve = async () => (looks++ === 0 ? ['127.0.0.1'] : ['10.0.0.1'])
  await assert.rejects(
    fetchPicture(`http://rebinding.example:${server.port}/`, from(server.port, { resolve })),
    fails('url_refused', /public internet/),
  )
  assert.equal(server.heard.length, 1)
})

test('redirects are followed three times and not a fourth', async () => {
  await using server = await serve((request, response) => {
    const left = Number(request.url?.slice(1))
    if (left === 0) response.end(BYTES)
    else response.writeHead([301, 303, 307, 308][left % 4] ?? 302, { location: `/${left - 1}` }).end()
  })
  const ask = (hops: number) => fetchPicture(`http://example.com:${server.port}/${hops}`, from(server.port))
  assert.deepEqual(await ask(3), BYTES)
  await assert.rejects(ask(4), fails('url_refused', /more than 3 times/))
})

test('a redirect inside is refused, and nobody inside hears of it', async () => {
  await using inside = await serve((_, response) => void response.end(BYTES))
  const targets = [
    `http://127.0.0.2:${inside.port}/`,
    'http://169.254.169.254/',
    `http://[::1]:${inside.port}/`,
    'file:///etc/passwd',
    'http://a:b@1.1.1.1/',
    'http://1.1.1.1:25/',
  ]
  for (const location of targets) {
    await using server = await serve((_, response) => void response.writeHead(302, { location }).end())
    const ports = [80, 443, server.port, inside.port]
    await assert.rejects(
      fetchPicture(`http://127.0.0.1:${server.port}/`, from(server.port, { ports })),
      (error) => isFault(error, 'url_refused'),
      location,
    )
  }
  assert.equal(inside.heard.length, 0)
})

test('what answers otherwise than with a picture has failed', async () => {
  for (const status of [204, 206, 300, 304, 401, 404, 500]) {
    await using server = await serve((_, response) => void response.writeHead(status).end())
    await assert.rejects(
      fetchPicture(`http://127.0.0.1:${server.port}/`, from(server.port)),
      fails('url_failed', new RegExp(`status ${status}`)),
    )
  }
  await using empty = await serve((_, response) => void response.end())
  await assert.rejects(
    fetchPicture(`http://127.0.0.1:${empty.port}/`, from(empty.port)),
    fails('url_failed', /nothing/),
  )
})

test('what never answers, trickles or is never found takes no longer than its time', async () => {
  const soon = { timeoutMs: 300 }
  await using silent = await openTcp(() => undefined)
  await using trickling = await serve((_, response) => {
    const timer = setInterval(() => response.write('x'), 20)
    response.on('close', () => clearInterval(timer))
  })
  const started = performance.now()
  for (const { port } of [silent, trickling])
    await assert.rejects(fetchPicture(`http://127.0.0.1:${port}/`, from(port, soon)), fails('url_failed', /too long/))
  const never = () => new Promise<string[]>(() => undefined)
  await assert.rejects(
    fetchPicture('http://example.com/', from(80, { ...soon, resolve: never })),
    fails('url_failed', /too long/),
  )
  assert.ok(performance.now() - started < 3000)
})

test('what is endless, or says that it is too long, is left at the limit', async () => {
  let sent = 0
  await using endless = await serve((_, response) => {
    const more = () => {
      while (!response.destroyed && response.write(Buffer.alloc(500))) sent += 500
    }
    response.on('drain', more)
    more()
  })
  await assert.rejects(
    fetchPicture(`http://127.0.0.1:${endless.port}/`, from(endless.port)),
    fails('too_large', /limit of 1000/),
  )
  assert.ok(sent < 20_000_000)
  await using boasting = await serve(
    (_, response) => void response.writeHead(200, { 'content-length': 1001 }).flushHeaders(),
  )
  await assert.rejects(
    fetchPicture(`http://127.0.0.1:${boasting.port}/`, from(boasting.port)),
    fails('too_large', /limit of 1000/),
  )
})

test('what lies about its length is never taken for whole', async () => {
  const speak = (head: string, body: string) =>
    openTcp((socket) => {
      socket.once('data', () => socket.end(`HTTP/1.1 200 OK\r\n${head}\r\n\r\n${body}`))
    })
  await using short = await speak('Content-Length: 50', 'short')
  await assert.rejects(fetchPicture(short.url, from(short.port)), fails('url_failed', /could not be fetched/))
  await using cut = await speak('Transfer-Encoding: chunked', '32\r\nshort')
  await assert.rejects(fetchPicture(cut.url, from(cut.port)), fails('url_failed', /could not be fetched/))
  await using long = await speak('Content-Length: 5', 'x'.repeat(5000))
  await assert.rejects(fetchPicture(long.url, from(long.port)), fails('url_failed', /could not be fetched/))
  await using both = await speak('Content-Length: 5\r\nContent-Length: 6', 'xxxxxx')
  await assert.rejects(fetchPicture(both.url, from(both.port)), fails('url_failed', /could not be fetched/))
  await using vast = await speak(`X: ${'a'.repeat(40_000)}`, '')
  await assert.rejects(fetchPicture(vast.url, from(vast.port)), fails('url_failed', /could not be fetched/))
})

test('a bomb in gzip is not unpacked', async () => {
  const bomb = gzipSync(Buffer.alloc(500_000))
  await using server = await serve((request, response) => {
    const said = request.url === '/said' ? { 'content-encoding': 'gzip' } : {}
    response.writeHead(200, said).end(bomb)
  })
  const ask = (path: string) => fetchPicture(`http://127.0.0.1:${server.port}${path}`, from(server.port))
  await assert.rejects(ask('/said'), fails('url_failed', /compressed/))
  assert.deepEqual(await ask('/unsaid'), bomb)
})
