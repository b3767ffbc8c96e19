// The ladder of claims, pure: from what each layer says to one word and the sentences that explain it.
// ours: two independent layers and the registry agree. ours_altered: the same picture, changed. A mark or manifest that leads to
// a record but to pixels that do not compare is inconclusive, never ours.
import type { ManifestReading } from './manifest.ts'
import type { RegistryRecord } from './registry.ts'
import type { MarkReading } from './watermark/detect.ts'

export type Verdict = 'ours' | 'ours_altered' | 'foreign_manifest' | 'none_found' | 'inconclusive'

export type Findings = {
  manifest: ManifestReading
  mark: MarkReading
  byManifest: RegistryRecord | null
  byMark: RegistryRecord | null
  /** How the pixels compare with the record that the mark, or else the manifest, leads to; null when there is nothing to compare. */
  fingerprint: 'close' | 'near' | 'far' | null
}

export type Judgement = { verdict: Verdict; notes: string[] }

export function judge(findings: Findings): Judgement {
  const { manifest, mark, byManifest, byMark, fingerprint } = findings
  const notes = [...manifestNotes(manifest), ...markNotes(mark, byMark)]
  const say = (verdict: Verdict, note: string): Judgement => ({ verdict, notes: [...notes, note] })
  const trusted = manifest.found && manifest.state === 'Trusted'

  if (trusted && byManifest !== null && byMark !== null) {
    return byManifest.imageId === byMark.imageId && manifest.image?.imageId === byManifest.imageId
      ? say('ours', 'Manifest, watermark and registry name the same image: this file is as we released it.')
      : say('inconclusive', 'Manifest and watermark lead to different images.')
  }
  if (trusted && byMark !== null && manifest.image?.imageId === byMark.imageId)
    return say(
      'ours',
      'Manifest, watermark and registry name the same image; this file is a preview of it, or an earlier copy.',
    )
  if (trusted) {
    return say(
      'inconclusive',
      byManifest === null
        ? 'This service signed the manifest but the registry has no record of it.'
        : 'This service signed the manifest and has a record, but the pixels do not carry the watermark that belongs to it.',
    )
  }
  if (byMark !== null) return fromMark(findings, byMark, say)
  if (byManifest !== null && manifest.found && manifest.state === 'Invalid') {
    return fingerprint === 'close'
      ? say(
          'ours_altered',
          'The recovered manifest leads to a record and the picture resembles it: our image, changed since.',
        )
      : say('inconclusive', 'The manifest names an image of ours, but these pixels do not compare with it.')
  }
  if (mark.found) {
    return say('inconclusive', 'A trace of our watermark is here, but it leads to no record.')
  }
  if (manifest.found) {
    return say('foreign_manifest', 'The manifest is not from this service. We cannot say more about this picture.')
  }
  return say(
    'none_found',
    'Nothing of ours was found. That does not prove that the picture was not made here, or by other AI.',
  )
}

function fromMark(
  findings: Findings,
  record: RegistryRecord,
  say: (verdict: Verdict, note: string) => Judgement,
): Judgement {
  const { manifest, mark, byManifest, fingerprint } = findings
  if (byManifest !== null && byManifest.imageId !== record.imageId) {
    return say('inconclusive', 'Manifest and watermark lead to different images.')
  }
  if (fingerprint === null) {
    return say(
      'inconclusive',
      'The picture carries our watermark, but there is nothing left on record to compare it with.',
    )
  }
  const { copy } = mark
  const inPlace = !copy.mirrored && !copy.shifted && copy.quarterTurns === 0 && copy.scale === 1
  if (fingerprint === 'close') {
    return inPlace && !manifest.found
      ? say('ours', 'Watermark, registry and fingerprint agree: our image, without its manifest, perhaps re-encoded.')
      : say('ours_altered', 'Watermark, registry and fingerprint agree: our image, changed since we released it.')
  }
  if (fingerprint === 'near' && !copy.shifted) {
    return say(
      'ours_altered',
      'Watermark and registry agree and the picture resembles the one on record, with visible changes.',
    )
  }
  return say(
    'inconclusive',
    'The picture carries our watermark, but it does not compare with the one on record: it may be a crop of it, or the mark may have been copied onto another picture.',
  )
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
      return manifest.problems.includes('assertion.dataHash.mismatch')
        ? [
            'The C2PA manifest does not match the file: the file was changed after signing, or the manifest was copied from another.',
          ]
        : ['The C2PA manifest is damaged or forged.']
    default:
      return manifest.state satisfies never
  }
}

function markNotes(mark: MarkReading, byMark: RegistryRecord | null): string[] {
  if (!mark.found) {
    return mark.cutShort
      ? ['No watermark of ours was found in the time allowed.']
      : ['No watermark of ours was found; heavy editing or scaling can remove it.']
  }
  if (mark.decoded === null) return ['A watermark of ours is present, but too weak to read.']
  return byMark === null
    ? ['A watermark of ours was read, but it leads to no record.']
    : ['Our watermark was read and leads to a record.']
}
