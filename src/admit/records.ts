// Reads of requests and their images, always within one tenant: what is another's is not there. Lists are paged by id, newest first.
import type { Selectable } from 'kysely'
import type { Sql } from '../kernel/database.ts'
import { Fault } from '../kernel/fault.ts'
import type { ImageTable, RequestTable } from '../kernel/tables.ts'
import type { Statement } from '../statement/statement.ts'

export type RequestRow = Omit<
  Selectable<RequestTable>,
  'salt' | 'user_digest' | 'prompt' | 'negative_prompt' | 'idempotency_key' | 'order_digest' | 'gpu_ms'
>
export type ImageRow = Omit<Selectable<ImageTable>, 'salt' | 'mark_id' | 'size_bytes'>
export type Generation = {
  request: RequestRow
  images: ImageRow[]
  /** Statements of reasons by id. */
  statements: ReadonlyMap<string, Statement>
  /** Requests of the same tenant that wait before this one; null when it does not wait. */
  ahead: number | null
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
  'quality',
  'output_format',
  'output_compression',
  'n',
  'previews',
  'seed',
  'operation',
  'strength',
  'cost',
  'steps_done',
  'prompt_truncated',
  'policy_digest',
  'statement_id',
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
  'object_key',
  'statement_id',
  'created_at',
  'updated_at',
  'published_at',
  'erased_at',
] as const satisfies (keyof ImageTable)[]

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
  return { ...generation, ahead: await countAhead(sql, request) }
}

/** One page, newest first, of what comes after the id `after`. */
export async function listGenerations(
  sql: Sql,
  tenantId: string,
  page: { limit: number; after: string | null },
): Promise<{ generations: Generation[]; hasMore: boolean }> {
  const { after } = page
  const rows = await sql
    .selectFrom('darkroom.request')
    .select(REQUEST_COLUMNS)
    .where('tenant_id', '=', tenantId)
    .$if(after !== null, (query) => query.where('id', '<', after ?? ''))
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

/** Fault: not_found. */
export async function getStatement(sql: Sql, tenantId: string, statementId: string): Promise<Statement> {
  const statement = (await statementsOf(sql, tenantId, [statementId])).get(statementId)
  if (statement === undefined) throw new Fault('not_found', { facts: { id: statementId } })
  return statement
}

/** What changes when a request or one of its images moves; cheap enough to poll. Null: no such request of this tenant. */
export async function readProgress(
  sql: Sql,
  tenantId: string,
  requestId: string,
): Promise<{ state: RequestRow['state']; fingerprint: string } | null> {
  const rows = await sql
    .selectFrom('darkroom.request as request')
    .leftJoin('darkroom.image as image', 'image.request_id', 'request.id')
    .select(['request.state', 'request.version', 'image.version as image_version'])
    .where('request.id', '=', requestId)
    .where('request.tenant_id', '=', tenantId)
    .orderBy('image.position')
    .execute()
  const first = rows[0]
  if (first === undefined) return null
  return { state: first.state, fingerprint: [first.version, ...rows.map((row) => row.image_version)].join('.') }
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
    ahead: null,
  }))
}

async function statementsOf(sql: Sql, tenantId: string, ids: readonly string[]): Promise<Map<string, Statement>> {
  if (ids.length === 0) return new Map()
  const rows = await sql
    .selectFrom('darkroom.statement')
    .select(['id', 'record'])
    .where('id', 'in', ids)
    .where('tenant_id', '=', tenantId)
    .execute()
  return new Map(rows.map((row) => [row.id, asStatement(row.record)]))
}

function asStatement(record: unknown): Statement {
  if (isStatement(record)) return record
  throw new TypeError('a stored statement has the shape it was written with')
}

/** Statements are written complete or not at all (statement/statement.ts), so a few marks of one suffice. */
function isStatement(record: unknown): record is Statement {
  return (
    typeof record === 'object' &&
    record !== null &&
    'id' in record &&
    'stage' in record &&
    'categories' in record &&
    'redress' in record
  )
}

async function countAhead(sql: Sql, request: RequestRow): Promise<number | null> {
  if (request.state !== 'queued') return null
  const { count } = await sql
    .selectFrom('darkroom.request')
    .select((e) => e.fn.countAll<string>().as('count'))
    .where('tenant_id', '=', request.tenant_id)
    .where('state', '=', 'queued')
    .where('id', '<', request.id)
    .executeTakeFirstOrThrow()
  return Number(count)
}
