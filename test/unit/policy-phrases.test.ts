// The phrase language: what each sign of it finds and does not find, in a book of its own.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { normalise } from '../../src/admit/normalise.ts'
import { compilePhrases, type Spelling } from '../../src/policy/book.ts'
import { parsePhrase } from '../../src/policy/phrases.ts'

const GROUPS: Record<string, readonly string[]> = { vermin: ['rat', 'rats', 'ratten'], place: ['old_town', 'city'] }
const NONE: Spelling = { unmistakable: [], asWritten: [] }

/** Whether a text holds the phrase. */
function finds(phrase: string, text: string, spelling: Spelling = NONE): boolean {
  const parsed = parsePhrase(phrase, (name) => GROUPS[name])
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.reason)
  const book = compilePhrases([{ list: 'l', language: 'en', exception: false, variants: parsed.variants }], spelling)
  return book.find(normalise(text, book)).has('l')
}

test('words in a row stand for one word of a choice', () => {
  assert.ok(finds('death_camp|prison', 'a death camp'))
  assert.ok(!finds('death_camp|prison', 'death of a camp'))
  assert.ok(finds('from ~2 old_town|city gate', 'from the old town gate'))
  assert.ok(finds('naked_wome*', 'naked women'))
})

test('a gap of either order finds both, and no wider', () => {
  for (const text of ['jews are rats', 'rats and jews', 'jews rats']) assert.ok(finds('jews ~2~ rats', text), text)
  assert.ok(!finds('jews ~2~ rats', 'rats of the cellar and jews'))
  assert.ok(finds('big|old rat ~1~ in jail', 'in jail an old rat'))
})

test('a group stands for its words, rows among them', () => {
  assert.ok(finds('jews ~2~ @vermin', 'Ratten, jews'))
  assert.ok(finds('@place walls', 'old town walls'))
  const unknown = parsePhrase('@nobody', (name) => GROUPS[name])
  assert.ok(!unknown.ok && /no group/.test(unknown.reason))
})

test('Han and kana are words of a character each, wherever spaces and signs stand', () => {
  for (const text of ['他自杀了', '自 杀', '自.杀', '自\u200b殺']) assert.ok(finds('自杀', text), text)
  assert.ok(!finds('自杀', '自然杀青'))
})

test('what may be left out may stand or not', () => {
  assert.ok(finds('rape of the? sabine', 'rape of sabine') && finds('rape of the? sabine', 'rape of the sabine'))
})

test('an unmistakable word is found one letter off, with its first letter right', () => {
  const spelling = { ...NONE, unmistakable: ['massacre'] }
  for (const text of ['masacre', 'massacrre', 'massarce', 'messacre', 'massacre'])
    assert.ok(finds('massacre', text, spelling), text)
  for (const text of ['massage', 'nassacre', 'mascara', 'macrame']) assert.ok(!finds('massacre', text, spelling), text)
  assert.ok(!finds('massacre', 'masacre'))
})

test('a word that is innocent as it is written is not read without its accents', () => {
  const spelling = { ...NONE, asWritten: ['göre'] }
  assert.ok(!finds('gore', 'buna göre', spelling) && !finds('gore', 'BUNA GÖRE', spelling))
  assert.ok(finds('gore', 'buna gore', spelling) && finds('gore', 'gôré', spelling))
})

for (const [phrase, reason] of [
  ['a ~2~ b ~2~ c', /one gap of a phrase can be of either order/],
  ['a ~3~', /a gap stands between two words/],
  ['자*', /at least 2 letters/],
  ['a_', /plain words/],
] as const)
  test(`refuses the phrase ${phrase}`, () => {
    const parsed = parsePhrase(phrase)
    assert.ok(!parsed.ok && reason.test(parsed.reason), parsed.ok ? 'it was read' : parsed.reason)
  })
