// What the student's four steps save against its teacher's twenty, in the same run, alternating: from a prompt to pixels on the device, and
// from an order to a released picture (screened, drawn, judged, marked, signed, read back) through the API of a service started here.
//   npm run bench -- bench/storybook.ts [rounds, 9]
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startService } from '../src/commands/service.ts'
import { readConfig } from '../src/kernel/config.ts'
import { openLog } from '../src/kernel/log.ts'
import { keyFilePath } from '../src/tenant/key-file.ts'
import { openDevice } from '../workers/device.ts'
import { median } from './median.ts'
import { SAMPLE } from './sample.ts'

const rounds = Number(process.argv[2] ?? 9)
const packsDir = resolve(import.meta.dirname, '../models/packs')
type Model = 'storybook' | 'storybook-turbo'

/** What the service takes where an order says nothing: the manifest's own. */
function defaultsOf(model: Model) {
  const manifest = JSON.parse(readFileSync(join(packsDir, model, 'pack.json'), 'utf8'))
  return { steps: manifest.quality.medium.steps, guidanceScale: manifest.guidance_scale }
}

async function inTurn(title: string, make: (model: Model, round: number) => Promise<void>): Promise<void> {
  const taken: Record<Model, number[]> = { storybook: [], 'storybook-turbo': [] }
  for (let round = 0; round <= rounds; round++)
    for (const model of ['storybook', 'storybook-turbo'] as const) {
      const begun = performance.now()
      await make(model, round)
      // The first round opens the models.
      if (round > 0) taken[model].push(performance.now() - begun)
    }
  const [slow, fast] = [median(taken.storybook), median(taken['storybook-turbo'])]
  console.log(
    `${title}: ${slow.toFixed(0)} ms by storybook, ${fast.toFixed(0)} ms by storybook-turbo: ${(slow / fast).toFixed(2)} times`,
  )
}

{
  const own = { packsDir, provider: 'cpu', threads: 1, log: openLog('silent'), stepDeadlineMs: () => 60_000 } as const
  await using device = await openDevice(own)
  await inTurn('from a prompt to pixels, one thread', async (packId, round) => {
    await device.generate({ packId, samples: [{ ...SAMPLE, ...defaultsOf(packId), id: `${round}`, seed: round }] }, {})
  })
}

const home = mkdtempSync(join(tmpdir(), 'darkroom-bench-'))
await using stack = new AsyncDisposableStack()
stack.defer(() => rmSync(home, { recursive: true, force: true }))
const env = { DARKROOM_HOME: home, PORT: '0', DARKROOM_LOG_LEVEL: 'error', DARKROOM_PROVIDER: 'cpu' }
const service = stack.use(await startService(readConfig({ ...env, DARKROOM_PACKS_DIR: packsDir })))
const key = JSON.parse(readFileSync(keyFilePath(home), 'utf8')).client
const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }

await inTurn('from an order to a released picture', async (model, seed) => {
  const body = JSON.stringify({ prompt: SAMPLE.prompt, model, seed })
  let response = await fetch(new URL('/v1/generations', service.url), { method: 'POST', headers, body })
  for (;;) {
    if (!response.ok) throw new Error(`${model}: the service answered ${response.status}: ${await response.text()}`)
    const { id, state, images } = await response.json()
    if (state !== 'queued' && state !== 'generating') {
      if (images?.[0]?.state !== 'published') throw new Error(`${model}: ${state}, the picture ${images?.[0]?.state}`)
      return
    }
    await sleep(5)
    response = await fetch(new URL(`/v1/generations/${id}`, service.url), { headers })
  }
})
