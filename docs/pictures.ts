// Makes docs/pictures.webp: asks a service started here for 48 pictures and lays what it released side by side, each over its prompt.
// The seed is a picture's number; where the service releases nothing, one that is 100 higher, and how often that was is printed. Nothing
// else is chosen. Run: node boot.mjs docs/pictures.ts
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import sharp, { type OverlayOptions } from 'sharp'
import { startService } from '../src/commands/service.ts'
import { readConfig } from '../src/kernel/config.ts'
import { keyFilePath } from '../src/tenant/key-file.ts'

const PROMPTS = [
  'a red boat on the sea at sunset',
  'a yellow house in the snow at night',
  'three blue balloons over the meadow',
  'a pink butterfly on a mushroom',
  'a green car in the city at night',
  'a white rabbit in the forest at dawn',
  'a purple castle in the mountains at sunset',
  'two snowmen in the snow at night',
  'a watercolour of a red house in a meadow',
  'an ink drawing of a castle by the sea',
  'a watercolour of a pink flower on the beach',
  'a red rocket in the desert at night',
  'a yellow duck on the beach at dawn',
  'a blue umbrella on the beach on a sunny day',
  'a black robot in the city at sunset',
  'a train in the mountains at dawn',
  'an orange cat in the meadow',
  'a brown dog on the beach at sunset',
  'three red apples in a meadow',
  'a tiny house in the desert under the stars',
  'a duck on a boat',
  'a green tree left of a white house',
  'a robot to the right of a red car',
  'two yellow butterflies in the forest',
  'a huge orange mushroom in the forest',
  'a crayon drawing of a purple cat in the forest',
  'a watercolour of a sailboat at sunset',
  'an ink drawing of a rabbit in the snow',
  'four purple balloons above the sea at dawn',
  'a white castle in the desert at night',
  'a snowman under a red umbrella',
  'a blue fish on the beach',
  'a pink house in the forest at night',
  'two green trees in the city at dawn',
  'a rocket in the mountains under the stars',
  'a red train in the desert at sunset',
  'a big yellow flower in the meadow',
  'a watercolour of a blue mushroom in the forest',
  'a crayon drawing of a green boat on the sea',
  'a red car in the mountains at sunset',
  'a white duck left of a blue boat',
  'an orange balloon above a castle',
  'three pink flowers by the sea',
  'a black cat in the city at night',
  'an ink drawing of a train in the snow',
  'a crayon drawing of a rabbit in a meadow',
  'a purple rocket in the city at dawn',
  'a yellow boat on the beach at midnight',
]
const COLUMNS = 8
const SIDE = 192
const GAP = 8
const CAPTION = 34
const LINE_LENGTH = 27
const TRIES = 8
const LETTERS =
  'font-family="DejaVu Sans, Liberation Sans, sans-serif" font-size="12" text-anchor="middle" fill="#443c36"'

const config = readConfig({ ...process.env, PORT: '0', DARKROOM_LOG_LEVEL: 'error' })
await using service = await startService(config)
const key = JSON.parse(readFileSync(keyFilePath(config.home), 'utf8')).client
const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }

type Generation = { id: string; state: string; images: { url: string | null; state: string; failure: string | null }[] }

async function call(path: string, init: RequestInit = {}): Promise<Response> {
  const response = await fetch(new URL(path, service.url), { ...init, headers })
  if (!response.ok) throw new Error(`${path} was answered ${response.status}: ${await response.text()}`)
  return response
}

async function draw(prompt: string, seed: number): Promise<Buffer> {
  const body = JSON.stringify({ prompt, seed })
  let generation = (await (await call('/v1/generations', { method: 'POST', body })).json()) as Generation
  while (generation.state === 'queued' || generation.state === 'generating') {
    await sleep(50)
    generation = (await (await call(`/v1/generations/${generation.id}`)).json()) as Generation
  }
  const image = generation.images?.[0]
  if (typeof image?.url !== 'string') {
    console.log(`'${prompt}', seed ${seed}: ${image?.failure ?? image?.state ?? generation.state}`)
    if (seed > 100 * TRIES) throw new Error(`'${prompt}' was not released`)
    return draw(prompt, seed + 100)
  }
  const bytes = Buffer.from(await (await call(image.url)).arrayBuffer())
  return sharp(bytes).resize(SIDE, SIDE, { kernel: 'cubic' }).png().toBuffer()
}

/** The prompt in at most two lines, as wide as a picture. */
function caption(prompt: string): Buffer {
  const lines = ['']
  for (const word of prompt.split(' ')) {
    const longer = `${lines.at(-1)} ${word}`.trim()
    if (longer.length <= LINE_LENGTH) lines[lines.length - 1] = longer
    else lines.push(word)
  }
  const text = lines.map((line, i) => `<text x="${SIDE / 2}" y="${13 + 15 * i}">${line}</text>`).join('')
  return Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${SIDE}" height="${CAPTION}"><g ${LETTERS}>${text}</g></svg>`,
  )
}

const tiles: OverlayOptions[] = []
for (const [index, prompt] of PROMPTS.entries()) {
  const left = GAP + (index % COLUMNS) * (SIDE + GAP)
  const top = GAP + Math.floor(index / COLUMNS) * (SIDE + CAPTION + GAP)
  tiles.push({ input: await draw(prompt, index + 1), left, top }, { input: caption(prompt), left, top: top + SIDE })
}
const width = GAP + COLUMNS * (SIDE + GAP)
const height = GAP + Math.ceil(PROMPTS.length / COLUMNS) * (SIDE + CAPTION + GAP)
await sharp({ create: { width, height, channels: 3, background: '#f4ece2' } })
  .composite(tiles)
  .webp({ quality: 88 })
  .toFile(join(import.meta.dirname, 'pictures.webp'))
