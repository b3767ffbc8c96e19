// The ladder of claims, pure: from what each layer says to one word and the sentences that explain it (verdict-notes.ts).
// ours: two layers that can only agree by being of one image agree, and the registry with them. ours_altered: that image, changed.
// One layer alone, or two that lead apart, is inconclusive: a mark can be lifted, a manifest's name copied, looks be alike. Equal pixels
// are the picture itself, mark and looks in one: whatever leads to their record.
import { compares, isTurned } from './copies.ts'
import { type Findings, isAuthentic, leadsApart, recordOf } from './findings.ts'
import { hasLapsed, type ManifestReading } from './manifest.ts'
import { layerNotes, SAID } from './verdict-notes.ts'
import type { MarkReading } from './watermark/detect.ts'

export const VERDICTS = ['ours', 'ours_altered', 'foreign_manifest', 'none_found', 'inconclusive'] as const
export type Verdict = (typeof VERDICTS)[number]
export type Judgement = { verdict: Verdict; notes: string[] }

type Claim = readonly [verdict: Verdict, note: string]

/** The last note is the one that says most. */
export function judge(findings: Findings): Judgement {
  const [verdict, note] = claimOf(findings)
  return { verdict, notes: [...layerNotes(findings, verdict), note] }
}

function claimOf(findings: Findings): Claim {
  const { manifest, mark, byManifest, byMark, byTrustmark, byLikeness, samePixels } = findings
  if (leadsApart(findings)) return ['inconclusive', SAID.leadApart]
  if (manifest.found && manifest.state === 'Trusted') return withOurSignature(findings, manifest.image?.imageId ?? null)
  // A mark that was read and leads to no record is not theirs.
  const whole = samePixels === true && recordOf(findings) !== null && (byMark !== null || mark.decoded === null)
  if (whole) return ['ours', sameIn(manifest)]
  if (byMark !== null) return withOurMark(findings)
  if (byTrustmark !== null) return withTrustmark(findings)
  if (mark.found) return ['inconclusive', mark.decoded === null ? SAID.trace : SAID.markWithoutRecord]
  if (manifest.found && manifest.state === 'Valid') return ['foreign_manifest', SAID.foreign]
  if (byManifest !== null) return withBrokenManifest(findings)
  if (byLikeness !== null) return ['inconclusive', SAID.looksAlike]
  if (manifest.found && hasLapsed(manifest)) return ['inconclusive', SAID.lapsedWithoutRecord]
  return manifest.found ? ['foreign_manifest', SAID.foreign] : ['none_found', SAID.nothing]
}

/** Our signature over these very bytes. It says which image it was made for. */
function withOurSignature(
  { mark, byManifest, byMark, likeness, samePixels }: Findings,
  signedFor: string | null,
): Claim {
  if (byMark !== null) {
    if (byMark.imageId !== signedFor) return ['inconclusive', SAID.leadApart]
    if (byManifest === null) return ['ours', SAID.preview]
    if (likeness === 'moved') return ['inconclusive', movedIn(mark)]
    return likeness === 'far' ? ['inconclusive', SAID.pixelsDiffer] : ['ours', SAID.asReleased]
  }
  if (byManifest === null) return ['inconclusive', SAID.signedWithoutRecord]
  if (byManifest.imageId !== signedFor || mark.decoded !== null) return ['inconclusive', SAID.leadApart]
  return likeness === 'close' || samePixels === true ? ['ours', SAID.withoutMark] : ['inconclusive', SAID.markMissing]
}

/** The released picture, pixel for pixel; no signature of ours that holds. */
function sameIn(manifest: ManifestReading): string {
  if (!manifest.found) return SAID.sameWithoutManifest
  return hasLapsed(manifest) ? SAID.sameLapsed : SAID.sameElsewhere
}

/** The mark lies where this picture, if it is ours, would not compare. */
function movedIn({ copy }: MarkReading): string {
  return isTurned(copy) ? SAID.turned : SAID.cut
}

/** Our mark, read, with a record; no signature of ours that holds. The mark may have been lifted, so the pixels decide. */
function withOurMark({ manifest, mark, likeness, samePixels }: Findings): Claim {
  const { copy } = mark
  const inPlace = !copy.mirrored && !copy.shifted && copy.quarterTurns === 0 && copy.degrees === 0 && copy.scale === 1
  switch (likeness) {
    case 'close':
      if (isAuthentic(manifest)) return ['ours_altered', recoveredOver(samePixels)]
      if (inPlace && manifest.found && hasLapsed(manifest)) return ['ours', SAID.lapsed]
      return inPlace && !manifest.found ? ['ours', SAID.withoutManifest] : ['ours_altered', SAID.changed]
    case 'near':
      return compares(copy) ? ['ours_altered', SAID.visiblyChanged] : ['inconclusive', SAID.movedAndNear]
    case 'far':
      return ['inconclusive', SAID.pixelsDiffer]
    case 'moved':
      return ['inconclusive', movedIn(mark)]
    case 'weak':
      return ['inconclusive', SAID.tooPlain]
    case 'unrecorded':
    case null:
      return ['inconclusive', SAID.nothingToCompare]
    default:
      return likeness satisfies never
  }
}

/** An authentic manifest over other bytes: of other pixels, where that is known. */
function recoveredOver(samePixels: boolean | null): string {
  return samePixels === null ? SAID.recoveredUncompared : SAID.recovered
}

/** TrustMark with a record, which anybody can write; our own mark would be there if nothing had been changed. */
function withTrustmark({ manifest, likeness, samePixels }: Findings): Claim {
  if (likeness === 'close')
    return ['ours_altered', isAuthentic(manifest) ? recoveredOver(samePixels) : SAID.trustmarkAndAlike]
  return ['inconclusive', likeness === 'near' || likeness === 'far' ? SAID.trustmarkDiffers : SAID.trustmarkAlone]
}

/** A manifest that does not hold names an image of ours, and there is no mark. Anybody can write that name. */
function withBrokenManifest({ manifest, likeness, samePixels }: Findings): Claim {
  const authentic = isAuthentic(manifest)
  if (likeness === 'close')
    return authentic ? ['ours_altered', recoveredOver(samePixels)] : ['inconclusive', SAID.namedAndAlike]
  if (likeness === 'weak' || likeness === 'unrecorded' || likeness === 'moved')
    return ['inconclusive', SAID.namedTooPlain]
  return ['inconclusive', authentic ? SAID.copiedManifest : SAID.named]
}
