// Packs of which one part is wrong: absent, in another's place, or with a configuration that is none or says what its graph denies.
import { cp, readFile, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { ModelErrorCode } from '../../models/runtime/error.ts'
import type { Malformed } from './malformed-graphs.ts'
import { TINY_SD, writeManifest } from './tiny.ts'

const json = async (path: string) => JSON.parse(await readFile(join(TINY_SD, path), 'utf8'))
const [INDEX, SCHEDULER, TOKENIZER, VOCAB, CONFIG, VAE, DENOISER, TEXT] = await Promise.all([
  json('model_index.json'),
  json('scheduler/scheduler_config.json'),
  json('tokenizer/tokenizer.json'),
  json('tokenizer/vocab.json'),
  json('tokenizer/tokenizer_config.json'),
  json('vae_decoder/config.json'),
  json('unet/config.json'),
  json('text_encoder/config.json'),
])
const GRAPH = 'unet/model.onnx'

const parts = (what: string, path: string, value: unknown, of: Partial<Malformed>): Malformed => ({
  what,
  code: 'pack_corrupt',
  file: path,
  changes: { json: { [path]: value } },
  ...of,
})
const without = (path: string, code: ModelErrorCode = 'pack_missing'): Malformed => ({
  what: `no ${path}`,
  code,
  file: path,
  field: 'files',
  changes: { remove: [path] },
})

/** Two graphs, each in the other's place. */
const swapped = (what: string, [one, other]: readonly [string, string], field: string): Malformed => ({
  what: `${what} in each other's places`,
  code: 'pack_unsupported',
  file: field === 'sample' ? GRAPH : 'vae_decoder/model.onnx',
  field,
  spoil: async (dir) => {
    await cp(join(TINY_SD, one, 'model.onnx'), join(dir, other, 'model.onnx'))
    await cp(join(TINY_SD, other, 'model.onnx'), join(dir, one, 'model.onnx'))
    await writeManifest(dir, { id: basename(dir) })
  },
})

export const PARTS: readonly Malformed[] = [
  ...['unet', 'text_encoder', 'vae_decoder'].map((part) => without(`${part}/model.onnx`)),
  without('scheduler/scheduler_config.json'),
  {
    ...without('tokenizer/tokenizer.json'),
    what: 'no vocabulary of any kind',
    changes: { remove: ['tokenizer/tokenizer.json', 'tokenizer/vocab.json'] },
  },
  parts(
    'a pipeline that nobody knows',
    'model_index.json',
    { ...INDEX, _class_name: 'KandinskyPipeline' },
    { code: 'pack_unsupported', field: '_class_name' },
  ),
  parts(
    'a pipeline of another family than its manifest',
    'model_index.json',
    { ...INDEX, _class_name: 'FluxPipeline' },
    { code: 'pack_unsupported', field: '_class_name' },
  ),
  parts('an index that is a number', 'model_index.json', 7, {}),
  parts(
    'an adapter',
    'model_index.json',
    { ...INDEX, lora: ['peft', 'LoraModel'] },
    { code: 'pack_unsupported', field: 'lora' },
  ),
  parts(
    'a field of the scheduler that nobody knows',
    'scheduler/scheduler_config.json',
    { ...SCHEDULER, warp: 9 },
    { code: 'pack_unsupported', field: 'warp' },
  ),
  parts(
    'a field of the scheduler of a wrong type',
    'scheduler/scheduler_config.json',
    { ...SCHEDULER, beta_start: 'low' },
    { field: 'beta_start' },
  ),
  parts('a vocabulary larger than its encoder', 'tokenizer/vocab.json', { ...VOCAB, zebra: 526 }, { field: 'vocab' }),
  parts(
    'a tokenizer larger than its encoder',
    'tokenizer/tokenizer.json',
    { ...TOKENIZER, model: { ...TOKENIZER.model, vocab: { ...VOCAB, zebra: 526 } } },
    { field: 'vocab' },
  ),
  parts(
    'an added token beyond its encoder',
    'tokenizer/tokenizer_config.json',
    { ...CONFIG, added_tokens_decoder: { 526: { content: 'zebra' } } },
    { field: 'vocab' },
  ),
  parts(
    'latents that no pipeline of its family knows',
    'vae_decoder/config.json',
    { ...VAE, latents_mean: [0, 0, 0, 0] },
    { code: 'pack_unsupported', field: 'latents_mean' },
  ),
  parts(
    'channels that its graph has not',
    'unet/config.json',
    { ...DENOISER, in_channels: 8 },
    { code: 'pack_unsupported', field: 'in_channels' },
  ),
  parts(
    'channels of a UNet that takes a mask, for one that does not',
    'unet/config.json',
    { ...DENOISER, in_channels: 9 },
    { code: 'pack_unsupported', field: 'in_channels' },
  ),
  parts(
    'latents scaled by nothing',
    'vae_decoder/config.json',
    { ...VAE, scaling_factor: 0 },
    { field: 'scaling_factor' },
  ),
  parts(
    'latents scaled in words',
    'vae_decoder/config.json',
    { ...VAE, scaling_factor: 'x' },
    { field: 'scaling_factor' },
  ),
  {
    what: 'merges that are no pairs, and no tokenizer.json',
    code: 'pack_corrupt',
    file: 'tokenizer/merges.txt',
    field: 'merges[0]',
    changes: { remove: ['tokenizer/tokenizer.json'] },
    spoil: async (dir) => {
      await writeFile(join(dir, 'tokenizer/merges.txt'), 'one\n')
      await writeManifest(dir, { id: basename(dir) })
    },
  },
  {
    ...without('tokenizer/merges.txt'),
    what: 'no merges, and no tokenizer.json',
    changes: { remove: ['tokenizer/tokenizer.json', 'tokenizer/merges.txt'] },
  },
  swapped('the denoiser and the text encoder', ['unet', 'text_encoder'], 'sample'),
  swapped('the halves of the autoencoder', ['vae_encoder', 'vae_decoder'], 'latent_sample'),
  {
    what: 'more prompt tokens than its graph has places, whatever its configuration says',
    code: 'pack_corrupt',
    file: 'text_encoder/model.onnx',
    field: 'position_embedding.weight',
    changes: {
      manifest: { prompt_tokens: 40 },
      json: { 'text_encoder/config.json': { ...TEXT, max_position_embeddings: 77 } },
    },
  },
]
