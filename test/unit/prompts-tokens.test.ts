// Tokens of prompts against transformers' (test/goldens/tokens.json), and what becomes of texts that nobody would write.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { openUnigram } from '../../models/prompts/unigram.ts'
import { ModelError } from '../../models/runtime/error.ts'
import { FORMS, golden, openClip, openT5 } from './prompts-packs.ts'

const digest = (ids: readonly number[]) => createHash('sha256').update(ids.join(',')).digest('hex')
const refused = (error: unknown) =>
  error instanceof ModelError && error.code === 'invalid_input' && error.field === 'prompt'

describe('token ids', () => {
  it('are shown on 200 strings and more', () => assert.ok(golden.cases.length > 250))

  for (const { form, kind, open } of FORMS) {
    it(`of ${form} equal those of transformers`, async () => {
      const tokenizer = await open(20)
      for (const { text, repeat, [kind]: wanted } of golden.cases) {
        const prompt = text ?? (repeat ? repeat[0].repeat(repeat[1]) : '')
        const ids = tokenizer.tokens(prompt)
        const label = JSON.stringify(prompt.slice(0, 80))
        if ('ids' in wanted) assert.deepEqual(ids, wanted.ids, label)
        else assert.deepEqual([ids.length, digest(ids)], [wanted.count, wanted.sha256], label)
      }
    })

    it(`of ${form} are padded, cut and masked as transformers does, and what was cut is counted`, async () => {
      const cases = golden.cut.filter((one) => one.kind === kind)
      assert.ok(cases.length > 20)
      const opened = { 8: await open(8), 20: await open(20) }
      for (const { text, length, ids, mask } of cases) {
        const tokenizer = opened[length]
        const encoded = tokenizer.encode(text)
        assert.deepEqual(encoded.ids, ids, text)
        if ('mask' in encoded) assert.deepEqual(encoded.mask, mask, text)
        const room = length - ('start' in tokenizer ? 2 : 1)
        assert.equal(encoded.truncatedTokens, Math.max(0, tokenizer.tokens(text).length - room), text)
      }
    })

    it(`of ${form} are exactly as many as the encoder takes and below its vocabulary, or the text is refused`, async () => {
      const tokenizer = await open(12)
      const units = fc.array(fc.integer({ min: 0, max: 0xffff })).map((codes) => String.fromCharCode(...codes))
      fc.assert(
        fc.property(fc.oneof(fc.string({ unit: 'binary' }), units), (text) => {
          if (!text.isWellFormed()) return assert.throws(() => tokenizer.encode(text), refused)
          const { ids, truncatedTokens } = tokenizer.encode(text)
          assert.equal(ids.length, 12)
          assert.ok(ids.every((id) => Number.isInteger(id) && id >= 0 && id <= tokenizer.largestId))
          assert.ok(truncatedTokens >= 0)
        }),
        { numRuns: 300 },
      )
    })
  }

  it('of a Unigram model are those of tokenizers, where segmentations score the same and characters are unknown', () => {
    for (const { pieces, words, ids } of golden.unigram) {
      const unigram = openUnigram(pieces, 0)
      assert.deepEqual(words.map(unigram), ids)
    }
  })

  it('begin with the vocabulary and end with its largest', async () => {
    assert.equal((await openClip(8)).largestId, 1488)
    assert.equal((await openT5(8)).largestId, (await openT5(8)).tokens('<extra_id_0>')[0])
  })
})

describe('a prompt', () => {
  const LONG = {
    letters: 'a'.repeat(100_000),
    'one word': 'thered'.repeat(16_667),
    words: 'the red house '.repeat(7_143),
    unknown: '日'.repeat(100_000),
    emoji: '😀'.repeat(100_000),
    spaces: ' '.repeat(100_000),
    'marked letters': 'a\u0301'.repeat(50_000),
    'heaps of marks': `a${'\u0301'.repeat(500)}${'\u0323'.repeat(500)}`.repeat(100),
    'end tokens': '<|endoftext|>'.repeat(7_692),
    'begun end tokens': '<|endoftext'.repeat(9_090),
    sentinels: '<extra_id_0> '.repeat(7_692),
    nul: '\0'.repeat(100_000),
  }

  for (const [name, text] of Object.entries(LONG)) {
    it(`of 100,000 characters (${name}) is read, in time that grows with its length`, async () => {
      for (const tokenizer of [await openClip(77), await openT5(256)]) {
        tokenizer.encode(text.slice(0, 1_000))
        const begun = performance.now()
        assert.equal(tokenizer.encode(text).ids.length, tokenizer.length)
        // A tenth of a second or so; quadratic work would be minutes.
        const took = performance.now() - begun
        assert.ok(took < 3_000, `${took} ms`)
      }
    })
  }

  const WRONG = {
    'half a surrogate pair': 'a\ud83db',
    'the other half': '\udc00',
    'a heap of 1,001 combining marks': `a${'\u0301'.repeat(1_001)}`,
    'more than the limit': 'abcdefghi',
  }
  for (const [name, text] of Object.entries(WRONG)) {
    it(`with ${name} is refused by name`, async () => {
      const most = text.length === 9 ? 8 : undefined
      for (const tokenizer of [await openClip(77, undefined, most), await openT5(256, undefined, most)]) {
        assert.throws(() => tokenizer.encode(text), refused)
        assert.throws(() => tokenizer.tokens(text), refused)
      }
    })
  }

  it('at the limit is read', async () => {
    assert.equal((await openClip(8, undefined, 8)).encode('abcdefgh').ids.length, 8)
  })
})
