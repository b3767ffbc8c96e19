// What holds over many rungs of the ladder of claims at once: TrustMark vouches for nothing, equal pixels for themselves, and one layer alone
// never makes a picture ours.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Findings } from '../../src/mark/findings.ts'
import { judge, type Verdict } from '../../src/mark/verdict.ts'
import { A, B, GONE, MANIFESTS, MARKS } from './findings.ts'

describe('the ladder of claims', () => {
  it('makes of TrustMark no more than a way to a record: ours, changed, where the looks agree, and else nothing', () => {
    const rows: [keyof typeof MANIFESTS, typeof A | null, keyof typeof MARKS, Findings['likeness'], Verdict, RegExp][] =
      [
        ['none', null, 'none', 'close', 'ours_altered', /TrustMark, registry and fingerprint agree/],
        ['none', null, 'trace', 'close', 'ours_altered', /TrustMark, registry and fingerprint agree/],
        ['foreign', null, 'none', 'close', 'ours_altered', /TrustMark, registry/],
        ['authentic', A, 'none', 'close', 'ours_altered', /Authentic manifest recovered/],
        ['none', null, 'none', 'near', 'inconclusive', /does not look like/],
        ['none', null, 'none', 'far', 'inconclusive', /does not look like/],
        ['none', null, 'none', 'weak', 'inconclusive', /comparison is impossible/],
        ['none', null, 'none', 'unrecorded', 'inconclusive', /comparison is impossible/],
        ['authentic', B, 'none', 'close', 'inconclusive', /lead to different images/],
      ]
    for (const [manifest, byManifest, mark, likeness, verdict, says] of rows) {
      const marks = { mark: MARKS[mark], byMark: null, byTrustmark: A }
      const looks = { likeness, samePixels: false, byLikeness: null }
      const told = judge({ manifest: MANIFESTS[manifest], ...marks, byManifest, ...looks })
      assert.deepEqual([told.verdict, says.test(told.notes.at(-1) ?? '')], [verdict, true], `${manifest}, ${likeness}`)
    }
  })

  it('says ours of the released pixels in whatever file they come, and of pixels altered only where they are known to be', () => {
    const says = (
      manifest: keyof typeof MANIFESTS,
      mark: keyof typeof MARKS,
      pixels: boolean | null,
      to: typeof A | null,
    ) => {
      const records = { byManifest: MANIFESTS[manifest].found ? to : null, byMark: mark === 'read' ? to : null }
      const looks = { likeness: to === null ? null : ('weak' as const), samePixels: pixels, byLikeness: null }
      const told = judge({ manifest: MANIFESTS[manifest], mark: MARKS[mark], ...records, ...looks, byTrustmark: null })
      return `${told.verdict}: ${told.notes.at(-1)}`
    }
    assert.match(
      says('none', 'read', true, A),
      /^ours: The pixels are those that were released, each of them; only their/,
    )
    assert.match(says('authentic', 'read', true, A), /^ours: The pixels are .*; the file around them was changed/)
    assert.match(says('damaged', 'read', true, A), /^ours: The pixels are .*; the file around them was changed/)
    assert.match(says('lapsed', 'read', true, A), /^ours: The pixels are .* older than our certificates/)
    // A manifest's name leads to the record, and no other picture has these pixels.
    assert.match(says('forged', 'none', true, A), /^ours: The pixels are .*; the file around them was changed/)
    assert.match(says('trusted', 'none', true, A), /^ours: .*as we released it/)
    assert.match(says('none', 'read', false, A), /^inconclusive/)
    const known = { manifest: MANIFESTS.authentic, mark: MARKS.read, byManifest: A, byMark: A, byTrustmark: null }
    const told = (samePixels: boolean | null) =>
      judge({ ...known, likeness: 'close', samePixels, byLikeness: null }).notes.at(-1) ?? ''
    const { verdict } = judge({ ...known, byMark: null, likeness: 'close', samePixels: true, byLikeness: null })
    assert.equal(verdict, 'inconclusive', 'a mark that was read and leads to no record is not theirs')
    assert.match(told(false), /pixels altered/)
    assert.match(told(null), /whether its pixels were cannot be told/)
  })

  it('calls nothing ours unless two layers agree on one image, and none of the others is of another', () => {
    const one = <T>(values: readonly T[]) => fc.constantFrom(...values)
    const records = [null, A, B, GONE]
    const findings = fc.record({
      manifest: one(Object.values(MANIFESTS)),
      mark: one(Object.values(MARKS)),
      byManifest: one(records),
      byMark: one(records),
      byTrustmark: one(records),
      likeness: one(['close', 'near', 'far', 'moved', 'weak', 'unrecorded', null] as const),
      samePixels: one([true, false, null]),
      byLikeness: one(records),
    })
    const told = { ours: 0, ours_altered: 0 }
    fc.assert(
      fc.property(findings, (found) => {
        const { verdict } = judge(found)
        if (verdict !== 'ours' && verdict !== 'ours_altered') return
        told[verdict]++
        const { manifest, byManifest, likeness, samePixels } = found
        const byMark = found.byMark ?? found.byTrustmark
        const trusted = manifest.found && manifest.state === 'Trusted' ? manifest.image?.imageId : null
        const signed = trusted ?? (manifest === MANIFESTS.authentic ? byManifest?.imageId : null) ?? null
        const looks = likeness === 'close' || likeness === 'near' ? (byMark ?? byManifest)?.imageId : null
        const whole = samePixels === true ? ((byMark ?? byManifest)?.imageId ?? null) : null
        const named = [signed, byMark?.imageId ?? null, looks ?? null, whole].filter((id) => id !== null)
        // Equal pixels carry mark and looks with them.
        assert.ok(named.length >= 2 || whole !== null, 'two layers speak')
        const ownMark = trusted !== null || found.byMark !== null || whole !== null
        assert.ok(verdict === 'ours_altered' || ownMark, 'TrustMark is not our mark')
        assert.equal(new Set(named).size, 1, 'of one image')
        const preview = trusted !== null && byManifest === null
        assert.ok(likeness !== 'far' || preview || whole !== null, 'no pixels of another picture')
        // What lapsed counts for nothing: then mark and looks speak, as for a file without manifest.
        if (manifest === MANIFESTS.lapsed) assert.ok((byMark !== null && looks !== null) || whole !== null)
        else if (verdict === 'ours' && whole === null) assert.notEqual(manifest.found && manifest.state, 'Invalid')
      }),
      { numRuns: 20_000 },
    )
    assert.ok(told.ours > 50 && told.ours_altered > 50, JSON.stringify(told))
  })
})
