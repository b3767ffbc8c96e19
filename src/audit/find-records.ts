// Where a lead leads in the records. All are looked for, whatever became of them: this is for those who answer for the service. Every
// question is answered by an index (migration 0033).
import { sql as raw } from 'kysely'
import type { Sql } from '../kernel/database.ts'
import type { Lead } from './find-keys.ts'
import { isClosed } from './restricted.ts'

/** `closed`: a row of the log that stays so. `requestId` null: a row that is about no request. */
export type Hit = { requestId: string | null; imageId: string | null; index: number | null; closed: boolean }

/** Equal digests and the same number have few holders; what a picture has that very many share is no lead. */
const MOST = 20

const SUBJECTS = [
  ['req', 'request'],
  ['img', 'image'],
  ['apl', 'appeal'],
  ['rvw', 'review_item'],
] as const

export async function lookUp(sql: Sql, lead: Lead): Promise<Hit[]> {
  switch (lead.by) {
    case 'request':
      return ofRequest(sql, lead.value)
    case 'image':
    case 'likeness':
      return ofImages(images(sql).where('id', '=', lead.value))
    case 'manifest':
      return ofImages(images(sql).where('manifest_id', '=', lead.value))
    case 'pixels':
      return ofImages(images(sql).where(raw<string>`marked->'digests'->>'pixels'`, '=', lead.value))
    case 'file':
      return byFile(sql, lead.value)
    case 'mark':
      return ofImages(marked(sql, lead))
    case 'trustmark':
      return ofImages(
        images(sql)
          .where('mark_id', '=', String(lead.value))
          .where(raw<string>`marked->>'trustmark'`, '=', lead.algorithm),
      )
    case 'statement':
      return ofStatement(sql, lead.value)
    case 'appeal':
      return ofItem(sql, 'darkroom.appeal', lead.value)
    case 'review_item':
      return ofItem(sql, 'darkroom.review_item', lead.value)
    case 'log_index':
      return byIndex(sql, lead.value)
    default:
      return lead satisfies never
  }
}

async function ofRequest(sql: Sql, id: string): Promise<Hit[]> {
  const rows = await sql.selectFrom('darkroom.request').select('id').where('id', '=', id).execute()
  return rows.map((row) => hit(row.id, null))
}

function images(sql: Sql) {
  return sql.selectFrom('darkroom.image').select(['id', 'request_id']).orderBy('id').limit(MOST)
}

function marked(sql: Sql, { value, epoch }: Extract<Lead, { by: 'mark' }>) {
  const byNumber = images(sql).where('mark_id', '=', String(value))
  // What another key of ours carried is not this image's mark.
  return epoch === null ? byNumber : byNumber.where(raw<number>`(marked->'watermark'->>'epoch')::int`, '=', epoch)
}

async function ofImages(query: ReturnType<typeof images>): Promise<Hit[]> {
  return (await query.execute()).map(({ id, request_id: requestId }) => hit(requestId, id))
}

/** As it was drawn, as it was marked, or as it was released at some time. Each by its own index, which one condition of all would not use. */
function byFile(sql: Sql, digest: string): Promise<Hit[]> {
  const drawn = sql.selectFrom('darkroom.image').select('id').where('generated_digest', '=', digest)
  const stored = sql
    .selectFrom('darkroom.image')
    .select('id')
    .where(raw<string>`marked->'digests'->>'file'`, '=', digest)
  const released = sql
    .selectFrom('darkroom.move')
    .select('subject_id as id')
    .where('kind', '=', 'image.published')
    .where(raw<string>`facts->>'file'`, '=', digest)
  return ofImages(images(sql).where('id', 'in', drawn.union(stored).union(released)))
}

async function ofItem(sql: Sql, table: 'darkroom.appeal' | 'darkroom.review_item', id: string): Promise<Hit[]> {
  const rows = await sql.selectFrom(table).select(['request_id', 'image_id']).where('id', '=', id).execute()
  return rows.flatMap((row) => (row.request_id === null ? [] : [hit(row.request_id, row.image_id)]))
}

async function ofStatement(sql: Sql, id: string): Promise<Hit[]> {
  const row = await sql.selectFrom('darkroom.statement').select('subject_id').where('id', '=', id).executeTakeFirst()
  return row === undefined ? [] : ofSubject(sql, row.subject_id)
}

async function byIndex(sql: Sql, index: number): Promise<Hit[]> {
  const move = await sql
    .selectFrom('darkroom.move')
    .select(['subject', 'subject_id', 'kind', 'from_state', 'to_state', 'facts', 'at', 'leaf_salt'])
    .select(['tenant_pseudonym', 'tenant_sequence', 'previous_leaf'])
    .where('log_index', '=', String(index))
    .executeTakeFirst()
  if (move === undefined) return []
  if (isClosed(move)) return [{ ...hit(null, null), index, closed: true }]
  const about = await ofSubject(sql, move.subject_id)
  return (about.length === 0 ? [hit(null, null)] : about).map((one) => ({ ...one, index }))
}

/** What a row is about; nothing where that is no request, nor about one. */
async function ofSubject(sql: Sql, id: string): Promise<Hit[]> {
  const by = SUBJECTS.find(([prefix]) => id.startsWith(`${prefix}_`))?.[1]
  return by === undefined ? [] : lookUp(sql, { by, value: id })
}

function hit(requestId: string | null, imageId: string | null): Hit {
  return { requestId, imageId, index: null, closed: false }
}
