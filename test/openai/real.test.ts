// OpenAI's own client, unmodified, against the service as `npm start` runs it: the real model on the real device, the real
// classifiers, marks and stores. What goes over the wire is held against its transcript (record.ts). Minutes rather than seconds on a
// slow machine.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import OpenAI from 'openai'
import sharp from 'sharp'
import { ALLOWED, FORBIDDEN } from '../http/service.ts'
import { openRealService } from './real-service.ts'
import { REAL_SCENES } from './scenes-real.ts'
import { compare, play } from './transcript.ts'

let service: Awaited<ReturnType<typeof openRealService>>
let openai: OpenAI

before(async () => {
  service = await openRealService()
  openai = new OpenAI({ apiKey: service.key('client'), baseURL: `${service.url}/v1`, timeout: 180_000 })
})
after(() => service[Symbol.asyncDispose]())

for (const scene of REAL_SCENES)
  test(`${scene.name} goes as its transcript says`, async () =>
    compare(await play(scene, service.url, service.key, null)))

async function provenanceOf(file: Buffer) {
  const body = new FormData()
  body.set('file', new Blob([new Uint8Array(file)]), 'picture')
  return (await fetch(`${service.url}/v1/provenance/verify`, { method: 'POST', body })).json()
}

async function assertOurs(file: Buffer): Promise<void> {
  const found = await provenanceOf(file)
  assert.equal(found.verdict, 'ours', JSON.stringify(found))
}

/** Signed and watermarked; it leads to no record before its picture is published. */
async function assertMarked(file: Buffer): Promise<void> {
  const { manifest, watermark } = await provenanceOf(file)
  assert.deepEqual([manifest.state, watermark.found, watermark.read], ['Trusted', true, true])
}

async function assertDrawn(file: Buffer): Promise<void> {
  const { width, height } = await sharp(file).metadata()
  assert.deepEqual([width, height], [128, 128])
  const { channels } = await sharp(file).stats()
  assert.ok(
    channels.some(({ stdev }) => stdev > 8),
    'the picture is not of one colour',
  )
}

test('two pictures are drawn, checked, marked and readable by url and as base64', async () => {
  const links = await openai.images.generate({ prompt: ALLOWED, n: 2, quality: 'low', response_format: 'url' })
  assert.equal(links.data?.length, 2)
  const files = await Promise.all(
    (links.data ?? []).map(async ({ url }) => Buffer.from(await (await fetch(url ?? '')).arrayBuffer())),
  )
  const order = { prompt: ALLOWED, quality: 'low', response_format: 'b64_json', output_format: 'webp' } as const
  const inline = await openai.images.generate(order)
  files.push(Buffer.from(inline.data?.[0]?.b64_json ?? '', 'base64'))
  for (const file of files) {
    await assertDrawn(file)
    await assertOurs(file)
  }
})

test('partial pictures of a stream are marked like the picture they become', async () => {
  const stream = await openai.images.generate({
    prompt: ALLOWED,
    quality: 'high',
    stream: true,
    partial_images: 3,
  })
  const indexes: number[] = []
  let finals = 0
  for await (const event of stream) {
    const file = Buffer.from(event.b64_json, 'base64')
    if (event.type === 'image_generation.partial_image') {
      assert.equal(finals, 0, 'no partial comes after its final')
      indexes.push(event.partial_image_index)
      await assertMarked(file)
    } else {
      finals++
      await assertDrawn(file)
      await assertOurs(file)
    }
  }
  assert.equal(finals, 1)
  assert.ok(indexes.length >= 1 && indexes.length <= 3)
  assert.deepEqual(indexes, [...new Set(indexes)].sort())
})

test('a forbidden prompt is moderation_blocked', async () => {
  await assert.rejects(openai.images.generate({ prompt: FORBIDDEN }), (error) => {
    assert.ok(error instanceof OpenAI.BadRequestError)
    assert.equal(error.code, 'moderation_blocked')
    return true
  })
})
