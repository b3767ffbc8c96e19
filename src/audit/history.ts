// The history of a request: all that happened to it, its images, appeals and review items (history-moves.ts), and what each image is now.
// It stands when the content is erased, since nothing of it is content. A restricted case has none here.
import { sql as raw, type Selectable } from 'kysely'
import { outcomeOf } from '../journey.ts'
import type { Sql } from '../kernel/database.ts'
import { Fault } from '../kernel/fault.ts'
import type { ImageTable } from '../kernel/tables.ts'
import type { PolicyRef } from '../policy/policy.ts'
import { readMark, withdrawnAt } from './history-images.ts'
import { type Move, readMoves } from './history-moves.ts'
import { readStatements, type Stated } from './history-statements.ts'
import { restrictedRequests } from './restricted.ts'

export type History = {
  /** The records' own time when this was read. */
  as_of: string
  request: Awaited<ReturnType<typeof readRequest>>
  /** The image that was asked for; null: the request was. */
  image_id: string | null
  images: HistoryImage[]
  statements: Stated[]
  /** The policies that digests here are of, as far as the records know them. */
  policies: PolicyRef[]
  moves: Move[]
  /** What to ask for the moves after these; null: there are none. */
  next: string | null
}
export type HistoryImage = ReturnType<typeof imageOf>

/** `id`: of a request or an image. Faults: not_found; forbidden (a restricted case). */
export async function readHistory(sql: Sql, id: string, after = '0'): Promise<History> {
  const { requestId, imageId } = await subjectOf(sql, id)
  if ((await restrictedRequests(sql, [requestId])).size > 0)
    throw new Fault('forbidden', {
      detail: 'this record belongs to a restricted case, and is shown to the restricted team alone',
    })
  const { moves, more } = await readMoves(sql, requestId, after)
  const images = await readImages(sql, requestId)
  const { rows } = await raw<{ now: Date }>`SELECT darkroom.now() AS now`.execute(sql)
  const request = await readRequest(sql, requestId, images)
  const statements = await readStatements(sql, [requestId, ...images.map((image) => image.id)])
  const digests = [request.policy_digest, ...moves.flatMap(({ by }) => by?.policy ?? [])]
  return {
    as_of: (rows[0]?.now ?? new Date()).toISOString(),
    request,
    image_id: imageId,
    images: images.map(imageOf),
    statements,
    policies: await readPolicies(sql, digests, statements),
    moves,
    next: more ? (moves.at(-1)?.place.sequence ?? null) : null,
  }
}

async function subjectOf(sql: Sql, id: string): Promise<{ requestId: string; imageId: string | null }> {
  const request = await sql.selectFrom('darkroom.request').select('id').where('id', '=', id).executeTakeFirst()
  if (request !== undefined) return { requestId: request.id, imageId: null }
  const image = await sql.selectFrom('darkroom.image').select('request_id').where('id', '=', id).executeTakeFirst()
  if (image !== undefined) return { requestId: image.request_id, imageId: id }
  throw new Fault('not_found', { detail: 'there is no request and no image of this id' })
}

const IMAGE = [
  'id',
  'position',
  'state',
  'failure',
  'seed',
  'mark_id',
  'generated_digest',
  'verdict',
  'marked',
  'manifest_id',
  'fingerprint',
  'statement_id',
  'created_at',
  'published_at',
  'erased_at',
] as const
type ImageRow = Pick<Selectable<ImageTable>, (typeof IMAGE)[number]> & {
  release: string | null
  withdrawn_at: Date | null
}

/** `release`: the place in the log of its last one. */
function readImages(sql: Sql, requestId: string): Promise<ImageRow[]> {
  return sql
    .selectFrom('darkroom.image as image')
    .select(IMAGE)
    .select(
      raw<string | null>`(
        SELECT max(log_index) FROM darkroom.move
         WHERE subject_id = image.id AND kind = 'image.published'
           AND log_index < (SELECT tree_size FROM darkroom.log))`.as('release'),
    )
    .select(withdrawnAt)
    .where('request_id', '=', requestId)
    .orderBy('position')
    .execute()
}

function imageOf(row: ImageRow) {
  return {
    id: row.id,
    position: row.position,
    state: row.state,
    failure: row.failure,
    seed: Number(row.seed),
    created_at: row.created_at.toISOString(),
    published_at: row.published_at?.toISOString() ?? null,
    withdrawn_at: row.withdrawn_at?.toISOString() ?? null,
    erased_at: row.erased_at?.toISOString() ?? null,
    statement_id: row.statement_id,
    drawn_sha256: row.generated_digest,
    manifest_id: row.manifest_id,
    fingerprint: row.fingerprint,
    mark: readMark(row.marked, row.mark_id),
    verdict: row.verdict,
    release_index: row.release === null ? null : Number(row.release),
  }
}

async function readRequest(sql: Sql, id: string, images: readonly ImageRow[]) {
  const row = await sql
    .selectFrom('darkroom.request as request')
    .innerJoin('darkroom.tenant as tenant', 'tenant.id', 'request.tenant_id')
    .leftJoin('darkroom.appeal as appeal', 'appeal.id', 'request.appeal_id')
    .select(['request.id', 'request.state', 'request.failure', 'request.tenant_id', 'request.created_at'])
    .select(['request.model', 'request.model_version', 'request.pack_digest', 'request.operation', 'request.n'])
    .select(['request.width', 'request.height', 'request.steps', 'request.policy_digest', 'request.sandbox'])
    .select(['request.erased_at', 'request.statement_id', 'tenant.name as tenant', 'tenant.pseudonym'])
    .select('appeal.request_id as follows')
    .where('request.id', '=', id)
    .executeTakeFirstOrThrow()
  const led = await sql
    .selectFrom('darkroom.appeal')
    .select('result_request_id as id')
    .where('request_id', '=', id)
    .where('result_request_id', 'is not', null)
    .execute()
  const { created_at, erased_at, tenant, tenant_id, pseudonym, sandbox, ...rest } = row
  return {
    ...rest,
    sandbox: sandbox !== null,
    /** What a rehearsal was to end in. */
    scenario: sandbox,
    outcome: row.state === 'done' ? outcomeOf(images.map((image) => image.state)) : null,
    tenant: { id: tenant_id, name: tenant, pseudonym },
    created_at: created_at.toISOString(),
    erased_at: erased_at?.toISOString() ?? null,
    led_to: led.flatMap((one) => one.id ?? []),
  }
}

/** By digest; a statement cites its own by name too. */
async function readPolicies(sql: Sql, digests: readonly string[], statements: readonly Stated[]) {
  const rows = await sql
    .selectFrom('darkroom.policy_version')
    .select(['id', 'version', 'digest'])
    .distinct()
    .where('digest', 'in', digests)
    .execute()
  const all = [...rows, ...statements.map(({ policy }) => policy)]
  return [...new Map(all.map((one) => [one.digest, one])).values()]
}
