// The ladder of claims, pure: from what each layer says to one word and the sentences that explain it (verdict-notes.ts).
// ours: two layers that can only agree by being of one image agree, and the registry with them. ours_altered: that image, changed.
// One layer alone, or two that lead apart, is inconclusive: a mark can be lifted, a manifest's name copied, looks be alike.
import { type Findings, isAuthentic } from './findings.ts'
import { hasLapsed } from './manifest.ts'
import { layerNotes, SAID } from './verdict-notes.ts'

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
  const { manifest, mark, byManifest, byMark, byTrustmark, byLikeness } = findings
  const marked = byMark ?? byTrustmark
  if (byManifest !== null && marked !== null && byManifest.imageId !== marked.imageId)
    return ['inconclusive', SAID.leadApart]
  if (manifest.found && manifest.state === 'Trusted') return withOurSignature(findings, manifest.image?.imageId ?? null)
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
function withOurSignature({ mark, byManifest, byMark, likeness }: Findings, signedFor: string | null): Claim {
  if (byMark !== null) {
    if (byMark.imageId !== signedFor) return ['inconclusive', SAID.leadApart]
    if (byManifest === null) return ['ours', SAID.preview]
    return likeness === 'far' ? ['inconclusive', SAID.pixelsDiffer] : ['ours', SAID.asReleased]
  }
  if (byManifest === null) return ['inconclusive', SAID.signedWithoutRecord]
  if (byManifest.imageId !== signedFor || mark.decoded !== null) return ['inconclusive', SAID.leadApart]
  return likeness === 'close' ? ['ours', SAID.withoutMark] : ['inconclusive', SAID.markMissing]
}

/** Our mark, read, with a record; no signature of ours that holds. The mark may have been lifted, so the pixels decide. */
function withOurMark({ manifest, mark: { copy }, likeness }: Findings): Claim {
  const inPlace = !copy.mirrored && !copy.shifted && copy.quarterTurns === 0 && copy.degrees === 0 && copy.scale === 1
  switch (likeness) {
    case 'close':
      if (isAuthentic(manifest)) return ['ours_altered', SAID.recovered]
      if (inPlace && manifest.found && hasLapsed(manifest)) return ['ours', SAID.lapsed]
      return inPlace && !manifest.found ? ['ours', SAID.withoutManifest] : ['ours_altered', SAID.changed]
    case 'near':
      return copy.shifted ? ['inconclusive', SAID.pixelsDiffer] : ['ours_altered', SAID.visiblyChanged]
    case 'far':
      return ['inconclusive', SAID.pixelsDiffer]
    case 'weak':
      return ['inconclusive', SAID.tooPlain]
    case 'unrecorded':
    case null:
      return ['inconclusive', SAID.nothingToCompare]
    default:
      return likeness satisfies never
  }
}

/** TrustMark with a record, which anybody can write; our own mark would be there if nothing had been changed. */
function withTrustmark({ manifest, likeness }: Findings): Claim {
  if (likeness === 'close') return ['ours_altered', isAuthentic(manifest) ? SAID.recovered : SAID.trustmarkAndAlike]
  return ['inconclusive', likeness === 'near' || likeness === 'far' ? SAID.trustmarkDiffers : SAID.trustmarkAlone]
}

/** A manifest that does not hold names an image of ours, and there is no mark. Anybody can write that name. */
function withBrokenManifest({ manifest, likeness }: Findings): Claim {
  const authentic = isAuthentic(manifest)
  if (likeness === 'close') return authentic ? ['ours_altered', SAID.recovered] : ['inconclusive', SAID.namedAndAlike]
  if (likeness === 'weak' || likeness === 'unrecorded') return ['inconclusive', SAID.namedTooPlain]
  return ['inconclusive', authentic ? SAID.copiedManifest : SAID.named]
}
