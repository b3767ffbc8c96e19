// What is derived of a folder in diffusers' layout: families by their pipelines' classes, sizes, steps and guidance of the models that
// people deploy, from the fields of their published configurations; and that the tiny models of every family pass as they are.
import assert from 'node:assert/strict'
import { cp, mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, it } from 'node:test'
import { adoptFolder } from '../../models/runtime/adopt.ts'
import { familyOf, PIPELINES } from '../../models/runtime/adopt-family.ts'
import { ModelError } from '../../models/runtime/error.ts'
import { readFields } from '../../models/runtime/fields.ts'
import { parseManifest, SERVED_FAMILIES, type TextToImageManifest } from '../../models/runtime/manifest.ts'
import { readPackManifest } from '../../models/runtime/pack.ts'
import { surveyPacks } from '../../models/runtime/survey.ts'
import { TINY_SD, temporaryFolder } from '../models/tiny.ts'

type Folder = Record<string, unknown>
const CLIP = { max_position_embeddings: 77, vocab_size: 49_408 }
const VAE = { block_out_channels: [128, 256, 512, 512] }
const index = (name: string, scheduler: string, more: object = {}) => ({
  _class_name: name,
  scheduler: ['diffusers', scheduler],
  text_encoder: ['transformers', 'CLIPTextModel'],
  ...more,
})
const unet = (sample: number | null, more: object = {}) => ({
  sample_size: sample,
  block_out_channels: [320, 640, 1280, 1280],
  ...more,
})
const xl = (sample: number, more: object = {}) => unet(sample, { block_out_channels: [320, 640, 1280], ...more })
const model = (modelIndex: object, denoiser: Folder, more: Folder = {}): Folder => ({
  'model_index.json': modelIndex,
  'text_encoder/config.json': CLIP,
  'vae_decoder/config.json': VAE,
  ...denoiser,
  ...more,
})

async function derive(files: Folder, name = 'model'): Promise<TextToImageManifest> {
  await using folder = await temporaryFolder()
  const dir = join(folder.path, name)
  for (const [path, value] of Object.entries(files)) {
    await mkdir(dirname(join(dir, path)), { recursive: true })
    await writeFile(join(dir, path), typeof value === 'string' ? value : JSON.stringify(value))
  }
  const manifest = parseManifest(JSON.parse(await adoptFolder(dir)), 'pack.json')
  assert.ok(manifest.kind === 'text-to-image')
  return manifest
}

const refused = (file: string, field: string | undefined, words: RegExp) => (error: unknown) =>
  error instanceof ModelError &&
  error.file?.endsWith(file) === true &&
  error.field === field &&
  words.test(error.message)

type Known = {
  side: number
  sizes: number
  steps: number[]
  guidance: number
  tokens?: number
  t5?: number | null
  family: string
}
const KNOWN: readonly (readonly [string, Folder, Known])[] = [
  [
    'stable-diffusion-v1-5',
    model(index('OnnxStableDiffusionPipeline', 'PNDMScheduler'), { 'unet/config.json': unet(64) }),
    { family: 'sd', side: 512, sizes: 5, steps: [15, 25, 50], guidance: 7.5 },
  ],
  [
    'stable-diffusion-2-1',
    model(index('StableDiffusionPipeline', 'DDIMScheduler'), { 'unet/config.json': unet(96) }),
    { family: 'sd', side: 768, sizes: 5, steps: [15, 25, 50], guidance: 7.5 },
  ],
  [
    'lcm-dreamshaper-v7',
    model(index('LatentConsistencyModelPipeline', 'LCMScheduler'), {
      'unet/config.json': unet(96, { time_cond_proj_dim: 256 }),
    }),
    { family: 'sd', side: 768, sizes: 5, steps: [2, 4, 8], guidance: 8.5 },
  ],
  [
    'sd-turbo',
    model(index('StableDiffusionPipeline', 'EulerDiscreteScheduler'), { 'unet/config.json': unet(64) }),
    { family: 'sd', side: 512, sizes: 5, steps: [1, 4, 8], guidance: 0 },
  ],
  [
    'stable-diffusion-xl-base-1.0',
    model(index('ORTStableDiffusionXLPipeline', 'EulerDiscreteScheduler'), { 'unet/config.json': xl(128) }),
    { family: 'sdxl', side: 1024, sizes: 9, steps: [15, 30, 50], guidance: 5 },
  ],
  [
    'stable-diffusion-xl-refiner-1.0',
    model(
      index('StableDiffusionXLImg2ImgPipeline', 'EulerDiscreteScheduler', { text_encoder: [null, null] }),
      { 'unet/config.json': xl(128) },
      { 'text_encoder_2/config.json': CLIP },
    ),
    { family: 'sdxl-refiner', side: 1024, sizes: 9, steps: [15, 30, 50], guidance: 5 },
  ],
  [
    'sdxl-turbo',
    model(index('StableDiffusionXLPipeline', 'EulerAncestralDiscreteScheduler'), { 'unet/config.json': xl(64) }),
    { family: 'sdxl', side: 512, sizes: 9, steps: [1, 4, 8], guidance: 0 },
  ],
  [
    'stable-diffusion-3.5-large',
    model(index('StableDiffusion3Pipeline', 'FlowMatchEulerDiscreteScheduler'), {
      'transformer/config.json': { sample_size: 128 },
    }),
    { family: 'sd3', side: 1024, sizes: 9, steps: [14, 28, 50], guidance: 7 },
  ],
  [
    'flux.1-dev',
    model(index('FluxPipeline', 'FlowMatchEulerDiscreteScheduler'), {
      'transformer/config.json': { guidance_embeds: true },
    }),
    { family: 'flux', side: 1024, sizes: 9, steps: [14, 28, 50], guidance: 3.5 },
  ],
  [
    'flux.1-s',
    model(index('FluxPipeline', 'FlowMatchEulerDiscreteScheduler'), {
      'transformer/config.json': { guidance_embeds: false },
    }),
    { family: 'flux', side: 1024, sizes: 9, steps: [1, 4, 8], guidance: 0, t5: 256 },
  ],
]

describe('a folder without a manifest', () => {
  for (const [name, files, known] of KNOWN)
    it(`that is ${name} is taken for what it is`, async () => {
      const { id, family, sizes, quality, guidanceScale, promptTokens, t5Tokens, classifiers } = await derive(
        files,
        name,
      )
      assert.deepEqual([id, family, guidanceScale], [name, known.family, known.guidance])
      assert.deepEqual(sizes.default, { width: known.side, height: known.side })
      assert.deepEqual([sizes.supported.length, sizes.factor], [known.sizes, 8])
      const unit = known.family === 'sd' ? 64 : 32
      if (known.side === 1024 || known.family === 'sd')
        assert.ok(sizes.supported.every(({ width, height }) => width % unit === 0 && height % unit === 0))
      assert.deepEqual(
        [quality.low, quality.medium, quality.high].map(({ steps }) => steps),
        known.steps,
      )
      assert.deepEqual([promptTokens, t5Tokens, classifiers], [77, known.t5 ?? null, []])
    })

  it("has its family's usual shapes, each both ways", async () => {
    const found = KNOWN.find(([name]) => name === 'stable-diffusion-xl-base-1.0')
    const { sizes } = await derive(found?.[1] ?? {})
    const named = sizes.supported.map(({ width, height }) => `${width}x${height}`)
    for (const size of [
      '1024x1024',
      '1152x896',
      '896x1152',
      '1216x832',
      '832x1216',
      '1344x768',
      '1536x640',
      '640x1536',
    ])
      assert.ok(named.includes(size), size)
  })

  it('has the shape that its denoiser was made for, where that is no square, and that alone', async () => {
    const { sizes } = await derive(
      model(index('StableDiffusionPipeline', 'DDIMScheduler'), { 'unet/config.json': { sample_size: [64, 96] } }),
    )
    assert.deepEqual(sizes.supported, [{ width: 768, height: 512 }])
    const wrong = model(index('StableDiffusionPipeline', 'DDIMScheduler'), {
      'unet/config.json': { sample_size: 'large' },
    })
    await assert.rejects(derive(wrong), refused('unet/config.json', 'sample_size', /expected a number/))
  })

  it('is refused where what it says cannot be: levels, lengths, the folder itself', async () => {
    const sd = KNOWN[0]?.[1] ?? {}
    for (const levels of [[], Array.from({ length: 8 }, () => 128)]) {
      const changed = (path: string) => derive({ ...sd, [path]: { block_out_channels: levels } })
      for (const path of ['vae_decoder/config.json', 'unet/config.json'])
        await assert.rejects(changed(path), refused(path, 'block_out_channels', /1 to 7/))
    }
    const negative = derive({ ...sd, 'tokenizer/tokenizer_config.json': { model_max_length: -1 } })
    await assert.rejects(negative, refused('tokenizer/tokenizer_config.json', 'model_max_length', /from 3/))
    await assert.rejects(adoptFolder('/nonexistent'), refused('/nonexistent', undefined, /no such folder/))
  })

  it('has as many prompt tokens as its text encoder has rows for, whatever its configuration says', async () => {
    await using folder = await temporaryFolder()
    const dir = join(folder.path, 'model')
    await cp(TINY_SD, dir, { recursive: true })
    await rm(join(dir, 'pack.json'))
    await writeFile(join(dir, 'text_encoder/config.json'), JSON.stringify({ ...CLIP, max_position_embeddings: 4096 }))
    assert.equal(JSON.parse(await adoptFolder(dir)).prompt_tokens, 20)
  })

  it('has the licence that its card states', async () => {
    const files = KNOWN[0]?.[1] ?? {}
    const licence = async (card: string) => (await derive({ ...files, 'README.md': card })).licence
    assert.equal(await licence('---\nlicense: openrail++\n---\n'), 'openrail++')
    assert.equal(
      await licence('---\nlicense: other\nlicense_name: stabilityai-ai-community\n---\n'),
      'stabilityai-ai-community',
    )
    assert.equal(await licence('license: mit, it said somewhere in the text'), 'not stated')
  })

  it('is another version when a file is another', async () => {
    const files = KNOWN[0]?.[1] ?? {}
    const [one, again, other] = [await derive(files), await derive(files), await derive({ ...files, 'notes.txt': 'x' })]
    assert.equal(one.version, again.version)
    assert.notEqual(one.version, other.version)
  })
})

describe('a pipeline', () => {
  it('of every class that is named belongs to a family that is served', () => {
    for (const name of PIPELINES) {
      const family = familyOf(readFields(index(name, 'DDIMScheduler'), 'model_index.json'))
      assert.ok(SERVED_FAMILIES.includes(family), name)
    }
    assert.ok(PIPELINES.length > 20)
  })

  it('of another class is refused with those that are known', () => {
    for (const name of ['StableDiffusionControlNetPipeline', 'StableVideoDiffusionPipeline', 'StableDiffusion', ''])
      assert.throws(
        () => familyOf(readFields(index(name, 'DDIMScheduler'), 'model_index.json')),
        (error) => error instanceof ModelError && error.field === '_class_name' && /FluxPipeline/.test(error.message),
      )
  })
})

describe('the tiny models of every family', () => {
  it('pass without their manifests, with what the manifests say of family, scheduler, factor and tokens', async () => {
    await using folder = await temporaryFolder()
    const families = ['sd', 'sdxl', 'sd3', 'flux']
    for (const family of families) {
      await cp(join(dirname(TINY_SD), `tiny-${family}`), join(folder.path, family), { recursive: true })
      await rm(join(folder.path, family, 'pack.json'))
    }
    const { packs, refused } = await surveyPacks(folder.path)
    assert.deepEqual(refused, [])
    for (const { manifest, adopted } of packs) {
      const made = (await readPackManifest(join(dirname(TINY_SD), `tiny-${manifest.id}`))).manifest
      assert.ok(manifest.kind === 'text-to-image' && made.kind === 'text-to-image' && adopted)
      const told = ({ family, scheduler, sizes, promptTokens }: TextToImageManifest) => [
        family,
        scheduler,
        sizes.factor,
        promptTokens,
      ]
      assert.deepEqual(told(manifest), told(made))
    }
    assert.equal(packs.length, families.length)
  })
})
