// Previews end to end on the real service with the model that ships: what a client is streamed on the way is a marked, signed picture
// of its image, and the record of the finished one says how it was made.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { type Service, startService } from '../../src/commands/service.ts'
import { readConfig } from '../../src/kernel/config.ts'
import type { Provenance } from '../../src/mark/verify.ts'
import { readKeys } from '../support/service-process.ts'

type Event = { type: string; b64_json: string; partial_image_index?: number; darkroom?: { image_id: string } }

suite('previews of the real model', () => {
  const home = mkdtempSync(join(tmpdir(), 'darkroom-previews-'))
  let service: Service
  let headers: Record<string, string>
  before(async () => {
    const env = { DARKROOM_HOME: home, PORT: '0', DARKROOM_LOG_LEVEL: 'silent', DARKROOM_PROVIDER: 'cpu' }
    service = await startService(readConfig(env))
    headers = { authorization: `Bearer ${readKeys(home).client}`, 'content-type': 'application/json' }
  })
  after(async () => {
    await service[Symbol.asyncDispose]()
    rmSync(home, { recursive: true, force: true })
  })

  async function stream(body: object): Promise<Event[]> {
    const response = await fetch(`${service.url}/v1/images/generations`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ ...body, stream: true }),
    })
    assert.equal(response.status, 200)
    return (await response.text())
      .split('\n')
      .filter((line) => line.startsWith('data: {'))
      .map((line) => JSON.parse(line.slice(6)))
  }

  async function verify(bytes: Buffer): Promise<Provenance> {
    const form = new FormData()
    form.set('file', new Blob([Uint8Array.from(bytes)]), 'picture')
    const response = await fetch(`${service.url}/v1/provenance/verify`, { method: 'POST', body: form })
    assert.equal(response.status, 200)
    return await response.json()
  }

  test("a partial image is trusted, carries its image's mark, and is not yet the picture", async () => {
    const prompt = 'a red boat on the sea at sunset'
    const events = await stream({ prompt, quality: 'high', partial_images: 2, output_format: 'png' })
    const [partial] = events.filter(({ type }) => type === 'image_generation.partial_image')
    const completed = events.find(({ type }) => type === 'image_generation.completed')
    assert.ok(partial, `a partial among ${events.map(({ type }) => type).join(', ')}`)
    assert.ok(completed)
    assert.equal(partial.partial_image_index, 0)
    assert.notEqual(partial.b64_json, completed.b64_json)
    const found = await verify(Buffer.from(partial.b64_json, 'base64'))
    assert.equal(found.manifest.state, 'Trusted')
    assert.ok(found.watermark.read)
    assert.ok(found.notes.includes('Our watermark was read and leads to a record.'), found.notes.join(' '))
    assert.equal(partial.darkroom?.image_id, completed.darkroom?.image_id)
  })

  test('the image says how it was made', async () => {
    const [completed] = await stream({ prompt: 'a blue balloon over the desert', quality: 'low' })
    assert.ok(completed?.darkroom)
    const response = await fetch(`${service.url}/v1/images/${completed.darkroom.image_id}`, { headers })
    const { recipe }: { recipe: Record<string, unknown> | null } = await response.json()
    assert.ok(recipe)
    assert.equal(recipe.provider, 'cpu')
    assert.equal(recipe.dtype, 'float32')
    assert.match(String(recipe.runtime), /^onnxruntime-node \d+\.\d+/)
    assert.match(String(recipe.scheduler_config), /^[0-9a-f]{64}$/)
    assert.match(String(recipe.pack), /^[0-9a-f]{64}$/)
    assert.equal(recipe.size, '128x128')
  })
})
