// Legal holds: somebody says why a request's content must be kept, and nothing of it is erased until that is lifted: not by its owner, not
// by time. Placing one takes the request's lock, as everything that erases does. The tenant's chain has ids; why is in the row alone.
import { sql as raw, type Selectable } from 'kysely'
import { note } from '../advance.ts'
import type { Sql, Tx } from '../kernel/database.ts'
import { Fault } from '../kernel/fault.ts'
import { newId } from '../kernel/ids.ts'
import type { LegalHoldTable } from '../kernel/review-tables.ts'
import { lockRequest } from '../outcome.ts'
import { type Page, pageOf, wrongCursor } from '../tenant/administered.ts'
import type { Caller } from '../tenant/caller.ts'

export type LegalHold = Selectable<LegalHoldTable>
type Placer = Pick<Caller, 'personId'>

/** Faults: not_found, forbidden (a key that is nobody's), gone (nothing is left to keep). */
export async function placeHold(tx: Tx, placer: Placer, requestId: string, reason: string): Promise<string> {
  const personId = personOf(placer)
  await lockRequest(tx, requestId)
  const request = await tx
    .selectFrom('darkroom.request as request')
    .leftJoin('darkroom.held_erasure as held', 'held.request_id', 'request.id')
    .select(['request.tenant_id', 'request.erased_at', 'held.request_id as held'])
    .where('request.id', '=', requestId)
    .executeTakeFirst()
  if (request === undefined) throw new Fault('not_found', { facts: { id: requestId } })
  if (request.erased_at !== null && request.held === null)
    throw new Fault('gone', { detail: 'this was erased; nothing is left to keep' })
  const id = newId('lgh')
  await tx
    .insertInto('darkroom.legal_hold')
    .values({ id, request_id: requestId, reason, placed_by: personId, placed_at: raw<Date>`darkroom.now()` })
    .execute()
  await note(tx, request.tenant_id, 'legal_hold.placed', requestId, { hold: id, by: personId })
  return id
}

/** Lifts a hold; again is no error. What its owner erased meanwhile goes then, if nothing else keeps it. Faults: not_found, forbidden. */
export async function liftHold(tx: Tx, placer: Placer, holdId: string): Promise<void> {
  const personId = personOf(placer)
  const { request_id: requestId } = await getHold(tx, holdId)
  await lockRequest(tx, requestId)
  const { numUpdatedRows } = await tx
    .updateTable('darkroom.legal_hold')
    .set({ lifted_by: personId, lifted_at: raw<Date>`darkroom.now()` })
    .where('id', '=', holdId)
    .where('lifted_at', 'is', null)
    .executeTakeFirst()
  if (numUpdatedRows === 0n) return
  const { tenant_id: tenantId } = await tx
    .selectFrom('darkroom.request')
    .select('tenant_id')
    .where('id', '=', requestId)
    .executeTakeFirstOrThrow()
  await note(tx, tenantId, 'legal_hold.lifted', requestId, { hold: holdId, by: personId })
}

/** Fault: not_found. */
export async function getHold(sql: Sql | Tx, holdId: string): Promise<LegalHold> {
  const hold = await sql.selectFrom('darkroom.legal_hold').selectAll().where('id', '=', holdId).executeTakeFirst()
  if (hold === undefined) throw new Fault('not_found', { facts: { id: holdId } })
  return hold
}

/** Newest first, lifted ones too. Fault: invalid_request. */
export async function listHolds(sql: Sql, page: Page): Promise<{ rows: LegalHold[]; hasMore: boolean }> {
  let query = sql.selectFrom('darkroom.legal_hold').selectAll().orderBy('id', 'desc')
  if (page.after !== null) {
    const cursor = await query.where('id', '=', page.after).executeTakeFirst()
    if (cursor === undefined) throw wrongCursor()
    query = query.where('id', '<', page.after)
  }
  return pageOf(await query.limit(page.limit + 1).execute(), page)
}

function personOf({ personId }: Placer): string {
  if (personId !== null) return personId
  throw new Fault('forbidden', {
    detail: 'people hold and lift, and this key belongs to nobody: use a key of a person',
  })
}
