// What is stored about one person: who they are, how they get in, what their work as a reviewer left, and what they did, counted by
// month. What they decided and wrote about a case is the case's and is not here, only how often. Read by administrators.
import { sql as raw, type Selectable } from 'kysely'
import type { Sql } from '../kernel/database.ts'
import type { ReviewerTable, ReviewHandoverTable, ReviewShiftTable } from '../kernel/review-tables.ts'
import type { Caller } from './caller.ts'
import { type KeyRow, keysOf } from './keys.ts'
import { getPerson, type PersonRow } from './people.ts'

type Counted = { month: string; what: string; count: number }

export type PersonData = {
  readonly person: PersonRow
  readonly keys: readonly KeyRow[]
  readonly sessions: readonly { key_id: string | null; last_seen_at: Date; expires_at: Date }[]
  readonly reviewer: Selectable<ReviewerTable> | null
  readonly shift: Selectable<ReviewShiftTable> | null
  /** How many; of what, nobody else is shown. */
  readonly skips: number
  readonly handovers: readonly Selectable<ReviewHandoverTable>[]
  /** By month of UTC and act, oldest first. */
  readonly acts: readonly Counted[]
  /** What they were shown beyond blurred pictures, by month and kind. */
  readonly exposure: readonly Counted[]
}

/** Fault: not_found (another tenant's, to a customer's administrator). */
export async function readPersonData(sql: Sql, caller: Caller, id: string): Promise<PersonData> {
  const person = await getPerson(sql, caller, id)
  const keys = await keysOf(sql, id)
  const keyIds = keys.map((key) => key.id)
  const sessions = await sql
    .selectFrom('darkroom.session')
    .select(['key_id', 'last_seen_at', 'expires_at'])
    .where(({ eb, or }) => or([eb('person_id', '=', id), ...(keyIds.length > 0 ? [eb('key_id', 'in', keyIds)] : [])]))
    .orderBy('expires_at')
    .execute()
  return {
    person,
    keys,
    sessions,
    ...(await readDesk(sql, id)),
    acts: await countActs(sql, person),
    exposure: await countExposure(sql, id),
  }
}

async function readDesk(sql: Sql, id: string) {
  const reviewer = sql.selectFrom('darkroom.reviewer').selectAll().where('person_id', '=', id)
  const shift = sql.selectFrom('darkroom.review_shift').selectAll().where('person_id', '=', id)
  const skips = sql.selectFrom('darkroom.review_skip').select('id').where('person_id', '=', id)
  const handovers = sql.selectFrom('darkroom.review_handover').selectAll().where('person_id', '=', id).orderBy('id')
  return {
    reviewer: (await reviewer.executeTakeFirst()) ?? null,
    shift: (await shift.executeTakeFirst()) ?? null,
    skips: (await skips.execute()).length,
    handovers: await handovers.execute(),
  }
}

async function countActs(sql: Sql, { id, tenant_id: tenantId }: PersonRow): Promise<Counted[]> {
  const { rows } = await raw<Counted>`
    WITH act (what, at) AS (
      SELECT CASE WHEN undone_at IS NULL THEN 'verdict_' || outcome ELSE 'verdict_undone' END, at
        FROM darkroom.review_verdict WHERE person_id = ${id}
      UNION ALL SELECT 'review_note', at FROM darkroom.review_verdict WHERE person_id = ${id} AND note IS NOT NULL
      UNION ALL SELECT 'generation_ordered', created_at FROM darkroom.request WHERE person_id = ${id}
      UNION ALL SELECT 'appeal_filed', created_at FROM darkroom.appeal WHERE tenant_id = ${tenantId} AND person_id = ${id}
      UNION ALL SELECT 'legal_hold_placed', placed_at FROM darkroom.legal_hold WHERE placed_by = ${id}
      UNION ALL SELECT 'legal_hold_lifted', lifted_at FROM darkroom.legal_hold WHERE lifted_by = ${id}
      UNION ALL SELECT 'preservation_ended', preservation_ended_at FROM darkroom.statement WHERE preservation_ended_by = ${id}
      UNION ALL SELECT 'routing_changed', changed_at FROM darkroom.review_routing WHERE changed_by = ${id}
      UNION ALL SELECT 'export_ordered', created_at FROM darkroom.audit_export WHERE requested_by ->> 'person' = ${id})
    ${BY_MONTH} FROM act GROUP BY 1, 2 ORDER BY 1, 2`.execute(sql)
  return rows
}

async function countExposure(sql: Sql, id: string): Promise<Counted[]> {
  const { rows } = await raw<Counted>`
    ${BY_MONTH} FROM darkroom.review_reveal WHERE person_id = ${id} GROUP BY 1, 2 ORDER BY 1, 2`.execute(sql)
  return rows
}

const BY_MONTH = raw`SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM') AS month, what, count(*)::int AS count`
