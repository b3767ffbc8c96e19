// Restricted cases are preserved, whoever would have them erased. When their time is over people are told, in the log once and by a gauge
// for as long as nobody acts; compliance ends the preservation, and then retention.ts erases them like any other.
import { sql as raw } from 'kysely'
import { note } from '../advance.ts'
import type { Database, Sql } from '../kernel/database.ts'
import { Fault } from '../kernel/fault.ts'
import type { Ground } from '../kernel/ground.ts'
import type { RetentionRules } from '../policy/retention-rules.ts'
import type { Caller } from '../tenant/caller.ts'

const AT_ONCE = 100

export type Preserved = {
  id: string
  subject: 'request' | 'image'
  subject_id: string
  created_at: Date
  preservation_due_at: Date | null
}

/** Marks what is due and tells of it. Returns how many were new. */
export async function tellOfPreserved(ground: Ground, { restrictedDays }: RetentionRules): Promise<number> {
  const due = await ground.database.transact(async (tx) => {
    const { rows } = await raw<Preserved & { tenant_id: string }>`
      UPDATE darkroom.statement SET preservation_due_at = darkroom.now()
       WHERE id IN (
         SELECT id FROM darkroom.statement
          WHERE record->'redress'->>'kind' = 'restricted' AND preservation_ended_at IS NULL
            AND preservation_due_at IS NULL AND replaced_by IS NULL
            AND created_at <= (SELECT darkroom.now()) - ${restrictedDays} * interval '1 day'
          ORDER BY created_at LIMIT ${AT_ONCE} FOR UPDATE SKIP LOCKED)
      RETURNING id, subject, subject_id, tenant_id`.execute(tx)
    // In one order, so that two passes never wait for each other's tenants.
    for (const { id, subject, subject_id, tenant_id } of rows.toSorted((a, b) => (a.tenant_id < b.tenant_id ? -1 : 1)))
      await note(tx, tenant_id, `${subject}.preservation_due`, subject_id, { statement: id })
    return rows
  })
  for (const { id, subject_id: subject } of due)
    ground.log.error(
      { statement: id, subject },
      'the preservation of a restricted case is due to end: a person must decide',
    )
  return due.length
}

/** What is due and not decided, oldest first. */
export async function listPreserved(sql: Sql, limit: number): Promise<Preserved[]> {
  return sql
    .selectFrom('darkroom.statement')
    .select(['id', 'subject', 'subject_id', 'created_at', 'preservation_due_at'])
    .where('preservation_due_at', 'is not', null)
    .where('preservation_ended_at', 'is', null)
    .where(raw<boolean>`record->'redress'->>'kind' = 'restricted'`)
    .orderBy('created_at')
    .limit(limit)
    .execute()
}

/** A person ends it. Again is no error. Faults: not_found, forbidden (a key that is nobody's), conflict (its time is not over). */
export async function endPreservation(
  { transact }: Database,
  { personId }: Pick<Caller, 'personId'>,
  statementId: string,
  reason: string,
): Promise<void> {
  if (personId === null)
    throw new Fault('forbidden', {
      detail: 'people decide this, and this key belongs to nobody: use a key of a person',
    })
  await transact(async (tx) => {
    const { rows } = await raw<Preserved & { tenant_id: string; ended: boolean }>`
      SELECT id, subject, subject_id, tenant_id, preservation_due_at, preservation_ended_at IS NOT NULL AS ended
        FROM darkroom.statement
       WHERE id = ${statementId} AND record->'redress'->>'kind' = 'restricted'
         FOR UPDATE`.execute(tx)
    const [found] = rows
    if (found === undefined) throw new Fault('not_found', { facts: { id: statementId } })
    if (found.preservation_due_at === null)
      throw new Fault('conflict', { detail: 'this is preserved still, and nobody can shorten that' })
    if (found.ended) return
    await tx
      .updateTable('darkroom.statement')
      .set({
        preservation_ended_at: raw<Date>`darkroom.now()`,
        preservation_ended_by: personId,
        preservation_end_reason: reason,
      })
      .where('id', '=', statementId)
      .execute()
    await note(tx, found.tenant_id, `${found.subject}.preservation_ended`, found.subject_id, {
      statement: statementId,
      by: personId,
    })
  })
}
