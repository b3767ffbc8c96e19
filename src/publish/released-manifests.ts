// The manifests of published images, for those who have a picture that lost its own: found by the id of the mark in the pixels or by
// their own name. What was withdrawn, has expired or was erased has no manifest to give any more.
import { sql as raw } from 'kysely'
import { sha256 } from '../kernel/canonical.ts'
import type { Sql } from '../kernel/database.ts'
import { Fault } from '../kernel/fault.ts'
import type { Ground } from '../kernel/ground.ts'

/** Names of the manifests of published images that carry this mark: one at most, since a mark's id is an image's. */
export async function manifestsOfMark(sql: Sql, markId: number, epoch: number): Promise<string[]> {
  const { rows } = await raw<{ manifest_id: string }>`
    SELECT manifest_id FROM darkroom.image
     WHERE mark_id = ${markId} AND state = 'published' AND erased_at IS NULL AND manifest_id IS NOT NULL
       AND (marked->'watermark'->>'epoch')::int = ${epoch}`.execute(sql)
  return rows.map(({ manifest_id }) => manifest_id)
}

/** The same by TrustMark, which carries the same number. */
export async function manifestsOfTrustmark(sql: Sql, markId: number, algorithm: string): Promise<string[]> {
  const { rows } = await raw<{ manifest_id: string }>`
    SELECT manifest_id FROM darkroom.image
     WHERE mark_id = ${markId} AND state = 'published' AND erased_at IS NULL AND manifest_id IS NOT NULL
       AND marked->>'trustmark' = ${algorithm}`.execute(sql)
  return rows.map(({ manifest_id }) => manifest_id)
}

/** Of these manifests, those that can be had. */
export async function availableManifests(sql: Sql, ids: readonly string[]): Promise<string[]> {
  const { rows } = await raw<{ manifest_id: string }>`
    SELECT manifest_id FROM darkroom.image
     WHERE manifest_id = ANY (${[...ids]}::text[]) AND state = 'published' AND erased_at IS NULL`.execute(sql)
  return rows.map(({ manifest_id }) => manifest_id)
}

type Released = { object_key: string | null; digest: string | null }

/** The store that was signed into the released file, by its active manifest's name. Faults: not_found, object_mismatch, object_store_failed. */
export async function releasedManifest(
  { database, images }: Pick<Ground, 'database' | 'images'>,
  id: string,
  storeOf: (file: Buffer) => Buffer | null,
): Promise<Buffer> {
  const { rows } = await raw<Released>`
    SELECT object_key, marked->'digests'->>'manifest' AS digest FROM darkroom.image
     WHERE manifest_id = ${id} AND state = 'published' AND erased_at IS NULL`.execute(database.sql)
  const key = rows[0]?.object_key ?? null
  if (key === null) throw new Fault('not_found', { detail: 'no published image has this manifest' })
  const store = storeOf(Buffer.from((await images.get(key)).bytes))
  if (store === null || sha256(store) !== rows[0]?.digest)
    throw new Fault('object_mismatch', { detail: 'the released file does not hold the manifest that was signed' })
  return store
}
