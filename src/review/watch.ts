// One look at the queue for what nobody may overlook: deadlines that passed, and items that nobody is left for. Those wait as
// `awaiting_reviewer`, with an alarm, never for who decided before; they are open again once somebody is there. Each is said once,
// in the tenant's log and in one line of ours, by id. A lease that ran out needs nothing: it is nobody's.
import { sql as raw } from 'kysely'
import { note } from '../advance.ts'
import type { Tx } from '../kernel/database.ts'
import type { Ground } from '../kernel/ground.ts'
import { ELIGIBLE } from './reviewer.ts'

export type Watched = { breached: number; awaiting: number; resumed: number }

const AT_ONCE = 500
/** Ids in a log line. */
const NAMED = 20

type Row = { id: string; tenant_id: string }

export async function watchQueue(ground: Ground): Promise<Watched> {
  const breached = await noteBreaches(ground)
  const resumed = await resume(ground)
  const awaiting = await setAside(ground)
  return { breached, awaiting, resumed }
}

async function noteBreaches(ground: Ground): Promise<number> {
  const late = await raw<Row>`
    SELECT id, tenant_id FROM darkroom.review_item
     WHERE state <> 'closed' AND breached_at IS NULL AND deadline_at <= (SELECT darkroom.now())
     ORDER BY deadline_at LIMIT ${AT_ONCE}`.execute(ground.database.sql)
  const changed = await eachTenant(ground, late.rows, 'review.breached', async (tx, ids) => {
    const { rows } = await raw<{ id: string }>`
      UPDATE darkroom.review_item SET breached_at = darkroom.now()
       WHERE id = ANY (${ids}) AND state <> 'closed' AND breached_at IS NULL RETURNING id`.execute(tx)
    return rows
  })
  if (changed.length > 0)
    ground.log.error({ items: changed.slice(0, NAMED), count: changed.length }, 'review items passed their deadline')
  return changed.length
}

/** Whether somebody is there who may have `item`. */
export const SOMEBODY = raw<boolean>`EXISTS (
  SELECT FROM darkroom.active_reviewer AS who
   WHERE (who.away_until IS NULL OR who.away_until <= (SELECT darkroom.now())) AND ${ELIGIBLE})`

async function setAside(ground: Ground): Promise<number> {
  const { sql } = ground.database
  const nobodys = await raw<Row>`
    SELECT item.id, item.tenant_id
      FROM (SELECT * FROM darkroom.review_item WHERE state = 'open' ORDER BY rank_at, id LIMIT ${AT_ONCE}) AS item
     WHERE (item.lease_until IS NULL OR item.lease_until <= (SELECT darkroom.now())) AND NOT ${SOMEBODY}`.execute(sql)
  const changed = await eachTenant(ground, nobodys.rows, 'review.awaiting', async (tx, ids) => {
    const { rows } = await raw<{ id: string }>`
      UPDATE darkroom.review_item AS item
         SET state = 'awaiting_reviewer', lease_person = NULL, lease_hash = NULL, lease_until = NULL, leased_at = NULL,
             reserved_for = NULL, reserved_until = NULL
       WHERE item.id = ANY (${ids}) AND item.state = 'open'
         AND (item.lease_until IS NULL OR item.lease_until <= darkroom.now()) AND NOT ${SOMEBODY}
      RETURNING item.id`.execute(tx)
    return rows
  })
  if (changed.length > 0)
    ground.log.error(
      { items: changed.slice(0, NAMED), count: changed.length },
      'nobody is left who may review these items: add reviewers, or change what they review',
    )
  return changed.length
}

async function resume(ground: Ground): Promise<number> {
  const { sql } = ground.database
  const again = await raw<Row>`
    SELECT item.id, item.tenant_id FROM darkroom.review_item AS item
     WHERE item.state = 'awaiting_reviewer' AND ${SOMEBODY} ORDER BY item.rank_at, item.id`.execute(sql)
  const changed = await eachTenant(ground, again.rows, 'review.resumed', async (tx, ids) => {
    const { rows } = await raw<{ id: string }>`
      UPDATE darkroom.review_item AS item SET state = 'open'
       WHERE item.id = ANY (${ids}) AND item.state = 'awaiting_reviewer' RETURNING item.id`.execute(tx)
    return rows
  })
  if (changed.length > 0) ground.log.info({ count: changed.length }, 'review items have somebody again')
  return changed.length
}

/** Changes the items of each tenant in a transaction of its own, each with its note. Returns the ids of those that changed. */
async function eachTenant(
  { database }: Ground,
  rows: readonly Row[],
  kind: string,
  change: (tx: Tx, ids: readonly string[]) => Promise<{ id: string }[]>,
): Promise<string[]> {
  const all: string[] = []
  for (const [tenantId, own] of Map.groupBy(rows, (row) => row.tenant_id)) {
    const ids = own.map((row) => row.id)
    const changed = await database.transact(async (tx) => {
      const items = await change(tx, ids)
      for (const { id } of items) await note(tx, tenantId, kind, id, {})
      return items
    })
    all.push(...changed.map((row) => row.id))
  }
  return all
}
