// What is released and what is not, end to end on the real service: every released image reads Trusted and decodes to itself, with
// its manifest or without; whatever is held or denied can be read at no public address.
import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, suite, test } from 'node:test'
import sharp from 'sharp'
import { type Service, startService } from '../../src/commands/service.ts'
import { readConfig } from '../../src/kernel/config.ts'
import type { Provenance } from '../../src/mark/verify.ts'
import { openFileStore } from '../../src/publish/file-store.ts'
import { sealStore } from '../../src/publish/sealed-store.ts'
import { homeSecret } from '../../src/tenant/secret.ts'
import { client, type GenerationJson, readKeys, untilEnded } from '../support/service-process.ts'

const PACKS = resolve(import.meta.dirname, '../../models/packs')
const LIMIT_MS = 120_000

type Running = { service: Service; home: string; keys: ReturnType<typeof readKeys>; close: () => Promise<void> }

async function start(packs: string = PACKS): Promise<Running> {
  const home = mkdtempSync(join(tmpdir(), 'darkroom-e2e-'))
  const env = { DARKROOM_HOME: home, PORT: '0', DARKROOM_LOG_LEVEL: 'silent', DARKROOM_PROVIDER: 'cpu' }
  const service = await startService(readConfig({ ...env, DARKROOM_PACKS_DIR: packs }))
  const close = async () => {
    await service[Symbol.asyncDispose]()
    rmSync(home, { recursive: true, force: true })
  }
  return { service, home, keys: readKeys(home), close }
}

async function generate({ service, keys }: Running, body: object): Promise<GenerationJson> {
  const api = client(service.url, keys.client)
  const request = await api.submit(body)
  assert.ok(request, 'the request was accepted')
  const [ended] = await untilEnded(api, [request.id], LIMIT_MS)
  assert.ok(ended)
  return ended
}

async function verify(url: string, bytes: Buffer): Promise<Provenance> {
  const form = new FormData()
  form.set('file', new Blob([Uint8Array.from(bytes)]), 'picture')
  const response = await fetch(`${url}/v1/provenance/verify`, { method: 'POST', body: form })
  assert.equal(response.status, 200)
  return (await response.json()) as Provenance
}

suite('released images', () => {
  let running: Running
  let released: { id: string; bytes: Buffer; format: string }[]
  before(async () => {
    running = await start()
    released = []
    for (const [format, prompt] of [
      ['png', 'a red boat on the sea at sunset'],
      ['jpeg', 'a yellow house in the meadow at noon'],
      ['webp', 'a blue balloon over the desert'],
    ]) {
      const { images } = await generate(running, { prompt, n: 2, output_format: format, seed: 11 })
      for (const { id, url, state } of images) {
        assert.equal(state, 'published', `${prompt} (${format})`)
        released.push({
          id,
          format: format ?? '',
          bytes: await client(running.service.url, running.keys.client).bytes(url ?? ''),
        })
      }
    }
  })
  after(() => running.close())

  test('each reads Trusted, carries its watermark, and leads to its own record', async () => {
    for (const { id, bytes } of released) {
      const found = await verify(running.service.url, bytes)
      assert.equal(found.verdict, 'ours')
      assert.equal(found.manifest.state, 'Trusted')
      assert.ok(found.watermark.found && found.watermark.read)
      assert.equal(found.record?.image_id, id)
    }
  })

  test('with the manifest stripped, the watermark still leads to the record', async () => {
    for (const { id, bytes } of released) {
      const stripped = await sharp(bytes).png().toBuffer()
      const found = await verify(running.service.url, stripped)
      assert.equal(found.manifest.found, false)
      assert.ok(found.verdict === 'ours' || found.verdict === 'ours_altered', found.verdict)
      assert.equal(found.record?.image_id, id)
    }
  })

  test('a picture that was never here is not ours', async () => {
    const picture = await sharp({ create: { width: 256, height: 256, channels: 3, background: '#467' } })
      .png()
      .toBuffer()
    assert.equal((await verify(running.service.url, picture)).verdict, 'none_found')
  })

  test('the same seed gives the same pixels, and its neighbour other ones', async () => {
    const order = { prompt: 'a green tree in the snow', n: 1, seed: 4242 }
    const generated = async () => {
      const { images } = await generate(running, order)
      const files = await openFileStore({ directory: join(running.home, 'objects', 'quarantine'), secret: null })
      const quarantine = sealStore(files, await homeSecret({ home: running.home }, 'quarantine'))
      return (await quarantine.get(`${images[0]?.id}/generated`)).bytes
    }
    const [one, two] = [await generated(), await generated()]
    assert.ok(one.equals(two))
  })
})

suite('what is not released', () => {
  const packs = mkdtempSync(join(tmpdir(), 'darkroom-packs-'))
  cpSync(PACKS, packs, { recursive: true })
  after(() => rmSync(packs, { recursive: true, force: true }))

  const editPack = (name: string, edit: (manifest: Record<string, unknown>) => void) => {
    const file = join(packs, name, 'pack.json')
    const manifest = JSON.parse(readFileSync(file, 'utf8'))
    edit(manifest)
    writeFileSync(file, JSON.stringify(manifest))
  }

  test('a denied image has its statement and can be read at no public address', async () => {
    editPack('storybook-eye', (eye) => {
      const labels = eye.labels as string[]
      eye.calibration = Object.fromEntries(labels.map((label) => [label, { scale: 0.001, bias: 20 }]))
    })
    const running = await start(packs)
    try {
      const request = await generate(running, { prompt: 'a red boat on the sea' })
      assert.equal(request.outcome, 'denied')
      await assertUnreadable(running, request, 'denied')
    } finally {
      await running.close()
    }
  })

  test('a model without a classifier has every image held, and nobody can read it', async () => {
    editPack('storybook', (model) => {
      model.classifiers = []
    })
    const running = await start(packs)
    try {
      const request = await generate(running, { prompt: 'a red boat on the sea', n: 2 })
      assert.equal(request.outcome, 'held')
      await assertUnreadable(running, request, 'held')
    } finally {
      await running.close()
    }
  })
})

/** Tries every GET route of the published API with the image's and the request's id, and every name the stores know. */
async function assertUnreadable(running: Running, request: GenerationJson, state: string): Promise<void> {
  const { service, home, keys } = running
  const quarantined = readdirSync(join(home, 'objects', 'quarantine'), { recursive: true, encoding: 'utf8' })
  const files = quarantined.filter((name) => name.includes('generated'))
  assert.equal(files.length, request.images.length, 'the pixels exist, in quarantine')
  assert.deepEqual(
    readdirSync(join(home, 'objects', 'images')).filter((name) => name.startsWith('img_')),
    [],
  )
  const openapi = (await (await fetch(`${service.url}/openapi.json`)).json()) as { paths: Record<string, object> }
  const paths = Object.entries(openapi.paths)
    .filter(([, methods]) => 'get' in methods)
    .map(([path]) => path)
  assert.ok(paths.some((path) => path.includes('/content')))
  for (const image of request.images) {
    assert.equal(image.state, state)
    assert.equal(image.url, null)
    const names = [
      image.id,
      ...files,
      `${image.id}.png`,
      `${image.id}/generated`,
      `../quarantine/${image.id}/generated`,
    ]
    const urls = [
      ...paths.map((path) => path.replace(/\{[^}]*\}/g, image.id)).filter((path) => !path.includes('/events')),
      ...names.flatMap((name) => [`/objects/${name}`, `/objects/${encodeURIComponent(name)}`, `/${name}`]),
      `/objects/${image.id}.png?expires=9999999999&signature=AAAA`,
    ]
    for (const url of urls)
      for (const key of [null, keys.client, keys.second_client, keys.admin]) {
        const response = await fetch(`${service.url}${url}`, {
          headers: key === null ? {} : { authorization: `Bearer ${key}` },
          redirect: 'follow',
        })
        const type = response.headers.get('content-type') ?? ''
        const bytes = Buffer.from(await response.arrayBuffer())
        assert.ok(!type.startsWith('image/'), `${url} answers ${type}`)
        assert.ok(!bytes.subarray(0, 4096).includes(Buffer.from('\x89PNG', 'latin1')), `${url} holds a picture`)
      }
  }
}
