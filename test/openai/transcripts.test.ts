// Each error class of OpenAI's unmodified client, held against its transcript: what went over the wire and what the client threw.
// ./real.test.ts does the same for what is drawn. `node boot.mjs test/openai/record.ts` records them anew.
import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { openService, type Service } from '../http/service.ts'
import { SCENES } from './scenes.ts'
import { REAL_SCENES } from './scenes-real.ts'
import { compare, play } from './transcript.ts'

let service: Service

before(async () => {
  service = await openService({ DARKROOM_WAIT_MS: '3000' })
})
after(() => service[Symbol.asyncDispose]())

for (const scene of SCENES)
  test(`${scene.name} goes as its transcript says`, async () =>
    compare(await play(scene, service.url, service.key, service)))

test('every transcript has its scene, every error class its transcript, and no secret is in one', async () => {
  const directory = join(import.meta.dirname, 'transcripts')
  const files = await readdir(directory)
  const names = [...SCENES, ...REAL_SCENES].map(({ name }) => `${name}.json`)
  assert.deepEqual(files.sort(), names.sort())
  const texts = await Promise.all(files.map((file) => readFile(join(directory, file), 'utf8')))
  for (const text of texts) assert.doesNotMatch(text, /dk_live_|authorization/i)
  const thrown = new Set(texts.map((text) => JSON.parse(text).client.thrown?.class))
  for (const name of [
    'BadRequestError',
    'AuthenticationError',
    'PermissionDeniedError',
    'NotFoundError',
    'ConflictError',
    'RateLimitError',
    'InternalServerError',
    'APIConnectionError',
    'APIConnectionTimeoutError',
    'APIUserAbortError',
  ])
    assert.ok(thrown.has(name), name)
})
