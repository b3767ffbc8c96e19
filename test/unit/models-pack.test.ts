// Packs are untrusted: what a manifest may say, what its files must be, and how the error names what is wrong.
import assert from 'node:assert/strict'
import { appendFile, mkdir, readFile, rm, symlink, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { CLASSIFIER_KINDS } from '../../models/classifiers/manifest.ts'
import { ModelError, type ModelErrorCode } from '../../models/runtime/error.ts'
import { parseManifest } from '../../models/runtime/manifest.ts'
import { packFile, readPackManifest, verifyPack } from '../../models/runtime/pack.ts'
import { listPacks } from '../../models/runtime/survey.ts'
import { PACKS } from '../models/classifier-packs.ts'
import { TINY_SD, temporaryFolder, writeManifest, writeTinyPack } from '../models/tiny.ts'

const modelError =
  (code: ModelErrorCode, where: { field?: string; file?: RegExp } = {}) =>
  (error: unknown) => {
    assert.ok(error instanceof ModelError, String(error))
    assert.equal(error.code, code, error.message)
    if (where.field !== undefined) assert.equal(error.field, where.field)
    if (where.file) assert.match(error.file ?? '', where.file)
    return true
  }

const EYE = {
  format: 'darkroom-pack/1',
  id: 'eye',
  version: '1.0.0',
  kind: 'image-classifier',
  licence: 'Apache-2.0',
  card: 'README.md',
  model: 'model.onnx',
  preprocess: { width: 8, height: 8, resize: 'bicubic', mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5], layout: 'NCHW' },
  output: { name: 'logits', activation: 'sigmoid' },
  labels: ['knife', 'cat'],
  calibration: { knife: { scale: 1.5, bias: -0.5 } },
  domain: 'storybook',
  categories: { weapons: ['knife'] },
  files: [
    { path: 'model.onnx', sha256: 'a'.repeat(64), size_bytes: 1 },
    { path: 'README.md', sha256: 'a'.repeat(64), size_bytes: 1 },
  ],
}

/** What every kind of classifier says. */
const { preprocess: _, ...BARE } = EYE

describe('a manifest', () => {
  it('of either kind is read into typed fields', async () => {
    const { manifest, digest } = await readPackManifest(TINY_SD)
    assert.equal(manifest.kind, 'text-to-image')
    assert.match(digest, /^[0-9a-f]{64}$/)
    if (manifest.kind !== 'text-to-image') return
    assert.deepEqual(manifest.sizes.supported, [
      { width: 16, height: 16 },
      { width: 24, height: 16 },
    ])
    const eye = parseManifest(EYE, 'pack.json')
    assert.equal(eye.kind === 'image-classifier' && eye.calibration.get('knife')?.scale, 1.5)
    assert.equal(eye.kind === 'image-classifier' && eye.classifier, 'multi-label')
    assert.deepEqual(Object.keys(PACKS).toSorted(), [...CLASSIFIER_KINDS, 'text'].toSorted())
    for (const said of Object.values(PACKS))
      assert.equal(parseManifest({ ...BARE, ...said }, 'pack.json').kind, said.kind)
  })

  const refused: [ModelErrorCode, string, Record<string, unknown>][] = [
    ['pack_unsupported', 'format', { format: 'darkroom-pack/2' }],
    ['pack_unsupported', 'kind', { kind: 'text-to-video' }],
    ['pack_corrupt', 'id', { id: '../storybook' }],
    ['pack_corrupt', 'licence', { licence: undefined }],
    ['pack_corrupt', 'licence', { licence: ' ' }],
    ['pack_corrupt', 'card', { card: 'CARD.md' }],
    ['pack_corrupt', 'threshold', { threshold: 0.5 }],
    ['pack_corrupt', 'preprocess.crop', { preprocess: { ...EYE.preprocess, crop: 'center' } }],
    ['pack_corrupt', 'calibration.knife.shift', { calibration: { knife: { scale: 1, bias: 0, shift: 1 } } }],
    ['pack_unsupported', 'classifier', { classifier: 'clip' }],
    ['pack_corrupt', 'card', { card: '/etc/passwd.md' }],
    ['pack_corrupt', 'model', { model: '../model.onnx' }],
    ['pack_corrupt', 'preprocess.std', { preprocess: { ...EYE.preprocess, std: [1, 0, 1] } }],
    ['pack_corrupt', 'preprocess.mean', { preprocess: { ...EYE.preprocess, mean: [1, 1] } }],
    ['pack_corrupt', 'preprocess.resize', { preprocess: { ...EYE.preprocess, resize: 'area' } }],
    ['pack_unsupported', 'output.activation', { output: { name: 'logits', activation: 'softmax' } }],
    ['pack_corrupt', 'labels', { labels: ['knife', 'knife'] }],
    ['pack_corrupt', 'calibration.sword', { calibration: { sword: { scale: 1, bias: 0 } } }],
    ['pack_corrupt', 'calibration.knife.scale', { calibration: { knife: { scale: -1, bias: 0 } } }],
    ['pack_corrupt', 'categories.animals', { categories: { animals: ['cat'] } }],
    ['pack_corrupt', 'categories.none', { categories: { none: [] } }],
    ['pack_corrupt', 'files', { files: 'all' }],
    ['pack_corrupt', 'files[0].sha256', { files: [{ path: 'a.json', sha256: 'A'.repeat(64), size_bytes: 1 }] }],
    ['pack_corrupt', 'files[0].size_bytes', { files: [{ path: 'a.json', sha256: 'a'.repeat(64), size_bytes: -1 }] }],
    ['pack_corrupt', 'files[1].path', { files: [EYE.files[0], EYE.files[0]] }],
  ]
  for (const [code, field, change] of refused)
    it(`is refused for its ${field}: ${JSON.stringify(change)}`, () => {
      assert.throws(
        () => parseManifest({ ...EYE, ...change }, 'pack.json'),
        modelError(code, { field, file: /pack\.json/ }),
      )
    })

  const ofKind: [keyof typeof PACKS, ModelErrorCode, string, Record<string, unknown>][] = [
    ['vit', 'pack_unsupported', 'output.activation', { output: { name: 'logits', activation: 'sigmoid' } }],
    ['vit', 'pack_corrupt', 'labels', { labels: ['red'], calibration: {}, categories: {} }],
    ['vit', 'pack_corrupt', 'preprocess.resize', { preprocess: { ...PACKS.vit.preprocess, resize: undefined } }],
    ['vit', 'pack_corrupt', 'preprocess.layout', { preprocess: { ...PACKS.vit.preprocess, layout: 'NCHW' } }],
    [
      'timm',
      'pack_corrupt',
      'preprocess.input_size',
      { preprocess: { ...PACKS.timm.preprocess, input_size: [1, 24, 24] } },
    ],
    ['timm', 'pack_corrupt', 'preprocess.crop_mode', { preprocess: { ...PACKS.timm.preprocess, crop_mode: 'random' } }],
    ['timm', 'pack_corrupt', 'preprocess.crop_pct', { preprocess: { ...PACKS.timm.preprocess, crop_pct: 0 } }],
    [
      'timm',
      'pack_corrupt',
      'preprocess.interpolation',
      { preprocess: { ...PACKS.timm.preprocess, interpolation: 'lanczos' } },
    ],
    ['nudenet', 'pack_corrupt', 'preprocess.channels', { preprocess: { size: 320 } }],
    ['nudenet', 'pack_corrupt', 'preprocess.size', { preprocess: { size: 0, channels: 'RGB' } }],
    ['nudenet', 'pack_corrupt', 'output.activation', { output: { name: 'output0', activation: 'sigmoid' } }],
    ['nudenet', 'pack_corrupt', 'categories.sexual', { categories: { sexual: ['FACE_MALE'] } }],
    ['safety-checker', 'pack_corrupt', 'concepts', { concepts: '../concepts.safetensors' }],
    ['safety-checker', 'pack_corrupt', 'preprocess', { preprocess: { size: 224 } }],
    ['safety-checker', 'pack_corrupt', 'calibration.scale', { calibration: { bias: 0 } }],
    ['safety-checker', 'pack_corrupt', 'categories.sexual', { categories: { sexual: ['no-concept'] } }],
    ['text', 'pack_corrupt', 'max_tokens', { max_tokens: 2 }],
    ['text', 'pack_corrupt', 'tokenizer', { tokenizer: 7 }],
    ['text', 'pack_corrupt', 'output.activation', { output: { name: 'logits', activation: 'tanh' } }],
    ['text', 'pack_corrupt', 'output.activation', { output: { name: 'logits' } }],
  ]
  for (const [kind, code, field, change] of ofKind)
    it(`of ${kind} is refused for its ${field}: ${JSON.stringify(change)}`, () => {
      assert.throws(
        () => parseManifest({ ...BARE, ...PACKS[kind], ...change }, 'pack.json'),
        modelError(code, { field }),
      )
    })

  it('names only files inside the pack, of kinds that a pack holds', () => {
    for (const path of [
      '/a.onnx',
      '../a.onnx',
      'a/../../b.onnx',
      './a.json',
      'a//b.json',
      'a\\b.json',
      'c:a.json',
      'lib.so',
      'model.py',
      'a.onnx\0.json',
      '',
      'a.bin',
    ])
      assert.throws(
        () => parseManifest({ ...EYE, files: [{ path, sha256: 'a'.repeat(64), size_bytes: 1 }] }, 'pack.json'),
        modelError('pack_corrupt', { field: 'files[0].path' }),
        path,
      )
  })

  const SD = { sizes: { default: '16x16', supported: ['16x16'], factor: 2 } }
  const refusedModels: [ModelErrorCode, string, Record<string, unknown>][] = [
    ['pack_unsupported', 'family', { family: 'kandinsky' }],
    ['pack_unsupported', 'scheduler', { scheduler: 'VQDiffusionScheduler' }],
    ['pack_corrupt', 'sizes.default', { sizes: { ...SD.sizes, default: '32x32' } }],
    ['pack_corrupt', 'sizes.supported', { sizes: { ...SD.sizes, supported: ['16x15'] } }],
    ['pack_corrupt', 'sizes.supported', { sizes: { ...SD.sizes, supported: ['0x16'] } }],
    ['pack_corrupt', 'sizes.factor', { sizes: { ...SD.sizes, factor: 0 } }],
    ['pack_corrupt', 'quality.high', { quality: { low: { steps: 1 }, medium: { steps: 1 } } }],
    ['pack_corrupt', 'quality.low.steps', { quality: { low: { steps: 0 }, medium: { steps: 1 }, high: { steps: 1 } } }],
    ['pack_corrupt', 'guidance_scale', { guidance_scale: '5' }],
    ['pack_corrupt', 'prompt_tokens', { prompt_tokens: 2 }],
    ['pack_corrupt', 'classifiers', { classifiers: undefined }],
    ['pack_corrupt', 'threshold', { threshold: 0.5 }],
    ['pack_corrupt', 'sizes.step', { sizes: { ...SD.sizes, step: 8 } }],
    ['pack_corrupt', 'provenance.commit', { provenance: { hub: 'https://hub', repo: 'a/b', commit: 'main' } }],
    [
      'pack_corrupt',
      'acceptance.text_sha256',
      { acceptance: { licence: 'MIT', by: 'a', at: '2026-01-01', text: 'a', text_sha256: 'b' } },
    ],
  ]
  it('of a model is refused field by field', async () => {
    const tiny = JSON.parse(await readFile(join(TINY_SD, 'pack.json'), 'utf8'))
    for (const [code, field, change] of refusedModels)
      assert.throws(
        () => parseManifest({ ...tiny, ...change }, 'pack.json'),
        (error) => {
          // A missing child object is reported under its own name.
          assert.ok(error instanceof ModelError)
          assert.equal(error.code, code)
          assert.equal(error.field?.replace(/\.$/, ''), field)
          return true
        },
      )
  })
})

describe('the files of a pack', () => {
  it('that are whole are accepted', async () => {
    assert.equal((await verifyPack(TINY_SD)).manifest.id, 'tiny-sd')
  })

  it('are named with both digests when one byte changed, also at the same length', async () => {
    await using folder = await temporaryFolder()
    const dir = await writeTinyPack(folder.path)
    const file = join(dir, 'unet/model.onnx')
    const body = await readFile(file)
    body[1000] = (body[1000] ?? 0) ^ 1
    await writeFile(file, body)
    await assert.rejects(verifyPack(dir), (error) => {
      modelError('pack_corrupt', { file: /unet\/model\.onnx$/ })(error)
      assert.ok(error instanceof ModelError)
      assert.match(error.digest ?? '', /^[0-9a-f]{64}$/)
      assert.match(error.expectedDigest ?? '', /^[0-9a-f]{64}$/)
      assert.notEqual(error.digest, error.expectedDigest)
      return true
    })
  })

  it('may not be missing, short, folders or links', async () => {
    await using folder = await temporaryFolder()
    const dir = await writeTinyPack(folder.path)
    const file = join(dir, 'tokenizer/vocab.json')
    const body = await readFile(file)
    await unlink(file)
    await assert.rejects(verifyPack(dir), modelError('pack_missing', { file: /vocab\.json$/ }))
    await mkdir(file)
    await assert.rejects(verifyPack(dir), modelError('pack_corrupt', { file: /vocab\.json$/ }))
    await rm(file, { recursive: true })
    await symlink(join(TINY_SD, 'tokenizer/vocab.json'), file)
    await assert.rejects(verifyPack(dir), modelError('pack_corrupt', { file: /vocab\.json$/ }))
    await unlink(file)
    await writeFile(file, body.subarray(0, 10))
    await assert.rejects(verifyPack(dir), modelError('pack_corrupt', { file: /vocab\.json$/ }))
    await writeFile(file, body)
    await verifyPack(dir)
  })

  it('hold no weights that the manifest does not name', async () => {
    await using folder = await temporaryFolder()
    const dir = await writeTinyPack(folder.path)
    await writeFile(join(dir, 'unet/extra.onnx_data'), 'x')
    await assert.rejects(verifyPack(dir), modelError('pack_corrupt', { file: /extra\.onnx_data$/ }))
  })

  it('are opened through the manifest only', async () => {
    const pack = await readPackManifest(TINY_SD)
    assert.equal(packFile(pack, 'unet/model.onnx'), join(TINY_SD, 'unet/model.onnx'))
    assert.throws(() => packFile(pack, 'pack.json'), modelError('pack_corrupt', { field: 'files' }))
  })
})

describe('a folder of packs', () => {
  it('lists those that have a manifest, whose digest is that of its bytes', async () => {
    await using folder = await temporaryFolder()
    await writeTinyPack(folder.path, { id: 'b' })
    const a = await writeTinyPack(folder.path, { id: 'a' })
    await mkdir(join(folder.path, 'notes'))
    const [first, second, third] = await listPacks(folder.path)
    assert.deepEqual([first?.manifest.id, second?.manifest.id, third], ['a', 'b', undefined])
    await appendFile(join(a, 'pack.json'), '\n')
    assert.notEqual((await readPackManifest(a)).digest, first?.digest)
  })

  it('may not hold two packs of one id, or be missing, or a manifest that is not JSON', async () => {
    await using folder = await temporaryFolder()
    const dir = await writeTinyPack(folder.path, { id: 'a' })
    const other = await writeTinyPack(folder.path, { id: 'b' })
    await writeManifest(other, { id: 'a' })
    await assert.rejects(listPacks(folder.path), modelError('pack_corrupt', { field: 'id' }))
    await assert.rejects(listPacks(join(folder.path, 'nowhere')), modelError('pack_missing'))
    await assert.rejects(readPackManifest(folder.path), modelError('pack_missing', { file: /pack\.json$/ }))
    await writeFile(join(dir, 'pack.json'), '{"format": ')
    await assert.rejects(readPackManifest(dir), modelError('pack_corrupt', { file: /pack\.json$/ }))
  })
})
