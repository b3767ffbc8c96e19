// Verifier keys: read as they are printed and in no other spelling, each under its own id.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { keyId, NoteError, parseVerifierKey, printVerifierKey } from '../../src/audit/note.ts'
import { noteSigner, witnessSigner } from './note-signers.ts'
import { at } from './trees.ts'

const file = new URL('../goldens/log-vectors.json', import.meta.url)
const golden: { note: { verifierKey: string } } = JSON.parse(readFileSync(file, 'utf8'))

const log = noteSigner('log.example/one')
const second = noteSigner('log.example/two')
const witness = witnessSigner('witness.example/w', 1_679_315_147)

describe('a verifier key', () => {
  it('is read as it is printed, of either kind', () => {
    for (const { key, signer } of [log, second, witness]) {
      assert.deepEqual(parseVerifierKey(printVerifierKey(key)), key)
      assert.equal(keyId(key.name, key.type, key.publicKey), signer.keyId)
    }
  })

  it('begins with the byte that stands for its kind', () => {
    for (const [key, byte] of [
      [log.key, 1],
      [witness.key, 4],
    ] as const)
      assert.equal(Buffer.from(at(printVerifierKey(key).split('+'), 2), 'base64')[0], byte)
  })

  it('has an id of eight digits, also where it begins with zeros', () => {
    const { type, publicKey } = log.key
    const names = Array.from({ length: 5_000 }, (_, i) => `log.example/${i}`)
    const name = names.find((one) => keyId(one, type, publicKey) < 2 ** 20)
    assert.ok(name)
    const text = printVerifierKey({ name, type, publicKey })
    assert.match(text, /^log\.example\/\d+\+000[0-9a-f]{5}\+/)
    assert.deepEqual(parseVerifierKey(text), { name, type, publicKey })
  })

  it('has one spelling, and the id of its own key', () => {
    const text = golden.note.verifierKey
    const wrong = [
      ...Array.from({ length: text.length }, (_, i) => text.slice(0, i)),
      ...Array.from({ length: text.length }, (_, i) => text.slice(i + 1)),
      ...Array.from(
        text,
        (char, i) => `${text.slice(0, i)}${String.fromCodePoint((char.codePointAt(0) ?? 0) + 1)}${text.slice(i + 1)}`,
      ),
      // Known to Go's tests: a key of a wrong length and an unknown kind, each with the id that would be its own.
      'PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==',
      'PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW',
      ...[31, 33, 0].map((length) => printVerifierKey({ ...log.key, publicKey: Buffer.alloc(length, 1) })),
      text.replace('c74f20a3', 'C74F20A3'),
      text.replace('PeterNeumann', 'Peter Neumann'),
      `${text} `,
      `${text}\n`,
    ]
    for (const other of wrong)
      assert.throws(
        () => parseVerifierKey(other),
        (error) => error instanceof NoteError && error.code === 'malformed',
        other,
      )
  })
})
