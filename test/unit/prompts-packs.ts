// Tokenizers for tests, opened from packs that are written for them: the storybook's CLIP, in two forms more, and the golden's T5.
import { readFileSync } from 'node:fs'
import { cp, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type ClipTokenizer, openClipTokenizer } from '../../models/prompts/clip-tokenizer.ts'
import { openT5Tokenizer, type T5Tokenizer } from '../../models/prompts/t5-tokenizer.ts'
import type { Pack } from '../../models/runtime/pack.ts'
import { readPackManifest } from '../../models/runtime/pack.ts'
import { temporaryFolder, writeManifest } from '../models/tiny.ts'

type Kept = { ids: number[] } | { count: number; sha256: string }
export type Kind = 'clip' | 'clip_second' | 't5' | 't5_own'

export type TokensGolden = {
  files: Record<'clip_second' | 't5_own', Record<string, unknown>>
  cases: ({ text?: string; repeat?: [string, number] } & Record<Kind, Kept>)[]
  cut: { kind: Kind; text: string; length: 8 | 20; ids: number[]; mask: number[] }[]
  readings: { text: string; pieces: ('BREAK' | [string, number])[] }[]
  chunks: {
    text: string
    length: number
    backtrack: number
    chunks: { ids: number[]; weights: number[] }[]
  }[]
  unigram: { pieces: [string, number][]; words: string[]; ids: number[][] }[]
  weighed: { hidden: number[]; weights: number[]; width: number; after: number[] }[]
}

export const golden: TokensGolden = JSON.parse(readFileSync(new URL('../goldens/tokens.json', import.meta.url), 'utf8'))

const STORYBOOK = fileURLToPath(new URL('../../models/packs/storybook/tokenizer', import.meta.url))
export const T5 = fileURLToPath(new URL('../goldens/tokens-t5', import.meta.url))

export type Files = Record<string, { from: string } | { json: unknown } | { bytes: Uint8Array }>

const from = (folder: string, ...names: string[]): Files =>
  Object.fromEntries(names.map((name) => [name, { from: join(folder, name) }]))
const json = (files: Record<string, unknown>): Files =>
  Object.fromEntries(Object.entries(files).map(([name, value]) => [name, { json: value }]))

export const CLIP_FILES = from(STORYBOOK, 'tokenizer.json', 'tokenizer_config.json', 'special_tokens_map.json')
export const CLIP_PAIRS = from(STORYBOOK, 'vocab.json', 'merges.txt', 'tokenizer_config.json')
const SECOND = { ...from(STORYBOOK, 'vocab.json', 'merges.txt'), ...json(golden.files.clip_second) }
export const T5_FILES = from(T5, 'tokenizer.json', 'tokenizer_config.json')
export const T5_MODEL = from(T5, 'spiece.model')
const WHOLE = JSON.parse(readFileSync(join(T5, 'tokenizer.json'), 'utf8'))
const model = { ...WHOLE.model, vocab: [...WHOLE.model.vocab, ['cat▁dog', 0]] }
const OWN = json({ ...golden.files.t5_own, 'tokenizer.json': { ...WHOLE, normalizer: null, model } })

/** Runs `use` with a pack of these files of tokenizer/ and nothing else. */
export async function withPack<T>(files: Files, use: (pack: Pack) => Promise<T>): Promise<T> {
  await using folder = await temporaryFolder()
  const dir = folder.path
  await mkdir(join(dir, 'tokenizer'))
  for (const [name, file] of Object.entries(files)) {
    const to = join(dir, 'tokenizer', name)
    if ('from' in file) await cp(file.from, to)
    else await writeFile(to, 'bytes' in file ? file.bytes : JSON.stringify(file.json))
  }
  await writeManifest(dir)
  return await use(await readPackManifest(dir))
}

export const openClip = (length: number, files = CLIP_FILES, mostCodeUnits?: number): Promise<ClipTokenizer> =>
  withPack(files, (pack) => openClipTokenizer(pack, 'tokenizer', length, limit(mostCodeUnits)))

export const openT5 = (length: number, files = T5_FILES, mostCodeUnits?: number): Promise<T5Tokenizer> =>
  withPack(files, (pack) => openT5Tokenizer(pack, 'tokenizer', length, limit(mostCodeUnits)))

const limit = (mostCodeUnits?: number) => (mostCodeUnits === undefined ? {} : { mostCodeUnits })

/** Every form of tokenizer beside the golden's name for its ids. */
export const FORMS = [
  { form: 'CLIP of tokenizer.json', kind: 'clip', open: (length: number) => openClip(length) },
  { form: 'CLIP of vocab.json and merges.txt', kind: 'clip', open: (length: number) => openClip(length, CLIP_PAIRS) },
  { form: 'CLIP that pads with "!"', kind: 'clip_second', open: (length: number) => openClip(length, SECOND) },
  { form: 'T5 of tokenizer.json', kind: 't5', open: (length: number) => openT5(length) },
  { form: 'T5 of spiece.model', kind: 't5', open: (length: number) => openT5(length, T5_MODEL) },
  { form: 'T5 without a map, with words of its own', kind: 't5_own', open: (length: number) => openT5(length, OWN) },
] as const
