// Statements as they stand now: with the one appeal, how far it has come and what came of it, and with the statement that took this one's
// place. One of them, or a tenant's, newest first.
import { sql as raw, type SqlBool } from 'kysely'
import Type from 'typebox'
import { Value } from 'typebox/value'
import { type ImageState, isTerminal, type RequestState, type StateOf } from '../journey.ts'
import type { Sql } from '../kernel/database.ts'
import { Fault } from '../kernel/fault.ts'
import { asStatement } from './records.ts'
import type { Statement } from './statement.ts'

/** What became of the appeal against a statement. `answer` once it was decided; times are ISO 8601. */
export type AppealState = {
  id: string
  state: StateOf<'appeal'>
  created_at: string
  /** Since when people look at it. Null: nobody does yet. */
  reviewing_at: string | null
  /** By when it is to be decided. */
  due_at: string | null
  ended_at: string | null
  answer: { text: string; outcome: string; decided_at: string } | null
  /** What a reversal gave back: the request that was admitted anew, or the picture. */
  result: { kind: 'request' | 'image'; id: string; state: RequestState | ImageState; generation_id: string } | null
}
export type Standing = { statement: Statement; appeal: AppealState | null; replacedBy: string | null }

/** What a list can be narrowed to: statements that can be appealed now, or those whose appeal is in a state. */
export const LISTED = [
  'appealable',
  'open',
  'reviewing',
  'upheld',
  'overturned',
  'partial',
  'omitted',
  'withdrawn',
] as const
export type Listed = (typeof LISTED)[number]
/** `about`: the id of a statement, of a request or of a picture. */
export type StandingFilter = { readonly state: Listed | null; readonly about: string | null }

/** A statement as it stands now; whoever's it is where no tenant is named. Fault: not_found. */
export async function getStanding(sql: Sql, statementId: string, tenantId: string | null): Promise<Standing> {
  const row = await standings(sql)
    .where('statement.id', '=', statementId)
    .$if(tenantId !== null, (query) => query.where('statement.tenant_id', '=', tenantId))
    .executeTakeFirst()
  if (row === undefined) throw new Fault('not_found', { facts: { id: statementId } })
  return asStanding(row)
}

/** A tenant's, newest first, after the id of the last one of the page before. */
export async function listStandings(
  sql: Sql,
  tenantId: string,
  { state, about }: StandingFilter,
  { limit, after }: { limit: number; after: string | null },
): Promise<{ rows: Standing[]; hasMore: boolean }> {
  let query = standings(sql).where('statement.tenant_id', '=', tenantId)
  if (after !== null) query = query.where('statement.id', '<', after)
  if (about !== null)
    query = query.where(
      raw<SqlBool>`(statement.id = ${about} OR statement.subject_id = ${about} OR statement.subject_id IN
                     (SELECT image.id FROM darkroom.image WHERE image.request_id = ${about}))`,
    )
  if (state === 'appealable')
    query = query
      .where('appeal.id', 'is', null)
      .where(
        raw<SqlBool>`statement.appeal_until >= darkroom.now() AND statement.record -> 'redress' ->> 'kind' = 'full'`,
      )
  else if (state !== null) query = query.where('appeal.state', '=', state).where('appeal.tenant_id', '=', tenantId)
  const rows = await query
    .orderBy('statement.id', 'desc')
    .limit(limit + 1)
    .execute()
  return { rows: rows.slice(0, limit).map(asStanding), hasMore: rows.length > limit }
}

/** The moves of an appeal are read by its own index; a row without an appeal has none. */
function standings(sql: Sql) {
  return sql
    .selectFrom('darkroom.statement as statement')
    .leftJoin('darkroom.appeal as appeal', 'appeal.statement_id', 'statement.id')
    .leftJoin('darkroom.review_item as item', 'item.appeal_id', 'appeal.id')
    .leftJoin('darkroom.request as result', 'result.id', 'appeal.result_request_id')
    .leftJoin('darkroom.image as image', 'image.id', 'appeal.image_id')
    .select(['statement.record', 'statement.replaced_by'])
    .select(['appeal.id as appeal_id', 'appeal.state', 'appeal.answer', 'appeal.decided_at'])
    .select(['appeal.created_at', 'item.deadline_at'])
    .select(['result.id as result_id', 'result.state as result_state'])
    .select(['image.id as image_id', 'image.state as image_state', 'image.request_id as image_request'])
    .select(
      raw<Date | null>`(SELECT at FROM darkroom.move WHERE subject_id = appeal.id AND to_state = 'reviewing'
                         ORDER BY id DESC LIMIT 1)`.as('reviewing_at'),
    )
    .select(
      raw<Date | null>`(SELECT at FROM darkroom.move WHERE subject_id = appeal.id ORDER BY id DESC LIMIT 1)`.as(
        'moved_at',
      ),
    )
}

type Row = Awaited<ReturnType<ReturnType<typeof standings>['executeTakeFirstOrThrow']>>

function asStanding(row: Row): Standing {
  return { statement: asStatement(row.record), replacedBy: row.replaced_by, appeal: appealOf(row) }
}

const Answer = Type.Object({ text: Type.String() })

function appealOf(row: Row): AppealState | null {
  const { appeal_id: id, state, created_at: created, answer, decided_at: at } = row
  if (id === null || state === null || created === null) return null
  const ended = isTerminal('appeal', state)
  return {
    id,
    state,
    created_at: created.toISOString(),
    // Whoever let it go again does not look at it.
    reviewing_at: state === 'open' ? null : (row.reviewing_at?.toISOString() ?? null),
    due_at: row.deadline_at?.toISOString() ?? null,
    ended_at: ended ? ((at ?? row.moved_at)?.toISOString() ?? null) : null,
    answer:
      at !== null && Value.Check(Answer, answer)
        ? { text: answer.text, outcome: state, decided_at: at.toISOString() }
        : null,
    result: state === 'overturned' ? resultOf(row) : null,
  }
}

function resultOf(row: Row): AppealState['result'] {
  const { result_id: requestId, result_state: requestState, image_id: imageId, image_state: imageState } = row
  if (requestId !== null && requestState !== null)
    return { kind: 'request', id: requestId, state: requestState, generation_id: requestId }
  if (imageId !== null && imageState !== null && row.image_request !== null)
    return { kind: 'image', id: imageId, state: imageState, generation_id: row.image_request }
  return null
}
