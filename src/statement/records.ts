// Reads of stored statements. A row that was written before a field existed is completed by what was then always true.
import Type from 'typebox'
import { Value } from 'typebox/value'
import type { StateOf } from '../journey.ts'
import type { Sql } from '../kernel/database.ts'
import { Fault } from '../kernel/fault.ts'
import type { Statement } from './statement.ts'

/** Statements of one tenant, by id. */
export async function statementsOf(
  sql: Sql,
  tenantId: string,
  ids: readonly string[],
): Promise<Map<string, Statement>> {
  if (ids.length === 0) return new Map()
  const rows = await sql
    .selectFrom('darkroom.statement')
    .select(['id', 'record'])
    .where('id', 'in', ids)
    .where('tenant_id', '=', tenantId)
    .execute()
  return new Map(rows.map((row) => [row.id, asStatement(row.record)]))
}

/** What became of the appeal against a statement. `answer` once it was decided. */
export type AppealState = {
  id: string
  state: StateOf<'appeal'>
  answer: { text: string; outcome: string; decided_at: string } | null
}
export type Standing = { statement: Statement; appeal: AppealState | null; replacedBy: string | null }

const Answer = Type.Object({ text: Type.String() })

/** A statement as it stands now; whoever's it is where no tenant is named. Fault: not_found. */
export async function getStanding(sql: Sql, statementId: string, tenantId: string | null): Promise<Standing> {
  const row = await sql
    .selectFrom('darkroom.statement as statement')
    .leftJoin('darkroom.appeal as appeal', 'appeal.statement_id', 'statement.id')
    .select([
      'statement.record',
      'statement.replaced_by',
      'appeal.id as appeal_id',
      'appeal.state',
      'appeal.answer',
      'appeal.decided_at',
    ])
    .where('statement.id', '=', statementId)
    .$if(tenantId !== null, (query) => query.where('statement.tenant_id', '=', tenantId))
    .executeTakeFirst()
  if (row === undefined) throw new Fault('not_found', { facts: { id: statementId } })
  const { appeal_id: id, state, answer, decided_at: at } = row
  return {
    statement: asStatement(row.record),
    replacedBy: row.replaced_by,
    appeal:
      id === null || state === null
        ? null
        : {
            id,
            state,
            answer:
              at !== null && Value.Check(Answer, answer)
                ? { text: answer.text, outcome: state, decided_at: at.toISOString() }
                : null,
          },
  }
}

/** Statements are written complete or not at all, so a few marks of one suffice. */
const Written = Type.Object({
  id: Type.String(),
  stage: Type.Enum(['input', 'output']),
  categories: Type.Array(Type.String()),
  redress: Type.Object({ kind: Type.String() }),
})

export function asStatement(record: unknown): Statement {
  if (!isWritten(record)) throw new TypeError('a stored statement has the shape it was written with')
  return {
    ...{ inputKind: record.stage === 'output' ? 'image' : 'prompt', contentDate: null, source: 'own_initiative' },
    ...record,
  }
}

function isWritten(record: unknown): record is Statement {
  return Value.Check(Written, record)
}
