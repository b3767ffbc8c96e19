// What readers of the log get of its witnesses and timestamps over HTTP, with the loops that a dispatcher runs; and that nobody is asked
// where nobody is configured.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { openCheckpoint } from '../../src/audit/checkpoint.ts'
import { logKeyOf, verifierOf } from '../../src/audit/log-keys.ts'
import { runRound } from '../../src/audit/sequencer.ts'
import { readConfig } from '../../src/kernel/config.ts'
import type { Ground } from '../../src/kernel/ground.ts'
import { startPublisher } from '../../workers/publisher.ts'
import { json, openService, type Service } from '../http/service.ts'
import { openWitnessServer, type WitnessServer } from './witness-server.ts'

const ORIGIN = 'darkroom.test/log'
const LOG_KEY = verifierOf(logKeyOf(Buffer.alloc(32, 13)), ORIGIN)

let service: Service
let witness: WitnessServer
before(async () => {
  witness = await openWitnessServer(LOG_KEY)
  service = await openService()
})
after(async () => {
  await service[Symbol.asyncDispose]()
  await witness[Symbol.asyncDispose]()
})

const grow = async () => {
  await service.call('/v1/generations', json({ prompt: 'a red boat' }))
  const { database } = service.ground
  await runRound({ ...service.transparency, database, holder: 'test', leaseMs: 1000, atMost: 4096 })
}
const served = async () => {
  const answer = await service.call('/log/checkpoint', { as: null })
  assert.equal(answer.headers.get('content-type'), 'text/plain; charset=utf-8')
  const note = Buffer.from(await answer.arrayBuffer())
  return openCheckpoint(note, { origin: ORIGIN, logKeys: [LOG_KEY], witnesses: [witness.key] })
}
const groundWith = (env: Record<string, string>): Ground => ({
  ...service.ground,
  config: readConfig({ DARKROOM_HOME: service.ground.config.home, ...env }),
})
const until = async (holds: () => Promise<boolean>) => {
  for (const ends = performance.now() + 20_000; !(await holds()); await sleep(50))
    assert.ok(performance.now() < ends, 'it came to pass in time')
}

test('the checkpoint that is served bears the cosignature of a witness, once there is one', async () => {
  await grow()
  assert.deepEqual((await served()).cosignatures, [])
  const { key, url } = witness.config
  const ground = groundWith({ DARKROOM_LOG_WITNESSES: `${key}@${url}/`, DARKROOM_LOG_WITNESS_SECONDS: '1' })
  {
    await using _ = startPublisher(ground, service.transparency)
    await until(async () => (await served()).cosignatures.length === 1)
    const { size } = await served()
    await grow()
    await until(async () => (await served()).size > size && (await served()).cosignatures.length === 1)
  }
  const { size } = await served()
  await grow()
  assert.equal((await served()).size, size, 'nobody shows it any more')
  await using _ = startPublisher(groundWith({}), service.transparency)
  await until(async () => (await served()).size > size)
  assert.deepEqual((await served()).cosignatures, [])
})

test('where nobody is configured nobody is asked', async (t) => {
  const fetched = t.mock.method(globalThis, 'fetch', () => Promise.reject(new Error('asked')))
  {
    await using _ = startPublisher(groundWith({}), service.transparency)
    await sleep(1500)
  }
  assert.equal(fetched.mock.callCount(), 0)
})

test('a timestamp is had by the size of its checkpoint, and no other size has one', async () => {
  const none = await service.call('/log/timestamp', { as: null })
  assert.deepEqual([none.status, (await none.json()).code], [404, 'not_found'])
  const { size } = await served()
  const token = Buffer.from('300302012a', 'hex')
  const { sql } = service.ground.database
  await sql
    .updateTable('darkroom.log_checkpoint')
    .set({ timestamp_token: token })
    .where('size', '=', String(size))
    .execute()
  await grow()
  const dated = await service.call('/log/timestamp', { as: null })
  assert.deepEqual([dated.status, (await dated.text()).split('\n')[1]], [200, String(size)])
  const reply = await service.call(`/log/timestamp/${size}`, { as: null })
  assert.deepEqual(
    ['content-type', 'cache-control'].map((name) => reply.headers.get(name)),
    ['application/timestamp-reply', 'public, max-age=31536000, immutable'],
  )
  assert.equal(Buffer.from(await reply.arrayBuffer()).toString('hex'), '300a3003020100300302012a')
  for (const other of [size + 1, `0${size}`, 'newest', '-1', '9'.repeat(16)])
    assert.equal((await service.call(`/log/timestamp/${other}`, { as: null })).status, 404, String(other))
})

test('the loop dates what is served where an authority is named', async () => {
  const questions: (string | undefined)[] = []
  const server = createServer((request, response) => {
    questions.push(request.headers['content-type'])
    response.writeHead(503).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  {
    const env = { DARKROOM_TIMESTAMP_URL: `http://127.0.0.1:${address.port}/`, DARKROOM_TIMESTAMP: 'off' }
    await using _ = startPublisher(groundWith(env), service.transparency)
    await until(async () => questions.length === 1)
  }
  server.close()
  assert.deepEqual(questions, ['application/timestamp-query'])
})
