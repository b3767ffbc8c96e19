// The sentences of a verification: what each layer says, then what follows from them. They say no more than is known, name no tenant, and
// mean the same to somebody who has never heard of C2PA.
import { type Findings, isAuthentic, recordOf } from './findings.ts'
import { hasLapsed, type ManifestReading } from './manifest.ts'
import type { Verdict } from './verdict.ts'
import type { MarkReading } from './watermark/detect.ts'

export const SAID = {
  asReleased: 'Manifest, watermark and registry name the same image: this file is as we released it.',
  preview: 'Manifest, watermark and registry name the same image; this file is a preview of it, or an earlier copy.',
  withoutMark:
    'Manifest, registry and fingerprint agree: this file is as we released it, although its watermark could not be read.',
  sameWithoutManifest: 'The pixels are those that were released, each of them; only their manifest is gone.',
  sameLapsed: 'The pixels are those that were released, each of them; their manifest is older than our certificates.',
  sameElsewhere: 'The pixels are those that were released, each of them; the file around them was changed.',
  withoutManifest:
    'Made here, judging by mark and likeness. Whether details were changed since cannot be told without its manifest.',
  lapsed: 'Watermark, registry and fingerprint agree: our image, whose manifest is older than our certificates.',
  changed: 'Watermark, registry and fingerprint agree: our image, changed since we released it.',
  visiblyChanged: 'Watermark and registry agree and the picture resembles the one on record, with visible changes.',
  recovered: 'Authentic manifest recovered, pixels altered: our image, changed since we signed it.',
  recoveredUncompared:
    'Authentic manifest recovered: our image, in a file that was changed since we signed it; whether its pixels were cannot be told.',
  leadApart: 'Manifest and watermark lead to different images.',
  signedWithoutRecord: 'This service signed the manifest but the registry has no record of it.',
  lapsedWithoutRecord:
    'The manifest bears a certificate of this service that is over, and the registry has no record of it.',
  markMissing:
    'This service signed the manifest and has a record, but the watermark that belongs to it was not found in the pixels.',
  trace: 'A trace of our watermark is here, but too weak to lead to a record.',
  markWithoutRecord: 'A watermark of ours is here, but it leads to no record.',
  nothingToCompare:
    'The picture carries our watermark, but comparison is impossible: there is nothing left on record to compare it with.',
  tooPlain:
    'The picture carries our watermark, but comparison is impossible: it is too plain to be told from others by its looks.',
  pixelsDiffer:
    'The picture carries our watermark and does not look like the one on record: it was changed beyond likeness, or the mark was copied onto another picture.',
  turned:
    'The picture carries our watermark and could not be compared with the one on record: it is turned by some degrees. It may be that one, or the mark was copied onto another picture.',
  cut: 'The picture carries our watermark and could not be compared with the one on record: the mark lies elsewhere than it was put, as in a copy that is cut. It may be that one, or the mark was copied onto another picture.',
  movedAndNear:
    'The picture carries our watermark and resembles the one on record, but the mark lies elsewhere than it was put, as in a copy that is cut: that is not enough to say that it is that one.',
  trustmarkAndAlike:
    'TrustMark, registry and fingerprint agree: our image, changed since we released it. Our own mark could not be read.',
  trustmarkDiffers:
    'The picture carries the number of an image of ours in TrustMark, which anybody can write, and does not look like that image.',
  trustmarkAlone:
    'The picture carries the number of an image of ours in TrustMark, which anybody can write, and comparison is impossible.',
  copiedManifest:
    'The manifest is authentic and names an image of ours, but these pixels do not compare with it: it may have been copied from that image.',
  named: 'The manifest names an image of ours, but neither its signature nor these pixels bear that out.',
  namedTooPlain: 'The manifest names an image of ours, but these pixels could not be compared with it.',
  namedAndAlike:
    'The manifest names an image of ours and the picture resembles it, but its signature does not hold. That is not enough to say that it is ours.',
  looksAlike:
    'The picture resembles a picture that was released here. Looks alone do not show that it is that one: it carries neither our mark nor our manifest.',
  foreign: 'The manifest is not from this service. We cannot say more about this picture.',
  nothing: 'Nothing of ours was found. That does not prove that the picture was not made here, or by other AI.',
} as const

/** What leads up to the claim. */
export function layerNotes(findings: Findings, verdict: Verdict): string[] {
  const { manifest, mark, byMark, byTrustmark, byLikeness } = findings
  const notes = [...manifestNotes(manifest), ...markNotes(mark, byMark !== null)]
  if (byTrustmark !== null) notes.push('TrustMark, a mark without a key, was read and leads to a record.')
  if (verdict === 'foreign_manifest' && byLikeness !== null)
    notes.push('It resembles a picture that was released here, which its looks alone do not prove to be the same.')
  const record = recordOf(findings)
  if ((verdict === 'ours' || verdict === 'ours_altered') && record !== null) {
    if (!manifest.found && record.manifestId !== null)
      notes.push('The manifest that was signed for this image is on record.')
    if (!record.available) notes.push('The image was released here once and is not available here any more.')
  }
  return notes
}

function manifestNotes(manifest: ManifestReading): string[] {
  if (!manifest.found) {
    return manifest.elsewhere
      ? ['The file names a C2PA manifest kept elsewhere. It was not fetched.']
      : ['The file has no C2PA manifest; most sites remove it.']
  }
  switch (manifest.state) {
    case 'Trusted':
      return ['The C2PA manifest is intact and was signed by this service.']
    case 'Valid':
      return ['The C2PA manifest is intact, but its signer is not one that this service trusts.']
    case 'Invalid':
      if (hasLapsed(manifest))
        return [
          'The C2PA manifest is intact and bears a certificate of this service that is over; no timestamp shows that it was signed before.',
        ]
      if (isAuthentic(manifest))
        return [
          'The C2PA manifest was signed by this service, for other bytes: the file was changed, or it was copied.',
        ]
      return manifest.problems.includes('assertion.dataHash.mismatch')
        ? [
            'The C2PA manifest does not match the file: the file was changed after signing, or the manifest was copied from another.',
          ]
        : ['The C2PA manifest is damaged or forged.']
    default:
      return manifest.state satisfies never
  }
}

function markNotes(mark: MarkReading, recorded: boolean): string[] {
  if (!mark.found) {
    return mark.cutShort
      ? ['No watermark of ours was found in the time allowed.']
      : ['No watermark of ours was found; heavy editing or scaling can remove it.']
  }
  if (mark.decoded === null) return ['A watermark of ours is present, but too weak to read.']
  return recorded
    ? ['Our watermark was read and leads to a record.']
    : ['A watermark of ours was read, but it leads to no record.']
}
