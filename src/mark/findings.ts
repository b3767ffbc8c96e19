// What a verification found out, layer by layer, before anything is claimed (verdict.ts), and the two readings of it that all share.
import type { Likeness } from './comparison.ts'
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
  /** A released picture that looks alike, where no mark and no manifest leads to any. */
  byLikeness: RegistryRecord | null
}

/** The record that a verdict of `ours` or `ours_altered` is about. */
export function recordOf({ byMark, byManifest, byTrustmark }: Findings): RegistryRecord | null {
  return byMark ?? byManifest ?? byTrustmark
}

/** What C2PA says of a manifest whose signature and signer hold, over other bytes than the file's. */
const OTHER_BYTES: ReadonlySet<string> = new Set([
  'assertion.dataHash.mismatch',
  'assertion.boxesHash.mismatch',
  'assertion.bmffHash.mismatch',
])

export function isAuthentic(manifest: ManifestReading): boolean {
  if (!manifest.found || manifest.state !== 'Invalid' || manifest.problems.length === 0) return false
  return manifest.problems.every((problem) => OTHER_BYTES.has(problem))
}
