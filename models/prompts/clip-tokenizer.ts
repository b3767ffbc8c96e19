// CLIP's tokenizer: NFC, single spaces, lower case, CLIP's split, byte-level BPE by @huggingface/tokenizers.
// As transformers' CLIPTokenizer does, a pack's tokenizer.json gives vocabulary and merges alone: the steps are always CLIP's.
// Where a pack has no tokenizer.json, vocab.json and merges.txt are read. Lengths, padding and cuts: prompt-text.ts.
import { readFile } from 'node:fs/promises'
import { Tokenizer } from '@huggingface/tokenizers'
import { ModelError } from '../runtime/error.ts'
import { type Fields, parseJson, readFields } from '../runtime/fields.ts'
import { type Pack, packFile, packFileIf, readPackJson } from '../runtime/pack.ts'
import { checkPrompt, fit, MOST_CODE_UNITS } from './prompt-text.ts'
import { readSpecialTokens } from './special-tokens.ts'
import { aroundSpecial } from './split-special.ts'

export type ClipTokenizer = {
  /** Ids of one chunk, start and end included. */
  readonly length: number
  readonly start: number
  readonly end: number
  readonly pad: number
  /** The id of a comma that ends a word; undefined where the vocabulary has none. */
  readonly comma: number | undefined
  /** A text encoder needs more embeddings than this. */
  readonly largestId: number
  /** Ids without start, end, cut or padding. ModelError invalid_input, field `prompt`. */
  tokens(text: string): number[]
  /** Exactly `length` ids, the end token kept; `truncatedTokens` of the text did not fit. ModelError as `tokens`. */
  encode(text: string): { ids: number[]; truncatedTokens: number }
}

const END = '<|endoftext|>'
const DEFAULTS = { bos_token: '<|startoftext|>', eos_token: END, unk_token: END, pad_token: END }
const SUFFIX = '</w>'
// openai/CLIP simple_tokenizer.py, with White_Space for Python's \s.
const WORDS = /<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|\p{L}+|\p{N}|[^\p{White_Space}\p{L}\p{N}]+/gu

/**
 * Opens <part>/ of a pack for a text encoder of `length` positions. ModelError: pack_corrupt (a file, a field, a special
 * token that the vocabulary lacks), pack_unsupported (no CLIP tokenizer).
 */
export async function openClipTokenizer(
  pack: Pack,
  part: string,
  length: number,
  { mostCodeUnits = MOST_CODE_UNITS }: { mostCodeUnits?: number } = {},
): Promise<ClipTokenizer> {
  const { vocabulary, merges } = await readBytePairs(pack, part)
  const special = await readSpecialTokens(pack, part, vocabulary, DEFAULTS)
  const pairs = openBytePairs(vocabulary, merges)
  const [start, end, pad, unknown] = [
    special.idOf('bos_token'),
    special.idOf('eos_token'),
    special.idOf('pad_token'),
    special.idOf('unk_token'),
  ]
  const read = aroundSpecial(special, normalize, (text) =>
    pairs(wordsOf(text).map(bytesOf)).map((token) => vocabulary.get(token) ?? unknown),
  )
  const tokens = (text: string) => {
    checkPrompt(text, mostCodeUnits)
    return read(text)
  }
  return {
    length,
    start,
    end,
    pad,
    comma: vocabulary.get(`,${SUFFIX}`),
    largestId: [...vocabulary.values()].reduce((most, id) => Math.max(most, id), special.largestId),
    tokens,
    encode(text) {
      const { ids, truncatedTokens } = fit(tokens(text), { length, before: [start], after: [end], pad })
      return { ids, truncatedTokens }
    },
  }
}

function normalize(text: string): string {
  const spaced = text.normalize('NFC').replace(/\p{White_Space}+/gu, ' ')
  // Character by character, so that a sigma that ends a word is a sigma: JavaScript alone knows the final form.
  return spaced
    .split('Σ')
    .map((between) => between.toLowerCase())
    .join('σ')
}

/** Two marks in capitals come here in lower case; byte-level BPE takes them apart. */
function wordsOf(text: string): string[] {
  const words = text.match(WORDS) ?? []
  return words.flatMap((word) => (/^<\|\w+\|>$/.test(word) ? ['<|', word.slice(2, -2), '|>'] : [word]))
}

// GPT-2's bytes_to_unicode: printable bytes are themselves, the others follow from U+0100.
const BYTES = (() => {
  const printable = (byte: number) => (byte > 32 && byte < 127) || (byte > 160 && byte !== 173)
  let next = 256
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(printable(byte) ? byte : next++))
})()

function bytesOf(word: string): string {
  return Array.from(new TextEncoder().encode(word), (byte) => BYTES[byte]).join('')
}

/** Tokens of words, a word's last one with its suffix. The library takes a whole tokenizer, of which this is the model. */
function openBytePairs(vocabulary: ReadonlyMap<string, number>, merges: readonly unknown[]) {
  const vocab = Object.fromEntries(vocabulary)
  const model = { type: 'BPE', unk_token: END, end_of_word_suffix: SUFFIX, ignore_merges: false, vocab, merges }
  const parts = { added_tokens: [], normalizer: null, pre_tokenizer: null, post_processor: null, decoder: null }
  const opened = new Tokenizer({ ...parts, model }, {})
  return (words: string[]): string[] => opened.model?.encode(words) ?? []
}

type BytePairs = { vocabulary: Map<string, number>; merges: [string, string][] }

async function readBytePairs(pack: Pack, part: string): Promise<BytePairs> {
  const file = packFileIf(pack, `${part}/tokenizer.json`)
  if (file === null) {
    const vocabulary = readFields(await readPackJson(pack, `${part}/vocab.json`), `${part}/vocab.json`)
    const lines = (await readFile(packFile(pack, `${part}/merges.txt`), 'utf8')).split('\n')
    const merges = lines.filter((line) => line.trim() !== '' && !line.startsWith('#version'))
    const told = readFields({}, `${part}/merges.txt`)
    return { vocabulary: readVocabulary(vocabulary), merges: merges.map((line, i) => pairOf(line, told, i)) }
  }
  const model = readFields(parseJson(await readFile(file, 'utf8'), file), `${part}/tokenizer.json`).child('model')
  const type = model.textIf('type') ?? 'BPE'
  if (type !== 'BPE' || model.textIf('end_of_word_suffix') !== SUFFIX)
    throw new ModelError('pack_unsupported', `${model.file}: expected CLIP's BPE with "${SUFFIX}"`, {
      file: model.file,
      field: type === 'BPE' ? 'model.end_of_word_suffix' : 'model.type',
    })
  return {
    vocabulary: readVocabulary(model.child('vocab')),
    merges: model.list('merges').map((line, i) => pairOf(line, model, i)),
  }
}

function readVocabulary(fields: Fields): Map<string, number> {
  return new Map(fields.names().map((token) => [token, fields.integer(token, 0, 10_000_000)]))
}

/** A merge is "left right", or a list of the two. */
function pairOf(line: unknown, fields: Fields, at: number): [string, string] {
  const [left, right, ...rest]: readonly unknown[] =
    typeof line === 'string' ? line.trim().split(' ') : Array.isArray(line) ? line : []
  if (typeof left !== 'string' || typeof right !== 'string' || rest.length > 0)
    throw fields.bad(`merges[${at}]`, 'two tokens')
  return [left, right]
}
