import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sha256 } from '../../src/kernel/canonical.ts'
import { generateKey, parseKey } from '../../src/tenant/key.ts'

test('a fresh key parses, and its hash is that of its text', () => {
  const key = generateKey()
  assert.match(key.text, /^dk_live_[0-9a-hjkmnp-tv-z]{32}$/)
  assert.deepEqual(parseKey(key.text), key)
  assert.equal(key.hash, sha256(key.text))
})

test('a key for tests is one too, and says so; its checksum does not fit the other kind', () => {
  const key = generateKey('test')
  assert.match(key.text, /^dk_test_[0-9a-hjkmnp-tv-z]{32}$/)
  assert.equal(parseKey(key.text)?.env, 'test')
  assert.equal(parseKey(key.text.replace('dk_test_', 'dk_live_')), null)
})

test('a key shows no more of itself in its prefix than names it', () => {
  const key = generateKey()
  assert.equal(key.prefix.length, 'dk_live_'.length + 4)
  assert.ok(key.text.startsWith(key.prefix))
})

test('every mistyped character is told by the checksum, without a look-up', () => {
  const { text } = generateKey()
  let accepted = 0
  for (let at = 'dk_live_'.length; at < text.length; at++) {
    const wrong = text.charAt(at) === '7' ? '8' : '7'
    if (parseKey(text.slice(0, at) + wrong + text.slice(at + 1)) !== null) accepted++
  }
  assert.equal(accepted, 0)
})

test('what is not a key of ours is refused', () => {
  const { text } = generateKey()
  for (const other of [
    '',
    'dk_live_',
    text.slice(1),
    `${text}0`,
    text.toUpperCase(),
    ` ${text}`,
    text.replace('live', 'test'),
  ])
    assert.equal(parseKey(other), null, other.length.toString())
})

test('keys have 128 random bits: no two alike, and every place varies but the padded first', () => {
  const keys = Array.from({ length: 400 }, () => generateKey().text)
  assert.equal(new Set(keys).size, keys.length)
  for (let at = 'dk_live_'.length + 1; at < 34; at++)
    assert.ok(new Set(keys.map((key) => key.charAt(at))).size > 20, `place ${at}`)
})
