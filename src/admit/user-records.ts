// What is stored about one user of a tenant, order by order: what was asked beside what became of it, and what the log has of it. What
// was erased is not here; neither is a restricted case, whether there is one or not (records.ts).
import { sql as raw } from 'kysely'
import type { Sql } from '../kernel/database.ts'
import { type Generation, listGenerations } from './records.ts'

export type LoggedMove = { subject_id: string; kind: string; at: Date; index: number | null }
export type UserRecord = {
  readonly generation: Generation
  readonly prompt: string | null
  readonly negativePrompt: string | null
  /** Files that it started from. */
  readonly inputs: readonly { kind: 'image' | 'mask'; width: number; height: number; created_at: Date }[]
  /** Moves of the request, its images and their appeals, oldest first. */
  readonly moves: readonly LoggedMove[]
}

/** Newest first, after the id `after`. */
export async function listUserRecords(
  sql: Sql,
  tenantId: string,
  userDigest: string,
  page: { limit: number; after: string | null },
): Promise<{ records: UserRecord[]; hasMore: boolean }> {
  const { generations, hasMore } = await listGenerations(sql, tenantId, { ...page, userDigest })
  const ids = generations.map(({ request }) => request.id)
  if (ids.length === 0) return { records: [], hasMore }
  const asked = await sql
    .selectFrom('darkroom.request')
    .select(['id', 'prompt', 'negative_prompt'])
    .where('id', 'in', ids)
    .where('erased_at', 'is', null)
    .execute()
  const inputs = await sql
    .selectFrom('darkroom.input')
    .select(['request_id', 'kind', 'width', 'height', 'created_at'])
    .where('request_id', 'in', ids)
    .orderBy('kind')
    .execute()
  const moves = await readMoves(sql, ids)
  const records = generations.flatMap((generation): UserRecord[] => {
    const { id } = generation.request
    const order = asked.find((one) => one.id === id)
    // Erased while this was read.
    if (order === undefined) return []
    return [
      {
        generation,
        prompt: order.prompt,
        negativePrompt: order.negative_prompt,
        inputs: inputs.filter((one) => one.request_id === id).map(({ request_id, ...input }) => input),
        moves: moves.filter((one) => one.request_id === id).map(({ request_id, ...move }) => move),
      },
    ]
  })
  return { records, hasMore }
}

/** Of the journey alone: what is noted beside it tells of the work of people, or of cases that nobody is told of. */
async function readMoves(sql: Sql, requestIds: readonly string[]): Promise<(LoggedMove & { request_id: string })[]> {
  const { rows } = await raw<{
    request_id: string
    subject_id: string
    kind: string
    at: Date
    log_index: string | null
  }>`
    WITH subject AS (
      SELECT id, id AS request_id FROM darkroom.request WHERE id = ANY (${[...requestIds]}::text[])
      UNION ALL SELECT id, request_id FROM darkroom.image WHERE request_id = ANY (${[...requestIds]}::text[])
      UNION ALL SELECT id, request_id FROM darkroom.appeal WHERE request_id = ANY (${[...requestIds]}::text[]))
    SELECT subject.request_id, move.subject_id, move.kind, move.at, move.log_index
      FROM subject JOIN darkroom.move AS move ON move.subject_id = subject.id AND move.subject <> 'note'
     ORDER BY move.id`.execute(sql)
  return rows.map(({ log_index: index, ...move }) => ({ ...move, index: index === null ? null : Number(index) }))
}
