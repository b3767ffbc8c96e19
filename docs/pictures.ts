// Makes docs/pictures.png: asks a service started here for a dozen pictures and lays what it released side by side, each at twice its
// size. First seeds, no choosing: `npm run darkroom` draws the same. Run: node boot.mjs docs/pictures.ts
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
  'a blue balloon over the meadow',
  'a pink butterfly in the forest at dawn',
  'a green car in the city at night',
  'a white rabbit in the forest',
  'a purple castle in the mountains at sunset',
  'an orange mushroom in the meadow at night',
  'a red rocket in the desert',
  'a yellow duck on the beach at dawn',
  'a blue umbrella on the beach',
  'a black robot in the city',
]
const COLUMNS = 6
const SIDE = 256
const GAP = 8

const config = readConfig({ ...process.env, PORT: '0', DARKROOM_LOG_LEVEL: 'error' })
await using service = await startService(config)
const key = JSON.parse(readFileSync(keyFilePath(config.home), 'utf8')).client
const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }

type Generation = { id: string; state: string; images: { url: string | null }[] }

const call = async (path: string, init: RequestInit = {}) => fetch(new URL(path, service.url), { ...init, headers })

async function draw(prompt: string): Promise<Buffer> {
  const body = JSON.stringify({ prompt, quality: 'high', seed: 1 })
  let generation = (await (await call('/v1/generations', { method: 'POST', body })).json()) as Generation
  while (generation.state === 'queued' || generation.state === 'generating') {
    await sleep(50)
    generation = (await (await call(`/v1/generations/${generation.id}`)).json()) as Generation
  }
  const url = generation.images?.[0]?.url
  if (url === null || url === undefined) throw new Error(`'${prompt}' was not released: ${generation.state}`)
  const bytes = Buffer.from(await (await call(url)).arrayBuffer())
  return sharp(bytes).resize(SIDE, SIDE, { kernel: 'nearest' }).png().toBuffer()
}

const tiles: OverlayOptions[] = []
for (const [index, prompt] of PROMPTS.entries()) {
  const column = index % COLUMNS
  const row = Math.floor(index / COLUMNS)
  tiles.push({ input: await draw(prompt), left: GAP + column * (SIDE + GAP), top: GAP + row * (SIDE + GAP) })
}
const width = GAP + COLUMNS * (SIDE + GAP)
const height = GAP + Math.ceil(PROMPTS.length / COLUMNS) * (SIDE + GAP)
await sharp({ create: { width, height, channels: 3, background: '#f4ece2' } })
  .composite(tiles)
  .png({ compressionLevel: 9 })
  .toFile(join(import.meta.dirname, 'pictures.png'))
