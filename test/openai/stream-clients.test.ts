// The far end of an image stream: clients that go away or do not read, streams with nothing to say, and a server that closes.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { advance } from '../../src/advance.ts'
import { dropTasks } from '../../src/kernel/tasks.ts'
import { ALLOWED, json, openService } from '../http/service.ts'
import { openStreaming } from './streaming.ts'

const streaming = await openStreaming()
const { service, readGeneration, open, settled } = streaming
after(() => streaming[Symbol.asyncDispose]())

test('a client that goes away takes a queued request with it', async () => {
  const leaving = new AbortController()
  const { requestId } = await open({}, leaving.signal)
  leaving.abort()
  assert.equal(await settled(requestId, 'queued'), 'cancelled')
})

test('a client that goes away while its picture is drawn does not end it', async () => {
  const leaving = new AbortController()
  const { requestId } = await open({}, leaving.signal)
  const { tenant_id, version } = await service.ground.database.sql
    .selectFrom('darkroom.request')
    .select(['tenant_id', 'version'])
    .where('id', '=', requestId)
    .executeTakeFirstOrThrow()
  await service.ground.database.transact(async (tx) => {
    const move = { subject: 'request', id: requestId, tenantId: tenant_id, from: 'queued', version } as const
    await advance(tx, { ...move, to: 'generating', facts: {} })
    await dropTasks(tx, [requestId])
  })
  leaving.abort()
  await sleep(500)
  assert.equal(await settled(requestId, 'queued'), 'generating')
})

test('a quiet stream is kept alive by comments', async () => {
  await using quiet = await openService({ DARKROOM_WAIT_MS: '2000', DARKROOM_EVENTS_KEEP_ALIVE_MS: '100' })
  const answer = await quiet.call('/v1/images/generations', json({ prompt: ALLOWED, stream: true }))
  assert.match(await answer.text(), /^: req_\S+\n\n(: still here\n\n)+/)
})

test('a server that closes says so in the stream', async () => {
  await using short = await openService({ DARKROOM_WAIT_MS: '60000' })
  const answer = await short.call('/v1/images/generations', json({ prompt: ALLOWED, stream: true }))
  assert.equal(answer.headers.get('content-type'), 'text/event-stream; charset=utf-8')
  assert.equal(answer.headers.get('x-should-retry'), 'false')
  assert.match(answer.headers.get('x-request-id') ?? '', /^req_/)
  const [text] = await Promise.all([answer.text(), short.app.close()])
  assert.match(text, /event: error\ndata: \{"error":\{.*"code":"shutting_down"/)
})

test('a client that does not read is cut off, and its pictures are kept', { timeout: 120_000 }, async () => {
  const accepted: Socket[] = []
  service.app.server.on('connection', (one) => accepted.push(one))
  const socket = connect(Number(new URL(service.url).port), '127.0.0.1')
  const body = JSON.stringify({ prompt: ALLOWED, stream: true })
  socket.pause()
  // Others may connect at the same time.
  const ours = () => accepted.find(({ remotePort }) => remotePort === socket.localPort)
  while (socket.localPort === undefined || ours() === undefined) await sleep(5)
  const atServer = ours()
  assert.ok(atServer)
  const cutOff = once(atServer, 'close')
  socket.write(
    `POST /v1/images/generations HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer ${service.key('client')}\r\n` +
      `content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  )
  const requestId = await queued()
  const [image] = (await readGeneration(requestId)).images
  // More than any socket buffer holds.
  const bytes = Buffer.alloc(24 * 2 ** 20, 1)
  await service.ground.images.putIfAbsent(`${image?.id}.png`, { bytes, contentType: 'image/png' })
  await service.develop(requestId, ['published'])
  await cutOff
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  socket.on('error', () => undefined)
  let got = 0
  socket.on('data', (chunk: Buffer) => {
    got += chunk.length
  })
  socket.resume()
  await closed
  assert.ok(got < bytes.length, 'the answer was not sent whole')
  const { state } = await (await service.call(`/v1/generations/${requestId}`)).json()
  assert.equal(state, 'done')
})

async function queued(): Promise<string> {
  for (;;) {
    const { sql } = service.ground.database
    const row = await sql.selectFrom('darkroom.request').select('id').where('state', '=', 'queued').executeTakeFirst()
    if (row !== undefined) return row.id
    await sleep(20)
  }
}
