// What this deployment released, by the id in its pixels, the id of its manifest or their likeness: the records behind a public verification.
// A record is found only for an image that was published; what was held or denied does not exist to the public.
import { sql as raw } from 'kysely'
import type { Database } from '../kernel/database.ts'
import { CLOSE_BITS } from '../mark/fingerprint.ts'
import { findNear } from '../mark/near.ts'
import type { Registry, RegistryRecord } from '../mark/registry.ts'

export function openRegistry({ sql }: Database): Registry {
  const published = () =>
    sql
      .selectFrom('darkroom.image as image')
      .innerJoin('darkroom.request as request', 'request.id', 'image.request_id')
      .select([
        'image.id',
        'image.published_at',
        'image.state',
        'image.erased_at',
        'image.manifest_id',
        'image.fingerprint',
        'image.fingerprint_weak',
        'request.model',
        'request.model_version',
      ])
      // Its last release; until a signed tree has that, its marking, which is in one before anything is handed out.
      .select(
        raw<string | null>`(
          SELECT max(log_index) FROM darkroom.move
           WHERE subject_id = image.id AND kind IN ('image.marked', 'image.published')
             AND log_index < (SELECT tree_size FROM darkroom.log))`.as('log_index'),
      )
      .select(raw<string | null>`image.marked->'digests'->>'pixels'`.as('pixels_digest'))
      .where('image.state', 'in', ['published', 'withdrawn', 'expired'])
  return {
    byMarkId: async (markId, epoch) =>
      asRecord(
        await published()
          .where('image.mark_id', '=', String(markId))
          // What another key of ours carried is not this image's mark.
          .where(raw<number>`(image.marked->'watermark'->>'epoch')::int`, '=', epoch)
          .executeTakeFirst(),
      ),
    byTrustmark: async (markId, algorithm) =>
      asRecord(
        await published()
          .where('image.mark_id', '=', String(markId))
          .where(raw<string>`image.marked->>'trustmark'`, '=', algorithm)
          .executeTakeFirst(),
      ),
    byManifestId: async (id) => asRecord(await published().where('image.manifest_id', '=', id).executeTakeFirst()),
    byLikeness: async (hex) => {
      const [nearest] = await findNear(sql, hex, CLOSE_BITS, 1)
      if (nearest === undefined) return null
      return asRecord(await published().where('image.id', '=', nearest.imageId).executeTakeFirst())
    },
  }
}

type Row = {
  id: string
  state: string
  published_at: Date | null
  erased_at: Date | null
  manifest_id: string | null
  fingerprint: string | null
  fingerprint_weak: boolean | null
  model: string
  model_version: string
  log_index: string | null
  pixels_digest: string | null
}

function asRecord(row: Row | undefined): RegistryRecord | null {
  if (row === undefined || row.published_at === null) return null
  return {
    imageId: row.id,
    createdAt: row.published_at,
    system: row.model,
    version: row.model_version,
    logIndex: row.log_index === null ? null : Number(row.log_index),
    manifestId: row.manifest_id,
    available: row.state === 'published' && row.erased_at === null,
    // What was recorded before the standard's has no such mark; the picture at hand has.
    fingerprint: row.fingerprint === null ? null : { hex: row.fingerprint, weak: row.fingerprint_weak === true },
    pixelsDigest: row.pixels_digest,
  }
}
