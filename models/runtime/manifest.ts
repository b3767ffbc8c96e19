// The fields of pack.json, format darkroom-pack/1, parsed once; after this the types are trusted.
// Three kinds of pack: text-to-image models, the classifiers that judge their pictures, and those that judge text.
import {
  type ImageClassifier,
  readImageClassifier,
  readTextClassifier,
  type TextClassifier,
} from '../classifiers/manifest.ts'
import { SCHEDULER_NAMES, type SchedulerName } from '../schedulers/scheduler.ts'
import { ModelError } from './error.ts'
import { type Fields, readFields } from './fields.ts'

export type Size = { width: number; height: number }
export type PackFile = { path: string; sha256: string; sizeBytes: number }
export type Quality = 'low' | 'medium' | 'high'

export const FAMILIES = ['sd', 'sdxl', 'sdxl-refiner', 'sd3', 'flux'] as const
export type Family = (typeof FAMILIES)[number]
/** Those that models/families opens; a pack of another is refused by its family's name. */
export const SERVED_FAMILIES: readonly Family[] = ['sd', 'sdxl', 'sdxl-refiner', 'sd3', 'flux']

/** Where a pack came from, pinned. */
export type Provenance = { hub: string; repo: string; commit: string }
/** Who accepted the licence, when, and which text: the SHA-256 of the file that states it. */
export type Acceptance = { licence: string; by: string; at: string; text: string; textSha256: string }
/** Made from another pack here: its id and digest, and what was changed, a sentence each. */
export type Prepared = { from: string; digest: string; changes: readonly string[] }

type PackCommon = {
  id: string
  version: string
  licence: string
  /** Path of the model card. */
  card: string
  files: readonly PackFile[]
}

export type TextToImageManifest = PackCommon & {
  kind: 'text-to-image'
  family: Family
  /** Pixels; `factor` of them to one latent, both ways. */
  sizes: { default: Size; supported: readonly Size[]; factor: number }
  quality: Readonly<Record<Quality, { steps: number }>>
  guidanceScale: number
  scheduler: SchedulerName
  /** The length of the text encoder's input, start and end tokens included. */
  promptTokens: number
  /** The length of T5's input, for the families that have it; null: the family's own. */
  t5Tokens: number | null
  /** The ids of the packs that are calibrated for this model's pictures. */
  classifiers: readonly string[]
  /** Null: the folder does not say. */
  provenance: Provenance | null
  acceptance: Acceptance | null
  prepared: Prepared | null
}

export type ImageClassifierManifest = PackCommon & ImageClassifier
export type TextClassifierManifest = PackCommon & TextClassifier

export type PackManifest = TextToImageManifest | ImageClassifierManifest | TextClassifierManifest

const EXTENSIONS = /\.(onnx|onnx_data|safetensors|json|txt|model|md)$/
const SIDE = 8192

/** Parses a manifest. ModelError pack_corrupt or pack_unsupported, naming the field. */
export function parseManifest(source: unknown, file: string): PackManifest {
  const fields = readFields(source, file)
  const format = fields.text('format')
  if (format !== 'darkroom-pack/1') throw unsupported(fields, 'format', format)
  const kind = fields.text('kind')
  const id = fields.text('id')
  if (!/^[a-z0-9][a-z0-9._-]{0,63}$/.test(id)) throw fields.bad('id', 'lower-case letters, digits, . _ -')
  const files = readFiles(fields)
  const common: PackCommon = {
    id,
    version: fields.text('version'),
    licence: fields.text('licence'),
    card: inPack(fields, 'card', fields.text('card')),
    files,
  }
  if (common.licence.trim() === '') throw fields.bad('licence', 'the name of a licence')
  // A classifier decides about people's pictures: what it is good for is pinned with it.
  if (kind !== 'text-to-image' && !files.some(({ path }) => path === common.card))
    throw fields.bad('card', 'a model card among the files')
  if (kind === 'text-to-image') return { ...common, ...readTextToImage(fields) }
  if (kind === 'image-classifier') return { ...common, ...readImageClassifier(fields, inPack) }
  if (kind === 'text-classifier') return { ...common, ...readTextClassifier(fields, inPack) }
  throw unsupported(fields, 'kind', kind)
}

function readTextToImage(fields: Fields): Omit<TextToImageManifest, keyof PackCommon> {
  const named = fields.text('family')
  const family = FAMILIES.find((one) => one === named)
  if (family === undefined) throw unsupported(fields, 'family', named)
  const scheduler = fields.text('scheduler')
  const known = SCHEDULER_NAMES.find((name) => name === scheduler)
  if (known === undefined) throw unsupported(fields, 'scheduler', scheduler)
  const sizes = fields.child('sizes')
  const factor = sizes.integer('factor', 1, 64)
  const supported = sizes.texts('supported').map((text) => readSize(sizes, 'supported', text, factor))
  const preset = readSize(sizes, 'default', sizes.text('default'), factor)
  if (!supported.some(({ width, height }) => width === preset.width && height === preset.height))
    throw sizes.bad('default', 'one of the supported sizes')
  const quality = fields.child('quality')
  const steps = (name: Quality) => ({ steps: quality.child(name).integer('steps', 1, 1000) })
  const read = {
    kind: 'text-to-image',
    family,
    sizes: { default: preset, supported, factor },
    quality: { low: steps('low'), medium: steps('medium'), high: steps('high') },
    guidanceScale: fields.number('guidance_scale', 0, 100),
    scheduler: known,
    promptTokens: fields.integer('prompt_tokens', 3, 4096),
    t5Tokens: fields.integerIf('t5_tokens', 1, 512) ?? null,
    classifiers: fields.texts('classifiers'),
    provenance: fields.has('provenance') ? readProvenance(fields.child('provenance')) : null,
    acceptance: fields.has('acceptance') ? readAcceptance(fields.child('acceptance')) : null,
    prepared: fields.has('prepared') ? readPrepared(fields.child('prepared')) : null,
  } as const
  for (const part of [fields, sizes, quality]) {
    const [stray] = part.unread()
    if (stray !== undefined) throw part.bad(stray, 'nothing: a text-to-image pack has no such field')
  }
  return read
}

function readProvenance(fields: Fields): Provenance {
  const commit = fields.text('commit')
  if (!/^[0-9a-f]{40}$/.test(commit)) throw fields.bad('commit', '40 hexadecimal digits')
  return { hub: fields.text('hub'), repo: fields.text('repo'), commit }
}

function readAcceptance(fields: Fields): Acceptance {
  const [at, textSha256] = [fields.text('at'), fields.text('text_sha256')]
  if (Number.isNaN(Date.parse(at))) throw fields.bad('at', 'a time')
  if (!/^[0-9a-f]{64}$/.test(textSha256)) throw fields.bad('text_sha256', '64 hexadecimal digits')
  return { licence: fields.text('licence'), by: fields.text('by'), at, text: fields.text('text'), textSha256 }
}

function readPrepared(fields: Fields): Prepared {
  const digest = fields.text('digest')
  if (!/^[0-9a-f]{64}$/.test(digest)) throw fields.bad('digest', '64 hexadecimal digits')
  return { from: fields.text('from'), digest, changes: fields.texts('changes') }
}

function readFiles(fields: Fields): PackFile[] {
  const paths = new Set<string>()
  return fields.list('files').map((entry, i) => {
    const file = readFields(entry, fields.file, `files[${i}].`)
    const path = inPack(file, 'path', file.text('path'))
    if (paths.has(path)) throw file.bad('path', 'each file once')
    paths.add(path)
    const sha256 = file.text('sha256')
    if (!/^[0-9a-f]{64}$/.test(sha256)) throw file.bad('sha256', '64 hexadecimal digits')
    return { path, sha256, sizeBytes: file.integer('size_bytes', 0, Number.MAX_SAFE_INTEGER) }
  })
}

/** A path that stays in the pack and is of a kind that a pack may hold. */
function inPack(fields: Fields, name: string, path: string): string {
  const parts = path.split('/')
  const strays = /[\\:\0]/.test(path) || parts.some((part) => part === '' || part === '.' || part === '..')
  if (strays) throw fields.bad(name, 'a relative path inside the pack')
  if (!EXTENSIONS.test(path))
    throw fields.bad(name, 'a .onnx, .onnx_data, .safetensors, .json, .txt, .model or .md file')
  return path
}

function readSize(fields: Fields, name: string, text: string, factor: number): Size {
  const [, width, height] = /^(\d{1,4})x(\d{1,4})$/.exec(text) ?? []
  const size = { width: Number(width), height: Number(height) }
  const fits = (side: number) => side >= factor && side <= SIDE && side % factor === 0
  if (!fits(size.width) || !fits(size.height)) throw fields.bad(name, `WIDTHxHEIGHT in multiples of ${factor}`)
  return size
}

function unsupported(fields: Fields, field: string, value: string): ModelError {
  return new ModelError('pack_unsupported', `${fields.file}: ${field}: ${value} is not supported`, {
    file: fields.file,
    field,
  })
}
