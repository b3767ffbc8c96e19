// Answers of the public check are counted where they are given, by the way in and by whether a picture or its address came: once each, only
// where there was an answer, and whatever becomes of the count.
import assert from 'node:assert/strict'
import { Writable } from 'node:stream'
import { after, before, test } from 'node:test'
import { sql as raw } from 'kysely'
import { registerConsole } from '../../src/console/console.ts'
import { solid } from '../http/edit-forms.ts'
import { json, openService, type Service } from '../http/service.ts'
import { openReceiver, type Receiver } from '../notify/receiver.ts'

let service: Service
let server: Receiver
let picture: Buffer
let lines = ''
before(async () => {
  picture = await solid(64, 64).png().toBuffer()
  server = await openReceiver((_request, response) => void response.end(picture))
  const env = { DARKROOM_VERIFY_URL_ALLOW_CIDRS: '127.0.0.1/32', DARKROOM_VERIFY_URL_PORTS: String(server.port) }
  const log = new Writable({
    write: (line, _encoding, done) => {
      lines += String(line)
      done()
    },
  })
  service = await openService(
    env,
    ({ ground, publicCheck }) => [
      (scope) =>
        registerConsole(scope, {
          models: [],
          desk: null,
          session: async () => null,
          verify: { check: publicCheck, ground },
        }),
    ],
    { resolve: async () => ['127.0.0.1'], log },
  )
})
after(async () => {
  await service[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

function upload(bytes = picture): RequestInit {
  const body = new FormData()
  body.set('file', new Blob([Uint8Array.from(bytes)]), 'grey.png')
  return { method: 'POST', body }
}
const address = () => json({ url: `http://pictures.example:${server.port}/grey.png` })
const ask = async (path: string, init: RequestInit) => (await service.call(path, { ...init, as: null })).status

async function counted(): Promise<string[]> {
  const { rows } = await raw<{ said: string }>`
    SELECT concat_ws(' ', surface, given, verdict, count) AS said FROM darkroom.public_check_day
     WHERE day = (darkroom.now() AT TIME ZONE 'UTC')::date ORDER BY 1`.execute(service.ground.database.sql)
  return rows.map(({ said }) => said)
}

test('each way in counts its answers, and what is not answered is not counted', async () => {
  const API = '/v1/provenance/verify'
  const raw = { method: 'POST', headers: { 'content-type': 'image/png' }, body: Uint8Array.from(picture) }
  assert.deepEqual([await ask(API, upload()), await ask(API, upload()), await ask(API, address())], [200, 200, 200])
  assert.deepEqual([await ask('/verify', upload()), await ask('/c2pa/matches/byContent', raw)], [200, 200])
  assert.deepEqual([await ask(API, upload(Buffer.from('no picture'))), await ask(API, json({}))], [415, 400])
  const told = [
    'api address none_found 1',
    'api file none_found 2',
    'page file none_found 1',
    'soft_binding file none_found 1',
  ]
  assert.deepEqual(await counted(), told)
})

test('an answer that cannot be counted is given all the same, and that is logged', async () => {
  const { sql } = service.ground.database
  const before = await counted()
  await raw`ALTER TABLE darkroom.public_check_day RENAME TO elsewhere`.execute(sql)
  assert.equal(await ask('/v1/provenance/verify', upload()), 200)
  await raw`ALTER TABLE darkroom.elsewhere RENAME TO public_check_day`.execute(sql)
  assert.match(lines, /an answer of the public check is not counted/)
  assert.deepEqual(await counted(), before)
})
