// What is said of each layer: no more than was looked at.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { layersOf } from '../../src/mark/layers.ts'
import type { Provenance } from '../../src/mark/verify.ts'

const FOUND: Provenance = {
  verdict: 'inconclusive',
  manifest: { found: false, state: null, signed_by: null, generator: null, problems: [], recovered: null },
  watermark: { found: true, confidence: 'high', read: true, copy: 'in place', trustmark: null },
  fingerprint: {
    algorithm: 'iscc-image-v0',
    bits: 256,
    code: 'ISCC:X',
    weak: false,
    compared: false,
    distance: null,
    match: null,
  },
  record: null,
  notes: [],
}
const shown = (found: Partial<Provenance>, name: string) =>
  layersOf({ ...FOUND, ...found }).find(({ layer }) => layer === name)?.shows ?? ''

test('a mark that leads to a record without a fingerprint is not said to lead to none', () => {
  assert.equal(shown({}, 'fingerprint'), 'There is nothing on record to compare it with.')
  assert.match(shown({ fingerprint: { ...FOUND.fingerprint, weak: true } }, 'fingerprint'), /too plain/)
})

test('a manifest whose certificate is over, and one that does not fit, are two things', () => {
  const of = (...problems: string[]) =>
    shown({ manifest: { ...FOUND.manifest, found: true, state: 'Invalid', problems } }, 'manifest')
  assert.match(of('signingCredential.expired'), /fits the file, by a certificate that is over/)
  assert.match(of('signingCredential.expired', 'assertion.dataHash.mismatch'), /does not fit/)
})
