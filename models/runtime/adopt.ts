// A folder in diffusers' ONNX layout without a pack.json: its manifest is derived from model_index.json and what lies beside it, and
// every file is hashed. Written down it is an ordinary pack (`darkroom models adopt`); unwritten it is derived anew at each start.
// No classifier is calibrated for such a model, so it names none: every picture is held for a person. What families say: adopt-family.ts.
import { createHash } from 'node:crypto'
import { lstat, readFile, stat } from 'node:fs/promises'
import { basename, extname, join } from 'node:path'
import { familyOf, GRAPHS, presetOf, sizesOf, tokenizerOf, type Variant } from './adopt-family.ts'
import { ModelError } from './error.ts'
import { type Fields, readFields } from './fields.ts'
import { walkGraph } from './graph-file.ts'
import type { Acceptance, Family, Provenance, Size } from './manifest.ts'
import { expectSize, filesBelow, MOST_BYTES, readJsonFile, sha256Of } from './pack-files.ts'

export const INDEX = 'model_index.json'

export type AdoptOptions = {
  /** The folder's name unless said. */
  id?: string
  /** The card's unless said. */
  licence?: string
  provenance?: Provenance
  acceptance?: Acceptance
}

/** The text of the folder's pack.json. ModelError: pack_missing, pack_corrupt, pack_unsupported, by file and field. */
export async function adoptFolder(dir: string, options: AdoptOptions = {}): Promise<string> {
  if (!(await stat(dir).catch(() => null))?.isDirectory())
    throw new ModelError('pack_missing', `${dir}: there is no such folder`, { file: dir })
  const index = await configOf(dir, INDEX)
  if (index === null) throw new ModelError('pack_missing', `${join(dir, INDEX)}: missing`, { file: join(dir, INDEX) })
  const family = familyOf(index)
  const id = options.id ?? idOf(dir)
  const files = await hashFiles(dir)
  const scheduler = await schedulerOf(dir, index)
  const { provenance, acceptance } = options
  const preset = presetOf(family, await variantOf(dir, family, scheduler, [id, provenance?.repo ?? '']))
  const [low, medium, high] = preset.steps.map((steps) => ({ steps }))
  const { factor, supported } = await readSizes(dir, family)
  const manifest = {
    format: 'darkroom-pack/1',
    id,
    version: (provenance?.commit ?? digestOf(files)).slice(0, 12),
    kind: 'text-to-image',
    family,
    licence: options.licence ?? (await statedLicence(dir)) ?? 'not stated',
    card: 'README.md',
    sizes: { default: nameOf(supported[0]), supported: supported.map(nameOf), factor },
    quality: { low, medium, high },
    guidance_scale: preset.guidanceScale,
    scheduler,
    prompt_tokens: await promptTokensOf(dir, family),
    ...((await isSchnell(dir, family)) ? { t5_tokens: SCHNELL_TOKENS } : {}),
    classifiers: [],
    ...(provenance === undefined ? {} : { provenance }),
    ...(acceptance === undefined ? {} : { acceptance: asWritten(acceptance) }),
    files,
  }
  return `${JSON.stringify(manifest, null, 1)}\n`
}

/** Of all files: another content is another version. */
function digestOf(files: readonly { path: string; sha256: string }[]): string {
  const hash = createHash('sha256')
  for (const { path, sha256 } of files) hash.update(`${path}\0${sha256}\n`)
  return hash.digest('hex')
}

function asWritten({ textSha256, ...rest }: Acceptance) {
  return { ...rest, text_sha256: textSha256 }
}

function nameOf(size: Size | undefined): string {
  return `${size?.width}x${size?.height}`
}

function idOf(dir: string): string {
  const name = basename(dir)
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, '-')
    .slice(0, 64)
  return name.replace(/^[^a-z0-9]+/, '')
}

async function hashFiles(dir: string) {
  const files = []
  for (const path of await filesBelow(dir)) {
    const file = join(dir, path)
    if (/lora[^/]*\.safetensors$/i.test(path))
      throw new ModelError(
        'pack_unsupported',
        `${file}: a LoRA is not loaded; merge it into the weights before export`,
        { file, field: 'lora' },
      )
    if (!(extname(path) in MOST_BYTES) || path === 'pack.json') continue
    const { size } = await lstat(file)
    expectSize(file, size)
    files.push({ path, sha256: await sha256Of(file), size_bytes: size })
  }
  return files
}

/** The class that the pipeline would make of the configuration, which need not be the one that wrote it. */
async function schedulerOf(dir: string, index: Fields): Promise<string> {
  const [, named] = index.listIf('scheduler') ?? []
  if (typeof named === 'string') return named
  const config = await configOf(dir, 'scheduler/scheduler_config.json')
  if (config === null) throw index.bad('scheduler', 'a library and a class')
  return config.text('_class_name')
}

async function variantOf(dir: string, family: Family, scheduler: string, names: readonly string[]): Promise<Variant> {
  const denoiser = await configOf(dir, `${GRAPHS[family][0]}/config.json`)
  const told = [...names, denoiser?.textIf('_name_or_path') ?? '']
  const undistilled = family !== 'flux' || (denoiser?.flagIf('guidance_embeds') ?? true)
  return {
    consistent: denoiser?.has('time_cond_proj_dim') === true,
    hasty:
      !undistilled ||
      ['LCMScheduler', 'TCDScheduler'].includes(scheduler) ||
      told.some((name) => /turbo|lightning|schnell|hyper/i.test(name)),
  }
}

async function readSizes(dir: string, family: Family): Promise<{ factor: number; supported: Size[] }> {
  const vae = (await configOf(dir, 'vae_decoder/config.json')) ?? (await configOf(dir, 'vae/config.json'))
  const factor = 2 ** ((levelsOf(vae) ?? 4) - 1)
  const denoiser = await configOf(dir, `${GRAPHS[family][0]}/config.json`)
  const levels = levelsOf(denoiser) ?? (family === 'sd' ? 4 : 3)
  // A U-Net halves its latents between levels; a transformer takes them in patches of 2.
  const unit = factor * (GRAPHS[family][0] === 'unet' ? 2 ** (levels - 1) : 2)
  const [height, width] = readSample(denoiser) ?? (family === 'sd' ? [64, 64] : [128, 128])
  if (height !== width) return { factor, supported: [{ width: width * factor, height: height * factor }] }
  return { factor, supported: sizesOf(family, width * factor, unit) }
}

/** Each level but the first halves the sides, by 64 at most. */
function levelsOf(config: Fields | null): number | undefined {
  const levels = config?.listIf('block_out_channels')?.length
  if (levels !== undefined && (levels < 1 || levels > 7)) throw config?.bad('block_out_channels', 'from 1 to 7 levels')
  return levels
}

/** Latents of the pictures that it was trained at: one number, or height and width. */
function readSample(denoiser: Fields | null): readonly [number, number] | null {
  if (denoiser === null || !denoiser.has('sample_size')) return null
  try {
    const side = denoiser.integer('sample_size', 1, 1024)
    return [side, side]
  } catch {
    const [height, width, ...more] = sidesOf(denoiser)
    if (height === undefined || width === undefined || more.length > 0)
      throw denoiser.bad('sample_size', 'a number from 1 to 1024, or two: height and width')
    return [height, width]
  }
}

/** None where they are no sides. */
function sidesOf(denoiser: Fields): readonly number[] {
  try {
    const sides = denoiser.numbersIf('sample_size') ?? []
    return sides.every((side) => Number.isInteger(side) && side >= 1 && side <= 1024) ? sides : []
  } catch {
    return []
  }
}

// Its card's max_sequence_length, where the pipeline's own is 512.
const SCHNELL_TOKENS = 256

async function isSchnell(dir: string, family: Family): Promise<boolean> {
  return family === 'flux' && (await configOf(dir, 'transformer/config.json'))?.flagIf('guidance_embeds') === false
}

/** CLIP's positions, as its graph has them before what is said of them; T5 has a length of its own. */
async function promptTokensOf(dir: string, family: Family): Promise<number> {
  const encoder = GRAPHS[family][1] ?? 'text_encoder'
  const positions = (await configOf(dir, `${encoder}/config.json`))?.integerIf('max_position_embeddings', 3, 4096)
  const tokenizer = await configOf(dir, `${tokenizerOf(encoder)}/tokenizer_config.json`)
  const said = tokenizer?.numberIf('model_max_length', 3)
  const graph = join(dir, `${encoder}/model.onnx`)
  const rows = (await isThere(graph)) ? walkGraph(graph).positions : null
  return rows ?? positions ?? (said !== undefined && said <= 4096 ? said : 77)
}

/** `license` of the card's front matter; `other` has a name of its own. */
export async function statedLicence(dir: string): Promise<string | null> {
  const card = await readFile(join(dir, 'README.md'), 'utf8').catch(() => '')
  const [, front = ''] = /^---\r?\n(.*?)\r?\n---/s.exec(card.slice(0, 65_536)) ?? []
  const entry = (name: string) => new RegExp(`^${name}:[ \t]*["']?([^"'\r\n]+)`, 'm').exec(front)?.[1]?.trim()
  const licence = entry('license')
  return (licence === 'other' ? entry('license_name') : undefined) ?? licence ?? null
}

async function configOf(dir: string, path: string): Promise<Fields | null> {
  const file = join(dir, path)
  return (await isThere(file)) ? readFields(await readJsonFile(file), file) : null
}

async function isThere(file: string): Promise<boolean> {
  return lstat(file).then(
    () => true,
    () => false,
  )
}
