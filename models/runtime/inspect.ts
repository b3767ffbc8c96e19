// Looks through a pack's files for what must not be loaded or could not run, without opening a session and without its digests: so
// that whoever lists models refuses what the device would. Digests: `verifyPack`. Refusals name file and field and say what to do.
import { lstat } from 'node:fs/promises'
import { extname, join, posix } from 'node:path'
import { openClipTokenizer } from '../prompts/clip-tokenizer.ts'
import { openT5Tokenizer } from '../prompts/t5-tokenizer.ts'
import { readScheduler } from '../schedulers/scheduler.ts'
import { familyOf, GRAPHS, isPart, tokenizerOf } from './adopt-family.ts'
import { ModelError } from './error.ts'
import { type Fields, readFields } from './fields.ts'
import { type ExternalTensor, type Graph, walkGraph } from './graph-file.ts'
import { SERVED_FAMILIES, type TextToImageManifest } from './manifest.ts'
import { type Pack, packFileIf, readPackJson } from './pack.ts'
import { expectSize, readJsonFile, refuseLinks } from './pack-files.ts'
import { latentsOf, readLatents } from './pack-latents.ts'
import { denoiserOf, encodersOf, expectInputs, isT5, partsOf } from './pack-parts.ts'

/** By path. */
type Graphs = Map<string, Graph>

/** ModelError: pack_missing, pack_corrupt, pack_unsupported. */
export async function inspectPack(pack: Pack): Promise<void> {
  const { dir, manifest } = pack
  const sizes = new Map<string, number>()
  const graphs: Graphs = new Map()
  for (const { path } of manifest.files) {
    await refuseLinks(dir, path)
    const found = await lstat(join(dir, path))
    if (!found.isFile())
      throw new ModelError('pack_corrupt', `${join(dir, path)}: not a file`, { file: join(dir, path) })
    expectSize(join(dir, path), found.size)
    sizes.set(path, found.size)
  }
  for (const path of sizes.keys()) {
    if (extname(path) === '.json') await readJsonFile(join(dir, path))
    if (extname(path) !== '.onnx') continue
    const graph = walkGraph(join(dir, path))
    for (const tensor of graph.externals) expectData(join(dir, path), posix.dirname(path), tensor, sizes)
    graphs.set(path, graph)
  }
  if (manifest.kind === 'text-to-image') await inspectModel(pack, manifest, graphs)
}

/** External data lies in a file of the pack, whole. */
function expectData(file: string, folder: string, tensor: ExternalTensor, sizes: ReadonlyMap<string, number>): void {
  const bad = (key: string, expected: string) => {
    const field = `external_data[${tensor.name}].${key}`
    return new ModelError('pack_corrupt', `${file}: ${field}: expected ${expected}`, { file, field })
  }
  const { location, bytes } = tensor
  if (
    location === null ||
    !/^[\w.+-]+(\/[\w.+-]+)*$/.test(location) ||
    location.split('/').some((part) => /^\.+$/.test(part))
  )
    throw bad('location', 'the name of a file beside the graph')
  if (!location.endsWith('.onnx_data'))
    throw bad('location', `a .onnx_data file, not ${location}: save the graph with its weights under such a name`)
  const path = folder === '.' ? location : `${folder}/${location}`
  const size = sizes.get(path)
  if (size === undefined) throw bad('location', `${location}, which is not in the pack: fetch it`)
  const offset = wholeOf(tensor.offset ?? '0')
  if (offset === null || offset > size) throw bad('offset', `a byte of ${location}, which has ${size}`)
  const length = tensor.length === null ? (bytes ?? 0) : wholeOf(tensor.length)
  if (length === null || (bytes !== null && length !== bytes))
    throw bad('length', `${bytes} bytes, as its dimensions say`)
  if (offset + length > size)
    throw bad(
      'length',
      `${length} bytes from ${offset} in ${location}, which has ${size}: it was cut short, fetch it again`,
    )
}

function wholeOf(text: string): number | null {
  return /^\d{1,15}$/.test(text) ? Number(text) : null
}

async function inspectModel(pack: Pack, manifest: TextToImageManifest, graphs: Graphs): Promise<void> {
  const { family, scheduler } = manifest
  const refuse = (path: string, field: string, why: string) =>
    new ModelError('pack_unsupported', `${join(pack.dir, path)}: ${field}: ${why}`, {
      file: join(pack.dir, path),
      field,
    })
  const index = await configOf(pack, 'model_index.json')
  if (index !== null && familyOf(index) !== family)
    throw refuse('model_index.json', '_class_name', `${familyOf(index)}, where pack.json says ${family}`)
  for (const field of ['lora', 'lora_weights', 'adapter'])
    if (index?.has(field))
      throw refuse('model_index.json', field, 'adapters are not loaded; merge them into the weights')
  if (!SERVED_FAMILIES.includes(family))
    throw refuse('pack.json', 'family', `${family} is not served yet; ${SERVED_FAMILIES.join(', ')} is`)
  for (const folder of GRAPHS[family]) expectFile(pack, `${folder}/model.onnx`)
  const schedule = 'scheduler/scheduler_config.json'
  expectFile(pack, schedule)
  // Read for what it refuses.
  readScheduler(await readPackJson(pack, schedule), scheduler, join(pack.dir, schedule))
  for (const encoder of encodersOf(family)) {
    const graph = graphs.get(`${encoder}/model.onnx`)
    if (graph === undefined || (index?.has(encoder) && !isPart(index, encoder))) continue
    await fitTokenizer(pack, manifest, encoder)
    if (!isT5(family, encoder)) fitPositions(pack, manifest, encoder, graph)
  }
  await fitGraphs(pack, manifest, graphs)
}

/** Each graph takes what its part is fed with, and the latents of one are those of the next. */
async function fitGraphs(pack: Pack, { family }: TextToImageManifest, graphs: Graphs): Promise<void> {
  for (const part of partsOf(family)) {
    const graph = graphs.get(`${part}/model.onnx`)
    if (graph !== undefined) expectInputs(family, part, graph.inputs)
  }
  const taken = graphs.get(`${denoiserOf(family)}/model.onnx`)?.inputs.get(latentsOf(family)) ?? []
  const decoded = graphs.get('vae_decoder/model.onnx')?.inputs.get('latent_sample') ?? []
  await readLatents(pack, family, taken, decoded)
}

/** What a configuration says of positions may be another model's: the graph has a row for each. */
function fitPositions(pack: Pack, { promptTokens }: TextToImageManifest, encoder: string, { positions }: Graph): void {
  if (positions === null || promptTokens <= positions) return
  const file = join(pack.dir, `${encoder}/model.onnx`)
  throw new ModelError(
    'pack_corrupt',
    `${file}: position_embedding.weight: ${positions} rows, where prompt_tokens of pack.json is ${promptTokens}: say ${positions} there`,
    { file, field: 'position_embedding.weight' },
  )
}

function expectFile(pack: Pack, path: string): void {
  if (packFileIf(pack, path) !== null) return
  const file = join(pack.dir, path)
  const remedy = pack.adopted ? 'fetch the file' : 'fetch the file and write pack.json anew'
  throw new ModelError('pack_missing', `${file}: missing; export the pipeline whole, or ${remedy}`, {
    file,
    field: 'files',
  })
}

const MOST_T5_TOKENS = 512

/** Every id that the tokenizer can give has a row in the encoder's embedding. */
async function fitTokenizer(pack: Pack, manifest: TextToImageManifest, encoder: string): Promise<void> {
  const { family, promptTokens, t5Tokens } = manifest
  const part = tokenizerOf(encoder)
  const config = await configOf(pack, `${encoder}/config.json`)
  const sources = await Promise.all(
    ['tokenizer.json', 'vocab.json', 'added_tokens.json', 'tokenizer_config.json'].map((name) =>
      configOf(pack, `${part}/${name}`),
    ),
  )
  const positions = config?.integerIf('max_position_embeddings', 1, 1_000_000)
  if (config !== null && positions !== undefined && encoder === 'text_encoder' && promptTokens > positions)
    throw config.bad('max_position_embeddings', `${promptTokens} at least, the prompt_tokens of pack.json`)
  const [tokenizer, vocab] = sources
  if (tokenizer === null && vocab === null && packFileIf(pack, `${part}/spiece.model`) === null)
    expectFile(pack, `${part}/tokenizer.json`)
  if (tokenizer === null && !isT5(family, encoder)) {
    expectFile(pack, `${part}/vocab.json`)
    expectFile(pack, `${part}/merges.txt`)
  }
  const rows = config?.integerIf('vocab_size', 1, 10_000_000) ?? Infinity
  for (const source of sources) {
    const largest = source === null ? -1 : largestId(source)
    if (source !== null && largest >= rows)
      throw new ModelError(
        'pack_corrupt',
        `${source.file}: vocab: token ${largest}, where ${encoder} has ${rows} (vocab_size): take the tokenizer that the model was trained with`,
        { file: source.file, field: 'vocab' },
      )
  }
  // Opened for what it refuses.
  if (isT5(family, encoder)) await openT5Tokenizer(pack, part, t5Tokens ?? MOST_T5_TOKENS)
  else await openClipTokenizer(pack, part, promptTokens)
}

/** Of a tokenizer.json, of a vocabulary by token, or of the added tokens of a configuration by id. */
function largestId(source: Fields): number {
  if (source.has('model') || source.has('added_tokens')) {
    const vocab = source.has('model') ? readVocab(source.child('model')) : -1
    const added = source.listIf('added_tokens') ?? []
    return added.reduce<number>(
      (most, token, i) =>
        Math.max(most, readFields(token, source.file, `added_tokens[${i}].`).integer('id', 0, 2 ** 31)),
      vocab,
    )
  }
  if (source.file.endsWith('tokenizer_config.json')) {
    const added = source.has('added_tokens_decoder') ? source.child('added_tokens_decoder').names() : []
    return added.reduce((most, id) => Math.max(most, Number(id)), -1)
  }
  return byToken(source)
}

function readVocab(model: Fields): number {
  const list = model.has('vocab') ? listOf(model) : null
  return list === null ? byToken(model.child('vocab')) : list.length - 1
}

/** Unigram's vocabulary is a list of pieces with scores. */
function listOf(model: Fields): readonly unknown[] | null {
  try {
    return model.listIf('vocab') ?? null
  } catch {
    return null
  }
}

function byToken(vocab: Fields): number {
  return vocab.names().reduce((most, token) => Math.max(most, vocab.integer(token, 0, 2 ** 31)), -1)
}

async function configOf(pack: Pack, path: string): Promise<Fields | null> {
  return packFileIf(pack, path) === null ? null : readFields(await readPackJson(pack, path), join(pack.dir, path))
}
