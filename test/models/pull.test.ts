// Packs pulled from a hub: what is fetched and what never is, cut off and gone on with, held to digests, under a licence that somebody
// accepted. The hub is a stand-in with the real one's addresses (hub.ts).
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, beforeEach, describe, it } from 'node:test'
import { type Hub, openHub } from '../../models/hub/hub.ts'
import { type LicenceText, type PullOrder, pullPack } from '../../models/hub/pull.ts'
import { ModelError } from '../../models/runtime/error.ts'
import { type Pack, verifyPack } from '../../models/runtime/pack.ts'
import { surveyPacks } from '../../models/runtime/survey.ts'
import { openLog } from '../../src/kernel/log.ts'
import { openDevice } from '../../workers/device.ts'
import { COMMIT, type HubServer, startHub } from './hub.ts'
import { CARD, partSize, published, REPO, refusal, TERMS, UNET } from './pulling.ts'
import { temporaryFolder } from './tiny.ts'

type Pulled = { pack: Pack; asked: LicenceText[] }

describe('a pull', () => {
  let files: Map<string, Buffer>
  let server: HubServer
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  before(async () => {
    files = await published()
  })
  beforeEach(async () => {
    await server?.[Symbol.asyncDispose]()
    await folder?.[Symbol.asyncDispose]()
    server = await startHub({ name: REPO, files })
    folder = await temporaryFolder()
  })
  after(async () => {
    await server[Symbol.asyncDispose]()
    await folder[Symbol.asyncDispose]()
  })

  const unet = () => files.get(UNET)?.length ?? 0
  const once = { tries: 1, pauseMs: 1, idleMs: 5000 }
  async function pull(
    changes: Partial<PullOrder> = {},
    hub: Hub = openHub({ address: server.address, token: null }),
  ): Promise<Pulled> {
    const asked: LicenceText[] = []
    const order = {
      packsDir: folder.path,
      repo: REPO,
      revision: 'main',
      include: [],
      maxBytes: 1e9,
      patience: once,
      ...changes,
    }
    const pack = await pullPack(hub, order, {
      onPlan: () => undefined,
      onProgress: () => undefined,
      accept: async (licence) => {
        asked.push(licence)
        return 'ada'
      },
    })
    return { pack, asked }
  }

  it('makes a pack of the commit that a revision is, without anything that is no part of one', async () => {
    const { pack } = await pull({ revision: 'v1.0' })
    const { manifest } = await verifyPack(pack.dir)
    assert.ok(manifest.kind === 'text-to-image')
    assert.deepEqual([manifest.id, manifest.family, manifest.version], ['tiny-sd', 'sd', COMMIT.slice(0, 12)])
    assert.deepEqual(manifest.provenance, { hub: server.address, repo: REPO, commit: COMMIT })
    assert.deepEqual(manifest.classifiers, [])
    const paths = manifest.files.map(({ path }) => path)
    assert.ok(paths.includes(UNET) && paths.includes('LICENSE.txt') && paths.includes('notes.txt'))
    assert.ok(!paths.some((path) => /\.(py|bin)$|gitattributes|pack\.json/.test(path)))
    assert.deepEqual(await readdir(join(folder.path, '.pulling')), [])
    assert.ok(server.urls.filter((url) => url.includes('/resolve/')).every((url) => url.includes(COMMIT)))
  })

  it('makes one that draws', async () => {
    await pull()
    await using device = await openDevice({
      packsDir: folder.path,
      provider: 'cpu',
      threads: 1,
      log: openLog('silent'),
      stepDeadlineMs: () => 20_000,
    })
    const sample = {
      id: 'a',
      prompt: 'the red cat',
      negativePrompt: '',
      seed: 3,
      width: 16,
      height: 16,
      steps: 2,
      guidanceScale: 5,
    }
    const [picture] = await device.generate({ packId: 'tiny-sd', samples: [sample] })
    assert.equal(picture?.rgb.length, 16 * 16 * 3)
  })

  it('that was cut off in the middle of a large file goes on where it was', async () => {
    server.trouble.cutAfter.set(UNET, 200_000)
    await assert.rejects(pull(), refusal('pack_missing', { field: 'HF_ENDPOINT', message: /run it again/ }))
    assert.deepEqual((await surveyPacks(folder.path)).packs, [])
    const kept = await partSize(folder.path)
    assert.ok(kept > 0 && kept <= 200_000)
    const before = new Map(server.sent)
    await verifyPack((await pull()).pack.dir)
    assert.equal(server.sent.get(UNET), 200_000 + unet() - kept, 'what had arrived was not served again')
    assert.deepEqual(
      server.asked.filter(({ path }) => path === UNET).map(({ range }) => range),
      [null, `bytes=${kept}-`],
    )
    for (const [path, bytes] of before)
      if (path !== UNET) assert.equal(server.sent.get(path), bytes, `${path} was whole, and was not fetched again`)
  })

  it('of what another pull is at is refused, and one that was killed is taken over from', async () => {
    server.trouble.cutAfter.set(UNET, 200_000)
    await assert.rejects(pull(), refusal('pack_missing'))
    const mark = join(folder.path, '.pulling/tiny-sd/process')
    await writeFile(mark, `${process.ppid}`)
    const asked = server.urls.length
    await assert.rejects(
      pull(),
      refusal('invalid_input', { field: 'id', message: /is pulling this already.*remove .*process if/ }),
    )
    assert.ok(
      server.urls.slice(asked).every((url) => !url.includes('/resolve/')),
      'not a byte was asked for',
    )
    const { pid } = spawnSync(process.execPath, ['-e', '0'])
    for (const earlier of [pid, process.pid, 'half a num']) {
      await writeFile(mark, `${earlier}`)
      server.trouble.cutAfter.set(UNET, 1000)
      await assert.rejects(pull(), refusal('pack_missing'), `${earlier} was taken over from`)
    }
    await verifyPack((await pull()).pack.dir)
    assert.deepEqual(await readdir(join(folder.path, '.pulling')), [])
  })

  it('tries again by itself, also after the hub failed for a moment', async () => {
    server.trouble.cutAfter.set(UNET, 300_000)
    server.trouble.fail.push(503, 429)
    await verifyPack((await pull({ patience: { tries: 3, pauseMs: 1, idleMs: 5000 } })).pack.dir)
    const [whole, rest, ...more] = server.asked.filter(({ path }) => path === UNET)
    assert.deepEqual([whole?.range, more], [null, []])
    assert.match(rest?.range ?? '', /^bytes=[1-9]\d*-$/)
  })

  it('gives up a connection that is silent, and keeps what it has', async () => {
    const hub = openHub({ address: server.address, token: null })
    const silent: Hub = {
      ...hub,
      read: async (url, from, signal) => {
        const body = new ReadableStream({
          start(controller) {
            controller.enqueue(new Uint8Array(files.get('README.md')?.subarray(0, 9) ?? []))
            signal.addEventListener('abort', () => controller.error(signal.reason))
          },
        })
        return url.endsWith('README.md') ? new Response(body) : hub.read(url, from, signal)
      },
    }
    await assert.rejects(
      pull({ patience: { ...once, idleMs: 700 } }, silent),
      refusal('pack_missing', { message: /silent for 700 ms/ }),
    )
    await pull()
    assert.equal(server.sent.get('README.md'), CARD.length - 9)
  })

  it('begins a file anew where the server knows no ranges', async () => {
    server.trouble.cutAfter.set(UNET, 200_000)
    await assert.rejects(pull())
    const hub = openHub({ address: server.address, token: null })
    const rangeless: Hub = { ...hub, read: (url, _from, signal) => hub.read(url, 0, signal) }
    await verifyPack((await pull({}, rangeless)).pack.dir)
    assert.equal(server.sent.get(UNET), 200_000 + unet())
  })

  it('names the file of which a byte was changed on the way, with both digests, and is right the next time', async () => {
    server.trouble.flipAt.set('tokenizer/vocab.json', 20)
    await assert.rejects(pull(), refusal('pack_corrupt', { file: /vocab\.json$/ }), "a small file too, by git's digest")
    server.trouble.flipAt.clear()
    server.trouble.flipAt.set(UNET, 1000)
    const digest = createHash('sha256')
      .update(files.get(UNET) ?? '')
      .digest('hex')
    await assert.rejects(pull(), (error) => {
      refusal('pack_corrupt', { file: /^unet\/model\.onnx$/ })(error)
      assert.ok(error instanceof ModelError)
      assert.equal(error.expectedDigest, digest)
      return error.digest !== digest
    })
    server.trouble.flipAt.clear()
    await pull()
  })

  it('names what was changed in a part or a finished file between two tries', async () => {
    server.trouble.cutAfter.set(UNET, 200_000)
    await assert.rejects(pull())
    const work = join(folder.path, '.pulling', 'tiny-sd')
    const [part] = await readdir(join(work, 'parts'))
    assert.ok(part)
    const bytes = await readFile(join(work, 'parts', part))
    bytes[7] = (bytes[7] ?? 0) ^ 1
    await writeFile(join(work, 'parts', part), bytes)
    await assert.rejects(pull(), refusal('pack_corrupt', { file: /^unet\/model\.onnx$/ }))
    await writeFile(join(work, 'files', 'tokenizer/merges.txt'), '#version: 0.2\n'.padEnd(95, 'x'))
    await verifyPack((await pull()).pack.dir)
  })

  it('refuses a hub that sends another file than it lists', async () => {
    server.trouble.etag.set(UNET, 'a'.repeat(64))
    await assert.rejects(pull(), refusal('pack_corrupt', { file: /^unet\/model\.onnx$/, field: 'etag' }))
    server.trouble.etag.clear()
    server.trouble.listedSize.set('tokenizer/merges.txt', 90)
    await assert.rejects(pull(), refusal('pack_corrupt', { file: /merges\.txt$/, field: 'etag' }))
  })

  it('shows the licence before anything else is fetched, and records who accepted which text', async () => {
    const { pack, asked } = await pull()
    const sha256 = createHash('sha256').update(TERMS).digest('hex')
    assert.deepEqual(asked, [{ name: 'openrail', file: 'LICENSE.txt', text: TERMS, sha256 }])
    assert.ok(pack.manifest.kind === 'text-to-image' && pack.manifest.acceptance)
    const { at, ...acceptance } = pack.manifest.acceptance
    assert.deepEqual(acceptance, { licence: 'openrail', by: 'ada', text: 'LICENSE.txt', textSha256: sha256 })
    assert.ok(Math.abs(Date.parse(at) - Date.now()) < 60_000)
    assert.equal(pack.manifest.licence, 'openrail')
  })

  it('that nobody accepts has fetched the card and the licence alone', async () => {
    const refuse = async () => {
      throw new Error('no')
    }
    const order = { packsDir: folder.path, repo: REPO, revision: 'main', include: [], maxBytes: 1e9, patience: once }
    const hub = openHub({ address: server.address, token: null })
    await assert.rejects(
      pullPack(hub, order, { onPlan: () => undefined, onProgress: () => undefined, accept: refuse }),
      /no/,
    )
    assert.deepEqual([...server.sent.keys()].sort(), ['LICENSE', 'README.md'])
  })

  it('of what is gated says what to do, and sends its token to the hub alone', async () => {
    for (const status of [401, 403] as const) {
      server.trouble.gate = { status, token: 'secret' }
      await assert.rejects(
        pull(),
        refusal('pack_missing', { field: 'HF_TOKEN', message: /accept them at http.*someone\/Tiny-SD/ }),
      )
    }
    await pull({}, openHub({ address: `${server.address}/`, token: 'secret' }))
    assert.ok(server.asked.length > 0)
    assert.ok(
      server.asked.every(({ authorised }) => !authorised),
      'the content network is another origin',
    )
  })

  it('of what is not there, or of a hub that cannot be reached, says so', async () => {
    await assert.rejects(pull({ repo: 'someone/nothing' }), refusal('pack_missing', { message: /no such repository/ }))
    await assert.rejects(pull({ revision: 'nothing' }), refusal('pack_missing', { message: /revision/ }))
    const away = openHub({ address: 'http://127.0.0.1:9', token: null })
    await assert.rejects(pull({}, away), refusal('pack_missing', { field: 'HF_ENDPOINT', message: /127\.0\.0\.1:9/ }))
  })

  it('does not take the place of a pack that is here', async () => {
    await pull()
    await assert.rejects(pull(), refusal('invalid_input', { field: 'id', message: /someone\/Tiny-SD at c0ffee/ }))
    await pull({ id: 'second' })
    await assert.rejects(pull({ id: '../second' }), refusal('invalid_input', { field: 'id' }))
    assert.equal((await surveyPacks(folder.path)).packs.length, 2)
  })

  it('fetches no more than is allowed, to the byte', async () => {
    const { pack } = await pull({ id: 'measure' })
    const total = pack.manifest.files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
    await assert.rejects(
      pull({ maxBytes: total - 1 }),
      refusal('pack_unsupported', { field: 'DARKROOM_PULL_MAX_BYTES' }),
    )
    await pull({ maxBytes: total })
  })

  it('takes of a repository what a pattern names, and the card, the licence and the index', async () => {
    await assert.rejects(
      pull({ include: ['unet/**', 'scheduler/*'] }),
      refusal('pack_missing', { file: /text_encoder\/model\.onnx$/ }),
    )
    assert.equal(server.sent.get('vae_encoder/model.onnx'), undefined)
    assert.equal(server.sent.get(UNET), unet())
  })
})
