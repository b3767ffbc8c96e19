// Answers "did this come from here?" from three layers that are read apart: manifest, watermark, registry with fingerprint.
// It says no more than they prove: a mark alone can be lifted onto a foreign picture, a manifest alone can be copied beside
// altered pixels. Only system provenance leaves here, scores only as coarse bands, and nothing of the upload is kept.
import { type Comparison, compare } from './comparison.ts'
import { compares, describeCopy } from './copies.ts'
import { type DecodeLimits, decodeUpload } from './encode.ts'
import { type Findings, type Grounds, groundsOf, recordOf } from './findings.ts'
import { fingerprintOf } from './fingerprint.ts'
import { hasLapsed, type ManifestReading, type ManifestState } from './manifest.ts'
import { hasSamePixels } from './pixels.ts'
import type { Registry, RegistryRecord } from './registry.ts'
import type { Signer } from './signer.ts'
import type { Trustmark } from './trustmark-binding.ts'
import { uprightCopy } from './upright.ts'
import { judge, type Verdict } from './verdict.ts'
import type { MarkReading } from './watermark/detect.ts'
import type { Watermarker } from './watermark/pool.ts'
import type { Picture } from './watermark/residual.ts'

export type Provenance = {
  verdict: Verdict
  manifest: {
    found: boolean
    state: ManifestState | null
    /** Who signed, as the certificate says; believe it only when the state is Trusted. */
    signed_by: string | null
    generator: string | null
    problems: string[]
    /** The manifest that was signed for the image, where the file has none of ours that holds. */
    recovered: string | null
  }
  watermark: {
    found: boolean
    confidence: 'high' | 'medium' | 'low' | 'none'
    read: boolean
    copy: string | null
    /** The algorithm of the second mark, where it led to the record. */
    trustmark: string | null
  }
  fingerprint: Comparison
  record: { image_id: string; created_at: string; system: string; version: string; log_index: number | null } | null
  notes: string[]
  grounds: Grounds
}

export type VerifyTools = {
  /** Reads manifests; of strangers' files not in this process (workers/manifests.ts). */
  signer: Pick<Signer, 'read'>
  watermark: Watermarker
  /** A second mark, where the deployment has one. */
  trustmark?: Trustmark | null
  registry: Registry
  limits?: DecodeLimits
  /** Time for the search over copies, milliseconds. */
  searchMs?: number
}

const SEARCH_MS = 1500

/** Throws Fault 'unsupported_media' or 'too_large' (field 'file') for what is not a readable picture; otherwise always answers. */
export async function verifyProvenance(bytes: Uint8Array, tools: VerifyTools): Promise<Provenance> {
  const { picture, mimeType } = await decodeUpload(bytes, tools.limits)
  const manifest = await tools.signer.read(Buffer.from(bytes), mimeType)
  const mark = await tools.watermark.read(picture, { search: 'full', deadlineMs: tools.searchMs ?? SEARCH_MS })
  const second = await lookForTrustmark(picture, manifest, mark, tools)
  const records = { ...(await look(manifest, mark, tools.registry)), byTrustmark: second.record }
  // Only a mark that was found tells how the copy lies; else the search merely ended somewhere.
  const upright = mark.found ? uprightCopy(picture, mark.copy.mirrored, mark.copy.quarterTurns) : picture
  const own = fingerprintOf(upright)
  const led = records.byMark ?? records.byManifest ?? records.byTrustmark
  const { likeness, told } = compare(upright, own, led, !mark.found || compares(mark.copy))
  const byLikeness = led === null && !mark.found && !own.weak ? await tools.registry.byLikeness(own.hex) : null
  const samePixels = hasSamePixels(picture, led)
  const findings: Findings = { manifest, mark, ...records, likeness, samePixels, byLikeness }
  const { verdict, notes } = judge(findings)
  const record = verdict === 'ours' || verdict === 'ours_altered' ? recordOf(findings) : null
  const holds = manifest.found && (manifest.state === 'Trusted' || hasLapsed(manifest))
  const recovered = holds ? null : (record?.manifestId ?? null)
  return {
    verdict,
    manifest: manifest.found
      ? {
          found: true,
          state: manifest.state,
          signed_by: manifest.signedBy,
          generator: manifest.generator,
          problems: manifest.problems,
          recovered,
        }
      : { found: false, state: null, signed_by: null, generator: null, problems: [], recovered },
    watermark: {
      found: mark.found,
      confidence: band(mark),
      read: mark.decoded !== null,
      copy: describeCopy(mark),
      trustmark: second.record === null ? null : (tools.trustmark?.algorithm ?? null),
    },
    fingerprint: told,
    record: record === null ? null : publicRecord(record),
    notes: [...second.notes, ...notes],
    grounds: groundsOf(findings),
  }
}

async function look(manifest: ManifestReading, mark: MarkReading, registry: Registry) {
  const [byManifest, byMark] = await Promise.all([
    manifest.found && manifest.manifestId !== null ? registry.byManifestId(manifest.manifestId) : null,
    mark.decoded !== null && mark.epoch !== null ? registry.byMarkId(mark.decoded.markId, mark.epoch) : null,
  ])
  return { byManifest, byMark }
}

/** Only where it could tell something: where our own mark is not read and our signature does not hold. */
async function lookForTrustmark(
  picture: Picture,
  manifest: ManifestReading,
  mark: MarkReading,
  { trustmark = null, registry }: VerifyTools,
): Promise<{ record: RegistryRecord | null; notes: string[] }> {
  if (trustmark === null || mark.decoded !== null || (manifest.found && manifest.state === 'Trusted'))
    return { record: null, notes: [] }
  const reading = await trustmark.read(picture)
  if (reading === null) return { record: null, notes: ['TrustMark could not be looked for.'] }
  const { markId } = reading
  return { record: markId === null ? null : await registry.byTrustmark(markId, trustmark.algorithm), notes: [] }
}

/** Coarse on purpose: an exact score would tell an attacker how far a removal has come. */
function band(mark: MarkReading): Provenance['watermark']['confidence'] {
  if (!mark.found) return 'none'
  if (mark.decoded === null) return 'low'
  return mark.z >= 9 && mark.decoded.agreement >= 0.95 ? 'high' : 'medium'
}

function publicRecord(record: RegistryRecord): NonNullable<Provenance['record']> {
  return {
    image_id: record.imageId,
    created_at: record.createdAt.toISOString(),
    system: record.system,
    version: record.version,
    log_index: record.logIndex,
  }
}
