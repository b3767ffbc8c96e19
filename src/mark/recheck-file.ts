// Whether a released file still is what was released: its bytes, and then what they say today under the keys and anchors of today. A file
// of other bytes is a stranger's, and is not looked into.
import Type from 'typebox'
import { Compile } from 'typebox/compile'
import { sha256 } from '../kernel/canonical.ts'
import { compare } from './comparison.ts'
import { decodeUpload } from './encode.ts'
import { type Fingerprint, fingerprintOf } from './fingerprint.ts'
import { bindingValue, hasLapsed, type ManifestReading } from './manifest.ts'
import type { MarkTools } from './mark.ts'

/** What the record has of a released picture. */
export type ReleasedRecord = {
  imageId: string
  markId: number
  /** As the mark stage recorded it. */
  marked: unknown
  manifestId: string | null
  fingerprint: Fingerprint | null
}

/** `digest`: SHA-256 of the bytes. `lapsed`: as released, by a certificate that is over since and that no timestamp outlives. */
export type FileFindings = { digest: string; problems: string[]; lapsed: boolean }

const Marked = Compile(
  Type.Object({
    digests: Type.Object({ file: Type.String() }),
    mimeType: Type.String(),
    watermark: Type.Object({ epoch: Type.Integer() }),
  }),
)

/** Faults: whatever keeps it from looking, which says nothing of the file. */
export async function recheckFile(
  bytes: Buffer,
  record: ReleasedRecord,
  { signer, watermark }: MarkTools,
): Promise<FileFindings> {
  const { digests, mimeType, watermark: mark } = Marked.Parse(record.marked)
  const digest = sha256(bytes)
  if (digest !== digests.file) return { digest, problems: ['file.digest'], lapsed: false }
  const manifest = await signer.read(bytes, mimeType)
  const lapsed = manifest.found && hasLapsed(manifest)
  const { picture } = await decodeUpload(bytes)
  const reading = await watermark.read(picture, { search: 'quick' })
  const markHolds = reading.decoded?.markId === record.markId && reading.epoch === mark.epoch
  const { likeness } = compare(picture, fingerprintOf(picture), record)
  const problems = [
    ...manifestProblems(manifest, lapsed, record, mark.epoch),
    ...(markHolds ? [] : [reading.decoded === null ? 'watermark.unread' : 'watermark.other']),
    ...(likeness === 'near' || likeness === 'far' ? [`fingerprint.${likeness}`] : []),
  ]
  return { digest, problems, lapsed }
}

function manifestProblems(
  manifest: ManifestReading,
  lapsed: boolean,
  { imageId, markId, manifestId }: ReleasedRecord,
  epoch: number,
): string[] {
  if (!manifest.found) return ['manifest.missing']
  if (manifest.state !== 'Trusted' && !lapsed) return [`manifest.${manifest.state}`]
  const isOurs = manifest.image?.imageId === imageId && manifest.manifestId === manifestId
  return isOurs && manifest.binding === bindingValue(markId, epoch) ? [] : ['manifest.other']
}
