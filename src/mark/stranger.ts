// What anybody's picture is asked: opened in a child (workers/decoders.ts), judged by verify.ts on its pixels, told layer by layer. The
// public answer has bands and words; scores are apart, in `detail`, for compliance alone, since they would show an attacker how far a
// removal has come. Nothing personal leaves here and nothing is kept.
import { type Layer, layersOf } from './layers.ts'
import type { ManifestReading } from './manifest.ts'
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
export type Verification = {
  answer: Answer
  detail: Detail
  /** The manifest that belongs to it, where it is ours. */
  manifestId: string | null
}

/** Faults: unsupported_media and too_large (field 'file') for what is not a readable picture; otherwise always answers. */
export async function verifyStranger(bytes: Buffer, tools: StrangerTools): Promise<Verification> {
  const { open, signer, watermark, ...rest } = tools
  const file = await open(bytes)
  const seen: Seen = { mark: null, manifest: null }
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
  })
  return verificationOf(found, file.notes, seen)
}

type Seen = { mark: MarkReading | null; manifest: ManifestReading | null }

/** `notes`: of how the picture was looked at. Pure. */
export function verificationOf(found: Provenance, notes: readonly string[], { mark, manifest }: Seen): Verification {
  return {
    answer: publicAnswer(found, notes),
    detail: detailOf(found, mark),
    manifestId: found.record === null ? null : (found.manifest.recovered ?? idOf(manifest)),
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
