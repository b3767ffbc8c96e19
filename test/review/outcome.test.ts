// How a ruling ends an appeal: the one answer that the preview reads and the effect carries out.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { outcomeOf } from '../../src/appeal/effect.ts'
import type { Ruling } from '../../src/review/ruling.ts'

const STANDS = { erased: false, stands: true, clause: 'weapons/2' }
function ruling(outcome: Ruling['outcome'], more: Partial<Ruling> = {}): Ruling {
  return { outcome, clause: null, findings: {}, reason: 'misuse', agreed: 2, reviewers: [], verdicts: [], ...more }
}

test('the contested clause upholds, another is partial, none overturns, and leaving undecided keeps its reason', () => {
  for (const [given, outcome] of [
    [ruling('deny', { clause: 'weapons/2' }), 'upheld'],
    [ruling('deny', { clause: 'hate/1' }), 'partial'],
    [ruling('allow'), 'overturned'],
    [ruling('omit'), 'omitted'],
  ] as const)
    assert.deepEqual(outcomeOf(given, STANDS), { outcome, told: given })
})

test('whatever the ruling, also one that left it undecided, nothing is decided about what is gone or was restricted anew', () => {
  for (const gone of [
    { ...STANDS, erased: true },
    { ...STANDS, stands: false },
  ])
    for (const given of [ruling('deny', { clause: 'weapons/2' }), ruling('allow'), ruling('omit')])
      assert.deepEqual(outcomeOf(given, gone), { outcome: 'omitted', told: { ...given, reason: 'content_erased' } })
})
