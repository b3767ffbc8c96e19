// What layers may say of a picture, as a test puts it together: records, manifests and marks of each kind.
import type { ManifestReading } from '../../src/mark/manifest.ts'
import type { RegistryRecord } from '../../src/mark/registry.ts'
import type { Provenance } from '../../src/mark/verify.ts'
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
  pixelsDigest: null,
  ...rest,
})
export const A = record('img_a')
export const B = record('img_b')
export const GONE = record('img_a', { available: false })

const CLAIMED = { manifestId: 'urn:c2pa:x', signedBy: 'x', generator: 'x', binding: null }
type Found = Extract<ManifestReading, { found: true }>
const reading = (state: Found['state'], imageId: string | null, problems: string[]): ManifestReading =>
  JSON.parse(JSON.stringify({ found: true, state, image: imageId === null ? null : { imageId }, problems, ...CLAIMED }))
export const MANIFESTS = {
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
export const MARKS = {
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
  turned: {
    found: true,
    z: 20,
    chance: 1e-9,
    epoch: 1,
    copy: { ...COPY, shifted: true, degrees: 7 },
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

/** Of a picture about which nothing is known. */
export const NOTHING_KNOWN: Provenance = {
  verdict: 'none_found',
  manifest: { found: false, state: null, signed_by: null, generator: null, problems: [], recovered: null },
  watermark: { found: false, confidence: 'none', read: false, copy: null, trustmark: null },
  fingerprint: {
    algorithm: 'iscc-image-v0',
    bits: 256,
    code: `ISCC:EED${'A'.repeat(52)}`,
    weak: false,
    compared: false,
    distance: null,
    match: null,
  },
  record: null,
  notes: [],
  grounds: { named: null, likeness: null, samePixels: null, turned: false, alike: false, cutShort: false },
}
