// Reads of previews: pictures of an image on its way, each classified and marked before it is released. Within one tenant.
import type { Selectable } from 'kysely'
import type { Sql } from '../kernel/database.ts'
import type { PreviewTable } from '../kernel/tables.ts'

export type PreviewRow = Pick<Selectable<PreviewTable>, 'image_id' | 'position' | 'object_key' | 'content_type'>

/** Those that may be shown, in the order of the request's images, oldest first. */
export function readPreviews(sql: Sql, tenantId: string, requestId: string): Promise<PreviewRow[]> {
  return sql
    .selectFrom('darkroom.preview as preview')
    .innerJoin('darkroom.image as image', 'image.id', 'preview.image_id')
    .select(['preview.image_id', 'preview.position', 'preview.object_key', 'preview.content_type'])
    .where('image.request_id', '=', requestId)
    .where('image.tenant_id', '=', tenantId)
    .where('preview.released_at', 'is not', null)
    .orderBy('image.position')
    .orderBy('preview.position')
    .execute()
}
