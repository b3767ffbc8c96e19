// Archives that are wrong in one thing elsewhere than in their rows, and the lines that a checker must say of each.

import { type Edits, type Manifest, PLAN, SIGNER } from './archive.ts'
import { timeOf } from './moves.ts'
import { checkpointOf, signerOf } from './notes.ts'
import { type WrongCase, wrongOne } from './wrong-rows.ts'

export const STRANGER = signerOf(SIGNER.origin, 'a stranger')

const hashed = (file: string) => `${file}: its SHA-256 is HEX, and the manifest says HEX`
const badSignature = (file: string) => `${file}: its signature by the log's key is wrong`
const notLeading = 'rows.jsonl: the rows and proofs.json do not lead to the root of checkpoint.note'
const inconsistent = 'proofs.json: consistency does not lead from start.note (size 3) to checkpoint.note (size 52)'

/** A byte of one file is another, after everything was signed. */
const changed = (file: string, from: string | RegExp, to: string, ...lines: string[]): WrongCase => {
  const files: Edits['files'] = (all) =>
    new Map(
      [...all].map(([name, bytes]) => [name, name === file ? Buffer.from(bytes.toString().replace(from, to)) : bytes]),
    )
  return wrongOne(`a byte of ${file} is changed`, { files }, lines, {
    extra: new Map([['rows.csv', Buffer.from('index\r\n1\r\n')]]),
  })
}
const badBody = 'rows.jsonl line 4: what is opened does not make the leaf of its entry'
const bytes: WrongCase[] = [
  changed('manifest.json', '1.2.3', '1.2.4', 'manifest.note: is not over this manifest.json'),
  changed('manifest.note', 'v1\n', 'v2\n', badSignature('manifest.note')),
  changed('checkpoint.note', '\n52\n', '\n53\n', hashed('checkpoint.note'), badSignature('checkpoint.note')),
  changed('start.note', '\n3\n', '\n2\n', hashed('start.note'), badSignature('start.note')),
  changed('proofs.json', /(?<="range":\[".).../, 'AAA', hashed('proofs.json'), notLeading),
  changed('rows.jsonl', 'violence/2', 'violence/3', badBody, hashed('rows.jsonl')),
  changed('rows.csv', '1', '2', hashed('rows.csv')),
]

const wrongManifest = (name: string, manifest: (manifest: Manifest) => object, ...lines: string[]): WrongCase =>
  wrongOne(
    name,
    { manifest },
    lines.map((line) => `manifest.json: ${line}`),
  )
const counting = (counts: object) => (manifest: Manifest) => ({ counts: { ...manifest.counts, ...counts } })
const kinds = { 'image.denied': 7, 'image.marked': 6, 'image.published': 7, 'statement.issued': 7 }
const querying = (query: object) => ({ query: { ...PLAN.query, ...query } })

const manifests: WrongCase[] = [
  wrongManifest('the rows are miscounted', counting({ rows: 34 }), 'counts.rows is 34, and the range has 35'),
  wrongManifest('those within are miscounted', counting({ within: 29 }), 'counts.within is 29, and the rows have 28'),
  wrongManifest('those opened are miscounted', counting({ opened: 26 }), 'counts.opened is 26, and the rows have 27'),
  wrongManifest(
    'a kind is miscounted',
    counting({ kinds: { ...kinds, 'image.denied': 8 } }),
    'counts.kinds has 8 of "image.denied", and the rows have 7',
  ),
  wrongManifest(
    'a kind is counted that is not there',
    counting({ kinds: { ...kinds, 'image.lost': 1 } }),
    'counts.kinds has 1 of "image.lost", and the rows have 0',
  ),
  wrongOne('a kind is not counted', { manifest: counting({ kinds: { ...kinds, 'image.denied': undefined } }) }, [
    'rows.jsonl line 5: is opened as "image.denied", which counts.kinds does not have',
  ]),
  wrongManifest(
    'a withheld row is outside',
    () => ({ withheld: [23, 40] }),
    'withheld has index 40, which is not in the range',
  ),
  wrongManifest(
    'a withheld row is before the range',
    () => ({ withheld: [4, 23] }),
    'withheld has index 4, which is not in the range',
  ),
  wrongManifest(
    'withheld rows are not in order',
    () => ({ withheld: [24, 23] }),
    'withheld must be a list of indices, ascending, and is a list',
  ),
  wrongManifest(
    'a gap is told of',
    () => ({ gaps: ['leaf 9\u001b[2J is lost'] }),
    'a gap is told of: "leaf 9\\u001b[2J is lost"',
  ),
  wrongManifest(
    'completeness is denied',
    () => ({ completeness: { proven: false, reason: 'subject_is_not_in_the_log' } }),
    'completeness.proven is false, expected true',
    'completeness.reason is "subject_is_not_in_the_log", expected null',
  ),
  wrongManifest(
    'times are of another zone',
    () => querying({ timezone: 'CET' }),
    'query.timezone must be "UTC", and is "CET"',
  ),
  wrongManifest('a part is a word', () => ({ log: 'mine' }), 'log must be an object, and is "mine"'),
  wrongManifest(
    'the key is none',
    () => ({ log: { origin: SIGNER.origin, key: 'mine' } }),
    'log.key is not a verifier key: "mine"',
  ),
  wrongManifest(
    'the log has another name than its key',
    () => ({ log: { origin: 'other', key: SIGNER.text } }),
    'log.origin is "other", and the key\'s name "darkroom.example/log"',
  ),
  wrongManifest('a field is missing', () => ({ gaps: undefined }), 'gaps is missing'),
  wrongManifest('a field is not known', () => ({ also: 1 }), '"also" is not a field of this format'),
  wrongManifest(
    'a range is backwards',
    () => ({ range: { first: 41, end: 40, size: 52 } }),
    'range must have first ≤ end ≤ size, and has 41, 40, 52',
  ),
  wrongManifest(
    'a size is beyond all sizes',
    () => ({ range: { first: 5, end: 40, size: 2 ** 60 } }),
    'range.size must be a whole number from 0 to 2^53 - 1, and is 1152921504606847000',
  ),
  wrongManifest(
    'a file is not listed',
    ({ files }) => ({ files: files.filter(({ name }) => name !== 'rows.jsonl') }),
    'files must list checkpoint.note, start.note, proofs.json, rows.jsonl, and lists "checkpoint.note", "start.note", "proofs.json"',
  ),
  wrongOne(
    'made before the period ended',
    {},
    [`manifest.json: made_at ${timeOf(35)} is before the end of the period, ${timeOf(36)}`],
    { madeAt: timeOf(35) },
  ),
  wrongOne('the manifest has a space more', { manifestText: (text) => text.replace(',', ', ') }, [
    'manifest.json: is not canonical JSON',
  ]),
  wrongOne('the manifest is not JSON', { manifestText: (text) => text.slice(1) }, ['manifest.json: is not JSON']),
  wrongOne('the manifest is signed by another key', { signer: STRANGER }, [
    "manifest.note: has no signature by the log's key",
  ]),
  wrongOne('two keys have signed the manifest', { note: (note) => `${note}— x ${'A'.repeat(92)}\n` }, [
    'manifest.note: has 2 signatures, expected one',
  ]),
]

const edgeOf = (index: number, edge: string) =>
  `rows.jsonl: the ${edge} row (index ${index}) is of ${timeOf(index)}, and must be`
const trees: WrongCase[] = [
  wrongOne('the period begins with the range', {}, [`${edgeOf(5, 'first')} before the period, from ${timeOf(5)}`], {
    query: { ...PLAN.query, from: timeOf(5) },
  }),
  wrongOne('the period goes beyond the range', {}, [`${edgeOf(39, 'last')} after the period, to ${timeOf(40)}`], {
    query: { ...PLAN.query, to: timeOf(40) },
  }),
  ...[0, 52, 20].map((at) =>
    wrongOne(
      `there is no row at ${at}`,
      {},
      ['rows.jsonl: has no row, so that nothing shows that the range reaches beyond the period'],
      { first: at, end: at, withheld: [], start: undefined },
    ),
  ),
  wrongOne(
    'a hash of the consistency proof is wrong',
    { proofs: (p) => ({ ...p, consistency: p.consistency.with(1, `${'A'.repeat(43)}=`) }) },
    [inconsistent],
  ),
  wrongOne(
    'the consistency proof has a hash too many',
    { proofs: (p) => ({ ...p, consistency: [...p.consistency, `${'A'.repeat(43)}=`] }) },
    [inconsistent],
  ),
  wrongOne(
    'the consistency proof has a hash too few',
    { proofs: (p) => ({ ...p, consistency: p.consistency.slice(0, -1) }) },
    [inconsistent],
  ),
  wrongOne(
    'there is a consistency proof from nowhere',
    { proofs: (p) => ({ ...p, consistency: p.range }) },
    ['proofs.json: consistency has 4 hashes, expected none'],
    { start: undefined },
  ),
  wrongOne(
    'the range’s proof has a hash too many',
    { proofs: (p) => ({ ...p, range: [...p.range, `${'A'.repeat(43)}=`] }) },
    ['proofs.json: range has 5 hashes, expected 4'],
  ),
  wrongOne('the range’s proof has a hash too few', { proofs: (p) => ({ ...p, range: p.range.slice(1) }) }, [
    'proofs.json: range has 3 hashes, expected 4',
  ]),
  wrongOne(
    'a hash is spelled otherwise',
    { proofs: (p) => ({ ...p, range: p.range.with(0, `${'A'.repeat(42)}B=`) }) },
    [`proofs.json: range[0] must be a hash in base64, and is "ROOT"`],
  ),
  wrongOne(
    'the earlier checkpoint is not before the range',
    {},
    ['start.note: its size 6 is beyond the first index, 5'],
    { start: 6 },
  ),
  wrongOne('the checkpoint is of another size', { checkpoint: () => checkpointOf(SIGNER, 53, Buffer.alloc(32)) }, [
    'checkpoint.note: its size is 53, and range.size 52',
    'proofs.json: consistency does not lead from start.note (size 3) to checkpoint.note (size 53)',
  ]),
  wrongOne('the checkpoint is by another key', { checkpoint: (note) => STRANGER.note(`${note.split('\n\n')[0]}\n`) }, [
    "checkpoint.note: has no signature by the log's key",
  ]),
  wrongOne('the tree is another one', { checkpoint: () => checkpointOf(SIGNER, 52, Buffer.alloc(32)) }, [
    inconsistent,
    notLeading,
  ]),
  wrongOne('the log has begun anew', { start: () => checkpointOf(SIGNER, 3, Buffer.alloc(32)) }, [inconsistent]),
  wrongOne('proofs have a space more', { proofsText: (text) => text.replace(',', ', ') }, [
    'proofs.json: is not canonical JSON',
  ]),
  wrongOne('proofs are no lists', { proofsText: () => '{"consistency":[],"range":7}' }, [
    'proofs.json: range must be a list, and is 7',
  ]),
  wrongOne('the checkpoint has no root', { checkpoint: () => SIGNER.note(`${SIGNER.origin}\n52\n`) }, [
    'checkpoint.note: is not a checkpoint: after the origin there must be a size and a root',
  ]),
  wrongOne('the earlier checkpoint is of no leaves', {}, ['start.note: is of no leaves, where no start.note belongs'], {
    start: 0,
  }),
  wrongOne('a tree without leaves has another root', { start: () => checkpointOf(SIGNER, 0, Buffer.alloc(32)) }, [
    'start.note: has no leaves, and not the root of no leaves',
  ]),
  wrongOne(
    'the log has two roots of one size',
    { start: () => checkpointOf(SIGNER, 52, Buffer.alloc(32)) },
    [
      'start.note: split view: it has another root than checkpoint.note for the same size, 52',
      'rows.jsonl: has no row, so that nothing shows that the range reaches beyond the period',
    ],
    { first: 52, end: 52, start: 52, withheld: [] },
  ),
]

export const wrongFiles = [...bytes, ...manifests, ...trees]
