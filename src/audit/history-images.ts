// What an image carries, from the record that its marking left: the mark with its number, the digests, and how it read back; and since when
// it is withdrawn.
import { sql as raw } from 'kysely'
import Type from 'typebox'
import { Compile } from 'typebox/compile'
import type { Json } from '../kernel/canonical.ts'

const Marked = Compile(
  Type.Object({
    digests: Type.Object({ file: Type.String(), pixels: Type.Optional(Type.String()) }),
    mimeType: Type.Optional(Type.String()),
    validationState: Type.Optional(Type.String()),
    label: Type.Optional(Type.Unknown()),
    timestamp: Type.Optional(Type.Unknown()),
    trustmark: Type.Optional(Type.String()),
    watermark: Type.Optional(
      Type.Object({
        epoch: Type.Number(),
        confidence: Type.Optional(Type.Number()),
        psnrDb: Type.Optional(Type.Number()),
      }),
    ),
  }),
)

export type Mark = {
  /** The number, as decimal digits, and as the soft binding has it: `epoch.hex`; null where its key's epoch is not on record. */
  number: string
  binding: string | null
  file_sha256: string
  pixels_sha256: string | null
  type: string | null
  /** How the manifest read back before release, in C2PA's words. */
  manifest_state: string | null
  /** Share of the payload's bits that read back alike. */
  watermark_agreement: number | null
  psnr_db: number | null
  trustmark: string | null
  /** Whether it carries these. */
  label: boolean
  timestamp: boolean
}

/** Of `image`; null where it is not withdrawn now. */
export const withdrawnAt = raw<Date | null>`(
  SELECT max(at) FROM darkroom.move
   WHERE image.state = 'withdrawn' AND subject_id = image.id AND kind = 'image.withdrawn')`.as('withdrawn_at')

/** Null: it was not marked, or its record is not one of ours. */
export function readMark(marked: Json | null, markId: string): Mark | null {
  if (!Marked.Check(marked)) return null
  const { digests, watermark, timestamp } = marked
  return {
    number: markId,
    binding: watermark === undefined ? null : `${watermark.epoch}.${BigInt(markId).toString(16)}`,
    file_sha256: digests.file,
    pixels_sha256: digests.pixels ?? null,
    type: marked.mimeType ?? null,
    manifest_state: marked.validationState ?? null,
    watermark_agreement: watermark?.confidence ?? null,
    psnr_db: watermark?.psnrDb ?? null,
    trustmark: marked.trustmark ?? null,
    label: marked.label !== undefined && marked.label !== null && marked.label !== false,
    timestamp: typeof timestamp === 'object' && timestamp !== null && !('missing' in timestamp),
  }
}
