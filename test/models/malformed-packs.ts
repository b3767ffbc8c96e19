// Packs that are wrong in one way each, made from the tiny model: what is changed, and how the refusal names it.
import { mkdir, readFile, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ModelErrorCode } from '../../models/runtime/error.ts'
import { GRAPHS, type Malformed } from './malformed-graphs.ts'
import { PARTS } from './malformed-parts.ts'
import { TINY_SD } from './tiny.ts'

const INDEX = JSON.parse(await readFile(join(TINY_SD, 'model_index.json'), 'utf8'))
const UNET = await readFile(join(TINY_SD, 'unet/model.onnx'))
const PACK = 'pack.json'
const GRAPH = 'unet/model.onnx'
const file = { path: 'a.json', sha256: 'a'.repeat(64), size_bytes: 1 }

const manifest = (
  what: string,
  field: string,
  changes: Record<string, unknown>,
  code: ModelErrorCode = 'pack_corrupt',
) => ({ what, code, file: PACK, field, changes: { manifest: changes } }) satisfies Malformed

const MANIFESTS: readonly Malformed[] = [
  manifest('a format of the future', 'format', { format: 'darkroom-pack/2' }, 'pack_unsupported'),
  manifest('a kind that nobody knows', 'kind', { kind: 'text-to-video' }, 'pack_unsupported'),
  manifest('a family that nobody knows', 'family', { family: 'kandinsky' }, 'pack_unsupported'),
  manifest('a scheduler that nobody knows', 'scheduler', { scheduler: 'MagicScheduler' }, 'pack_unsupported'),
  manifest('an id that climbs out', 'id', { id: '../good' }),
  manifest('a file that climbs out', 'files[0].path', { files: [{ ...file, path: '../good/pack.json' }] }),
  manifest('a file by an absolute path', 'files[0].path', { files: [{ ...file, path: '/etc/host.json' }] }),
  manifest('a library among its files', 'files[0].path', { files: [{ ...file, path: 'lib.so' }] }),
  manifest('a file twice', 'files[1].path', { files: [file, file] }),
  manifest('a digest that is none', 'files[0].sha256', { files: [{ ...file, sha256: 'abc' }] }),
  manifest('a file of less than nothing', 'files[0].size_bytes', { files: [{ ...file, size_bytes: -1 }] }),
  manifest('a default size that it does not support', 'sizes.default', {
    sizes: { default: '32x32', supported: ['16x16'], factor: 2 },
  }),
  manifest('guidance in words', 'guidance_scale', { guidance_scale: 'much' }),
  manifest('a field that nobody reads', 'custom_op_library', { custom_op_library: 'ops.json' }),
  manifest('more prompt tokens than its encoder has places', 'max_position_embeddings', { prompt_tokens: 21 }),
].map((one) => (one.field === 'max_position_embeddings' ? { ...one, file: 'text_encoder/config.json' } : one))

const spoilt = (what: string, path: string, spoil: Malformed['spoil'], more: Partial<Malformed> = {}): Malformed => ({
  what,
  code: 'pack_corrupt',
  file: path,
  ...(spoil === undefined ? {} : { spoil }),
  ...more,
})
const larger = (path: string, bytes: number) =>
  spoilt(`${path} of ${bytes} bytes`, path, (dir) => truncate(join(dir, path), bytes), { field: 'size_bytes' })

const FILES: readonly Malformed[] = [
  spoilt('a manifest that is not JSON', PACK, (dir) => writeFile(join(dir, PACK), '{"format": ')),
  spoilt('a manifest that is a list', PACK, (dir) => writeFile(join(dir, PACK), '[]')),
  spoilt('a manifest of 5 MiB', PACK, (dir) => truncate(join(dir, PACK), 5 * 2 ** 20)),
  spoilt('a manifest that is a link', PACK, async (dir) => {
    await rm(join(dir, PACK))
    await symlink(join(TINY_SD, PACK), join(dir, PACK))
  }),
  spoilt('a file that is missing', 'tokenizer/vocab.json', (dir) => rm(join(dir, 'tokenizer/vocab.json')), {
    code: 'pack_missing',
  }),
  spoilt('a file that is a link', 'tokenizer/vocab.json', async (dir) => {
    await rm(join(dir, 'tokenizer/vocab.json'))
    await symlink(join(TINY_SD, 'tokenizer/vocab.json'), join(dir, 'tokenizer/vocab.json'))
  }),
  spoilt('a folder that is a link', 'tokenizer', async (dir) => {
    await rm(join(dir, 'tokenizer'), { recursive: true })
    await symlink(join(TINY_SD, 'tokenizer'), join(dir, 'tokenizer'))
  }),
  spoilt('a folder in the place of a file', GRAPH, async (dir) => {
    await rm(join(dir, GRAPH))
    await mkdir(join(dir, GRAPH))
  }),
  spoilt(
    'a flipped bit',
    GRAPH,
    async (dir) => {
      const bytes = Buffer.from(UNET)
      bytes[bytes.length - 5000] = (bytes.at(-5000) ?? 0) ^ 1
      await writeFile(join(dir, GRAPH), bytes)
    },
    { late: true },
  ),
  spoilt(
    'weights that its manifest does not name',
    'unet/more.onnx_data',
    (dir) => writeFile(join(dir, 'unet/more.onnx_data'), 'x'),
    { late: true },
  ),
  spoilt(
    'JSON nested deeper than anybody writes',
    'unet/config.json',
    (dir) => writeFile(join(dir, 'unet/config.json'), `${'['.repeat(100)}${']'.repeat(100)}`),
    { field: 'depth' },
  ),
  larger('unet/config.json', 64 * 2 ** 20 + 1),
  larger('tokenizer/merges.txt', 32 * 2 ** 20 + 1),
  larger('README.md', 4 * 2 ** 20 + 1),
  larger(GRAPH, 2 ** 31),
]

const bare = (
  what: string,
  path: string,
  spoil: (dir: string) => Promise<unknown>,
  of: Partial<Malformed> = {},
): Malformed => ({
  what: `unpacked: ${what}`,
  code: 'pack_unsupported',
  file: path,
  ...of,
  spoil: async (dir) => {
    await rm(join(dir, PACK))
    await spoil(dir)
  },
})
const index = (changes: object) => (dir: string) =>
  writeFile(join(dir, 'model_index.json'), JSON.stringify({ ...INDEX, ...changes }))

const FOLDERS: readonly Malformed[] = [
  bare('a pipeline that nobody knows', 'model_index.json', index({ _class_name: 'StableVideoDiffusionPipeline' }), {
    field: '_class_name',
  }),
  bare('a scheduler that nobody knows', PACK, index({ scheduler: ['diffusers', 'MagicScheduler'] }), {
    field: 'scheduler',
  }),
  bare(
    'a LoRA',
    'pytorch_lora_weights.safetensors',
    (dir) => writeFile(join(dir, 'pytorch_lora_weights.safetensors'), ''),
    { field: 'lora' },
  ),
  bare('a link', 'unet/again.onnx', (dir) => symlink(join(TINY_SD, GRAPH), join(dir, 'unet/again.onnx')), {
    code: 'pack_corrupt',
  }),
  bare(
    'no merges',
    'tokenizer/merges.txt',
    async (dir) => {
      for (const name of ['tokenizer.json', 'merges.txt']) await rm(join(dir, 'tokenizer', name))
    },
    { code: 'pack_missing', field: 'files' },
  ),
  bare('no denoiser', GRAPH, (dir) => rm(join(dir, GRAPH)), { code: 'pack_missing', field: 'files' }),
  bare('no index', 'model_index.json', (dir) => rm(join(dir, 'model_index.json')), { code: 'pack_missing' }),
  bare('an index that is not JSON', 'model_index.json', (dir) => writeFile(join(dir, 'model_index.json'), '{'), {
    code: 'pack_corrupt',
  }),
  {
    what: 'a pack that is a link',
    code: 'pack_corrupt',
    file: '',
    spoil: async (dir) => {
      await rename(dir, `${dir}.elsewhere`)
      await rm(`${dir}.elsewhere`, { recursive: true })
      await symlink(TINY_SD, dir)
    },
  },
  {
    what: 'the id of another pack',
    code: 'pack_corrupt',
    file: '',
    field: 'id',
    changes: { manifest: { id: 'good' } },
  },
]

export const MALFORMED: readonly Malformed[] = [...MANIFESTS, ...FILES, ...PARTS, ...GRAPHS, ...FOLDERS]
