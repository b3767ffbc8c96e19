// The statements of reasons of a request and its images, as compliance reads them: what was decided, by which rule and by whom. Their
// sentences are the policy's own, so nothing that anybody typed is in them.
import type { Sql } from '../kernel/database.ts'
import type { PolicyRef } from '../policy/policy.ts'
import { asStatement } from '../statement/records.ts'

export type Stated = {
  id: string
  subject_id: string
  at: string
  replaced_by: string | null
  restriction: string
  /** Null: its owner took the picture back. */
  clause: string | null
  facts: string
  decided_by: string
  /** Which way the person concerned had: `full` is an appeal. */
  redress: string
  appeal_until: string | null
  policy: PolicyRef
}

export async function readStatements(sql: Sql, subjects: readonly string[]): Promise<Stated[]> {
  const rows = await sql
    .selectFrom('darkroom.statement')
    .select(['id', 'subject_id', 'created_at', 'replaced_by', 'record'])
    .where('subject_id', 'in', subjects)
    .orderBy('created_at')
    .orderBy('id')
    .execute()
  return rows.map(({ created_at, record, ...rest }) => {
    const { restriction, clause, facts, decidedBy, redress, policy } = asStatement(record)
    const { id, version, digest } = policy
    return {
      ...rest,
      ...{ at: created_at.toISOString(), restriction, clause, facts, decided_by: decidedBy, redress: redress.kind },
      appeal_until: redress.kind === 'full' ? redress.appealUntil : null,
      policy: { id, version, digest },
    }
  })
}
