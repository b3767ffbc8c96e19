// Who cosigns the log, as the operator names them: a key and an address each.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readConfig } from '../../src/kernel/config.ts'
import { isFault } from '../../src/kernel/fault.ts'

// A key of the byte 04 and 32 bytes, and one of a plain signature (01).
const KEY = `witness.example/w+1a2b3c4d+${Buffer.alloc(33, 4).toString('base64')}`
const PLAIN = `witness.example/w+1a2b3c4d+${Buffer.alloc(33, 1).toString('base64')}`

const read = (text: string) => readConfig({ DARKROOM_LOG_WITNESSES: text }).transparency.witnesses

test('witnesses are keys with addresses; nobody is one unless named', () => {
  assert.deepEqual(readConfig({}).transparency.witnesses, [])
  const url = 'https://witness.example/api'
  assert.deepEqual(read(`${KEY}@${url}/`), [{ key: KEY, url }])
  const other = KEY.replace('w+', 'v+')
  assert.deepEqual(read(`${KEY}@${url}, ${other}@http://127.0.0.1:9000`), [
    { key: KEY, url },
    { key: other, url: 'http://127.0.0.1:9000' },
  ])
})

for (const [what, text, told] of [
  ['no address', KEY, /expected verifier keys/],
  ['no key', 'https://witness.example', /expected verifier keys/],
  ['a key of another kind', `${PLAIN}@https://witness.example`, /expected verifier keys/],
  ['plain http over a network', `${KEY}@http://witness.example`, /expected verifier keys/],
  ['a password', `${KEY}@https://me:SECRET@witness.example`, /expected verifier keys/],
  ['a query', `${KEY}@https://witness.example/?a=SECRET`, /expected verifier keys/],
  ['no address beside one that has', `${KEY}@https://witness.example, ${PLAIN}`, /wrong: number 2 of 2/],
  ['a key twice', `${KEY}@https://a.example,${KEY}@https://b.example`, /names one key twice: witness\.example\/w\+/],
  [
    'too many',
    Array.from({ length: 21 }, (_, i) => `${KEY.replace('w+', `w${i}+`)}@https://a.example`).join(),
    /names 21; 20 at the most/,
  ],
] as const)
  test(`a witness with ${what} is a mistake that is named`, () => {
    assert.throws(
      () => read(text),
      (error) => {
        assert.ok(isFault(error, 'config_invalid'))
        assert.match(error.message, /DARKROOM_LOG_WITNESSES/)
        assert.match(error.message, told)
        return !error.message.includes('SECRET')
      },
    )
  })
