// Reads of requests and their images, always within one tenant: what is another's is not there. Lists are paged by id, newest first.
import { sql as raw, type Selectable } from 'kysely'
import type { RequestState } from '../journey.ts'
import type { Sql } from '../kernel/database.ts'
import { Fault } from '../kernel/fault.ts'
import type { ImageTable, RequestTable } from '../kernel/tables.ts'
import { statementsOf } from '../statement/records.ts'
import type { Statement } from '../statement/statement.ts'

export type RequestRow = Omit<
  Selectable<RequestTable>,
  'salt' | 'user_digest' | 'prompt' | 'negative_prompt' | 'idempotency_key' | 'order_digest' | 'gpu_ms'
>
export type ImageRow = Omit<Selectable<ImageTable>, 'salt' | 'mark_id' | 'size_bytes' | 'originals_removed_at'>
export type Generation = {
  request: RequestRow
  images: ImageRow[]
  /** Statements of reasons by id. */
  statements: ReadonlyMap<string, Statement>
}

const REQUEST_COLUMNS = [
  'id',
  'tenant_id',
  'key_id',
  'person_id',
  'state',
  'version',
  'attempt',
  'failure',
  'purpose',
  'model',
  'model_version',
  'pack_digest',
  'width',
  'height',
  'steps',
  'guidance_scale',
  'scheduler',
  'sampling',
  'quality',
  'output_format',
  'output_compression',
  'n',
  'previews',
  'label',
  'seed',
  'operation',
  'strength',
  'cost',
  'steps_done',
  'prompt_truncated',
  'policy_digest',
  'statement_id',
  'appeal_id',
  'skip_clauses',
  'sandbox',
  'erased_at',
  'created_at',
  'updated_at',
] as const satisfies (keyof RequestTable)[]

const IMAGE_COLUMNS = [
  'id',
  'request_id',
  'tenant_id',
  'position',
  'state',
  'version',
  'failure',
  'seed',
  'generated_digest',
  'recipe',
  'verdict',
  'marked',
  'manifest_id',
  'fingerprint',
  'fingerprint_weak',
  'object_key',
  'statement_id',
  'created_at',
  'updated_at',
  'published_at',
  'erased_at',
] as const satisfies (keyof ImageTable)[]

/** Whether a statement about a row of request, or about one of its images, says that the law restricts what may be told of it. */
const IS_RESTRICTED = raw<boolean>`EXISTS (
  SELECT FROM darkroom.statement AS stated
   WHERE stated.record->'redress'->>'kind' = 'restricted'
     AND (stated.subject_id = request.id
          OR stated.subject_id IN (SELECT image.id FROM darkroom.image WHERE image.request_id = request.id)))`

/** Fault: not_found. */
export async function getGeneration(sql: Sql, tenantId: string, requestId: string): Promise<Generation> {
  const request = await sql
    .selectFrom('darkroom.request')
    .select(REQUEST_COLUMNS)
    .where('id', '=', requestId)
    .where('tenant_id', '=', tenantId)
    .executeTakeFirst()
  if (request === undefined) throw new Fault('not_found', { facts: { id: requestId } })
  const [generation] = await withImages(sql, tenantId, [request])
  if (generation === undefined) throw new Fault('not_found', { facts: { id: requestId } })
  return generation
}

export type Filter = {
  state: RequestState | null
  model: string | null
  createdFrom: Date | null
  createdBefore: Date | null
  /** Of one user of the tenant (tenant/users.ts). */
  userDigest?: string | null
}

/** One page, newest first and without what was erased, of what comes after the id `after`. */
export async function listGenerations(
  sql: Sql,
  tenantId: string,
  page: { limit: number; after: string | null } & Partial<Filter>,
): Promise<{ generations: Generation[]; hasMore: boolean }> {
  const { after, state = null, model = null, createdFrom = null, createdBefore = null, userDigest = null } = page
  let query = sql
    .selectFrom('darkroom.request')
    .select(REQUEST_COLUMNS)
    .where('tenant_id', '=', tenantId)
    .where('erased_at', 'is', null)
  if (after !== null) query = query.where('id', '<', after)
  if (state !== null) query = query.where('state', '=', state)
  if (model !== null) query = query.where('model', '=', model)
  if (createdFrom !== null) query = query.where('created_at', '>=', createdFrom)
  if (createdBefore !== null) query = query.where('created_at', '<', createdBefore)
  if (userDigest !== null) query = query.where('user_digest', '=', userDigest).where(raw<boolean>`NOT ${IS_RESTRICTED}`)
  const rows = await query
    .orderBy('id', 'desc')
    .limit(page.limit + 1)
    .execute()
  const generations = await withImages(sql, tenantId, rows.slice(0, page.limit))
  return { generations, hasMore: rows.length > page.limit }
}

/** An image with its request. Fault: not_found. */
export async function getImage(
  sql: Sql,
  tenantId: string,
  imageId: string,
): Promise<{ generation: Generation; image: ImageRow }> {
  const found = await sql
    .selectFrom('darkroom.image')
    .select('request_id')
    .where('id', '=', imageId)
    .where('tenant_id', '=', tenantId)
    .executeTakeFirst()
  if (found === undefined) throw new Fault('not_found', { facts: { id: imageId } })
  const generation = await getGeneration(sql, tenantId, found.request_id)
  const image = generation.images.find((one) => one.id === imageId)
  if (image === undefined) throw new Fault('not_found', { facts: { id: imageId } })
  return { generation, image }
}

async function withImages(sql: Sql, tenantId: string, requests: RequestRow[]): Promise<Generation[]> {
  if (requests.length === 0) return []
  const images = await sql
    .selectFrom('darkroom.image')
    .select(IMAGE_COLUMNS)
    .where(
      'request_id',
      'in',
      requests.map((request) => request.id),
    )
    .where('tenant_id', '=', tenantId)
    .orderBy('position')
    .execute()
  const ids = [...requests, ...images].flatMap((row) => (row.statement_id === null ? [] : [row.statement_id]))
  const statements = await statementsOf(sql, tenantId, ids)
  return requests.map((request) => ({
    request,
    images: images.filter((image) => image.request_id === request.id),
    statements,
  }))
}
