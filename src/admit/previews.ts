// Reads of previews: pictures of an image on its way, each classified and marked before it is released. Within one tenant, and only
// those that may be shown now: released, and of an image that was not erased. generate/previews.ts makes and removes them.
import type { Selectable } from 'kysely'
import type { Sql } from '../kernel/database.ts'
import { Fault } from '../kernel/fault.ts'
import type { PreviewTable } from '../kernel/tables.ts'

export type PreviewRow = Pick<Selectable<PreviewTable>, (typeof COLUMNS)[number]>

const COLUMNS = ['image_id', 'position', 'object_key', 'content_type'] as const satisfies (keyof PreviewTable)[]

/** Those of a request, in the order of its images, oldest first. */
export function listPreviews(sql: Sql, tenantId: string, requestId: string): Promise<PreviewRow[]> {
  return shown(sql, tenantId)
    .where('image.request_id', '=', requestId)
    .orderBy('image.position')
    .orderBy('preview.position')
    .execute()
}

/** Fault: not_found. */
export async function getPreview(sql: Sql, tenantId: string, imageId: string, position: number): Promise<PreviewRow> {
  const found = await shown(sql, tenantId)
    .where('preview.image_id', '=', imageId)
    .where('preview.position', '=', position)
    .executeTakeFirst()
  if (found === undefined) throw new Fault('not_found', { facts: { id: imageId } })
  return found
}

function shown(sql: Sql, tenantId: string) {
  return sql
    .selectFrom('darkroom.preview as preview')
    .innerJoin('darkroom.image as image', 'image.id', 'preview.image_id')
    .select(COLUMNS.map((name) => `preview.${name}` as const))
    .where('image.tenant_id', '=', tenantId)
    .where('image.erased_at', 'is', null)
    .where('preview.released_at', 'is not', null)
}
