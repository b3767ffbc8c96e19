// Tasks: the only claim on work. A task is written in the transaction of the move that made it necessary; a worker claims it by
// raising its fence under a lease, and completes it in the transaction of the move it leads to. Retries, attempts and crashes
// are counted here alone. The doorbell only says that a task may be due; a ring too many claims nothing.
import { sql as raw } from 'kysely'
import type { Stage } from '../journey.ts'
import type { Sql, Tx } from './database.ts'
import { Fault } from './fault.ts'
import { newId } from './ids.ts'
import { currentTraceparent } from './trace.ts'

export type NewTask = {
  tenantId: string
  subject: 'request' | 'image'
  subjectId: string
  stage: Stage
  /** Device work in cost units; only the fair backlog reads it. */
  cost?: number
}

/** What the doorbell needs to ring for a task. */
export type Due = { id: string; stage: Stage; ring: number; delayMs: number }

export type Claim = {
  readonly taskId: string
  readonly fence: string
  readonly subjectId: string
  readonly tenantId: string
  readonly stage: Stage
  readonly attempt: number
  readonly crashes: number
  /** Of the attempts, those that ended because what the task needs was away. */
  readonly waits: number
  /** The trace of whoever wrote the task. */
  readonly traceparent: string | null
  /** From its being due to this claim. */
  readonly waitedMs: number
}

/** Adds a task; one of a stage and subject that exists already stays as it is. */
export async function addTask(tx: Tx, task: NewTask): Promise<Due> {
  const id = newId('tsk')
  await tx
    .insertInto('darkroom.task')
    .values({
      id,
      tenant_id: task.tenantId,
      subject: task.subject,
      subject_id: task.subjectId,
      stage: task.stage,
      cost: task.cost ?? 0,
      runnable_at: raw`darkroom.now()`,
      rung_at: raw`darkroom.now()`,
      traceparent: currentTraceparent(),
    })
    .onConflict((conflict) => conflict.columns(['subject_id', 'stage']).doNothing())
    .execute()
  return { id, stage: task.stage, ring: 0, delayMs: 0 }
}

/** Claims a due task under a lease, or returns null: it is gone, not due, or somebody else's. */
export async function claimTask(sql: Sql, taskId: string, leaseMs: number): Promise<Claim | null> {
  const { rows } = await raw<{
    subject_id: string
    tenant_id: string
    stage: Stage
    attempt: number
    crashes: number
    waits: number
    fence: string
    traceparent: string | null
    waited_ms: string
  }>`
    UPDATE darkroom.task
       SET fence = fence + 1, attempt = attempt + 1,
           crashes = crashes + CASE WHEN lease_until IS NULL OR ${unrenewable(leaseMs)} THEN 0 ELSE 1 END,
           lease_until = darkroom.now() + ${leaseMs} * interval '1 millisecond'
     WHERE id = ${taskId} AND runnable_at <= darkroom.now() AND (lease_until IS NULL OR lease_until <= darkroom.now())
    RETURNING subject_id, tenant_id, stage, attempt, crashes, waits, fence, traceparent,
      extract(epoch FROM darkroom.now() - runnable_at) * 1000 AS waited_ms`.execute(sql)
  const row = rows[0]
  if (row === undefined) return null
  return {
    taskId,
    fence: row.fence,
    subjectId: row.subject_id,
    tenantId: row.tenant_id,
    stage: row.stage,
    attempt: row.attempt,
    crashes: row.crashes,
    waits: row.waits,
    traceparent: row.traceparent,
    waitedMs: Math.max(0, Number(row.waited_ms)),
  }
}

/**
 * Whether the server started after the lease was last renewed: then nobody could renew it, and its end says nothing of its holder.
 * A server that was only frozen or cut off for longer than a lease looks the same as a dead holder, and is counted.
 */
function unrenewable(leaseMs: number) {
  return raw<boolean>`pg_postmaster_start_time() > lease_until - ${leaseMs} * interval '1 millisecond'`
}

/** Extends the lease; false when it was lost. */
export async function renewLease(sql: Sql, claim: Claim, leaseMs: number): Promise<boolean> {
  const { numAffectedRows } = await raw`
    UPDATE darkroom.task SET lease_until = darkroom.now() + ${leaseMs} * interval '1 millisecond'
     WHERE id = ${claim.taskId} AND fence = ${claim.fence} AND lease_until > darkroom.now()`.execute(sql)
  return numAffectedRows === 1n
}

/** Fault: lease_lost, when somebody else has claimed the task since, or it is gone. */
export async function requireClaim(tx: Tx, claim: Claim): Promise<void> {
  const held = await tx
    .selectFrom('darkroom.task')
    .select('id')
    .where('id', '=', claim.taskId)
    .where('fence', '=', claim.fence)
    .executeTakeFirst()
  if (held === undefined) throw new Fault('lease_lost', { facts: { task: claim.taskId } })
}

/** Removes a task that is done, inside the move it led to. Fault: lease_lost, which undoes that move. */
export async function completeTask(tx: Tx, claim: Claim): Promise<void> {
  const { numDeletedRows } = await tx
    .deleteFrom('darkroom.task')
    .where('id', '=', claim.taskId)
    .where('fence', '=', claim.fence)
    .executeTakeFirst()
  if (numDeletedRows !== 1n) throw new Fault('lease_lost', { facts: { task: claim.taskId } })
}

/** What an attempt counts as beside a try: one toward the poison cap, or one that says nothing of the task. */
export type Counted = { crashed?: boolean; waited?: boolean }

/** Gives a task back, due again after `delayMs`. Null when the lease was lost. */
export async function retryTask(
  sql: Sql,
  claim: Claim,
  delayMs: number,
  { crashed = false, waited = false }: Counted = {},
): Promise<Due | null> {
  const { rows } = await raw<{ ring: number }>`
    UPDATE darkroom.task
       SET lease_until = NULL, ring = ring + 1, rung_at = darkroom.now(), crashes = crashes + ${crashed ? 1 : 0},
           waits = waits + ${waited ? 1 : 0},
           runnable_at = darkroom.now() + ${delayMs} * interval '1 millisecond', dispatched_at = NULL
     WHERE id = ${claim.taskId} AND fence = ${claim.fence}
    RETURNING ring`.execute(sql)
  const row = rows[0]
  return row === undefined ? null : { id: claim.taskId, stage: claim.stage, ring: row.ring, delayMs }
}

/**
 * Ends every lease now. Only for a process that knows it is alone with its database: the holders are dead, and each is a crash.
 */
export async function endLeases(sql: Sql): Promise<void> {
  await raw`
    UPDATE darkroom.task SET lease_until = NULL, crashes = crashes + 1, rung_at = NULL WHERE lease_until IS NOT NULL`.execute(
    sql,
  )
}

/** Drops what is left to do for a subject that reached its end. */
export async function dropTasks(tx: Tx, subjectIds: readonly string[]): Promise<void> {
  if (subjectIds.length > 0) await tx.deleteFrom('darkroom.task').where('subject_id', 'in', subjectIds).execute()
}

/**
 * Due tasks that nobody holds and that were not rung lately (`quietMs`, doubling with each ring up to 64 times), each under its
 * next ring number: what a wiped doorbell or a dead worker left behind, and what merely waits its turn, ever more rarely. Generate tasks that wait in the fair backlog are the dispatcher's and are left alone.
 */
export async function sweepTasks(sql: Sql, quietMs: number, limit = 500): Promise<Due[]> {
  const { rows } = await raw<{ id: string; stage: Stage; ring: number }>`
    UPDATE darkroom.task AS task SET ring = task.ring + 1, rung_at = darkroom.now()
     WHERE task.id IN (
       SELECT id FROM darkroom.task
        WHERE runnable_at <= (SELECT darkroom.now()) AND (lease_until IS NULL OR lease_until <= (SELECT darkroom.now()))
          AND (stage <> 'generate' OR dispatched_at IS NOT NULL)
          AND (rung_at IS NULL OR rung_at <= (SELECT darkroom.now()) - ${quietMs} * (1 << least(ring, 6)) * interval '1 millisecond')
        ORDER BY runnable_at LIMIT ${limit} FOR UPDATE SKIP LOCKED)
    RETURNING task.id, task.stage, task.ring`.execute(sql)
  return rows.map(({ id, stage, ring }) => ({ id, stage, ring, delayMs: 0 }))
}
