// What anybody's picture is asked: opened in a child (workers/decoders.ts), judged by verify.ts on its pixels, told layer by layer. The
// public answer has bands and words; scores are apart, in `detail`, for compliance alone, since they would show an attacker how far a
// removal has come. Nothing personal leaves here and nothing is kept.
import { sha256 } from '../kernel/canonical.ts'
import { type Layer, layersOf } from './layers.ts'
import type { ManifestReading, ManifestState } from './manifest.ts'
import { pixelsDigestOf } from './pixels.ts'
import { plainFile } from './plain-file.ts'
import type { StrangersFile } from './strangers-file.ts'
import { type Provenance, type VerifyTools, verifyProvenance } from './verify.ts'
import type { MarkReading } from './watermark/detect.ts'

export type StrangerTools = Omit<VerifyTools, 'limits'> & {
  /** Decodes where it may be ended. Faults: unsupported_media, too_large. */
  open: (bytes: Uint8Array) => Promise<StrangersFile>
}

/** For compliance. `map` is null: which parts of a picture carry the mark is not measured. */
export type Detail = {
  watermark: {
    z: number
    /** The most that the chance may be of such pilots, or of such a payload with its pilots, without a mark; all looks counted. */
    p_value: number
    agreement: number | null
    epoch: number | null
    scale: number
    quarter_turns: number
    degrees: number
    mirrored: boolean
    cut_short: boolean
    map: null
  } | null
  fingerprint: { distance: number | null }
  manifest: { signed_by: string | null }
}

export type Answer = Omit<Provenance, 'fingerprint' | 'grounds'> & {
  fingerprint: Omit<Provenance['fingerprint'], 'distance'>
  layers: Layer[]
}
/** What in a picture may lead to a record, whether or not one was released: for compliance, who looks among all of them. */
export type Traces = {
  /** SHA-256 of the file, and as pixels.ts has it. */
  file: string | null
  pixels: string | null
  manifest: { id: string; state: ManifestState } | null
  mark: { id: number; epoch: number } | null
  trustmark: { id: number; algorithm: string } | null
  /** A fingerprint to which nothing else leads. */
  likeness: string | null
}
export type Verification = {
  answer: Answer
  detail: Detail
  /** The manifest that belongs to it, where it is ours. */
  manifestId: string | null
  traces: Traces
}

/** Faults: unsupported_media and too_large (field 'file') for what is not a readable picture; otherwise always answers. */
export async function verifyStranger(bytes: Buffer, tools: StrangerTools): Promise<Verification> {
  const { open, signer, watermark, registry, ...rest } = tools
  const file = await open(bytes)
  const seen: Seen = { mark: null, manifest: null, trustmark: null, likeness: null }
  const plain = plainFile(file.picture)
  const found = await verifyProvenance(plain, {
    ...rest,
    limits: { maxBytes: plain.length, maxPixels: file.picture.width * file.picture.height },
    signer: {
      read: async () => {
        seen.manifest = await signer.read(bytes, file.mimeType)
        return seen.manifest
      },
    },
    watermark: {
      ...watermark,
      read: async (...asked) => {
        seen.mark = await watermark.read(...asked)
        return seen.mark
      },
    },
    registry: {
      ...registry,
      byTrustmark: (id, algorithm) => {
        seen.trustmark = { id, algorithm }
        return registry.byTrustmark(id, algorithm)
      },
      byLikeness: (hex) => {
        seen.likeness = hex
        return registry.byLikeness(hex)
      },
    },
  })
  const digests = { file: sha256(bytes), pixels: pixelsDigestOf(file.picture) }
  return verificationOf(found, file.notes, { ...seen, ...digests })
}

type Seen = { mark: MarkReading | null; manifest: ManifestReading | null } & Partial<
  Pick<Traces, 'file' | 'pixels' | 'trustmark' | 'likeness'>
>

/** `notes`: of how the picture was looked at. Pure. */
export function verificationOf(found: Provenance, notes: readonly string[], seen: Seen): Verification {
  const { mark, manifest } = seen
  return {
    answer: publicAnswer(found, notes),
    detail: detailOf(found, mark),
    manifestId: found.record === null ? null : (found.manifest.recovered ?? idOf(manifest)),
    traces: tracesOf(seen),
  }
}

function tracesOf({ mark, manifest, file = null, pixels = null, trustmark = null, likeness = null }: Seen): Traces {
  const epoch = mark?.epoch ?? null
  const decoded = mark?.decoded ?? null
  const id = idOf(manifest)
  return {
    file,
    pixels,
    manifest: id === null || manifest?.found !== true ? null : { id, state: manifest.state },
    mark: decoded === null || epoch === null ? null : { id: decoded.markId, epoch },
    trustmark,
    likeness,
  }
}

/** A certificate may name a person: only our own signer is told to everybody. */
function publicAnswer(found: Provenance, notes: readonly string[]): Answer {
  const { verdict, manifest, watermark, record } = found
  const { distance: _, ...fingerprint } = found.fingerprint
  const ours = manifest.state === 'Trusted'
  return {
    verdict,
    manifest: ours ? manifest : { ...manifest, signed_by: null, generator: null },
    watermark,
    fingerprint,
    record,
    layers: layersOf(found),
    // The conclusion stays last.
    notes: [...notes, ...found.notes],
  }
}

function detailOf({ fingerprint, manifest }: Provenance, mark: MarkReading | null): Detail {
  return {
    watermark:
      mark === null
        ? null
        : {
            z: mark.z,
            p_value: mark.chance,
            agreement: mark.decoded?.agreement ?? null,
            epoch: mark.epoch,
            scale: mark.copy.scale,
            quarter_turns: mark.copy.quarterTurns,
            degrees: mark.copy.degrees,
            mirrored: mark.copy.mirrored,
            cut_short: mark.cutShort,
            map: null,
          },
    fingerprint: { distance: fingerprint.distance },
    manifest: { signed_by: manifest.signed_by },
  }
}

function idOf(reading: ManifestReading | null): string | null {
  return reading?.found === true ? reading.manifestId : null
}
