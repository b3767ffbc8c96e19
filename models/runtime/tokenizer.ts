// CLIP's tokenizer: byte-level BPE through @huggingface/tokenizers, cut and padded to the text encoder's fixed length.
// Read from tokenizer.json, or built from vocab.json and merges.txt as transformers' CLIPTokenizerFast would be.
import { readFile } from 'node:fs/promises'
import { Tokenizer } from '@huggingface/tokenizers'
import { ModelError } from './error.ts'
import { type Fields, parseJson, readFields } from './fields.ts'
import { type Pack, packFile, packFileIf, readPackJson } from './pack.ts'

export type PromptTokenizer = {
  /** Token ids, exactly `length` of them; `truncated` when the prompt did not fit. */
  encode(prompt: string): { ids: number[]; truncated: boolean }
  readonly length: number
}

/** Opens <part>/ of a pack (usually `tokenizer`). ModelError pack_corrupt: a file or special token is missing. */
export async function openTokenizer(pack: Pack, part: string, length: number): Promise<PromptTokenizer> {
  const config = readFields(await readPackJson(pack, `${part}/tokenizer_config.json`), `${part}/tokenizer_config.json`)
  const tokenizerFile = packFileIf(pack, `${part}/tokenizer.json`)
  const source = tokenizerFile
    ? parseJson(await readFile(tokenizerFile, 'utf8'), `${part}/tokenizer.json`)
    : await buildClip(pack, part, config)
  const tokenizer = construct(source, part)
  const idOf = (name: 'bos_token' | 'eos_token' | 'pad_token', fallback?: string) => {
    const token = tokenText(config, name) ?? fallback
    const id = token === undefined ? undefined : tokenizer.token_to_id(token)
    if (id === undefined) throw config.bad(name, 'a token of the vocabulary')
    return id
  }
  const end = idOf('eos_token')
  const pad = idOf('pad_token', tokenText(config, 'eos_token'))
  return {
    length,
    encode(prompt) {
      const ids = tokenizer.encode(prompt).ids
      const truncated = ids.length > length
      // The end token always closes the prompt, also where the prompt was cut.
      const kept = truncated ? [...ids.slice(0, length - 1), end] : ids
      return { ids: [...kept, ...Array.from({ length: length - kept.length }, () => pad)], truncated }
    },
  }
}

function construct(source: unknown, part: string): Tokenizer {
  const file = `${part}/tokenizer.json`
  const fields = readFields(source, file)
  if (!fields.has('model')) throw fields.bad('model', 'a tokenizer model')
  try {
    return new Tokenizer(Object(source), {})
  } catch (cause) {
    throw new ModelError('pack_corrupt', `${file}: not a tokenizer`, { file, cause })
  }
}

/** A special token is written as its text, or as an object with `content`. */
function tokenText(config: Fields, name: string): string | undefined {
  if (!config.has(name)) return undefined
  try {
    return config.textIf(name)
  } catch {
    return config.child(name).text('content')
  }
}

// transformers convert_slow_tokenizer.py, CLIPConverter.
const CLIP_SPLIT = "'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+"

async function buildClip(pack: Pack, part: string, config: Fields): Promise<unknown> {
  const vocab = await readPackJson(pack, `${part}/vocab.json`)
  const words = readFields(vocab, `${part}/vocab.json`)
  const merges = (await readFile(packFile(pack, `${part}/merges.txt`), 'utf8'))
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#version'))
    .map((line) => line.trim().split(' '))
  const special = (name: string) => {
    const content = tokenText(config, name)
    if (content === undefined) throw config.bad(name, 'a token')
    return { content, id: words.integer(content, 0, 10_000_000) }
  }
  const [start, end] = [special('bos_token'), special('eos_token')]
  const added = (token: { content: string; id: number }) => ({
    ...token,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  })
  return {
    version: '1.0',
    added_tokens: [added(start), added(end)],
    normalizer: {
      type: 'Sequence',
      normalizers: [
        { type: 'NFC' },
        { type: 'Replace', pattern: { Regex: '\\s+' }, content: ' ' },
        { type: 'Lowercase' },
      ],
    },
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        { type: 'Split', pattern: { Regex: CLIP_SPLIT }, behavior: 'Removed', invert: true },
        { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
      ],
    },
    post_processor: {
      type: 'TemplateProcessing',
      single: [
        { SpecialToken: { id: start.content, type_id: 0 } },
        { Sequence: { id: 'A', type_id: 0 } },
        { SpecialToken: { id: end.content, type_id: 0 } },
      ],
      pair: [],
      special_tokens: {
        [start.content]: { id: start.content, ids: [start.id], tokens: [start.content] },
        [end.content]: { id: end.content, ids: [end.id], tokens: [end.content] },
      },
    },
    decoder: { type: 'ByteLevel' },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: end.content,
      continuing_subword_prefix: '',
      end_of_word_suffix: '</w>',
      fuse_unk: false,
      vocab,
      merges,
    },
  }
}
