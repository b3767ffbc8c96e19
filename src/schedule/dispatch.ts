// The dispatcher: rings generate tasks in fair order, only as fast as the devices drain them. It leads by a lease row whose epoch
// each dispatch carries; the backlog itself is the tasks that were not dispatched yet. Nothing is lost when it dies: its
// tags are in the records and the next holder goes on.
import { sql as raw } from 'kysely'
import type { Database, Tx } from '../kernel/database.ts'
import type { Due } from '../kernel/tasks.ts'
import { dispatchNext, type FairState, forgetIdle, type Head } from './fair-queue.ts'

export type DispatchOptions = { pool: string; holder: string; leaseMs: number; slots: number }

/** One pass: fills the free slots and returns what to ring. Null when another process leads. */
export async function dispatchPass(database: Database, options: DispatchOptions): Promise<Due[] | null> {
  return database.transact(async (tx) => {
    const epoch = await lead(tx, options)
    if (epoch === null) return null
    const free = options.slots - (await outstanding(tx))
    if (free <= 0) return []
    let state = await readState(tx, options.pool)
    const due: Due[] = []
    for (let slot = 0; slot < free; slot++) {
      const next = dispatchNext(state, await heads(tx))
      if (next === null) break
      const dispatched = await markDispatched(tx, next.head.taskId, epoch)
      // Cancelled between the look and the mark.
      if (dispatched === null) continue
      state = next.state
      due.push(dispatched)
    }
    if (due.length > 0) await writeState(tx, options.pool, forgetIdle(state))
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

async function heads(tx: Tx): Promise<Head[]> {
  const { rows } = await raw<{ id: string; tenant_id: string; cost: number; weight: number }>`
    SELECT DISTINCT ON (task.tenant_id) task.id, task.tenant_id, task.cost, tenant.weight
      FROM darkroom.task AS task JOIN darkroom.tenant AS tenant ON tenant.id = task.tenant_id
     WHERE task.stage = 'generate' AND task.dispatched_at IS NULL AND task.runnable_at <= darkroom.now()
     ORDER BY task.tenant_id, task.id`.execute(tx)
  return rows.map((row) => ({ taskId: row.id, tenantId: row.tenant_id, cost: row.cost, weight: row.weight }))
}

async function markDispatched(tx: Tx, taskId: string, epoch: string): Promise<Due | null> {
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
  return row === undefined ? null : { id: taskId, stage: 'generate', ring: row.ring, delayMs: 0 }
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
