// Packs from anywhere: each that is wrong is refused by file and field, in the service's list and in the child that would open it, and the
// good one beside them serves. What is wrong with each: malformed-packs.ts.
import assert from 'node:assert/strict'
import { cp, readFile, rm, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { inspectPack } from '../../models/runtime/inspect.ts'
import { readPackManifest } from '../../models/runtime/pack.ts'
import { type Survey, surveyPacks } from '../../models/runtime/survey.ts'
import { readCards } from '../../src/commands/cards.ts'
import { Fault, isFault } from '../../src/kernel/fault.ts'
import { openLog } from '../../src/kernel/log.ts'
import { failureOf } from '../../src/outcome.ts'
import { type Device, openDevice } from '../../workers/device.ts'
import type { Refused } from '../../workers/inference-protocol.ts'
import * as graphs from './graphs.ts'
import { MALFORMED } from './malformed-packs.ts'
import { TINY_SD, temporaryFolder, writeManifest, writeTinyPack } from './tiny.ts'

const CAT = {
  id: 'a',
  prompt: 'the red cat',
  negativePrompt: '',
  seed: 3,
  width: 16,
  height: 16,
  steps: 2,
  guidanceScale: 5,
}
const open = { provider: 'cpu', threads: 1, log: openLog('silent'), stepDeadlineMs: () => 20_000 } as const

describe('malformed packs', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let device: Device
  let survey: Survey
  const folderOf = (number: number) => `pack-${String(number).padStart(2, '0')}`
  before(async () => {
    folder = await temporaryFolder()
    await writeTinyPack(folder.path, { id: 'good' })
    for (const [number, { changes = {}, spoil }] of MALFORMED.entries()) {
      const id = folderOf(number)
      const dir = await writeTinyPack(folder.path, { id, ...changes })
      await spoil?.(dir)
    }
    survey = await surveyPacks(folder.path)
    device = await openDevice({ packsDir: folder.path, ...open })
  })
  after(async () => {
    await device[Symbol.asyncDispose]()
    await folder[Symbol.asyncDispose]()
  })

  it('are more than fifty, each wrong in its own way', () => {
    assert.ok(MALFORMED.length >= 50)
    assert.equal(new Set(MALFORMED.map(({ what }) => what)).size, MALFORMED.length)
  })

  for (const [number, { what, code, file, field, late }] of MALFORMED.entries())
    it(`is refused: ${what} (${code} ${file} ${field ?? ''})`, () => {
      const of = ({ dir }: { dir: string }) => basename(dir) === folderOf(number)
      const check = (found: Omit<Refused['failure'], 'name'> | undefined) => {
        assert.ok(found, 'it is refused')
        assert.equal(found.code, code, found.message)
        assert.ok(found.file?.endsWith(file), `${found.file} ends in ${file}`)
        if (field !== undefined) assert.equal(found.field, field, found.message)
        assert.ok(found.message.length > file.length + (field?.length ?? 0) + 4, found.message)
      }
      check(device.packs().refused.find(of)?.failure)
      const listed = survey.refused.find(of)?.error
      if (late) assert.equal(listed, undefined)
      else check(listed)
    })

  it('keep no other from serving: the good one is the only one that is loaded, and draws', async () => {
    assert.deepEqual(
      device.packs().packs.map(({ manifest }) => manifest.id),
      ['good'],
    )
    assert.equal((await device.generate({ packId: 'good', samples: [CAT] })).length, 1)
    const asked = device.generate({ packId: folderOf(0), samples: [CAT] })
    await assert.rejects(asked, (error) => isFault(error, 'pack_corrupt') && /darkroom-pack\/2/.test(error.message))
  })

  it('fail a generation as pack_corrupt where only a look at every byte tells', async () => {
    for (const [number] of [...MALFORMED.entries()].filter(([, { late }]) => late)) {
      const asked = device.generate({ packId: folderOf(number), samples: [CAT] })
      await assert.rejects(asked, (error) => error instanceof Fault && failureOf(error) === 'pack_corrupt')
    }
  })

  it('are not offered: the list of models is what passed', async () => {
    const offered = (await readCards(folder.path, 'good')).map(({ id }) => id)
    assert.deepEqual(
      offered,
      survey.packs.map(({ manifest }) => manifest.id).sort((a, b) => Number(b === 'good') - Number(a === 'good')),
    )
    assert.equal(offered.length, 1 + MALFORMED.filter(({ late }) => late).length)
  })

  it('stop the start where one of them is the default model, or nothing else is left', async () => {
    const bad = folderOf(0)
    await assert.rejects(readCards(folder.path, bad), (error) => isFault(error, 'pack_corrupt'))
    await assert.rejects(openDevice({ packsDir: folder.path, required: bad, ...open }), (error) =>
      isFault(error, 'pack_corrupt'),
    )
    await using alone = await temporaryFolder()
    await writeTinyPack(alone.path, { manifest: { format: 'darkroom-pack/2' } })
    await assert.rejects(openDevice({ packsDir: alone.path, ...open }), (error) => isFault(error, 'pack_corrupt'))
  })
})

describe('what is unusual and right', () => {
  const accepted: [string, (unet: Buffer) => Buffer][] = [
    [
      'external data that is whole',
      (unet) =>
        graphs.withMore(
          unet,
          graphs.initializer(
            graphs.external([
              ['location', 'model.onnx_data'],
              ['offset', '4'],
              ['length', '16'],
            ]),
          ),
        ),
    ],
    [
      'external data to the last byte, by its dimensions',
      (unet) =>
        graphs.withMore(
          unet,
          graphs.initializer(
            graphs.external([
              ['location', 'model.onnx_data'],
              ['offset', '4'],
            ]),
          ),
        ),
    ],
    [
      'a weight among the inputs, as old exporters list it',
      (unet) =>
        graphs.withMore(
          unet,
          graphs.message(
            graphs.initializer(graphs.external([['location', 'model.onnx_data']])),
            graphs.field(11, graphs.field(1, 'w')),
          ),
        ),
    ],
    ['an operator that ONNX Runtime has', (unet) => graphs.withMore(unet, graphs.node('FusedMatMul', 'com.microsoft'))],
    [
      'an operator that the model defines by others',
      (unet) => graphs.withMore(unet, graphs.node('f', 'mine'), graphs.localFunction('f', 'mine', 'Add', '')),
    ],
  ]
  for (const [what, change] of accepted)
    it(`is not refused: ${what}`, async () => {
      await using folder = await temporaryFolder()
      const dir = await writeTinyPack(folder.path)
      const file = join(dir, 'unet/model.onnx')
      await writeFile(file, change(await readFile(file)))
      await writeFile(join(dir, 'unet/model.onnx_data'), Buffer.alloc(20))
      await writeManifest(dir, { id: 'tiny-sd' })
      await inspectPack(await readPackManifest(dir))
    })

  it('an unpacked folder loads as it is, and draws what the pack draws', async () => {
    await using folder = await temporaryFolder()
    await writeTinyPack(folder.path, { id: 'packed' })
    await cp(TINY_SD, join(folder.path, 'unpacked'), { recursive: true })
    await rm(join(folder.path, 'unpacked/pack.json'))
    await using device = await openDevice({ packsDir: folder.path, ...open })
    const [packed, unpacked] = device.packs().packs
    assert.deepEqual([packed?.adopted, unpacked?.adopted], [false, true])
    assert.ok(unpacked?.manifest.kind === 'text-to-image')
    assert.deepEqual(unpacked.manifest.classifiers, [])
    const draw = async (packId: string) => (await device.generate({ packId, samples: [CAT] }))[0]?.rgb
    assert.deepEqual(await draw('unpacked'), await draw('packed'))
  })
})
