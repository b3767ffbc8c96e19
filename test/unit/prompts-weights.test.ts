// Weights and chunks against an independent reading of the webui's rules (test/goldens/tokens.json), and their properties.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { applyWeights, chunk, evenOut } from '../../models/prompts/chunks.ts'
import { readWeights } from '../../models/prompts/weights.ts'
import { ModelError } from '../../models/runtime/error.ts'
import { worst } from '../models/parity.ts'
import { golden, openClip } from './prompts-packs.ts'

const textOf = (text: string) =>
  readWeights(text)
    .map((piece) => (piece === 'BREAK' ? '|' : piece.text))
    .join('')
const escaped = (text: string) => text.replace(/[\\()[\]]/g, '\\$&')
// Mostly syntax, so that brackets close, nest and cross.
const syntax = fc
  .array(
    fc.constantFrom(
      '(',
      ')',
      '[',
      ']',
      ':',
      ':1.3)',
      ':-.5)',
      '\\',
      'BREAK',
      ' BREAK ',
      ' ',
      ',',
      'a',
      '日',
      '😀',
      '1.2.3',
    ),
  )
  .map((parts) => parts.join(''))

describe('weights', () => {
  it('are read as the webui reads them', () => {
    for (const { text, pieces } of golden.readings) {
      const read = readWeights(text).map((piece) => (piece === 'BREAK' ? piece : [piece.text, piece.weight]))
      assert.deepEqual(read, pieces, text)
    }
  })

  it('of every text have a reading: pieces of finite weight, of which no neighbours weigh the same', () => {
    fc.assert(
      fc.property(fc.oneof(syntax, fc.string({ unit: 'binary' })), (text) => {
        const pieces = readWeights(text)
        assert.ok(pieces.length > 0)
        for (const [i, piece] of pieces.entries()) {
          if (piece === 'BREAK') continue
          assert.ok(Number.isFinite(piece.weight))
          const next = pieces[i + 1]
          assert.ok(next === undefined || next === 'BREAK' || next.weight !== piece.weight)
        }
      }),
      { numRuns: 1_000 },
    )
  })

  it('leave the text as it is without its syntax', () => {
    const plain = fc.string({ unit: 'binary' }).filter((text) => !text.includes('BREAK'))
    fc.assert(fc.property(plain, (text) => assert.equal(textOf(escaped(text)), text)))
    const bare = plain.map((text) => text.replace(/[\\()[\]:]/g, ''))
    fc.assert(fc.property(bare, bare, bare, (a, b, c) => assert.equal(textOf(`${a}((${b}):1.3)[${c}]`), a + b + c)))
  })

  it('that are no number are letters, and the bracket weighs 1.1', () => {
    assert.deepEqual(readWeights('(a:1.2.3)'), [{ text: 'a:1.2.3', weight: 1.1 }])
    assert.deepEqual(readWeights(`(a:${'9'.repeat(400)})`), [{ text: `a:${'9'.repeat(400)}`, weight: 1.1 }])
  })

  it('nest 64 deep, and deeper brackets are letters', () => {
    const [piece] = readWeights('('.repeat(66))
    assert.ok(piece !== 'BREAK' && piece?.text === '((')
    assert.ok(Math.abs(piece.weight / 1.1 ** 64 - 1) < 1e-12)
  })

  it('of 100,000 characters are read in time that grows with the length', () => {
    const units = ['(', '(a', '[(a', ')', '(a)', ':', ': ', '(a:1', '\\', 'BREAK ', ' ', '(a:1.1)[b]']
    const long = [
      ...units.map((unit) => unit.repeat(100_000 / unit.length)),
      `(a:${'1'.repeat(99_997)}`,
      `(a:1.${' '.repeat(99_996)}`,
    ]
    for (const text of long) {
      const begun = performance.now()
      readWeights(text)
      assert.ok(performance.now() - begun < 3_000, text.slice(0, 20))
    }
  })
})

describe('chunks', () => {
  it('are those of the webui, with any length and reach of the comma', async () => {
    for (const { text, length, backtrack, chunks } of golden.chunks) {
      const made = chunk(readWeights(text), await openClip(length), { maxChunks: 1_000, commaBacktrack: backtrack })
      assert.deepEqual(made, { chunks, truncatedTokens: 0 }, `${text.slice(0, 40)}, ${length}, ${backtrack}`)
    }
  })

  it('have exactly the length of the encoder, hold every token in order, and count those beyond the limit', async () => {
    const tokenizer = await openClip(9)
    fc.assert(
      fc.property(syntax, fc.integer({ min: 1, max: 5 }), fc.integer({ min: 0, max: 9 }), (text, maxChunks, reach) => {
        const pieces = readWeights(text)
        const { chunks, truncatedTokens } = chunk(pieces, tokenizer, { maxChunks, commaBacktrack: reach })
        assert.ok(chunks.length >= 1 && chunks.length <= maxChunks)
        const held = chunks.flatMap(({ ids, weights }) => {
          assert.deepEqual([ids.length, weights.length, ids[0]], [9, 9, tokenizer.start])
          const end = ids.indexOf(tokenizer.end)
          assert.ok(weights[0] === 1 && weights.slice(end).every((weight) => weight === 1))
          return ids.slice(1, end)
        })
        const all = pieces.flatMap((piece) => (piece === 'BREAK' ? [] : tokenizer.tokens(piece.text)))
        assert.deepEqual(held, all.slice(0, held.length))
        assert.equal(held.length + truncatedTokens, all.length)
      }),
      { numRuns: 1_000 },
    )
  })

  it('are four at most unless asked, and as many for the prompt as for its negative', async () => {
    const tokenizer = { ...(await openClip(77)), pad: 0 }
    const { chunks, truncatedTokens } = chunk(readWeights('house '.repeat(400)), tokenizer)
    assert.deepEqual([chunks.length, truncatedTokens], [4, 100])
    const one = chunk(readWeights('blurry'), tokenizer).chunks
    for (const [a, b] of [evenOut(chunks, one, tokenizer), evenOut(one, chunks, tokenizer).toReversed()]) {
      assert.deepEqual(a, chunks)
      assert.deepEqual(b?.[0], one[0])
      const empty = { ids: [tokenizer.start, tokenizer.end, ...Array(75).fill(0)], weights: Array(77).fill(1) }
      assert.deepEqual(b?.slice(1), [empty, empty, empty])
    }
  })

  it('of a plain text that fits are its encoding', async () => {
    const tokenizer = await openClip(20)
    for (const text of ['', 'a red house', 'a (red) house']) {
      const { chunks } = chunk([{ text, weight: 1 }], tokenizer)
      assert.deepEqual(chunks, [{ ids: tokenizer.encode(text).ids, weights: Array(20).fill(1) }])
    }
  })

  it('with a weight that no encoder survives are refused by name', async () => {
    const tokenizer = await openClip(20)
    for (const text of ['(a:1000.5)', '(a:-2000)', `((a:${'9'.repeat(200)}):${'9'.repeat(200)})`])
      assert.throws(
        () => chunk(readWeights(text), tokenizer),
        (error) => error instanceof ModelError && error.code === 'invalid_input' && error.field === 'prompt',
      )
    assert.equal(chunk(readWeights('(a:1000)'), tokenizer).chunks[0]?.weights[1], 1_000)
  })
})

describe('weighted hidden states', () => {
  it('are those of the formula in float32, with the mean of before', () => {
    for (const { hidden, weights, width, after } of golden.weighed) {
      const states = Float32Array.from(hidden)
      applyWeights(states, weights, width)
      assert.ok(worst(states, Float32Array.from(after)) < 1e-5)
    }
  })

  it('with weights of 1 are what they were to the last bit', () => {
    fc.assert(
      fc.property(fc.float32Array({ minLength: 12, maxLength: 12 }), (hidden) => {
        const states = hidden.slice()
        applyWeights(states, [1, 1, 1], 4)
        assert.deepEqual(states, hidden)
      }),
    )
  })

  it('whose mean no factor restores stay as weighted', () => {
    const states = Float32Array.of(1, 2, 3, 4)
    applyWeights(states, [0, 0], 2)
    assert.deepEqual(states, Float32Array.of(0, 0, 0, 0))
  })

  it('of another shape than their weights are a mistake', () => {
    assert.throws(() => applyWeights(new Float32Array(7), [1, 1], 4), RangeError)
  })
})
