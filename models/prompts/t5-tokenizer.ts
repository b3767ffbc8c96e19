// T5's tokenizer: SentencePiece's character map, words at white space, "▁" before each, Unigram, and the end token after.
// As transformers' T5Tokenizer does, a pack's tokenizer.json gives pieces and map alone: the steps are always T5's. A pack
// with only spiece.model is read from that, its sentinels (<extra_id_0> and on) after its pieces.
import { readFile } from 'node:fs/promises'
import { ModelError } from '../runtime/error.ts'
import { type Fields, parseJson, readFields } from '../runtime/fields.ts'
import { type Pack, packFile, packFileIf } from '../runtime/pack.ts'
import { openCharsmap } from './charsmap.ts'
import { checkPrompt, fit, MOST_CODE_UNITS } from './prompt-text.ts'
import { readSentencePiece } from './sentencepiece.ts'
import { readSpecialTokens } from './special-tokens.ts'
import { aroundSpecial } from './split-special.ts'
import { openUnigram, type Piece } from './unigram.ts'

export type T5Tokenizer = {
  readonly length: number
  readonly end: number
  readonly pad: number
  /** A text encoder needs more embeddings than this. */
  readonly largestId: number
  /** Ids without end, cut or padding. ModelError invalid_input, field `prompt`. */
  tokens(text: string): number[]
  /** Exactly `length` ids and their attention mask, 0 at padding; `truncatedTokens` of the text did not fit. */
  encode(text: string): { ids: number[]; mask: number[]; truncatedTokens: number }
}

const DEFAULTS = { eos_token: '</s>', unk_token: '<unk>', pad_token: '<pad>' }
const SENTINELS = 100
const SPACE_MARK = '▁'

/**
 * Opens <part>/ of a pack; `length` is the family's (256 of SD3, 512 of FLUX). ModelError: pack_missing, pack_corrupt (a
 * file, a field, a special token that the vocabulary lacks), pack_unsupported (no T5 tokenizer).
 */
export async function openT5Tokenizer(
  pack: Pack,
  part: string,
  length: number,
  { mostCodeUnits = MOST_CODE_UNITS }: { mostCodeUnits?: number } = {},
): Promise<T5Tokenizer> {
  const source = await readPieces(pack, part)
  const vocabulary = new Map(source.pieces.map(([text], id) => [text, id]))
  const special = await readSpecialTokens(pack, part, vocabulary, DEFAULTS, [
    ...source.apart,
    ...sentinelsIn(vocabulary),
  ])
  const [end, pad] = [special.idOf('eos_token'), special.idOf('pad_token')]
  const unigram = openUnigram(source.pieces, special.idOf('unk_token'))
  const map = source.charsmap === null ? (text: string) => text : openCharsmap(source.charsmap)
  if (map === null)
    throw new ModelError('pack_corrupt', `${source.file}: precompiled_charsmap: no character map`, {
      file: source.file,
      field: 'precompiled_charsmap',
    })
  const read = aroundSpecial(special, map, (text) => wordsOf(text).flatMap(unigram))
  const tokens = (text: string) => {
    checkPrompt(text, mostCodeUnits)
    return read(text)
  }
  return {
    length,
    end,
    pad,
    largestId: Math.max(source.pieces.length - 1, special.largestId),
    tokens,
    encode(text) {
      const { ids, used, truncatedTokens } = fit(tokens(text), { length, before: [], after: [end], pad })
      return { ids, mask: ids.map((_, i) => (i < used ? 1 : 0)), truncatedTokens }
    },
  }
}

/** Words with a mark before each; a mark inside a word begins another. */
function wordsOf(text: string): string[] {
  const words = text.match(/\P{White_Space}+/gu) ?? []
  return words.flatMap((word) => (word.startsWith(SPACE_MARK) ? word : SPACE_MARK + word).match(/▁[^▁]*/gu) ?? [])
}

function sentinelsIn(vocabulary: ReadonlyMap<string, number>): string[] {
  return Array.from({ length: SENTINELS }, (_, i) => `<extra_id_${i}>`).filter((token) => vocabulary.has(token))
}

type Source = { file: string; pieces: Piece[]; apart: string[]; charsmap: Uint8Array | null }

async function readPieces(pack: Pack, part: string): Promise<Source> {
  const file = packFileIf(pack, `${part}/tokenizer.json`)
  if (file === null) {
    const name = `${part}/spiece.model`
    const model = packFileIf(pack, name) ?? packFile(pack, `${part}/tokenizer.json`)
    const { pieces, apart, charsmap } = readSentencePiece(await readFile(model), name)
    const sentinels = Array.from({ length: SENTINELS }, (_, i): Piece => [`<extra_id_${SENTINELS - 1 - i}>`, 0])
    return { file: name, pieces: [...pieces, ...sentinels], apart, charsmap }
  }
  const fields = readFields(parseJson(await readFile(file, 'utf8'), file), `${part}/tokenizer.json`)
  const model = fields.child('model')
  const type = model.textIf('type') ?? 'Unigram'
  if (type !== 'Unigram')
    throw new ModelError('pack_unsupported', `${fields.file}: expected T5's Unigram model`, {
      file: fields.file,
      field: 'model.type',
    })
  const pieces = model.list('vocab').map((entry, i): Piece => {
    const [text, score]: readonly unknown[] = Array.isArray(entry) ? entry : []
    if (typeof text !== 'string' || typeof score !== 'number') throw model.bad(`vocab[${i}]`, 'a piece and its score')
    return [text, score]
  })
  return { file: fields.file, pieces, apart: [], charsmap: readCharsmap(fields) }
}

/** The first precompiled map of the normaliser or of its sequence. */
function readCharsmap(fields: Fields): Uint8Array | null {
  if (!fields.has('normalizer')) return null
  const normalizer = fields.child('normalizer')
  const steps =
    normalizer.textIf('type') === 'Sequence'
      ? normalizer.list('normalizers').map((step, i) => readFields(step, fields.file, `normalizer.normalizers[${i}].`))
      : [normalizer]
  const map = steps.find((step) => step.textIf('type') === 'Precompiled')?.textIf('precompiled_charsmap')
  return map === undefined ? null : new Uint8Array(Buffer.from(map, 'base64'))
}
