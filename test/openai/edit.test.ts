// Edits by OpenAI's own client, unmodified, against the service as `npm start` runs it: the real model, classifiers, marks and stores.
// Minutes rather than seconds on a slow machine. What a bad upload is told is in ../http/edits.test.ts.
import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import OpenAI, { toFile } from 'openai'
import sharp from 'sharp'
import { type Service, startService } from '../../src/commands/service.ts'
import { readConfig } from '../../src/kernel/config.ts'
import { openLog } from '../../src/kernel/log.ts'
import { ALLOWED } from '../http/service.ts'

const EDITED = 'a green boat on the sea at sunset'

let home: string
let service: Service
let openai: OpenAI
/** A picture of the service's own, with its marks. */
let drawn: Buffer

before(async () => {
  home = await mkdtemp(join(tmpdir(), 'darkroom-edit-'))
  const config = readConfig({ DARKROOM_HOME: home, PORT: '0' })
  service = await startService(config, { log: openLog('silent') })
  const keys: { client: string } = JSON.parse(await readFile(join(home, 'keys.json'), 'utf8'))
  openai = new OpenAI({ apiKey: keys.client, baseURL: `${service.url}/v1`, timeout: 180_000 })
  drawn = fileOf(await openai.images.generate({ prompt: ALLOWED, quality: 'low', response_format: 'b64_json' }))
})
after(async () => {
  await service[Symbol.asyncDispose]()
  await rm(home, { recursive: true, force: true })
})

const png = (bytes: Buffer, name = 'picture.png') => toFile(bytes, name, { type: 'image/png' })

function fileOf({ data }: OpenAI.ImagesResponse): Buffer {
  const bytes = Buffer.from(data?.[0]?.b64_json ?? '', 'base64')
  assert.ok(bytes.length > 0)
  return bytes
}

async function verdictOf(file: Buffer) {
  const body = new FormData()
  body.set('file', new Blob([Uint8Array.from(file)]), 'picture')
  return (await fetch(`${service.url}/v1/provenance/verify`, { method: 'POST', body })).json()
}

async function manifestOf(answer: OpenAI.ImagesResponse) {
  const [image] = answer.data ?? []
  assert.ok(image !== undefined && 'darkroom' in image)
  return JSON.stringify(image.darkroom)
}

/** Mean difference of two pictures within a region, 0-255. */
async function difference(a: Buffer, b: Buffer, region: { left: number; top: number; width: number; height: number }) {
  const pixels = (bytes: Buffer) => sharp(bytes).removeAlpha().extract(region).raw().toBuffer()
  const [one, two] = await Promise.all([pixels(a), pixels(b)])
  return one.reduce((sum, value, i) => sum + Math.abs(value - (two[i] ?? 0)), 0) / one.length
}

test('a picture is edited as a whole: another picture, ours, marked anew', async () => {
  const answer = await openai.images.edit({
    image: await png(drawn),
    prompt: EDITED,
    quality: 'low',
    response_format: 'b64_json',
  })
  const edited = fileOf(answer)
  const whole = { left: 0, top: 0, width: 128, height: 128 }
  assert.ok((await difference(drawn, edited, whole)) > 2)
  const verdict = await verdictOf(edited)
  assert.equal(verdict.verdict, 'ours', JSON.stringify(verdict.notes))
  assert.match(await manifestOf(answer), new RegExp(verdict.record.image_id))
  assert.ok((answer.usage?.input_tokens_details.image_tokens ?? 0) > 0)
})

test('of the picture’s own manifest the edit keeps everything, as its parent', async () => {
  const edited = fileOf(
    await openai.images.edit({ image: await png(drawn), prompt: EDITED, quality: 'low', response_format: 'b64_json' }),
  )
  const before = await verdictOf(drawn)
  const text = edited.toString('latin1')
  assert.ok(text.includes('c2pa.opened') && text.includes('c2pa.edited'))
  assert.ok(text.includes(before.record.image_id), 'the image that it was made from is named')
})

test('what a mask keeps is kept, and what it frees is painted anew', async () => {
  const hole = { left: 16, top: 16, width: 64, height: 64 }
  const opaque = { r: 0, g: 0, b: 0, alpha: 1 }
  const clear = await sharp({ create: { width: hole.width, height: hole.height, channels: 4, background: opaque } })
    .png()
    .toBuffer()
  const mask = await sharp({ create: { width: 128, height: 128, channels: 4, background: opaque } })
    .composite([{ input: clear, left: hole.left, top: hole.top, blend: 'dest-out' }])
    .png()
    .toBuffer()
  const edited = fileOf(
    await openai.images.edit({
      image: await png(drawn),
      mask: await png(mask, 'mask.png'),
      prompt: 'a yellow balloon',
      quality: 'low',
      response_format: 'b64_json',
    }),
  )
  const inside = await difference(drawn, edited, hole)
  const outside = await difference(drawn, edited, { left: 96, top: 96, width: 32, height: 32 })
  assert.ok(inside > 3 * outside, `inside ${inside}, outside ${outside}`)
  assert.equal((await verdictOf(edited)).verdict, 'ours')
})

test('an edit can be streamed to its end', async () => {
  const stream = await openai.images.edit({
    image: await png(drawn),
    prompt: EDITED,
    quality: 'low',
    stream: true,
    partial_images: 1,
  })
  const types: string[] = []
  for await (const event of stream) {
    types.push(event.type)
    assert.ok(event.b64_json.length > 0)
  }
  assert.equal(types.at(-1), 'image_edit.completed')
  assert.ok(types.slice(0, -1).every((type) => type === 'image_edit.partial_image'))
})

test('a picture of blood is refused before anything is drawn, by the classifier itself', async () => {
  const splashes = Array.from(
    { length: 9 },
    (_, i) => `<circle cx="${20 + i * 11}" cy="${70 + ((i * 17) % 30)}" r="${2 + (i % 3)}" fill="#aa0c16"/>`,
  )
  const scene = `<svg xmlns="http://www.w3.org/2000/svg" width="128" height="128">
    <rect width="128" height="80" fill="#9fd0f0"/><rect y="80" width="128" height="48" fill="#7cc05a"/>
    <ellipse cx="64" cy="88" rx="38" ry="14" fill="#aa0c16" stroke="#282828" stroke-width="1.5"/>
    <ellipse cx="84" cy="96" rx="15" ry="7" fill="#aa0c16"/><ellipse cx="56" cy="87" rx="19" ry="5" fill="#78040e"/>
    ${splashes.join('')}</svg>`
  const picture = await sharp(Buffer.from(scene)).png().toBuffer()
  await assert.rejects(openai.images.edit({ image: await png(picture), prompt: EDITED, quality: 'low' }), (error) => {
    assert.ok(error instanceof OpenAI.BadRequestError)
    assert.equal(error.code, 'moderation_blocked')
    const said = JSON.stringify(error.error)
    assert.match(said, /"moderation_stage":"input","input":"image","categories":\["violence\/graphic"\]/)
    assert.match(said, /storybook-eye/)
    return true
  })
})

test('what strangers hand in is read by another child than what callers hand in', async () => {
  await verdictOf(drawn)
  const children = (await readdir('/proc')).map(async (pid) => {
    const [status, command] = await Promise.all(
      ['status', 'cmdline'].map((name) => readFile(join('/proc', pid, name), 'utf8').catch(() => '')),
    )
    return status?.includes(`PPid:\t${process.pid}\n`) === true && command?.includes('workers/manifest.ts') === true
  })
  assert.equal((await Promise.all(children)).filter(Boolean).length, 2)
})
