// Tokenizers of packs from elsewhere: what is wrong is refused when the pack is opened, by file and field, and never crashes.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { openCharsmap } from '../../models/prompts/charsmap.ts'
import { readSentencePiece } from '../../models/prompts/sentencepiece.ts'
import { ModelError, type ModelErrorCode } from '../../models/runtime/error.ts'
import { CLIP_FILES, CLIP_PAIRS, type Files, openClip, openT5, T5, T5_FILES, T5_MODEL } from './prompts-packs.ts'

const read = (files: Files, name: string) => {
  const file = files[name]
  return JSON.parse(file && 'from' in file ? readFileSync(file.from, 'utf8') : '{}')
}
const [clip, t5] = [read(CLIP_FILES, 'tokenizer.json'), read(T5_FILES, 'tokenizer.json')]
const text = (content: string) => ({ bytes: Buffer.from(content) })
const clipModel = (changes: object) => ({
  ...CLIP_FILES,
  'tokenizer.json': { json: { ...clip, model: { ...clip.model, ...changes } } },
})
const t5Model = (changes: object) => ({
  ...T5_FILES,
  'tokenizer.json': { json: { ...t5, model: { ...t5.model, ...changes } } },
})
const without = (files: Files, name: string): Files =>
  Object.fromEntries(Object.entries(files).filter(([key]) => key !== name))
const config = (files: Files, changes: object): Files => ({
  ...without(files, 'special_tokens_map.json'),
  'tokenizer_config.json': { json: changes },
})
const normalizer = (map: unknown): Files => ({
  ...T5_FILES,
  'tokenizer.json': { json: { ...t5, normalizer: { type: 'Precompiled', precompiled_charsmap: map } } },
})

type Row = [name: string, open: typeof openClip | typeof openT5, files: Files, code: ModelErrorCode, field?: string]
const ROWS: Row[] = [
  ['no tokenizer at all', openClip, {}, 'pack_corrupt', 'files'],
  ['merges without a vocabulary', openClip, without(CLIP_PAIRS, 'vocab.json'), 'pack_corrupt', 'files'],
  ['a vocabulary without merges', openClip, without(CLIP_PAIRS, 'merges.txt'), 'pack_corrupt', 'files'],
  ['a tokenizer.json that is no JSON', openClip, { ...CLIP_FILES, 'tokenizer.json': text('{') }, 'pack_corrupt'],
  [
    'a tokenizer.json without a model',
    openClip,
    { ...CLIP_FILES, 'tokenizer.json': { json: {} } },
    'pack_corrupt',
    'model.',
  ],
  ['another model', openClip, clipModel({ type: 'WordPiece' }), 'pack_unsupported', 'model.type'],
  [
    'words that end without a mark',
    openClip,
    clipModel({ end_of_word_suffix: '' }),
    'pack_unsupported',
    'model.end_of_word_suffix',
  ],
  ["T5's tokenizer for CLIP", openClip, T5_FILES, 'pack_unsupported', 'model.type'],
  ['an id that is no number', openClip, clipModel({ vocab: { a: '1' } }), 'pack_corrupt', 'model.vocab.a'],
  ['an id below 0', openClip, clipModel({ vocab: { a: -1 } }), 'pack_corrupt', 'model.vocab.a'],
  ['a vocabulary that is a list', openClip, clipModel({ vocab: ['a'] }), 'pack_corrupt', 'model.vocab.'],
  ['a merge of three', openClip, clipModel({ merges: ['a b', 'a b c'] }), 'pack_corrupt', 'model.merges[1]'],
  ['a merge of numbers', openClip, clipModel({ merges: [[1, 2]] }), 'pack_corrupt', 'model.merges[0]'],
  [
    'a line of merges.txt that is none',
    openClip,
    { ...CLIP_PAIRS, 'merges.txt': text('#version: 0.2\na b\nab\n') },
    'pack_corrupt',
    'merges[1]',
  ],
  [
    'an end token that the vocabulary lacks',
    openClip,
    config(CLIP_PAIRS, { eos_token: 'end' }),
    'pack_corrupt',
    'eos_token',
  ],
  [
    'a padding that the vocabulary lacks',
    openClip,
    config(CLIP_PAIRS, { pad_token: '[PAD]' }),
    'pack_corrupt',
    'pad_token',
  ],
  ['an empty start token', openClip, config(CLIP_PAIRS, { bos_token: '' }), 'pack_corrupt', 'bos_token'],
  [
    'a special token without content',
    openClip,
    config(CLIP_PAIRS, { bos_token: { special: true } }),
    'pack_corrupt',
    'bos_token.content',
  ],
  [
    'a flag that is none',
    openClip,
    config(CLIP_PAIRS, { bos_token: { content: '!', single_word: 'yes' } }),
    'pack_corrupt',
    'bos_token.single_word',
  ],
  [
    'an added token at no place',
    openClip,
    config(CLIP_PAIRS, { added_tokens_decoder: { x: { content: 'new' } } }),
    'pack_corrupt',
    'added_tokens_decoder.x.content',
  ],
  [
    'extra tokens that are text',
    openClip,
    config(CLIP_PAIRS, { extra_special_tokens: 'x' }),
    'pack_corrupt',
    'extra_special_tokens.',
  ],
  ['no tokenizer for T5', openT5, {}, 'pack_corrupt', 'files'],
  ["CLIP's tokenizer for T5", openT5, CLIP_FILES, 'pack_unsupported', 'model.type'],
  ['pieces without scores', openT5, t5Model({ vocab: [['a']] }), 'pack_corrupt', 'model.vocab[0]'],
  ['pieces that are an object', openT5, t5Model({ vocab: {} }), 'pack_corrupt', 'model.vocab'],
  [
    'pieces without an end token',
    openT5,
    t5Model({
      vocab: [
        ['<pad>', 0],
        ['<unk>', 0],
      ],
    }),
    'pack_corrupt',
  ],
  ['a character map that is text', openT5, normalizer('no map'), 'pack_corrupt', 'precompiled_charsmap'],
  ['a character map that is a number', openT5, normalizer(7), 'pack_corrupt', 'normalizer.precompiled_charsmap'],
  ['an empty spiece.model', openT5, { 'spiece.model': text('') }, 'pack_corrupt'],
  ['a spiece.model that is text', openT5, { 'spiece.model': text('not a model') }, 'pack_corrupt'],
  // trainer_spec { model_type: BPE }
  [
    'a spiece.model of byte pairs',
    openT5,
    { 'spiece.model': { bytes: Uint8Array.of(0x12, 2, 0x18, 2) } },
    'pack_unsupported',
    'model_type',
  ],
]

describe('a pack with', () => {
  for (const [name, open, files, code, field] of ROWS)
    it(`${name} is refused`, async () => {
      await assert.rejects(open(20, files), (error) => {
        assert.ok(error instanceof ModelError, String(error))
        assert.deepEqual([error.code, field === undefined ? undefined : error.field], [code, field])
        return true
      })
    })
})

describe('a spiece.model', () => {
  const whole = readFileSync(join(T5, 'spiece.model'))

  it('cut within a piece is refused', () => {
    const counts: number[] = []
    for (let end = 0; end < 3_000; end++) {
      try {
        counts.push(readSentencePiece(whole.subarray(0, end), 'spiece.model').pieces.length)
      } catch (error) {
        assert.ok(error instanceof ModelError && error.code === 'pack_corrupt', String(error))
      }
    }
    assert.ok(counts.length > 100)
    assert.deepEqual(
      counts,
      counts.map((_, i) => i + 1),
    )
  })

  it('alone is a tokenizer, and its refusal names the remedy', async () => {
    assert.equal((await openT5(8, T5_MODEL)).encode('the cat').ids.length, 8)
    await assert.rejects(openT5(8, { 'spiece.model': text('\u0007') }), /export tokenizer\.json/)
  })
})

describe('a character map', () => {
  it('of any bytes is no map, or a function on texts', () => {
    const map = readSentencePiece(readFileSync(join(T5, 'spiece.model')), 'spiece.model').charsmap ?? new Uint8Array()
    assert.equal(openCharsmap(map)?.('ﬁne\u00a0Ａ'), 'fine A')
    const broken = fc.array(fc.tuple(fc.nat(map.length - 1), fc.nat(255)), { minLength: 1 }).map((changes) => {
      const bytes = map.slice()
      for (const [at, byte] of changes) bytes[at] = byte
      return bytes
    })
    fc.assert(
      fc.property(fc.oneof(broken, fc.uint8Array()), fc.string({ unit: 'binary' }), (bytes, prompt) => {
        assert.equal(typeof openCharsmap(bytes)?.(prompt), openCharsmap(bytes) === null ? 'undefined' : 'string')
      }),
      { numRuns: 200 },
    )
  })
})
