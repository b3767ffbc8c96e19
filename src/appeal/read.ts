// Appeals as their appellants read them: the state, and once decided the reasoned answer. Always within one tenant.
import type { Sql } from '../kernel/database.ts'
import { Fault } from '../kernel/fault.ts'

const COLUMNS = [
  'id',
  'statement_id',
  'state',
  'request_id',
  'image_id',
  'clause',
  'purpose',
  'text',
  'answer',
  'decided_at',
  'result_request_id',
  'created_at',
] as const

export type AppealRecord = Awaited<ReturnType<typeof getAppeal>>

/** Fault: not_found (another tenant's, too). */
export async function getAppeal(sql: Sql, tenantId: string, id: string) {
  const appeal = await sql
    .selectFrom('darkroom.appeal')
    .select(COLUMNS)
    .where('id', '=', id)
    .where('tenant_id', '=', tenantId)
    .executeTakeFirst()
  if (appeal === undefined) throw new Fault('not_found', { facts: { id } })
  return appeal
}

/** The appeals about any of these requests or their images, oldest first. */
export async function appealsAbout(sql: Sql, tenantId: string, requestIds: readonly string[]) {
  if (requestIds.length === 0) return []
  return sql
    .selectFrom('darkroom.appeal')
    .select(COLUMNS)
    .where('request_id', 'in', requestIds)
    .where('tenant_id', '=', tenantId)
    .orderBy('id')
    .execute()
}

/** The statement that an appeal is of, and whose; for a bearer, who has no tenant. Null: there is no such appeal. */
export async function statementOf(sql: Sql, id: string): Promise<{ statementId: string; tenantId: string } | null> {
  const row = await sql
    .selectFrom('darkroom.appeal')
    .select(['statement_id', 'tenant_id'])
    .where('id', '=', id)
    .executeTakeFirst()
  return row === undefined ? null : { statementId: row.statement_id, tenantId: row.tenant_id }
}

/** Whose statement it is; null: there is no such statement. */
export async function tenantOfStatement(sql: Sql, id: string): Promise<string | null> {
  const row = await sql.selectFrom('darkroom.statement').select('tenant_id').where('id', '=', id).executeTakeFirst()
  return row?.tenant_id ?? null
}

/** Newest first, one more than asked for when there are more. */
export async function listAppeals(sql: Sql, tenantId: string, page: { limit: number; after: string | null }) {
  let query = sql.selectFrom('darkroom.appeal').select(COLUMNS).where('tenant_id', '=', tenantId)
  if (page.after !== null) query = query.where('id', '<', page.after)
  const rows = await query
    .orderBy('id', 'desc')
    .limit(page.limit + 1)
    .execute()
  return { rows: rows.slice(0, page.limit), hasMore: rows.length > page.limit }
}
