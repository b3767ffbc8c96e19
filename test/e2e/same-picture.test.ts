// One prompt and one seed are one picture, whoever draws it: the service by its API, the command line, and Python's diffusers on the
// same graphs. Compared before they are marked, since every mark is another. Made by test/goldens/make/storybook.py.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, suite, test } from 'node:test'
import sharp from 'sharp'
import { type Service, startService } from '../../src/commands/service.ts'
import { readConfig } from '../../src/kernel/config.ts'
import { openFileStore } from '../../src/publish/file-store.ts'
import { sealStore } from '../../src/publish/sealed-store.ts'
import { homeSecret } from '../../src/tenant/secret.ts'
import { client, readKeys, untilEnded } from '../support/service-process.ts'

type Golden = {
  made_with: Record<string, string>
  cases: { model: string; digest: string; prompt: string; seed: number; quality: string; steps: number; png: string }[]
}

const ROOT = resolve(import.meta.dirname, '../..')
const PACKS = join(ROOT, 'models/packs')
const GOLDEN: Golden = JSON.parse(readFileSync(join(ROOT, 'test/goldens/storybook.json'), 'utf8'))
const LIMIT_MS = 120_000

suite('the same picture', () => {
  const home = mkdtempSync(join(tmpdir(), 'darkroom-same-'))
  let service: Service
  before(async () => {
    const env = { DARKROOM_HOME: home, PORT: '0', DARKROOM_LOG_LEVEL: 'silent', DARKROOM_PROVIDER: 'cpu' }
    service = await startService(readConfig({ ...env, DARKROOM_PACKS_DIR: PACKS }))
  })
  after(async () => {
    await service[Symbol.asyncDispose]()
    rmSync(home, { recursive: true, force: true })
  })

  async function drawing(imageId: string): Promise<Buffer> {
    const files = await openFileStore({ directory: join(home, 'objects', 'quarantine'), secret: null })
    const quarantine = sealStore(files, await homeSecret({ home }, 'quarantine'))
    return pixelsOf(Buffer.from((await quarantine.get(`${imageId}/generated`)).bytes))
  }

  async function byService(order: object): Promise<Buffer> {
    const api = client(service.url, readKeys(home).client)
    const asked = await api.submit(order)
    assert.ok(asked, 'the order was accepted')
    const [ended] = await untilEnded(api, [asked.id], LIMIT_MS)
    return drawing(ended?.images[0]?.id ?? assert.fail('no picture'))
  }

  async function byCommand({ prompt, model, seed, quality }: Golden['cases'][number]): Promise<Buffer> {
    const said = ['--model', model, '--seed', `${seed}`, '--quality', quality, '--out', join(home, 'picture.png')]
    const env = { ...process.env, DARKROOM_HOME: home }
    const words = ['src/main.ts', 'generate', prompt, '--url', service.url, ...said]
    const child = spawn(process.execPath, words, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'inherit'] })
    let out = ''
    child.stdout.on('data', (part) => {
      out += part
    })
    await once(child, 'close')
    const [, id] = /generations\/(req_\w+)/.exec(out) ?? assert.fail(out)
    const answer = await fetch(new URL(`/v1/generations/${id}`, service.url), {
      headers: { authorization: `Bearer ${readKeys(home).client}` },
    })
    const { images } = await answer.json()
    return drawing(images[0].id)
  }

  for (const golden of GOLDEN.cases)
    test(`${golden.model}: ${golden.prompt}, seed ${golden.seed}, ${golden.steps} steps`, async () => {
      const manifest = readFileSync(join(PACKS, golden.model, 'pack.json'))
      const digest = createHash('sha256').update(manifest).digest('hex')
      assert.equal(digest, golden.digest, 'the pack has changed: run test/goldens/make/storybook.py again')
      const { prompt, model, seed, quality } = golden
      const served = await byService({ prompt, model, seed, quality })
      assert.ok(served.equals(await byCommand(golden)), 'the command line draws what the API draws')
      const python = await pixelsOf(Buffer.from(golden.png, 'base64'))
      const apart = difference(served, python)
      assert.ok(apart <= 1, `${apart} of 255 from diffusers, on average`)
      // What it would be for another picture.
      const other = await byService({ prompt, model, seed: seed + 1, quality })
      assert.ok(difference(other, python) > 10)
    })
})

async function pixelsOf(png: Buffer): Promise<Buffer> {
  return sharp(png).removeAlpha().raw().toBuffer()
}

/** Of 255, on average. */
function difference(one: Buffer, other: Buffer): number {
  assert.equal(one.length, other.length)
  return one.reduce((sum, value, i) => sum + Math.abs(value - (other[i] ?? 0)), 0) / one.length
}
