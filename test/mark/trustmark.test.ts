// TrustMark through the real library, with toy models where its own would be (toy-trustmark.ts): its files are checked by name, numbers go
// into pixels and come out, its child has its time and memory, and nothing is fetched.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { pino } from 'pino'
import { readConfig } from '../../src/kernel/config.ts'
import { isFault } from '../../src/kernel/fault.ts'
import { openTrustmark, type TrustmarkCodec } from '../../src/mark/trustmark.ts'
import { markIdOf, payloadOf, readTrustmarkValue, trustmarkValue } from '../../src/mark/trustmark-binding.ts'
import { openTrustmarks, type TrustmarksOptions } from '../../workers/trustmarks.ts'
import { cartoon, imageOf, pixelsOf, textured } from './pictures.ts'
import { writeToyTrustmark } from './toy-trustmark.ts'

const MARK_ID = 0xde_ad_be_ef_12
const log = pino({ level: 'silent' })

let home: string
let toy: string
let codec: TrustmarkCodec
before(async () => {
  home = await mkdtemp(join(tmpdir(), 'darkroom-trustmark-'))
  toy = join(home, 'toy')
  await writeToyTrustmark(toy)
  codec = await openTrustmark({ folder: toy, variant: 'Q' })
})
after(() => rm(home, { recursive: true, force: true }))

const opened = (more: Partial<TrustmarksOptions> = {}) =>
  openTrustmarks({ folder: toy, variant: 'Q', log, deadlineMs: 20_000, memoryBytes: 2 ** 31, ...more })
const names =
  (...parts: string[]) =>
  (error: unknown) =>
    isFault(error, 'config_invalid') &&
    error.field === 'DARKROOM_TRUSTMARK_DIR' &&
    ['DARKROOM_TRUSTMARK_DIR', ...parts].every((part) => error.message.includes(part))

test('a number goes into the pixels and is read from them, at their size and after a lossy copy', async () => {
  for (const picture of [await cartoon(3, 256), await textured(2, 300), await cartoon(5, 512)]) {
    const marked = await codec.embed(picture, MARK_ID)
    assert.deepEqual(
      [marked.width, marked.height, marked.rgb.length],
      [picture.width, picture.height, picture.rgb.length],
    )
    assert.notDeepEqual(marked.rgb, picture.rgb)
    assert.equal(await codec.read(marked), MARK_ID)
    assert.equal(await codec.read(await pixelsOf(await imageOf(marked).jpeg({ quality: 80 }).toBuffer())), MARK_ID)
    assert.equal(await codec.read(picture), null)
  }
})

test('the payload is the whole number, and what is no payload of ours is none', () => {
  for (const markId of [0, 1, MARK_ID, 2 ** 40 - 1]) {
    assert.equal(markIdOf(payloadOf(markId)), markId)
    assert.equal(readTrustmarkValue(trustmarkValue(markId)), markId)
    assert.equal(readTrustmarkValue(Buffer.from(trustmarkValue(markId)).toString('base64')), markId)
  }
  assert.equal(trustmarkValue(5), `0*${'0'.repeat(37)}101`)
  for (const markId of [-1, 2 ** 40, 0.5]) assert.throws(() => payloadOf(markId), RangeError)
  assert.equal(markIdOf('1'.repeat(61)), null)
  for (const value of ['', '1.a', `1*${'0'.repeat(40)}`, `0*${'0'.repeat(41)}`])
    assert.equal(readTrustmarkValue(value), null)
})

test('files that are missing, or are no files, are told by name, and nothing is made or fetched in their stead', async () => {
  const none = join(home, 'none')
  await assert.rejects(openTrustmark({ folder: none, variant: 'Q' }), names(join(none, 'encoder_Q.onnx'), 'missing'))
  await assert.rejects(readdir(none), { code: 'ENOENT' })

  const half = join(home, 'half')
  await mkdir(half)
  await writeFile(join(half, 'encoder_Q.onnx'), await readFile(join(toy, 'encoder_Q.onnx')))
  await assert.rejects(openTrustmark({ folder: half, variant: 'Q' }), names(join(half, 'decoder_Q.onnx'), 'missing'))
  assert.deepEqual(await readdir(half), ['encoder_Q.onnx'])

  await mkdir(join(half, 'decoder_Q.onnx'))
  await assert.rejects(openTrustmark({ folder: half, variant: 'Q' }), names('decoder_Q.onnx is not a file'))
  await assert.rejects(openTrustmark({ folder: toy, variant: 'P' }), names('encoder_P.onnx'))
})

test('a file that cannot be read is told by name', async () => {
  const closed = join(home, 'closed')
  await writeToyTrustmark(closed)
  await rm(join(closed, 'decoder_Q.onnx'))
  await symlink('decoder_Q.onnx', join(closed, 'decoder_Q.onnx'))
  await assert.rejects(openTrustmark({ folder: closed, variant: 'Q' }), names('decoder_Q.onnx', 'cannot be read'))
})

test('files that are no models, or another’s, are refused at the start', async () => {
  const garbage = join(home, 'garbage')
  const empty = join(home, 'empty')
  const swapped = join(home, 'swapped')
  const deaf = join(home, 'deaf')
  for (const folder of [garbage, empty, swapped, deaf]) await mkdir(folder)
  for (const [one, other] of [
    ['encoder_Q.onnx', 'decoder_Q.onnx'],
    ['decoder_Q.onnx', 'encoder_Q.onnx'],
  ] as const) {
    await writeFile(join(garbage, one), Buffer.alloc(11_000_000, one))
    await writeFile(join(empty, one), '')
    await writeFile(join(swapped, one), await readFile(join(toy, other)))
    await writeFile(join(deaf, one), await readFile(join(toy, 'encoder_Q.onnx')))
  }
  for (const folder of [garbage, empty, swapped, deaf]) {
    await using trustmarks = opened({ folder })
    await assert.rejects(trustmarks.check(), names(), folder)
  }
  await assert.rejects(opened({ folder: join(home, 'none') }).check(), names('encoder_Q.onnx is missing'))
})

test('a child does the work, says the same as the library here, and has no way out', async () => {
  await using trustmarks = opened()
  assert.equal(trustmarks.pid, null)
  await trustmarks.check()
  assert.equal(trustmarks.algorithm, 'com.adobe.trustmark.Q')
  const picture = await cartoon(3, 256)
  const marked = await trustmarks.embed(picture, MARK_ID)
  assert.deepEqual(marked, await codec.embed(picture, MARK_ID))
  assert.deepEqual(await trustmarks.read(marked), { markId: MARK_ID })
  assert.deepEqual(await trustmarks.read(picture), { markId: null })
  if (process.platform !== 'linux') return
  const env = (await readFile(`/proc/${trustmarks.pid}/environ`, 'latin1')).split('\0')
  for (const name of ['HTTPS_PROXY', 'HTTP_PROXY', 'ALL_PROXY']) assert.ok(env.includes(`${name}=http://127.0.0.1:1`))
  assert.ok(!env.some((one) => /^NO_PROXY=/i.test(one)))
})

test('the library would fetch what it lacks, and asks the proxy that its environment names for it', async () => {
  const asked: string[] = []
  const proxy = createServer((socket) =>
    socket
      .on('error', () => undefined)
      .once('data', (head) => {
        asked.push(head.toString('latin1').split(' ')[0] ?? '')
        socket.end('HTTP/1.1 403 Forbidden\r\n\r\n')
      }),
  )
  await new Promise<void>((listening) => proxy.listen(0, '127.0.0.1', listening))
  const address = proxy.address()
  if (address === null || typeof address === 'string') throw new TypeError('it listens at a port')
  const library = fileURLToPath(import.meta.resolve('@contentauth/c2pa-node'))
  const lacking = join(home, 'lacking')
  const program = `import { Trustmark } from ${JSON.stringify(library)}
await Trustmark.newTrustmark({ variant: 'Q', version: 'BCH_SUPER', modelPath: ${JSON.stringify(lacking)} })`
  const failed = await new Promise((ended) =>
    execFile(
      process.execPath,
      ['--input-type=module', '-e', program],
      { env: { HTTPS_PROXY: `http://127.0.0.1:${address.port}` } },
      (error) => ended(error !== null),
    ),
  )
  proxy.close()
  assert.equal(failed, true)
  assert.ok(asked.length > 0 && asked.every((method) => method === 'CONNECT'), JSON.stringify(asked))
  assert.deepEqual(await readdir(lacking), [])
})

test('a picture that takes more time or memory than one has is not marked and not looked at, and the next one is', async () => {
  const picture = await cartoon(3, 256)
  const late = (error: unknown) => isFault(error, 'mark_failed') && /more time or memory/.test(error.message)
  for (const bound of [{ deadlineMs: 1 }, { memoryBytes: 1_000_000 }]) {
    await using hasty = opened(bound)
    await assert.rejects(hasty.embed(picture, MARK_ID), late, JSON.stringify(bound))
    assert.equal(hasty.pid, null)
    assert.equal(await hasty.read(picture), null)
  }
  await using trustmarks = opened()
  const marked = await trustmarks.embed(picture, MARK_ID)
  process.kill(trustmarks.pid ?? assert.fail('it runs'), 'SIGKILL')
  await new Promise((gone) => setTimeout(gone, 200))
  assert.deepEqual(await trustmarks.read(marked), { markId: MARK_ID })
})

test('what the library throws at a picture costs that picture alone', async () => {
  await using trustmarks = opened()
  const broken = { width: 100, height: 100, rgb: new Uint8Array(10) }
  await assert.rejects(trustmarks.embed(broken, MARK_ID), (error) => isFault(error, 'mark_failed'))
  assert.equal(await trustmarks.read(broken), null)
  assert.deepEqual(await trustmarks.read(await codec.embed(await cartoon(3, 256), 7)), { markId: 7 })
})

test('there is no second mark unless its folder is named', () => {
  assert.equal(readConfig({}).trustmark, null)
  const { trustmark } = readConfig({ DARKROOM_TRUSTMARK_DIR: '/models', DARKROOM_TRUSTMARK_VARIANT: 'P' })
  assert.deepEqual([trustmark?.folder, trustmark?.variant], ['/models', 'P'])
  // B has no name in C2PA's list.
  assert.throws(
    () => readConfig({ DARKROOM_TRUSTMARK_VARIANT: 'B' }),
    /DARKROOM_TRUSTMARK_VARIANT: expected one of Q, P, C/,
  )
})
