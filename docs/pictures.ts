// Makes docs/pictures.png: asks a service started here for a dozen pictures and lays what it released side by side, each at twice its
// size. First seeds, no choosing: `npm run darkroom` draws the same. Run: node boot.mjs docs/pictures.ts
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import sharp, { type OverlayOptions } from 'sharp'
import { startService } from '../src/commands/service.ts'
import { readConfig } from '../src/kernel/config.ts'
import { keyFilePath } from '../src/tenant/bootstrap.ts'

const PROMPTS = [
  'a red boat on the sea at sunset',
  'a yellow house in the snow at night',
  'a blue balloon over the meadow',
  'a green tree in the desert at dawn',
  'an orange fish by the sea',
  'a white rabbit in the forest',
  'a purple castle in the mountains at sunset',
  'a red car in the city at night',
  'a pink flower in the meadow at dawn',
  'a white snowman in the snow',
  'a red mushroom in the forest',
  'a blue umbrella on the beach',
]
const COLUMNS = 6
const SIDE = 256
const GAP = 8

const config = readConfig({ ...process.env, PORT: '0', DARKROOM_LOG_LEVEL: 'error' })
await using service = await startService(config)
const key = JSON.parse(readFileSync(keyFilePath(config.home), 'utf8')).client
const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }

async function draw(prompt: string): Promise<Buffer> {
  const body = JSON.stringify({ prompt, response_format: 'b64_json', quality: 'high', seed: 1 })
  const response = await fetch(`${service.url}/v1/images/generations`, { method: 'POST', headers, body })
  const answer = (await response.json()) as { data?: { b64_json: string }[] }
  const bytes = Buffer.from(answer.data?.[0]?.b64_json ?? '', 'base64')
  if (bytes.length === 0) throw new Error(`'${prompt}' was not released (${response.status})`)
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
