// OpenAI's own client, unmodified, against the service as `npm start` runs it: the real model on the real device, the real
// classifiers, marks and stores. Minutes rather than seconds on a slow machine.
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import OpenAI from 'openai'
import sharp from 'sharp'
import { type Service, startService } from '../../src/commands/service.ts'
import { readConfig } from '../../src/kernel/config.ts'
import { openLog } from '../../src/kernel/log.ts'
import { ALLOWED, FORBIDDEN } from '../http/service.ts'

let home: string
let service: Service
let openai: OpenAI

before(async () => {
  home = await mkdtemp(join(tmpdir(), 'darkroom-openai-'))
  const config = readConfig({ DARKROOM_HOME: home, PORT: '0' })
  service = await startService(config, { log: openLog('silent') })
  const keys: { client: string } = JSON.parse(await readFile(join(home, 'keys.json'), 'utf8'))
  openai = new OpenAI({ apiKey: keys.client, baseURL: `${service.url}/v1`, timeout: 180_000 })
})
after(async () => {
  await service[Symbol.asyncDispose]()
  await rm(home, { recursive: true, force: true })
})

test('two pictures are drawn, checked, marked and readable by url and as base64', async () => {
  const links = await openai.images.generate({ prompt: ALLOWED, n: 2, quality: 'low', response_format: 'url' })
  assert.equal(links.data?.length, 2)
  const files = await Promise.all(
    (links.data ?? []).map(async ({ url }) => Buffer.from(await (await fetch(url ?? '')).arrayBuffer())),
  )
  const inline = await openai.images.generate({
    prompt: ALLOWED,
    quality: 'low',
    response_format: 'b64_json',
    output_format: 'webp',
  })
  files.push(Buffer.from(inline.data?.[0]?.b64_json ?? '', 'base64'))
  for (const file of files) {
    const { width, height, channels } = await sharp(file)
      .stats()
      .then(async ({ channels }) => ({ ...(await sharp(file).metadata()), channels }))
    assert.deepEqual([width, height], [128, 128])
    assert.ok(
      channels.some(({ stdev }) => stdev > 8),
      'the picture is not of one colour',
    )
    const body = new FormData()
    body.set('file', new Blob([file]), 'picture')
    const verdict = await (await fetch(`${service.url}/v1/provenance/verify`, { method: 'POST', body })).json()
    assert.equal(verdict.verdict, 'ours', JSON.stringify(verdict.notes))
  }
})

test('the model is listed', async () => {
  const ids = []
  for await (const model of openai.models.list()) ids.push(model.id)
  assert.ok(ids.includes('storybook'))
})

test('a forbidden prompt is moderation_blocked', async () => {
  await assert.rejects(openai.images.generate({ prompt: FORBIDDEN }), (error) => {
    assert.ok(error instanceof OpenAI.BadRequestError)
    assert.equal(error.code, 'moderation_blocked')
    return true
  })
})
