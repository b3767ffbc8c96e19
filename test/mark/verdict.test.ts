// The ladder of claims, rung by rung: one row for each combination of what the layers say; and over every combination at once, that one
// layer alone never makes a picture ours.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Findings } from '../../src/mark/findings.ts'
import type { ManifestReading } from '../../src/mark/manifest.ts'
import type { RegistryRecord } from '../../src/mark/registry.ts'
import { judge, type Verdict } from '../../src/mark/verdict.ts'
import type { MarkReading } from '../../src/mark/watermark/detect.ts'

const record = (imageId: string, rest: Partial<RegistryRecord> = {}): RegistryRecord => ({
  imageId,
  createdAt: new Date(0),
  system: 'storybook',
  version: '1',
  logIndex: 1,
  manifestId: `urn:c2pa:${imageId}`,
  available: true,
  fingerprint: { hex: '0'.repeat(64), weak: false },
  ...rest,
})
const A = record('img_a')
const B = record('img_b')
const GONE = record('img_a', { available: false })

const CLAIMED = { manifestId: 'urn:c2pa:x', signedBy: 'x', generator: 'x', binding: null }
type Found = Extract<ManifestReading, { found: true }>
const reading = (state: Found['state'], imageId: string | null, problems: string[]): ManifestReading =>
  JSON.parse(JSON.stringify({ found: true, state, image: imageId === null ? null : { imageId }, problems, ...CLAIMED }))
const MANIFESTS = {
  none: { found: false, elsewhere: false },
  trusted: reading('Trusted', 'img_a', []),
  'trusted for B': reading('Trusted', 'img_b', []),
  authentic: reading('Invalid', 'img_a', ['assertion.dataHash.mismatch']),
  forged: reading('Invalid', 'img_a', ['assertion.dataHash.mismatch', 'signingCredential.untrusted']),
  damaged: reading('Invalid', 'img_a', ['claimSignature.mismatch']),
  lapsed: reading('Invalid', 'img_a', ['signingCredential.expired']),
  'lapsed and foreign': reading('Invalid', 'img_a', ['signingCredential.expired', 'signingCredential.untrusted']),
  foreign: reading('Valid', null, ['signingCredential.untrusted']),
} satisfies Record<string, ManifestReading>

const COPY = { mirrored: false, quarterTurns: 0, degrees: 0, scale: 1, shifted: false }
const READ = { markId: 1, agreement: 1, flips: 0 }
const MARKS = {
  none: { found: false, z: 0, chance: 1, epoch: null, copy: COPY, decoded: null, cutShort: false },
  trace: { found: true, z: 8, chance: 1e-9, epoch: 1, copy: COPY, decoded: null, cutShort: false },
  read: { found: true, z: 20, chance: 1e-9, epoch: 1, copy: COPY, decoded: READ, cutShort: false },
  mirrored: {
    found: true,
    z: 20,
    chance: 1e-9,
    epoch: 1,
    copy: { ...COPY, mirrored: true },
    decoded: READ,
    cutShort: false,
  },
  shifted: {
    found: true,
    z: 20,
    chance: 1e-9,
    epoch: 1,
    copy: { ...COPY, shifted: true },
    decoded: READ,
    cutShort: false,
  },
} satisfies Record<string, MarkReading>

type Row = [
  what: string,
  manifest: keyof typeof MANIFESTS,
  byManifest: RegistryRecord | null,
  mark: keyof typeof MARKS,
  byMark: RegistryRecord | null,
  likeness: Findings['likeness'],
  byLikeness: RegistryRecord | null,
  verdict: Verdict,
  says: RegExp,
]

const ROWS: Row[] = [
  ['a released file', 'trusted', A, 'read', A, 'close', null, 'ours', /as we released it/],
  ['a released plain picture', 'trusted', A, 'read', A, 'weak', null, 'ours', /as we released it/],
  ['a released file of which only the record is left', 'trusted', A, 'read', A, 'unrecorded', null, 'ours', /as we/],
  ['a withdrawn picture', 'trusted', GONE, 'read', GONE, 'close', null, 'ours', /not available here any more/],
  ['a preview', 'trusted', null, 'read', A, 'near', null, 'ours', /a preview of it/],
  ['a released file whose mark is not seen', 'trusted', A, 'none', null, 'close', null, 'ours', /could not be read/],
  ['our signature over strange pixels', 'trusted', A, 'none', null, 'far', null, 'inconclusive', /do not carry/],
  [
    'our signature over a plain picture without mark',
    'trusted',
    A,
    'none',
    null,
    'weak',
    null,
    'inconclusive',
    /do not/,
  ],
  ['our signature over a lifted mark', 'trusted', A, 'read', A, 'far', null, 'inconclusive', /does not compare/],
  [
    'our signature and another image’s mark',
    'trusted',
    A,
    'read',
    B,
    'close',
    null,
    'inconclusive',
    /lead to different/,
  ],
  [
    'our signature and a mark of no record',
    'trusted',
    A,
    'read',
    null,
    'close',
    null,
    'inconclusive',
    /lead to different/,
  ],
  [
    'our signature, known under another image',
    'trusted for B',
    A,
    'none',
    null,
    'close',
    null,
    'inconclusive',
    /different/,
  ],
  ['our signature for B, the mark of A', 'trusted for B', null, 'read', A, 'close', null, 'inconclusive', /different/],
  ['our signature without a record', 'trusted', null, 'none', null, null, null, 'inconclusive', /has no record/],
  ['a copy without manifest', 'none', null, 'read', A, 'close', null, 'ours', /without its manifest/],
  ['a copy of what was withdrawn', 'none', null, 'read', GONE, 'close', null, 'ours', /not available here any more/],
  [
    'a released file, its certificate over',
    'lapsed',
    A,
    'read',
    A,
    'close',
    null,
    'ours',
    /certificate of this .* over/,
  ],
  ['the same, mirrored', 'lapsed', A, 'mirrored', A, 'close', null, 'ours_altered', /changed since/],
  ['the same without record or mark', 'lapsed', null, 'none', null, null, null, 'inconclusive', /no record of it/],
  ['a stranger’s, over too', 'lapsed and foreign', A, 'read', A, 'close', null, 'ours_altered', /damaged or forged/],
  ['a mirrored copy', 'none', null, 'mirrored', A, 'close', null, 'ours_altered', /changed since/],
  ['a copy with visible changes', 'none', null, 'read', A, 'near', null, 'ours_altered', /visible changes/],
  ['a crop that still resembles', 'none', null, 'shifted', A, 'near', null, 'inconclusive', /may be a crop/],
  ['a mark lifted onto a photograph', 'none', null, 'read', A, 'far', null, 'inconclusive', /copied onto another/],
  ['a mark on a plain picture', 'none', null, 'read', A, 'weak', null, 'inconclusive', /impossible: it is too plain/],
  [
    'a mark whose record was emptied',
    'none',
    null,
    'read',
    A,
    'unrecorded',
    null,
    'inconclusive',
    /nothing left on record/,
  ],
  ['a mark of no record', 'none', null, 'read', null, null, null, 'inconclusive', /leads to no record/],
  ['a trace of a mark', 'none', null, 'trace', null, null, null, 'inconclusive', /too weak to lead/],
  [
    'altered pixels under their own manifest',
    'authentic',
    A,
    'read',
    A,
    'close',
    null,
    'ours_altered',
    /manifest recovered/,
  ],
  ['the same without a mark', 'authentic', A, 'none', null, 'close', null, 'ours_altered', /recovered, pixels altered/],
  [
    'a manifest copied onto a foreign picture',
    'authentic',
    A,
    'none',
    null,
    'far',
    null,
    'inconclusive',
    /been copied/,
  ],
  [
    'a manifest copied onto a plain picture',
    'authentic',
    A,
    'none',
    null,
    'weak',
    null,
    'inconclusive',
    /nothing to compare/,
  ],
  ['manifest of A over the mark of B', 'authentic', A, 'read', B, 'close', null, 'inconclusive', /lead to different/],
  ['a forged manifest that names a look-alike', 'forged', A, 'none', null, 'close', null, 'inconclusive', /not enough/],
  ['a forged manifest that names a stranger', 'forged', A, 'none', null, 'far', null, 'inconclusive', /bear that out/],
  ['a damaged manifest over our mark', 'damaged', A, 'read', A, 'close', null, 'ours_altered', /changed since/],
  ['a damaged manifest of nobody', 'damaged', null, 'none', null, null, null, 'foreign_manifest', /not from this/],
  [
    'a damaged manifest over a look-alike',
    'damaged',
    null,
    'none',
    null,
    null,
    A,
    'inconclusive',
    /resembles a picture/,
  ],
  ['somebody’s manifest', 'foreign', null, 'none', null, null, null, 'foreign_manifest', /not from this service/],
  [
    'somebody’s manifest under our name',
    'foreign',
    A,
    'none',
    null,
    'close',
    null,
    'foreign_manifest',
    /not from this/,
  ],
  ['somebody’s manifest over a look-alike', 'foreign', null, 'none', null, null, A, 'foreign_manifest', /It resembles/],
  ['somebody’s manifest over our mark', 'foreign', null, 'read', A, 'close', null, 'ours_altered', /changed since/],
  ['a look-alike', 'none', null, 'none', null, null, A, 'inconclusive', /resembles a picture that was released here/],
  ['a stranger', 'none', null, 'none', null, null, null, 'none_found', /does not prove/],
]

describe('the ladder of claims', () => {
  for (const [what, manifest, byManifest, mark, byMark, likeness, byLikeness, verdict, says] of ROWS) {
    it(`says ${verdict} of ${what}`, () => {
      const found = { manifest: MANIFESTS[manifest], mark: MARKS[mark], byManifest, byMark, likeness, byLikeness }
      const told = judge({ ...found, byTrustmark: null })
      assert.equal(told.verdict, verdict)
      assert.match(told.notes.join(' '), says)
    })
  }

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
      const told = judge({ manifest: MANIFESTS[manifest], ...marks, byManifest, likeness, byLikeness: null })
      assert.deepEqual([told.verdict, says.test(told.notes.at(-1) ?? '')], [verdict, true], `${manifest}, ${likeness}`)
    }
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
      likeness: one(['close', 'near', 'far', 'weak', 'unrecorded', null] as const),
      byLikeness: one(records),
    })
    const told = { ours: 0, ours_altered: 0 }
    fc.assert(
      fc.property(findings, (found) => {
        const { verdict } = judge(found)
        if (verdict !== 'ours' && verdict !== 'ours_altered') return
        told[verdict]++
        const { manifest, byManifest, likeness } = found
        const byMark = found.byMark ?? found.byTrustmark
        const trusted = manifest.found && manifest.state === 'Trusted' ? manifest.image?.imageId : null
        const signed = trusted ?? (manifest === MANIFESTS.authentic ? byManifest?.imageId : null) ?? null
        const looks = likeness === 'close' || likeness === 'near' ? (byMark ?? byManifest)?.imageId : null
        const named = [signed, byMark?.imageId ?? null, looks ?? null].filter((id) => id !== null)
        assert.ok(named.length >= 2, 'two layers speak')
        assert.ok(verdict === 'ours_altered' || trusted !== null || found.byMark !== null, 'TrustMark is not our mark')
        assert.equal(new Set(named).size, 1, 'of one image')
        assert.ok(likeness !== 'far' || (trusted !== null && byManifest === null), 'no pixels of another picture')
        // What lapsed counts for nothing: then mark and looks speak, as for a file without manifest.
        if (manifest === MANIFESTS.lapsed) assert.ok(byMark !== null && looks !== null)
        else if (verdict === 'ours') assert.notEqual(manifest.found && manifest.state, 'Invalid')
      }),
      { numRuns: 20_000 },
    )
    assert.ok(told.ours > 50 && told.ours_altered > 50, JSON.stringify(told))
  })
})
