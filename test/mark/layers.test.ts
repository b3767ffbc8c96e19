// What is said of each layer: no more than was looked at.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { layersOf } from '../../src/mark/layers.ts'
import type { Provenance } from '../../src/mark/verify.ts'
import { NOTHING_KNOWN } from './findings.ts'

const FOUND: Provenance = {
  ...NOTHING_KNOWN,
  verdict: 'inconclusive',
  watermark: { found: true, confidence: 'high', read: true, copy: 'in place', trustmark: null },
  grounds: { ...NOTHING_KNOWN.grounds, named: 'mark', likeness: 'unrecorded' },
}
const shown = (found: Partial<Provenance>, name: string) =>
  layersOf({ ...FOUND, ...found }).find(({ layer }) => layer === name)?.shows ?? ''
const on = (grounds: Partial<Provenance['grounds']>, name: string) =>
  shown({ grounds: { ...FOUND.grounds, ...grounds } }, name)

test('a mark that leads to a record without a fingerprint is not said to lead to none', () => {
  assert.equal(shown({}, 'fingerprint'), 'There is nothing left on record to compare it with.')
  assert.match(on({ likeness: 'weak' }, 'fingerprint'), /too plain/)
})

test('a manifest whose certificate is over, and one that does not fit, are two things', () => {
  const of = (...problems: string[]) =>
    shown({ manifest: { ...FOUND.manifest, found: true, state: 'Invalid', problems } }, 'manifest')
  assert.match(of('signingCredential.expired'), /fits the file, by a certificate that is over/)
  assert.match(of('signingCredential.expired', 'assertion.dataHash.mismatch'), /does not fit/)
  assert.match(of('assertion.dataHash.mismatch'), /signed by this service, for other bytes/)
  assert.match(of('claimSignature.mismatch', 'assertion.dataHash.mismatch'), /or it is forged/)
})

test('a copy that is turned or cut could not be compared, and no layer says that it is another picture', () => {
  for (const [turned, why] of [
    [true, /could not be compared .* turned by some degrees/],
    [false, /could not be compared .* a copy that is cut/],
  ] as const) {
    assert.match(on({ likeness: 'moved', turned }, 'fingerprint'), why)
    assert.match(
      on({ likeness: 'moved', turned }, 'record'),
      /^The mark names a record here; whether .* could not be told/,
    )
  }
  assert.match(on({ likeness: 'far' }, 'record'), /names a record here, of a picture that this one does not look like/)
  assert.match(on({ likeness: 'far', named: 'manifest' }, 'record'), /^The manifest names a record here, of a picture/)
  assert.match(on({ named: 'apart' }, 'record'), /two different records/)
  assert.equal(on({ named: null, likeness: null }, 'record'), 'No record of ours belongs to this file.')
})

test('a picture that looks like one that was released is not said to have nothing to be compared with', () => {
  const none = { named: null, likeness: null } as const
  assert.match(on({ ...none, alike: true }, 'fingerprint'), /looks like one that was released here/)
  assert.match(on(none, 'fingerprint'), /^Nothing leads to a picture on record/)
})

test('a likeness is not said to show that nothing was changed, and equal pixels are', () => {
  const layer = (samePixels: boolean) =>
    layersOf({ ...FOUND, grounds: { ...FOUND.grounds, likeness: 'close', samePixels } })[2] ?? assert.fail()
  assert.match(layer(false).does_not_show, /small changes do not show/)
  assert.match(layer(true).shows, /The pixels are those of the one on record/)
})

test('a search that was cut short is not said to have found nothing at all', () => {
  const watermark = { ...FOUND.watermark, found: false, read: false, copy: null, confidence: 'none' } as const
  const grounds = { ...FOUND.grounds, cutShort: true }
  assert.match(shown({ watermark, grounds }, 'watermark'), /not found in the pixels in the time allowed/)
  assert.doesNotMatch(shown({ watermark }, 'watermark'), /time/)
})
