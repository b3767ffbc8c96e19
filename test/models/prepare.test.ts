// One pack made of another: each family's with a timestep a row, which draws to the last bit what it drew before; and with products in
// int8, whose cost is measured and written down, and whose samples are what they are in any company.
import assert from 'node:assert/strict'
import { cp, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type PrepareOrder, preparePack } from '../../models/prepare/prepare.ts'
import { readPackManifest, verifyPack } from '../../models/runtime/pack.ts'
import { openModule } from '../../models/runtime/sessions.ts'
import type { SampleRequest } from '../../models/runtime/stepper.ts'
import { surveyPacks } from '../../models/runtime/survey.ts'
import { makeScalar } from './scalar-graphs.ts'
import { develop, openTiny } from './sd-model.ts'
import { temporaryFolder, writeTinyPack } from './tiny.ts'

const GOLDENS = fileURLToPath(new URL('../goldens/', import.meta.url))
const session = { provider: 'cpu', threads: 1 } as const
const int8 = { leastNumbers: 256, prompts: ['the red cat', 'a ring'], steps: 3, keepSlower: true }
const order = (packsDir: string, own: Partial<PrepareOrder> = {}): PrepareOrder => ({
  ...{ packsDir, id: 'tiny-sd', as: 'made', int8: null, session },
  ...own,
})
const quiet = () => {}

/** A pack of a family whose denoiser takes a timestep a run. */
async function scalarPack(packsDir: string, family: string, part: string, kind: 'float' | 'int64' | 'length 1') {
  const id = `tiny-${family}`
  const dir = join(packsDir, id)
  await cp(join(GOLDENS, id), dir, { recursive: true })
  const { files: _, ...manifest } = JSON.parse(await readFile(join(dir, 'pack.json'), 'utf8'))
  await makeScalar(dir, part, kind, manifest)
  return { id, dir }
}

describe('a pack with a timestep a run', () => {
  for (const [family, part, kind] of [
    ['sd', 'unet', 'float'],
    ['sd', 'unet', 'int64'],
    ['sd', 'unet', 'length 1'],
    ['sdxl', 'unet', 'float'],
    ['sd3', 'transformer', 'float'],
    ['flux', 'transformer', 'float'],
  ] as const)
    it(`of ${family}, ${kind}: becomes one a row, and draws the same to the last bit, rows at their own steps`, async () => {
      await using folder = await temporaryFolder()
      const { id, dir } = await scalarPack(folder.path, family, part, kind)
      const { digest } = await verifyPack(dir)
      const prepared = await preparePack(order(folder.path, { id, as: `${id}-prepared` }), quiet)
      assert.equal(prepared.apart, 0)
      assert.match(prepared.changes[0] ?? '', /made a timestep a row \(\["steps"\]\)/)
      const made = join(folder.path, `${id}-prepared`)
      assert.equal(prepared.dir, made)
      await using module = await openModule(join(made, part, 'model.onnx'), session)
      assert.deepEqual(module.inputs.get('timestep')?.shape, ['steps'])
      const { manifest } = await verifyPack(made)
      assert.ok(manifest.kind === 'text-to-image')
      assert.deepEqual(manifest.prepared, { from: id, digest, changes: prepared.changes })
      assert.equal((await verifyPack(dir)).digest, digest, 'the old one stays as it was')
      const { packs, refused } = await surveyPacks(folder.path)
      assert.deepEqual([packs.map((one) => one.manifest.id), refused], [[id, `${id}-prepared`], []])
      assert.deepEqual(await readdir(join(folder.path, '.preparing')), [])
    })

  it('keeps what its manifest says, and adds to its card what was done', async () => {
    await using folder = await temporaryFolder()
    const dialects = { 'unet/model.onnx': 'unet-scalar.onnx' }
    const dir = await writeTinyPack(folder.path, { dialects, manifest: { classifiers: ['an-eye'] } })
    await preparePack(order(folder.path), quiet)
    const [old, made] = [
      (await readPackManifest(dir)).manifest,
      (await readPackManifest(join(folder.path, 'made'))).manifest,
    ]
    const strip = ({ id: _, files, prepared: __, ...rest }: Record<string, unknown>) => rest
    assert.deepEqual(strip({ ...made }), strip({ ...old }))
    const card = await readFile(join(folder.path, 'made/README.md'), 'utf8')
    assert.match(
      card,
      /^# tiny-sd\n[\s\S]*## Prepared: made\n\nMade from tiny-sd 1\.0\.0 \(pack\.json sha256 [0-9a-f]{64}\)/,
    )
    assert.match(card, /- timestep: a scalar made a timestep a row[\s\S]*to the last bit/)
  })

  it('may be a folder that has no pack.json and no card yet', async () => {
    await using folder = await temporaryFolder()
    const dir = await writeTinyPack(folder.path, { dialects: { 'unet/model.onnx': 'unet-scalar.onnx' } })
    for (const name of ['pack.json', 'README.md']) await rm(join(dir, name))
    assert.equal((await preparePack(order(folder.path), quiet)).apart, 0)
    assert.equal((await verifyPack(join(folder.path, 'made'))).adopted, undefined)
    assert.match(await readFile(join(folder.path, 'made/README.md'), 'utf8'), /^# made\n\n## Prepared: made/)
  })
})

describe('a pack with products in int8', () => {
  it('is told with what it costs, in its card as well, and is smaller', async () => {
    await using folder = await temporaryFolder()
    await writeTinyPack(folder.path)
    const stages: string[] = []
    const { cost, changes, dir } = await preparePack(order(folder.path, { int8 }), (stage) => stages.push(stage))
    assert.ok(cost && dir)
    assert.match(changes.join(), /int8: \d\d products by \d\d constant matrices/)
    assert.ok(cost.latents > 0.001 && cost.latents < 0.2, `${cost.latents}`)
    assert.ok(cost.pixels > 0 && cost.pixels < 8, `${cost.pixels}`)
    assert.ok(cost.psnrDb !== null && cost.psnrDb > 25 && cost.psnrDb < 70, `${cost.psnrDb}`)
    assert.ok(cost.stepMs.before > 0 && cost.stepMs.after > 0)
    assert.ok(cost.bytes.after < cost.bytes.before)
    const card = await readFile(join(dir, 'README.md'), 'utf8')
    assert.match(card, /- int8: \d\d products[\s\S]*Measured over 2 pictures of 3 steps[\s\S]*\| milliseconds a step/)
    assert.ok(card.includes(`| latents apart, in deviations | | ${cost.latents.toFixed(4)} |`))
    assert.equal(stages.length, 3)
    await verifyPack(dir)
  })

  it('draws each sample to the last bit as it is alone, whatever joins it', async () => {
    await using folder = await temporaryFolder()
    await writeTinyPack(folder.path)
    await preparePack(order(folder.path, { int8 }), quiet)
    await using model = await openTiny(join(folder.path, 'made'))
    const ask = (seed: number, prompt: string): SampleRequest => ({
      ...{ id: 'same', prompt, negativePrompt: '', seed, width: 16, height: 16, steps: 4, guidanceScale: 5 },
    })
    const requests = [ask(1, 'the red cat'), ask(2, 'a ring'), ask(3, '')]
    const together = await develop(model, ...requests)
    for (const [i, request] of requests.entries())
      assert.deepEqual((await develop(model, request))[0]?.latents, together[i]?.latents)
  })

  it('takes a timestep a row too, where it took one a run', async () => {
    await using folder = await temporaryFolder()
    await writeTinyPack(folder.path, { dialects: { 'unet/model.onnx': 'unet-scalar.onnx' } })
    const { changes, cost } = await preparePack(order(folder.path, { int8 }), quiet)
    assert.equal(changes.length, 2)
    assert.ok(cost && cost.latents < 0.2)
  })

  it('is not kept where it is slower here, unless somebody wants it all the same', async () => {
    await using folder = await temporaryFolder()
    await writeTinyPack(folder.path)
    const figures = { prompts: ['a'], steps: 1, latents: 0.01, pixels: 1, psnrDb: 40 }
    const taking = (after: number) => async () => ({ ...figures, stepMs: { before: 10, after } })
    const tried = (after: number, keepSlower: boolean, as: string) =>
      preparePack(order(folder.path, { as, int8: { ...int8, keepSlower }, measure: taking(after) }), quiet)
    assert.equal((await tried(11, false, 'slower')).dir, null)
    assert.equal((await tried(10, false, 'equal')).dir, null)
    assert.notEqual((await tried(11, true, 'kept')).dir, null)
    assert.notEqual((await tried(9, false, 'faster')).dir, null)
    assert.deepEqual((await readdir(folder.path)).sort(), ['.preparing', 'faster', 'kept', 'tiny-sd'])
  })
})
