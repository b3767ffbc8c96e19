// Reads of stored statements; standing.ts has them with their appeals. A row that was written before a field existed is completed by what was then always true.
import Type from 'typebox'
import { Value } from 'typebox/value'
import type { Sql } from '../kernel/database.ts'
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

/** Every statement about any of these requests or images, oldest first; those that others took the place of too. */
export async function statementsAbout(sql: Sql, tenantId: string, subjectIds: readonly string[]): Promise<Statement[]> {
  if (subjectIds.length === 0) return []
  const rows = await sql
    .selectFrom('darkroom.statement')
    .select('record')
    .where('subject_id', 'in', subjectIds)
    .where('tenant_id', '=', tenantId)
    .orderBy('id')
    .execute()
  return rows.map(({ record }) => asStatement(record))
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
