// `darkroom models` as somebody types it: a pull that is killed and typed again, its licence, what a list says aloud, a flipped byte found
// by name, and what is removed and what is not.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, before, describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { type HubServer, startHub } from './hub.ts'
import { partSize, published, REPO, TERMS, UNET } from './pulling.ts'
import { TINY_SD, temporaryFolder, writeTinyPack } from './tiny.ts'

describe('darkroom models', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let server: HubServer
  let files: Map<string, Buffer>
  before(async () => {
    files = await published()
    folder = await temporaryFolder()
    server = await startHub({ name: REPO, files })
    await writeTinyPack(folder.path, { id: 'mine' })
  })
  after(async () => {
    await server[Symbol.asyncDispose]()
    await folder[Symbol.asyncDispose]()
  })

  function start(args: string[], env: Record<string, string> = {}): ChildProcess {
    return spawn(process.execPath, ['src/main.ts', 'models', ...args], {
      env: {
        PATH: process.env.PATH,
        DARKROOM_PACKS_DIR: folder.path,
        DARKROOM_DEFAULT_MODEL: 'mine',
        HF_ENDPOINT: server.address,
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  }
  async function darkroom(args: string[], env: Record<string, string> = {}) {
    const child = start(args, env)
    if (child.stdout === null || child.stderr === null) assert.fail('pipes')
    const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
    return { code, stdout, stderr }
  }

  it('pulls nothing under a licence that nobody accepted, and says which it is', async () => {
    const unasked = await darkroom(['pull', REPO])
    assert.equal(unasked.code, 1)
    assert.match(unasked.stderr, /You may draw small pictures\.[\s\S]*openrail[\s\S]*--accept-licence openrail/)
    const wrong = await darkroom(['pull', REPO, '--accept-licence', 'MIT'])
    assert.equal(wrong.code, 1)
    assert.match(wrong.stderr, /the licence is openrail, and it was not accepted/)
    assert.equal(server.sent.get(UNET), undefined)
    const other = await darkroom(['pull', REPO, '--licence', 'MIT', '--accept-licence', 'MIT'])
    assert.match(other.stderr, /the card says openrail, not MIT/)
  })

  it('goes on where a pull was that died in the middle of a file', async () => {
    // The first answer ends early, and the process dies before it asks again.
    server.trouble.cutAfter.set(UNET, 200_000)
    const child = start(['pull', REPO, '--accept-licence', 'openrail'])
    // The file that is cut off, and not a small one before it.
    const arrived = async () => (server.sent.get(UNET) ? partSize(folder.path).catch(() => 0) : 0)
    for (let waited = 0; (await arrived()) === 0 && waited < 20_000; waited += 5) await pause(5)
    child.kill('SIGKILL')
    await once(child, 'close')
    const kept = await partSize(folder.path)
    assert.ok(kept > 0)
    const sent = server.sent.get(UNET) ?? 0
    const { code, stdout, stderr } = await darkroom(['pull', REPO, '--accept-licence', 'openrail'])
    assert.equal(code, 0, stderr)
    assert.match(stderr, new RegExp(`${files.size - 4} files`), 'of those that are listed four are no part of a pack')
    assert.match(stderr, /^18\/18 {2}929\.0 kB of 929\.0 kB/m)
    assert.match(stdout, /tiny-sd .*pulled into[\s\S]*every picture is held for a person/)
    assert.equal((server.sent.get(UNET) ?? 0) - sent, (files.get(UNET)?.length ?? 0) - kept)
    const { acceptance } = JSON.parse(await readFile(join(folder.path, 'tiny-sd/pack.json'), 'utf8'))
    assert.equal(acceptance.licence, 'openrail')
    assert.notEqual(acceptance.by, '')
    assert.equal(await readFile(join(folder.path, 'tiny-sd', acceptance.text), 'utf8'), TERMS)
  })

  it('lists what is here, where it came from, who accepted what, and aloud that nothing judges its pictures', async () => {
    await writeTinyPack(folder.path, { id: 'lost', manifest: { classifiers: ['storybook-eye'] } })
    await writeTinyPack(folder.path, { id: 'bad', remove: ['unet/model.onnx'] })
    const { code, stdout } = await darkroom(['list'])
    assert.equal(code, 0)
    const of = (id: string) => stdout.split(/\n(?=\S)/).find((one) => one.startsWith(`${id} `)) ?? ''
    assert.match(
      of('mine'),
      /^mine 1\.0\.0 \(default\) {2}text-to-image\/sd {2}.* kB {2}sha256 [0-9a-f]{12} {2}Apache-2\.0/,
    )
    assert.match(of('tiny-sd'), new RegExp(`from ${server.address}/${REPO} at [0-9a-f]{40}`))
    assert.match(of('tiny-sd'), /openrail accepted by \S+ at 20.*LICENSE\.txt/)
    assert.match(of('tiny-sd'), /NAMES NO CLASSIFIER: EVERY PICTURE OF THIS MODEL IS HELD/)
    assert.match(of('lost'), /NAMES THE CLASSIFIER storybook-eye, WHICH IS NOT HERE/)
    assert.match(of('bad'), /REFUSED, does not serve: .*unet\/model\.onnx: missing; .*\[pack_missing\]/)
    await rm(join(folder.path, 'bad'), { recursive: true })
    await rm(join(folder.path, 'lost'), { recursive: true })
  })

  it('verifies every pack, or one, and names the file of which a byte was flipped', async () => {
    const whole = await darkroom(['verify'])
    assert.deepEqual([whole.code, whole.stdout], [0, 'mine  verified\ntiny-sd  verified\n'])
    const file = join(folder.path, 'tiny-sd/vae_decoder/model.onnx')
    const body = await readFile(file)
    body[body.length - 9] = (body.at(-9) ?? 0) ^ 1
    await writeFile(file, body)
    const one = await darkroom(['verify', 'tiny-sd'])
    assert.equal(one.code, 1)
    assert.match(
      one.stdout,
      /^tiny-sd {2}.*vae_decoder\/model\.onnx: \d+ bytes, sha256 [0-9a-f]{64}; expected \d+, [0-9a-f]{64}\n$/,
    )
    assert.match(one.stderr, /1 pack\(s\).*\[pack_corrupt\]/)
    assert.equal((await darkroom(['verify', 'mine'])).code, 0)
    assert.equal((await darkroom([])).code, 1, 'without an act everything is verified')
    assert.match((await darkroom(['verify', 'nothing'])).stderr, /there is no pack nothing; there are mine, tiny-sd/)
  })

  it('adopts a folder, once', async () => {
    const dir = join(folder.path, 'Unpacked')
    await cp(TINY_SD, dir, { recursive: true })
    await rm(join(dir, 'pack.json'))
    assert.match((await darkroom(['list'])).stdout, /unpacked [0-9a-f]{12} .*\n {2}has no pack\.json/)
    assert.match((await darkroom(['verify', 'unpacked'])).stdout, /no pack\.json, so there is no digest/)
    const adopted = await darkroom(['adopt', dir, '--licence', 'MIT'])
    assert.equal(adopted.code, 0, adopted.stderr)
    assert.match((await darkroom(['verify', 'unpacked'])).stdout, /^unpacked {2}verified/)
    assert.match((await darkroom(['adopt', dir])).stderr, /is there already/)
    await rm(join(dir, 'pack.json'))
    await rm(join(dir, 'vae_decoder/model.onnx'))
    assert.match((await darkroom(['adopt', dir])).stderr, /vae_decoder\/model\.onnx: missing/)
    assert.ok(!(await readdir(dir)).includes('pack.json'))
  })

  it('removes a pack when told so, a broken one too, and never the default', async () => {
    assert.match((await darkroom(['remove', 'mine', '--yes'])).stderr, /mine is the default model/)
    assert.match((await darkroom(['remove', 'tiny-sd'])).stderr, /no terminal to ask at; give --yes/)
    for (const id of ['tiny-sd', 'Unpacked']) assert.equal((await darkroom(['remove', id, '--yes'])).code, 0)
    assert.deepEqual((await readdir(folder.path)).sort(), ['.pulling', 'mine'])
  })

  it('says what it takes', async () => {
    for (const args of [['pull'], ['adopt'], ['remove'], ['bake'], ['pull', REPO, 'more']]) {
      const { code, stderr } = await darkroom(args)
      assert.equal(code, 1, args.join(' '))
      assert.match(stderr, /\[invalid_request\]/)
    }
    assert.match((await darkroom(['--help'])).stdout, /models pull OWNER\/NAME/)
  })
})
