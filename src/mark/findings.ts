// What a verification found out, layer by layer, before anything is claimed (verdict.ts), and the two readings of it that all share.
import type { Likeness } from './comparison.ts'
import { isTurned } from './copies.ts'
import type { ManifestReading } from './manifest.ts'
import type { RegistryRecord } from './registry.ts'
import type { MarkReading } from './watermark/detect.ts'

export type Findings = {
  manifest: ManifestReading
  mark: MarkReading
  byManifest: RegistryRecord | null
  byMark: RegistryRecord | null
  /** By TrustMark, which is looked for where our own mark is not read and our signature does not hold. */
  byTrustmark: RegistryRecord | null
  /** How the pixels compare with the record that the mark, else the manifest, else TrustMark leads to; null when none does. */
  likeness: Likeness | null
  /** Whether they are, each of them, those of that record; null where its pixels have no digest, or there is no record. */
  samePixels: boolean | null
  /** A released picture that looks alike, where no mark and no manifest leads to any. */
  byLikeness: RegistryRecord | null
}

/** The record that a verdict of `ours` or `ours_altered` is about. */
export function recordOf({ byMark, byManifest, byTrustmark }: Findings): RegistryRecord | null {
  return byMark ?? byManifest ?? byTrustmark
}

/** What the words about each layer need to know beside what is told; nothing of it leaves with the answer. */
export type Grounds = Pick<Findings, 'likeness' | 'samePixels'> & {
  /** What leads to a record. */
  named: 'mark' | 'manifest' | 'apart' | null
  /** By some degrees: not undone before pictures are compared. */
  turned: boolean
  /** It looks like a released picture to which nothing leads. */
  alike: boolean
  /** The search for the mark. */
  cutShort: boolean
}

export function groundsOf(findings: Findings): Grounds {
  const { mark, byMark, byManifest, byTrustmark, byLikeness, likeness, samePixels } = findings
  const marked = byMark ?? byTrustmark
  return {
    named: leadsApart(findings) ? 'apart' : marked !== null ? 'mark' : byManifest !== null ? 'manifest' : null,
    likeness,
    samePixels,
    turned: mark.found && isTurned(mark.copy),
    alike: byLikeness !== null,
    cutShort: mark.cutShort,
  }
}

/** Mark and manifest name two records. */
export function leadsApart({ byManifest, byMark, byTrustmark }: Findings): boolean {
  const marked = byMark ?? byTrustmark
  return byManifest !== null && marked !== null && byManifest.imageId !== marked.imageId
}

/** What C2PA says of a manifest whose signature and signer hold, over other bytes than the file's. */
const OTHER_BYTES: ReadonlySet<string> = new Set([
  'assertion.dataHash.mismatch',
  'assertion.boxesHash.mismatch',
  'assertion.bmffHash.mismatch',
])

export function isAuthentic(manifest: ManifestReading): boolean {
  return manifest.found && manifest.state === 'Invalid' && areOfOtherBytes(manifest.problems)
}

export function areOfOtherBytes(problems: readonly string[]): boolean {
  return problems.length > 0 && problems.every((problem) => OTHER_BYTES.has(problem))
}
