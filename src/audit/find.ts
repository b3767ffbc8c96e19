// Finds requests and images by what leads to them (find-keys.ts), released or not, erased or not. Each finding says by which ways it was
// found and how sure each of them is; never more. What belongs to a restricted case is told as that and nothing else.
import type { ImageState, RequestState } from '../journey.ts'
import type { Sql } from '../kernel/database.ts'
import type { Lead, LeadBy } from './find-keys.ts'
import { type Hit, lookUp } from './find-records.ts'
import { withdrawnAt } from './history-images.ts'
import { restrictedRequests } from './restricted.ts'

/** `exact`: it is that one; the others are the bands of the public check. */
export type Sure = 'exact' | 'high' | 'medium' | 'low'
export type Way = {
  readonly by: LeadBy
  readonly sure: Sure
  readonly shows: string
  readonly does_not_show: string | null
}
export type Asked = { readonly lead: Lead; readonly way: Way }

export type Finding = {
  /** Then there is nothing more of it here. */
  restricted: boolean
  found_by: Way[]
  request_id: string | null
  /** Null: the request as a whole, or something that is about neither. */
  image_id: string | null
  tenant: { id: string; name: string } | null
  state: RequestState | ImageState | 'erased' | null
  /** What it was when it was erased; null: it is not. */
  erased_from: RequestState | ImageState | null
  created_at: string | null
  published_at: string | null
  /** Null: it is not withdrawn, nor was when it was erased. */
  withdrawn_at: string | null
  erased_at: string | null
  log_index: number | null
}

/** In the order of what was asked, the surest first of a picture's. */
export async function find(sql: Sql, asked: readonly Asked[]): Promise<Finding[]> {
  const found = new Map<string, { hit: Hit; ways: Way[] }>()
  for (const { lead, way } of asked)
    for (const hit of await lookUp(sql, lead)) {
      const name = `${hit.requestId} ${hit.imageId} ${hit.requestId === null ? hit.index : ''}`
      const one = found.get(name) ?? { hit, ways: [] }
      one.ways.push(way)
      found.set(name, one)
    }
  const all = [...found.values()]
  const requests = all.flatMap(({ hit }) => hit.requestId ?? [])
  const restricted = await restrictedRequests(sql, requests)
  const records = await readRecords(sql, requests)
  return all.map(({ hit, ways }) => {
    const closed = hit.closed || (hit.requestId !== null && restricted.has(hit.requestId))
    return closed ? { ...NOTHING, restricted: true, found_by: ways } : findingOf(hit, ways, records)
  })
}

const NOTHING: Omit<Finding, 'found_by'> = {
  restricted: false,
  request_id: null,
  image_id: null,
  tenant: null,
  state: null,
  erased_from: null,
  created_at: null,
  published_at: null,
  withdrawn_at: null,
  erased_at: null,
  log_index: null,
}

type Records = Awaited<ReturnType<typeof readRecords>>

function findingOf({ requestId, imageId, index }: Hit, found_by: Way[], { requests, images }: Records): Finding {
  const request = requestId === null ? undefined : requests.get(requestId)
  if (request === undefined) return { ...NOTHING, found_by, log_index: index }
  const image = imageId === null ? undefined : images.get(imageId)
  const erased = image?.erased_at ?? request.erased_at
  const state = image?.state ?? request.state
  return {
    restricted: false,
    found_by,
    request_id: request.id,
    image_id: image?.id ?? null,
    tenant: { id: request.tenant_id, name: request.tenant },
    state: erased === null ? state : 'erased',
    erased_from: erased === null ? null : state,
    created_at: request.created_at.toISOString(),
    published_at: image?.published_at?.toISOString() ?? null,
    withdrawn_at: image?.withdrawn_at?.toISOString() ?? null,
    erased_at: erased?.toISOString() ?? null,
    log_index: index,
  }
}

async function readRecords(sql: Sql, ids: readonly string[]) {
  if (ids.length === 0) return { requests: new Map(), images: new Map() }
  const requests = await sql
    .selectFrom('darkroom.request as request')
    .innerJoin('darkroom.tenant as tenant', 'tenant.id', 'request.tenant_id')
    .select(['request.id', 'request.state', 'request.tenant_id', 'request.created_at', 'request.erased_at'])
    .select('tenant.name as tenant')
    .where('request.id', 'in', ids)
    .execute()
  const images = await sql
    .selectFrom('darkroom.image as image')
    .select(['id', 'state', 'published_at', 'erased_at'])
    .select(withdrawnAt)
    .where('request_id', 'in', ids)
    .execute()
  return {
    requests: new Map(requests.map((one) => [one.id, one])),
    images: new Map(images.map((one) => [one.id, one])),
  }
}
