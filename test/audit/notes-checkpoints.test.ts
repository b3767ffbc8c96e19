// Checkpoints and proofs of entries: as others print them, and refused where a line is another or the log did not sign.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { type Checkpoint, formatCheckpoint, openCheckpoint, parseCheckpoint } from '../../src/audit/checkpoint.ts'
import { formatLogProof, type LogProof, parseLogProof, verifyLogProof } from '../../src/audit/log-proof.ts'
import { inclusionProof } from '../../src/audit/merkle.ts'
import { NoteError, parseVerifierKey, signNote } from '../../src/audit/note.ts'
import { noteSigner, witnessSigner } from './note-signers.ts'
import { at, flipped, memoryTree, someLeaves, tamperedProofs } from './trees.ts'

type Golden = {
  checkpoint: { origin: string; size: number; root: string; text: string; note: string }
  logProof: { verifierKey: string; index: number; size: number; hashes: number; text: string }
}
const file = new URL('../goldens/log-vectors.json', import.meta.url)
const golden: Golden = JSON.parse(readFileSync(file, 'utf8'))

const ORIGIN = 'log.example/one'
const log = noteSigner(ORIGIN)
const witness = witnessSigner('witness.example/w', 1_679_315_147)
const identity = { origin: ORIGIN, logKeys: [log.key], witnesses: [witness.key] }
const tree = memoryTree(someLeaves(300))
const checkpoint: Checkpoint = { origin: ORIGIN, size: 300, root: tree.root(300) }

const refuses = (attempt: () => unknown, code: NoteError['code'], message: RegExp, about?: string): void =>
  assert.throws(
    attempt,
    (error) => error instanceof NoteError && error.code === code && message.test(error.message),
    about,
  )

describe('a checkpoint', () => {
  it('is that of the specification', () => {
    const { origin, size, root, text, note } = golden.checkpoint
    const own = { origin, size, root: Buffer.from(root, 'base64') }
    assert.equal(formatCheckpoint(own), text)
    assert.deepEqual(parseCheckpoint(text), { ...own, extensions: [] })
    assert.deepEqual(parseCheckpoint(note.slice(0, note.indexOf('\n\n') + 1)), { ...own, extensions: [] })
  })

  it('keeps the lines that a log adds, and the size of an empty tree', () => {
    const text = formatCheckpoint({ ...checkpoint, size: 0 })
    assert.deepEqual(parseCheckpoint(`${text}one\ntwo three\n`), {
      ...checkpoint,
      size: 0,
      extensions: ['one', 'two three'],
    })
  })

  it('has one spelling, and the error names the line that has another', () => {
    const [origin, root] = [ORIGIN, checkpoint.root.toString('base64')]
    const cases: [string, RegExp][] = [
      ['', /newline/],
      [`${origin}\n300\n${root}`, /newline/],
      ['\n', /line 1/],
      [`\n300\n${root}\n`, /line 1/],
      [`${origin}\n`, /line 2/],
      [`${origin}\n300\n`, /line 3/],
      [`${origin}\n300\n${root}\n\n`, /line 4 of the checkpoint is empty/],
      [`${origin}\n300\n${root}\nx\n\ny\n`, /line 5/],
      ...[
        '',
        '-1',
        '+1',
        '0300',
        '00',
        ' 300',
        '300 ',
        '3e2',
        '0x12c',
        '300.0',
        '٣',
        '9007199254740992',
        '99999999999999999999',
      ].map((size): [string, RegExp] => [`${origin}\n${size}\n${root}\n`, /line 2/]),
      // Without padding, with a bit behind the last byte, of another alphabet, too short, too long, of nothing.
      ...[
        root.slice(0, -1),
        root.replace(/.=$/, '9='),
        `${'_'.repeat(42)}8=`,
        'AAAA',
        `${'A'.repeat(44)}`,
        ' ',
        `${root} `,
        `x${root}`,
      ].map((hash): [string, RegExp] => [`${origin}\n300\n${hash}\n`, /line 3/]),
    ]
    for (const [text, message] of cases)
      refuses(() => parseCheckpoint(text), 'malformed', message, JSON.stringify(text))
  })

  it('cannot be of what is no tree', () => {
    for (const origin of ['', 'a\nb']) assert.throws(() => formatCheckpoint({ ...checkpoint, origin }), /one line/)
    for (const size of [-1, 0.5, Number.NaN, 2 ** 53])
      assert.throws(() => formatCheckpoint({ ...checkpoint, size }), RangeError)
    assert.throws(() => formatCheckpoint({ ...checkpoint, root: checkpoint.root.subarray(1) }), /32 bytes, not 31/)
  })
})

describe('a signed checkpoint', () => {
  it('opens under a key of its log, with the cosignatures of known witnesses beside it', async () => {
    const text = formatCheckpoint(checkpoint)
    const note = Buffer.from(await signNote(text, [log.signer, witness.signer]))
    const cosignatures = [{ name: witness.key.name, keyId: witness.signer.keyId, timeSeconds: 1_679_315_147 }]
    assert.deepEqual(openCheckpoint(note, identity), { ...checkpoint, text, extensions: [], cosignatures })
    assert.deepEqual(openCheckpoint(note, { origin: ORIGIN, logKeys: [log.key] }).cosignatures, [])
  })

  it('does not open where only witnesses signed, or where a known witness did not sign this', async () => {
    const text = formatCheckpoint(checkpoint)
    const cosigned = await signNote(text, [witness.signer])
    refuses(() => openCheckpoint(Buffer.from(cosigned), identity), 'unsigned', /no known key/)
    const [other, own] = [
      await signNote(formatCheckpoint({ ...checkpoint, size: 299 }), [witness.signer]),
      await signNote(text, [log.signer]),
    ]
    const mixed = Buffer.from(`${own}${other.slice(other.lastIndexOf('—'))}`)
    refuses(() => openCheckpoint(mixed, identity), 'bad_signature', /witness\.example/)
  })

  it("does not open under another log's name, nor when its text is no checkpoint", async () => {
    const foreign = await signNote(formatCheckpoint({ ...checkpoint, origin: 'log.example/two' }), [log.signer])
    refuses(
      () => openCheckpoint(Buffer.from(foreign), identity),
      'malformed',
      /of "log\.example\/two", not of log\.example\/one/,
    )
    const letter = await signNote('dear reader\n', [log.signer])
    refuses(() => openCheckpoint(Buffer.from(letter), identity), 'malformed', /line 2/)
  })
})

describe('a proof of an entry', () => {
  const proofOf = async (index: number, extra: Buffer | null = null): Promise<LogProof> => ({
    index,
    hashes: await inclusionProof(index, 300, tree.read),
    checkpoint: await signNote(formatCheckpoint(checkpoint), [log.signer, witness.signer]),
    extra,
  })

  it('is a file that is read back, with extra data and without', async () => {
    for (const extra of [null, Buffer.alloc(0), Buffer.from('a salt'), Buffer.alloc(5_000, 7)])
      for (const index of [0, 299]) {
        const proof = await proofOf(index, extra)
        assert.deepEqual(parseLogProof(formatLogProof(proof)), proof)
      }
    const one = { ...(await proofOf(0)), hashes: [] }
    assert.deepEqual(parseLogProof(formatLogProof(one)), one)
    assert.match(
      formatLogProof(await proofOf(7, Buffer.from('x'))),
      /^c2sp\.org\/tlog-proof@v1\nextra eA==\nindex 7\n[A-Za-z0-9+/]{43}=\n/,
    )
  })

  it('of others is read, its checkpoint opened, and a leaf that is not its own refused', () => {
    const { text, verifierKey, index, size, hashes } = golden.logProof
    const proof = parseLogProof(text)
    assert.equal(proof.index, index)
    assert.equal(proof.hashes.length, hashes)
    assert.equal(formatLogProof(proof), text)
    const key = parseVerifierKey(verifierKey)
    const verdict = verifyLogProof(proof, at(tree.leaves, 0), { origin: key.name, logKeys: [key] })
    assert.equal(verdict.checkpoint.size, size)
    assert.equal(verdict.included, false)
  })

  it('verifies for its own leaf, and for no other leaf, place, proof or checkpoint', async () => {
    const proof = await proofOf(123)
    const leaf = at(tree.leaves, 123)
    assert.equal(verifyLogProof(proof, leaf, identity).included, true)
    assert.equal(verifyLogProof(proof, leaf, identity).checkpoint.cosignatures.length, 1)
    assert.equal(verifyLogProof(proof, flipped(leaf, 3), identity).included, false)
    assert.equal(verifyLogProof({ ...proof, index: 122 }, leaf, identity).included, false)
    assert.equal(verifyLogProof({ ...proof, index: 300 }, leaf, identity).included, false)
    for (const [what, hashes] of tamperedProofs(proof.hashes, 77))
      assert.equal(verifyLogProof({ ...proof, hashes }, leaf, identity).included, false, what)
    const lie = { ...checkpoint, root: flipped(checkpoint.root, 1) }
    const foreign = await signNote(formatCheckpoint(lie), [noteSigner(ORIGIN, Buffer.alloc(32, 5)).signer])
    refuses(() => verifyLogProof({ ...proof, checkpoint: foreign }, leaf, identity), 'unsigned', /no known key/)
    const signed = await signNote(formatCheckpoint(lie), [log.signer])
    assert.equal(verifyLogProof({ ...proof, checkpoint: signed }, leaf, identity).included, false)
  })

  it('has one spelling, and the error says what has another', async () => {
    const text = formatLogProof(await proofOf(7, Buffer.from('x')))
    const hash = at(text.split('\n'), 3)
    const cases: [string, RegExp][] = [
      ['', /no empty line/],
      [text.replace('\n\n', '\n'), /index|hash|empty line/],
      [text.replace('@v1', '@v2'), /first line/],
      [` ${text}`, /first line/],
      [text.replaceAll('\n', '\r\n'), /no empty line/],
      [text.replace('extra eA==', 'extra eA'), /extra data are not base64/],
      [text.replace('extra eA==', 'extra eB=='), /extra data are not base64/],
      [text.replace('extra eA==\n', 'extra eA==\nextra eA==\n'), /"index"/],
      [text.replace('extra eA==', 'extras'), /"index"/],
      [text.replace('index 7', 'index 07'), /"index"/],
      [text.replace('index 7', 'index -7'), /"index"/],
      [text.replace('index 7', 'index 9007199254740992'), /"index"/],
      [text.replace('index 7', 'Index 7'), /"index"/],
      [text.replace('index 7\n', ''), /"index"/],
      [text.replace(hash, hash.slice(0, -1)), /hash 0 is not 32 bytes/],
      [text.replace(hash, 'AAAA'), /hash 0 is not 32 bytes/],
      [text.replace(hash, `${hash}\n`.repeat(60).trimEnd()), /hashes; 53 at the most/],
      ['x'.repeat(2_000_001), /2000001 characters/],
    ]
    for (const [changed, message] of cases)
      refuses(() => parseLogProof(changed), 'malformed', message, changed.slice(0, 90))
  })

  it('cannot be of what is no place or no hash', async () => {
    const proof = await proofOf(7)
    for (const index of [-1, 0.5, Number.NaN])
      assert.throws(() => formatLogProof({ ...proof, index }), /no entry has index/)
    const short = at(proof.hashes, 0).subarray(1)
    for (const hashes of [[short], Array.from({ length: 54 }, () => at(proof.hashes, 0))])
      assert.throws(() => formatLogProof({ ...proof, hashes }), /up to 53 hashes of 32 bytes/)
  })
})
