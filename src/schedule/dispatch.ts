// The dispatcher: rings generate tasks in fair order, only as fast as the devices drain them. It leads by a lease row whose epoch
// each dispatch carries; the backlog itself is the tasks that were not dispatched yet. Nothing is lost when it dies: its
// tags are in the records and the next holder goes on. A tenant's share is charged by the estimate and corrected by the measure.
import { sql as raw } from 'kysely'
import type { Database, Tx } from '../kernel/database.ts'
import type { Due } from '../kernel/tasks.ts'
import { DEVICE_STALE_MS } from './backlog.ts'
import { correct, dispatchNext, type FairState, forgetIdle, type Head } from './fair-queue.ts'

export type DispatchOptions = {
  pool: string
  holder: string
  leaseMs: number
  /** Tasks in the devices' hands at once; null: what the live devices offer. */
  slots: number | null
}

/** With no device announced, so many wait at the door: the next one to start, or one of the version before, finds work. */
const SLOTS_AT_A_CLOSED_DOOR = 2
/** Weight of the newest measure in the running average of the devices' pace. */
const NEWEST = 0.1

/** One pass: fills the free slots and returns what to ring. Null when another process leads. */
export async function dispatchPass(database: Database, options: DispatchOptions): Promise<Due[] | null> {
  return database.transact(async (tx) => {
    const epoch = await lead(tx, options)
    if (epoch === null) return null
    const before = await readState(tx, options.pool)
    let state = await settleTurns(tx, options.pool, before)
    const free = (options.slots ?? (await liveSlots(tx, options.pool))) - (await outstanding(tx))
    const due: Due[] = []
    const lines = new Map(free > 0 ? (await heads(tx)).map((head) => [head.tenantId, head]) : [])
    while (due.length < free) {
      const next = dispatchNext(state, [...lines.values()])
      if (next === null) break
      const { head } = next
      const dispatched = await markDispatched(tx, head, options.pool, epoch)
      // Null: cancelled between the look and the mark.
      if (dispatched !== null) {
        state = next.state
        due.push(dispatched)
      }
      const [second] = await heads(tx, head.tenantId)
      if (second === undefined) lines.delete(head.tenantId)
      else lines.set(head.tenantId, second)
    }
    if (state !== before) await writeState(tx, options.pool, forgetIdle(state, await tenantsInHand(tx, options.pool)))
    return due
  })
}

/** Gives the lead up, so that another need not wait for the lease to run out. */
export async function resignLead(database: Database, { pool, holder }: DispatchOptions): Promise<void> {
  await database.sql
    .updateTable('darkroom.dispatcher')
    .set({ holder: null, lease_until: null })
    .where('pool', '=', pool)
    .where('holder', '=', holder)
    .execute()
}

async function lead(tx: Tx, { pool, holder, leaseMs }: DispatchOptions): Promise<string | null> {
  await tx
    .insertInto('darkroom.dispatcher')
    .values({ pool })
    .onConflict((c) => c.doNothing())
    .execute()
  const { rows } = await raw<{ epoch: string }>`
    UPDATE darkroom.dispatcher
       SET epoch = epoch + CASE WHEN holder = ${holder} THEN 0 ELSE 1 END, holder = ${holder},
           lease_until = darkroom.now() + ${leaseMs} * interval '1 millisecond'
     WHERE pool = ${pool} AND (holder = ${holder} OR holder IS NULL OR lease_until <= darkroom.now())
    RETURNING epoch`.execute(tx)
  return rows[0]?.epoch ?? null
}

/** Tasks that were dispatched and are not yet given back or done. */
async function outstanding(tx: Tx): Promise<number> {
  const { count } = await tx
    .selectFrom('darkroom.task')
    .select((e) => e.fn.countAll<string>().as('count'))
    .where('stage', '=', 'generate')
    .where('dispatched_at', 'is not', null)
    .executeTakeFirstOrThrow()
  return Number(count)
}

/**
 * The oldest due task of each tenant that waits, or of one tenant. A skip scan: its cost grows with tenants that wait, not with what
 * waits for them.
 */
async function heads(tx: Tx, only: string | null = null): Promise<Head[]> {
  const { rows } = await raw<{ id: string; tenant_id: string; cost: number; weight: number }>`
    WITH RECURSIVE clock AS MATERIALIZED (SELECT darkroom.now() AS now),
    waiting (tenant_id) AS (
      (SELECT tenant_id FROM darkroom.task
        WHERE stage = 'generate' AND dispatched_at IS NULL AND (${only}::text IS NULL OR tenant_id = ${only}::text)
        ORDER BY tenant_id LIMIT 1)
      UNION ALL
      SELECT (SELECT later.tenant_id FROM darkroom.task AS later
               WHERE later.stage = 'generate' AND later.dispatched_at IS NULL AND later.tenant_id > waiting.tenant_id
               ORDER BY later.tenant_id LIMIT 1)
        FROM waiting WHERE waiting.tenant_id IS NOT NULL AND ${only}::text IS NULL)
    SELECT head.id, tenant.id AS tenant_id, head.cost, tenant.weight
      FROM waiting JOIN darkroom.tenant AS tenant ON tenant.id = waiting.tenant_id
     CROSS JOIN LATERAL (
       SELECT task.id, task.cost FROM darkroom.task AS task
        WHERE task.tenant_id = waiting.tenant_id AND task.stage = 'generate' AND task.dispatched_at IS NULL
          AND task.runnable_at <= (SELECT now FROM clock)
        ORDER BY task.id LIMIT 1) AS head`.execute(tx)
  return rows.map((row) => ({ taskId: row.id, tenantId: row.tenant_id, cost: row.cost, weight: row.weight }))
}

async function markDispatched(tx: Tx, head: Head, pool: string, epoch: string): Promise<Due | null> {
  const { taskId, tenantId, cost } = head
  const row = await tx
    .updateTable('darkroom.task')
    .set({
      dispatched_at: raw`darkroom.now()`,
      rung_at: raw`darkroom.now()`,
      dispatch_epoch: epoch,
      ring: raw`ring + 1`,
    })
    .where('id', '=', taskId)
    .returning('ring')
    .executeTakeFirst()
  if (row === undefined) return null
  // Given back since this pass began: both turns are corrected together.
  await raw`
    INSERT INTO darkroom.dispatched AS turn (task_id, pool, tenant_id, cost) VALUES (${taskId}, ${pool}, ${tenantId}, ${cost})
    ON CONFLICT (task_id) DO UPDATE SET cost = turn.cost + EXCLUDED.cost`.execute(tx)
  return { id: taskId, stage: 'generate', ring: row.ring, delayMs: 0 }
}

/** What the devices that were heard of lately take at once. */
async function liveSlots(tx: Tx, pool: string): Promise<number> {
  const { rows } = await raw<{ slots: string | null }>`
    SELECT sum(slots) AS slots FROM darkroom.device
     WHERE pool = ${pool} AND seen_at > darkroom.now() - ${DEVICE_STALE_MS} * interval '1 millisecond'`.execute(tx)
  return Number(rows[0]?.slots ?? SLOTS_AT_A_CLOSED_DOOR)
}

/** Corrects the shares of tenants whose tasks have left the devices' hands, done or not, and learns the devices' pace from them. */
async function settleTurns(tx: Tx, pool: string, state: FairState): Promise<FairState> {
  const { rows } = await raw<{ tenant_id: string; weight: number; cost: number; gpu_ms: number; finished: boolean }>`
    DELETE FROM darkroom.dispatched AS turn USING darkroom.tenant AS tenant
     WHERE turn.pool = ${pool} AND tenant.id = turn.tenant_id AND NOT EXISTS (
       SELECT FROM darkroom.task WHERE task.id = turn.task_id AND task.dispatched_at IS NOT NULL)
    RETURNING turn.tenant_id, tenant.weight, turn.cost, turn.gpu_ms, turn.finished`.execute(tx)
  if (rows.length === 0) return state
  const known = await readPace(tx, pool)
  let pace = known
  for (const { finished, cost, gpu_ms } of rows)
    if (finished && cost > 0 && gpu_ms > 0)
      pace = pace === null ? gpu_ms / cost : pace + NEWEST * (gpu_ms / cost - pace)
  if (pace !== known)
    await tx.updateTable('darkroom.dispatcher').set({ ms_per_cost: pace }).where('pool', '=', pool).execute()
  let settled = state
  for (const { tenant_id: tenantId, weight, cost, gpu_ms } of rows) {
    const measured = gpu_ms === 0 ? 0 : pace === null ? cost : gpu_ms / pace
    settled = correct(settled, { tenantId, weight, cost: measured - cost })
  }
  return settled
}

async function readPace(tx: Tx, pool: string): Promise<number | null> {
  const row = await tx
    .selectFrom('darkroom.dispatcher')
    .select('ms_per_cost')
    .where('pool', '=', pool)
    .executeTakeFirstOrThrow()
  return row.ms_per_cost
}

async function tenantsInHand(tx: Tx, pool: string): Promise<Set<string>> {
  const rows = await tx
    .selectFrom('darkroom.dispatched')
    .select('tenant_id')
    .distinct()
    .where('pool', '=', pool)
    .execute()
  return new Set(rows.map((row) => row.tenant_id))
}

async function readState(tx: Tx, pool: string): Promise<FairState> {
  const { virtual_time } = await tx
    .selectFrom('darkroom.dispatcher')
    .select('virtual_time')
    .where('pool', '=', pool)
    .executeTakeFirstOrThrow()
  const shares = await tx.selectFrom('darkroom.fair_share').selectAll().where('pool', '=', pool).execute()
  return { virtualTime: virtual_time, finishTags: new Map(shares.map((share) => [share.tenant_id, share.finish_tag])) }
}

async function writeState(tx: Tx, pool: string, state: FairState): Promise<void> {
  await tx
    .updateTable('darkroom.dispatcher')
    .set({ virtual_time: state.virtualTime })
    .where('pool', '=', pool)
    .execute()
  await tx.deleteFrom('darkroom.fair_share').where('pool', '=', pool).execute()
  const shares = [...state.finishTags].map(([tenant_id, finish_tag]) => ({ pool, tenant_id, finish_tag }))
  if (shares.length > 0) await tx.insertInto('darkroom.fair_share').values(shares).execute()
}
