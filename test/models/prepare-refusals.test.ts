// What cannot be prepared, by name; and that nothing is left of what was begun.
import assert from 'node:assert/strict'
import { cp, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type PrepareOrder, preparePack } from '../../models/prepare/prepare.ts'
import type { ModelErrorCode } from '../../models/runtime/error.ts'
import { verifyPack } from '../../models/runtime/pack.ts'
import { refusal } from './pulling.ts'
import { makeScalar, type SCALARS } from './scalar-graphs.ts'
import { temporaryFolder, writeManifest, writeTinyPack } from './tiny.ts'

const EYE = fileURLToPath(new URL('../../models/packs/storybook-eye', import.meta.url))
const SCALAR = { dialects: { 'unet/model.onnx': 'unet-scalar.onnx' } }
const int8 = { leastNumbers: 256, prompts: ['the red cat'], steps: 2, keepSlower: true }

type Refused = {
  what: string
  code: ModelErrorCode
  field?: string
  file?: RegExp
  message?: RegExp
  /** The pack's denoiser; the vector one unless said. */
  scalar?: keyof typeof SCALARS | 'exported'
  order?: Partial<PrepareOrder>
  spoil?: (packsDir: string) => Promise<unknown>
}

const flipped = async (file: string, at: number) => {
  const body = await readFile(file)
  body[body.length - at] = (body.at(-at) ?? 0) ^ 1
  await writeFile(file, body)
}

const REFUSED: readonly Refused[] = [
  {
    what: 'a model that is not here',
    code: 'invalid_input',
    field: 'ID',
    message: /no pack other; there are storybook-eye, tiny-sd/,
    order: { id: 'other' },
  },
  { what: 'a classifier', code: 'invalid_input', field: 'ID', message: /no denoiser/, order: { id: 'storybook-eye' } },
  {
    what: 'a model with a timestep a row already',
    code: 'invalid_input',
    field: 'timestep',
    message: /nothing to prepare/,
  },
  {
    what: 'products that are all too small',
    code: 'pack_unsupported',
    field: 'graph',
    message: /nothing to make int8/,
    order: { int8: { ...int8, leastNumbers: 1_000_000 } },
  },
  {
    what: 'what is in int8 already',
    code: 'pack_unsupported',
    field: 'graph',
    order: { id: 'made', as: 'again', int8 },
    spoil: (packsDir) => preparePack({ packsDir, id: 'tiny-sd', as: 'made', int8, session }, () => {}),
  },
  {
    what: 'a name that no pack may have',
    code: 'invalid_input',
    field: '--as',
    scalar: 'exported',
    order: { as: '../out' },
  },
  { what: 'a name that is taken', code: 'invalid_input', field: '--as', scalar: 'exported', order: { as: 'tiny-sd' } },
  {
    what: 'a full disk',
    code: 'pack_missing',
    field: 'DARKROOM_PACKS_DIR',
    message: /bytes are needed, 1000 are free/,
    scalar: 'exported',
    order: { freeBytes: async () => 1000 },
  },
  {
    what: 'a timestep that a node squares',
    code: 'pack_unsupported',
    field: 'Pow timestep/squared',
    scalar: 'squared',
  },
  {
    what: 'a graph that goes on with the first timestep alone',
    code: 'model_error',
    field: 'timestep',
    message: /draws otherwise/,
    scalar: 'first alone',
  },
  {
    what: 'a graph that runs with one timestep alone',
    code: 'model_error',
    message: /Squeeze/,
    scalar: 'squeezed again',
  },
  { what: 'a graph that does not open', code: 'pack_corrupt', message: /Bewilder/, scalar: 'unknown' },
  {
    what: 'a flipped byte of a file that is copied',
    code: 'pack_corrupt',
    file: /vae_decoder\/model\.onnx/,
    scalar: 'exported',
    spoil: (packsDir) => flipped(join(packsDir, 'tiny-sd/vae_decoder/model.onnx'), 9),
  },
  {
    what: 'a flipped byte of the denoiser itself',
    code: 'pack_corrupt',
    file: /unet\/model\.onnx/,
    scalar: 'exported',
    spoil: (packsDir) => flipped(join(packsDir, 'tiny-sd/unet/model.onnx'), 200_000),
  },
  {
    what: 'a pack that is refused anyway',
    code: 'pack_unsupported',
    field: '_class_name',
    spoil: async (packsDir) => {
      await writeFile(join(packsDir, 'tiny-sd/model_index.json'), '{"_class_name": "KandinskyPipeline"}')
      await writeManifest(join(packsDir, 'tiny-sd'), { id: 'tiny-sd' })
    },
  },
  {
    what: 'a denoiser that draws what is no number',
    code: 'nan',
    order: { int8 },
    spoil: (packsDir) => writeTinyPack(packsDir, { dialects: { 'unet/model.onnx': 'unet-nan.onnx' } }),
  },
]

const session = { provider: 'cpu', threads: 1 } as const

describe('what cannot be prepared', () => {
  for (const { what, code, scalar, order, spoil, ...where } of REFUSED)
    it(`${what}: is refused, and nothing is left of it`, async () => {
      await using folder = await temporaryFolder()
      await cp(EYE, join(folder.path, 'storybook-eye'), { recursive: true })
      const dir = await writeTinyPack(folder.path, scalar === 'exported' ? SCALAR : {})
      if (scalar !== undefined && scalar !== 'exported') await makeScalar(dir, 'unet', scalar, { id: 'tiny-sd' })
      await spoil?.(folder.path)
      const before = await readdir(folder.path)
      const asked = { packsDir: folder.path, id: 'tiny-sd', as: 'new', int8: null, session, ...order }
      await assert.rejects(
        preparePack(asked, () => {}),
        refusal(code, where),
      )
      const after = (await readdir(folder.path, { recursive: true })).filter((path) => path.startsWith('.preparing/'))
      assert.deepEqual(after, [])
      assert.deepEqual(
        (await readdir(folder.path)).filter((name) => name !== '.preparing' && !before.includes(name)),
        [],
      )
    })

  it('is tried again over what a killed attempt left', async () => {
    await using folder = await temporaryFolder()
    await writeTinyPack(folder.path, SCALAR)
    await cp(join(folder.path, 'tiny-sd'), join(folder.path, '.preparing/new'), { recursive: true })
    await writeFile(join(folder.path, '.preparing/new/stray.onnx_data'), 'half')
    await preparePack({ packsDir: folder.path, id: 'tiny-sd', as: 'new', int8: null, session }, () => {})
    await verifyPack(join(folder.path, 'new'))
    assert.ok(!(await readdir(join(folder.path, 'new'))).includes('stray.onnx_data'))
  })
})
