// Signed notes against published ones, and every way in which a note can be none, or not be believed.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  MOST_NOTE_BYTES,
  NoteError,
  openNote,
  parseVerifierKey,
  printVerifierKey,
  signNote,
} from '../../src/audit/note.ts'
import { cosigner, noteSigner, witnessSigner } from './note-signers.ts'
import { at, flipped } from './trees.ts'

type Golden = {
  note: { signerKey: string; verifierKey: string; text: string; note: string }
  noteWithEmptyLine: { text: string; name: string; keyId: string; note: string }
  checkpoint: { text: string; cosignedMessage: string; cosignatureTime: number; note: string }
  logProof: { verifierKey: string; text: string }
}
const file = new URL('../goldens/log-vectors.json', import.meta.url)
const golden: Golden = JSON.parse(readFileSync(file, 'utf8'))

const TEXT = 'first\n\nsecond: ü\n'
const TIME = 1_679_315_147
const log = noteSigner('log.example/one')
const second = noteSigner('log.example/two')
const witness = witnessSigner('witness.example/w', TIME)

const open = (note: string | Uint8Array, keys = [log.key, witness.key]) => openNote(Buffer.from(note), keys)

const refuses = (
  note: string | Uint8Array,
  code: NoteError['code'],
  message: RegExp,
  keys = [log.key, witness.key],
): void =>
  assert.throws(
    () => open(note, keys),
    (error) => error instanceof NoteError && error.code === code && message.test(error.message),
    `${code}, ${message}: ${JSON.stringify(note.slice(0, 200))}`,
  )

/** The bytes of a signature line: key id and signature. */
const bytesOf = (line: string): Buffer => Buffer.from(at(line.split(' '), 2), 'base64')
const lineOf = (name: string, bytes: Buffer): string => `— ${name} ${bytes.toString('base64')}\n`

describe('a published note', () => {
  it('of Go is signed byte for byte with its published key, and opens', async () => {
    const { signerKey, verifierKey, text, note } = golden.note
    const seed = Buffer.from(signerKey.split('+').slice(4).join('+'), 'base64').subarray(1)
    const { key, signer } = noteSigner('PeterNeumann', seed)
    assert.equal(printVerifierKey(key), verifierKey)
    assert.equal(signer.keyId, 0xc74f20a3)
    assert.equal(await signNote(text, [signer]), note)
    const verified = [{ name: 'PeterNeumann', keyId: 0xc74f20a3, timeSeconds: null }]
    assert.deepEqual(open(note, [parseVerifierKey(verifierKey)]), { text, verified, unknown: [] })
  })

  it('of Tessera opens under its published key', () => {
    const key = parseVerifierKey(golden.logProof.verifierKey)
    const note = golden.logProof.text.slice(golden.logProof.text.indexOf('\n\n') + 2)
    assert.equal(open(note, [key]).verified.length, 1)
    refuses(note.replace('100270', '100271'), 'bad_signature', /the signature of example\.com\/log\/testdata/, [key])
  })

  it('of the specification has an empty line in its text, and a key that is told as unknown', async () => {
    const { note, name, text, keyId: id } = golden.noteWithEmptyLine
    refuses(note, 'unsigned', /no known key signed the note/)
    const opened = open(`${note}${(await signNote(text, [log.signer])).slice(text.length + 1)}`)
    assert.equal(opened.text, text)
    assert.deepEqual(opened.unknown, [{ name, keyId: Number.parseInt(id, 16) }])
  })

  it('of a cosigned checkpoint has its time where cosignatures have it, and they sign the published message', async () => {
    const { cosignatureTime, text, cosignedMessage, note } = golden.checkpoint
    const messages: string[] = []
    const sign = async (message: Buffer): Promise<Buffer> => {
      messages.push(message.toString())
      return Buffer.alloc(64)
    }
    const own = await signNote(text, [cosigner(witness.key, sign, cosignatureTime)])
    assert.deepEqual(messages, [cosignedMessage])
    const [ours, published] = [bytesOf(at(own.split('\n'), 4)), bytesOf(at(note.split('\n'), 5))]
    assert.deepEqual(ours.subarray(4, 12), published.subarray(4, 12))
    assert.equal(ours.length, published.length)
  })
})

describe('a signed note', () => {
  it('opens for whoever knows one of its keys, and tells the others and the time of a witness', async () => {
    const note = await signNote(TEXT, [log.signer, second.signer, witness.signer])
    const [one, two] = [log, second].map(({ signer: { name, keyId } }) => ({ name, keyId }))
    const cosigned = { name: witness.key.name, keyId: witness.signer.keyId, timeSeconds: TIME }
    assert.deepEqual(open(note), { text: TEXT, verified: [{ ...one, timeSeconds: null }, cosigned], unknown: [two] })
    assert.deepEqual(open(note, [witness.key]), { text: TEXT, verified: [cosigned], unknown: [one, two] })
    refuses(note, 'unsigned', /no known key/, [])
    refuses(note, 'unsigned', /no known key/, [noteSigner('log.example/three').key])
  })

  it('is told apart by name and id together: another key of the same name is an unknown one', async () => {
    const { key: renewed } = noteSigner(log.key.name, Buffer.alloc(32, 9))
    const note = await signNote(TEXT, [log.signer])
    refuses(note, 'unsigned', /no known key/, [renewed])
    assert.equal(open(note, [renewed, log.key]).verified.length, 1)
    // Nor does a known key vouch under a name that it was not given.
    const borrowed = noteSigner('log.example/borrowed', Buffer.alloc(32, log.key.name))
    assert.deepEqual(borrowed.key.publicKey, log.key.publicKey)
    refuses(await signNote(TEXT, [borrowed.signer]), 'unsigned', /no known key/)
    // The same key for another kind of signature has another id.
    refuses(note, 'unsigned', /no known key/, [{ ...log.key, type: 'cosignature/v1' }])
  })

  it('does not open once a bit of its text, or of the only signature that is known, is changed', async () => {
    const ends = [TEXT, (await signNote(TEXT, [log.signer])).slice(TEXT.length)].map(
      (part) => 8 * Buffer.byteLength(part),
    )
    const note = Buffer.from(await signNote(TEXT, [log.signer, witness.signer]))
    const [textEnds = 0, lineBits = 0] = ends
    for (let bit = 0; bit < note.length * 8; bit++) {
      const changed = flipped(note, bit)
      const inText = bit < textEnds + 8
      const keys = inText ? [log.key, witness.key] : bit < textEnds + lineBits ? [log.key] : [witness.key]
      for (const key of keys) assert.throws(() => open(changed, [key]), NoteError, `bit ${bit}, ${key.name}`)
    }
  })

  it('is refused whole for a bad signature of a known key, beside good ones and before or after them', async () => {
    const note = await signNote(TEXT, [log.signer])
    const bad = lineOf(
      witness.key.name,
      flipped(bytesOf(at((await signNote(TEXT, [witness.signer])).split('\n'), 4)), 100),
    )
    const [head, own] = [note.slice(0, TEXT.length + 1), note.slice(TEXT.length + 1)]
    for (const lines of [`${own}${bad}`, `${bad}${own}`]) {
      refuses(`${head}${lines}`, 'bad_signature', /the signature of witness\.example\/w is not of this text/)
      assert.equal(open(`${head}${lines}`, [log.key]).unknown.length, 1)
    }
    // A second signature of the key that has a good one counts as well.
    const twice = lineOf(log.key.name, flipped(bytesOf(own), 100))
    refuses(`${note}${twice}`, 'bad_signature', /log\.example\/one/)
    assert.equal(open(`${note}${own}`).verified.length, 1)
  })

  it('is refused for a signature of a wrong length, or a time that no clock shows', async () => {
    const note = await signNote(TEXT, [witness.signer])
    const [head, bytes] = [note.slice(0, TEXT.length + 1), bytesOf(at(note.split('\n'), 4))]
    const far = Buffer.from(bytes)
    far.writeBigUInt64BE(2n ** 63n, 4)
    for (const changed of [
      bytes.subarray(0, -1),
      bytes.subarray(0, 68),
      bytes.subarray(0, 5),
      far,
      Buffer.concat([bytes, bytes]),
    ])
      refuses(`${head}${lineOf(witness.key.name, changed)}`, 'bad_signature', /witness\.example/)
    const late = witnessSigner(witness.key.name, 2 ** 53)
    refuses(await signNote(TEXT, [late.signer]), 'bad_signature', /witness\.example/)
    const own = bytesOf(at((await signNote(TEXT, [log.signer])).split('\n'), 4))
    refuses(`${head}${lineOf(log.key.name, own.subarray(0, -1))}`, 'bad_signature', /log\.example/)
  })

  it('is text and signature lines, and nothing else is', async () => {
    const note = await signNote(TEXT, [log.signer])
    const [head, own] = [note.slice(0, TEXT.length + 1), note.slice(TEXT.length + 1)]
    const strange = (line: string): string => `${note}${line}\n`
    const cases: [string | Uint8Array, RegExp][] = [
      ['', /no signatures follow/],
      ['\n', /no signatures follow/],
      [TEXT.replace('\n\n', '\n'), /no signatures follow/],
      [`${TEXT}${own}`, /no signature line/],
      [note.slice(0, -1), /no signatures follow/],
      [head, /no signature line/],
      [`${note}\n`, /no signature line/],
      [note.replace('\n', '\r\n'), /control characters/],
      [note.replace('first', 'fi\trst'), /control characters/],
      [note.replace('first', 'fi\0rst'), /control characters/],
      [Buffer.concat([Buffer.of(0xff), Buffer.from(note)]), /not UTF-8/],
      [Buffer.concat([Buffer.from(note.slice(0, 3)), Buffer.of(0xc3), Buffer.from(note.slice(3))]), /not UTF-8/],
      [note.replace('— ', '- '), /no signature line/],
      [note.replace('— ', '—'), /no signature line/],
      [strange('— name'), /no signature line/],
      [strange('— name '), /no signature line/],
      [strange('—  AAAAAAA='), /no signature line/],
      [strange('— a+b AAAAAAA='), /no signature line/],
      [strange('— a\u00a0b AAAAAAA='), /no signature line/],
      [strange('— a\u2003b AAAAAAA='), /no signature line/],
      [strange('— a b AAAAAAA='), /no signature line/],
      [strange('— name AAAAAAA= '), /no signature line/],
      // Key id and no signature; without padding; with bits behind the last byte; in the other alphabet.
      [strange('— name AAAAAA=='), /no signature line/],
      [strange('— name AAAAAAA'), /no signature line/],
      [strange('— name AAAAAAB='), /no signature line/],
      [strange('— name AAAA__8='), /no signature line/],
    ]
    for (const [changed, message] of cases) refuses(changed, 'malformed', message)
    assert.equal(open(strange('— name AAAAAAA=')).unknown.length, 1)
    // A byte order mark is text like any other.
    refuses(`\ufeff${note}`, 'bad_signature', /log\.example/)
  })

  it('has up to a hundred signatures and a million bytes', async () => {
    const note = await signNote(TEXT, [log.signer])
    const strangers = (count: number): string => Array.from({ length: count }, (_, i) => `— s${i} AAAAAAA=\n`).join('')
    assert.equal(open(`${note}${strangers(99)}`).unknown.length, 99)
    refuses(`${note}${strangers(100)}`, 'malformed', /101 signatures; 100 at the most/)
    const rest = MOST_NOTE_BYTES - (await signNote('\n', [log.signer])).length
    const largest = Buffer.from(await signNote(`${'x'.repeat(rest - 2)}\n`, [log.signer]))
    assert.equal(largest.length, MOST_NOTE_BYTES)
    assert.equal(open(largest).verified.length, 1)
    refuses(Buffer.concat([Buffer.from('x'), largest]), 'malformed', /1000001 bytes; 1000000 at the most/)
  })

  it('takes any bytes for what they are', () => {
    const dashes = fc
      .array(fc.constantFrom('— ', 'a', ' ', '\n', '\n\n', 'AAAAAAA=', 'ü', '+'))
      .map((parts) => parts.join(''))
    const inputs = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      dashes.map((text) => Buffer.from(text)),
    )
    const property = fc.property(inputs, (bytes) => assert.throws(() => open(bytes), NoteError))
    fc.assert(property, { numRuns: 1_000 })
  })
})

describe('a note that cannot be', () => {
  const fails = (text: string, signers: Parameters<typeof signNote>[1], message: RegExp) =>
    assert.rejects(signNote(text, signers), (error) => error instanceof NoteError && message.test(error.message))

  it('is not signed', async () => {
    await fails('text', [log.signer], /ends in a newline/)
    await fails('', [log.signer], /ends in a newline/)
    await fails('a\tb\n', [log.signer], /control characters/)
    await fails('a\ud800\n', [log.signer], /control characters/)
    await fails(TEXT, [], /1 to 100 signatures, not 0/)
    await fails(
      TEXT,
      Array.from({ length: 101 }, () => log.signer),
      /not 101/,
    )
    await fails('x'.repeat(MOST_NOTE_BYTES).concat('\n'), [log.signer], /1000000 bytes at the most/)
    for (const name of ['', 'a b', 'a+b', 'a\u00a0b', 'a\nb'])
      await fails(TEXT, [{ ...log.signer, name }], /a key's name has no spaces and no plus/)
  })

  it('has the error of whoever should have signed it', async () => {
    const sign = async (): Promise<Buffer> => {
      throw new Error('the key is away')
    }
    await assert.rejects(signNote(TEXT, [{ ...log.signer, sign }]), /the key is away/)
  })
})
