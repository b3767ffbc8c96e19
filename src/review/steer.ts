// What a lead does with the queue: keeps an item for somebody who may have it, for as long as the rules reserve, or lets it go again.
// A claim that runs is nobody's to take away: it ends by itself. Each act is a note in the tenant's log.
import { sql as raw } from 'kysely'
import { note } from '../advance.ts'
import type { Database, Tx } from '../kernel/database.ts'
import { Fault } from '../kernel/fault.ts'
import type { ReviewRules } from '../policy/review-rules.ts'
import type { ItemRow } from './item.ts'
import { ELIGIBLE, type Reviewer } from './reviewer.ts'
import { IS_SKIPPED } from './skips.ts'

/** Faults: not_found, conflict (somebody has it, or it is decided), invalid_request (field `to`: nobody who could have it, or is spared it). */
export async function assignItem(
  database: Database,
  rules: ReviewRules,
  lead: Reviewer,
  itemId: string,
  to: string,
): Promise<Date> {
  return database.transact(async (tx) => {
    const item = await lockFree(tx, lead, itemId)
    const { rows } = await raw<{ skipped: boolean }>`
      SELECT ${IS_SKIPPED} AS skipped
        FROM darkroom.review_item AS item JOIN darkroom.active_reviewer AS who ON who.person_id = ${to}
       WHERE item.id = ${itemId} AND (who.away_until IS NULL OR who.away_until <= darkroom.now()) AND ${ELIGIBLE}`.execute(
      tx,
    )
    const [may] = rows
    if (may === undefined) throw nobodys('this person may not have the item, is away, or is no reviewer')
    // Kept for them it would wait for nothing.
    if (may.skipped) throw nobodys('this person is given nothing of its kind for now')
    const { reserved_until: until } = await tx
      .updateTable('darkroom.review_item')
      .set({
        reserved_for: to,
        reserved_until: raw<Date>`darkroom.now() + ${rules.reserveMs} * interval '1 millisecond'`,
      })
      .where('id', '=', itemId)
      .returning('reserved_until')
      .executeTakeFirstOrThrow()
    await note(tx, item.tenant_id, 'review.assigned', itemId, { to, by: lead.personId })
    if (until === null) throw new TypeError('a reservation has an end')
    return until
  })
}

function nobodys(detail: string): Fault {
  return new Fault('invalid_request', { field: 'to', detail })
}

/** Lets go of a reservation; where there is none nothing changes. Faults: not_found, conflict. */
export async function unassignItem(database: Database, lead: Reviewer, itemId: string): Promise<void> {
  await database.transact(async (tx) => {
    const item = await lockFree(tx, lead, itemId)
    if (item.reserved_for === null) return
    await tx
      .updateTable('darkroom.review_item')
      .set({ reserved_for: null, reserved_until: null })
      .where('id', '=', itemId)
      .execute()
    await note(tx, item.tenant_id, 'review.unassigned', itemId, { from: item.reserved_for, by: lead.personId })
  })
}

async function lockFree(tx: Tx, { personId }: Reviewer, itemId: string) {
  const { rows } = await raw<Pick<ItemRow, 'tenant_id' | 'state' | 'reserved_for'> & { leased: boolean }>`
    SELECT item.tenant_id, item.state, item.reserved_for, coalesce(item.lease_until > darkroom.now(), false) AS leased
      FROM darkroom.review_item AS item JOIN darkroom.active_reviewer AS who ON who.person_id = ${personId}
     WHERE item.id = ${itemId} AND (who.restricted OR NOT item.restricted) FOR UPDATE OF item`.execute(tx)
  const [item] = rows
  if (item === undefined) throw new Fault('not_found', { facts: { item: itemId } })
  if (item.state === 'decided' || item.state === 'closed')
    throw new Fault('conflict', { detail: `this item is ${item.state} already` })
  if (item.leased) throw new Fault('conflict', { detail: 'somebody has this item just now' })
  return item
}
