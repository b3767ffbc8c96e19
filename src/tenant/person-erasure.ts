// Erasure of a person who left: name, link to the identity provider, keys, sessions, and what their work as a reviewer left in words and
// settings. What they decided stays under their id, which by then names nobody: decisions must remain accounted for, and who may not
// judge an appeal follows from who judged before.
import { sql as raw } from 'kysely'
import { note } from '../advance.ts'
import type { Tx } from '../kernel/database.ts'
import { Fault } from '../kernel/fault.ts'
import { actorOf } from './actor.ts'
import { lockTenant, requireAdminRemains, tenantOf } from './administered.ts'
import type { Caller } from './caller.ts'
import { getPerson } from './people.ts'
import { endSessionsOf } from './sessions.ts'

/** In the place of every name that is erased. */
const NOBODY = 'Erased'

/** Again is no error. Faults: not_found, conflict (who is active, or holds an item still). */
export async function erasePerson(tx: Tx, caller: Caller, id: string): Promise<void> {
  const tenantId = await tenantOf(tx, caller, 'darkroom.person', id)
  // Rows of the desk come before the tenant's.
  const words = await forgetDesk(tx, id)
  const kind = await lockTenant(tx, caller, tenantId)
  const person = await getPerson(tx, caller, id)
  if (person.erased_at !== null) return
  if (person.deactivated_at === null)
    throw new Fault('conflict', { detail: 'this person is active: deactivate them first, when they have left' })
  await requireEmptyHanded(tx, id)
  await tx.deleteFrom('darkroom.reviewer').where('person_id', '=', id).execute()
  await endSessionsOf(tx, id)
  const { numUpdatedRows: keys } = await tx
    .updateTable('darkroom.api_key')
    .set({ name: NOBODY, revoked_at: raw<Date>`coalesce(revoked_at, darkroom.now())` })
    .where('person_id', '=', id)
    .executeTakeFirst()
  await tx
    .updateTable('darkroom.person')
    .set({ name: NOBODY, roles: [], oidc_issuer: null, oidc_subject: null, erased_at: raw<Date>`darkroom.now()` })
    .where('id', '=', id)
    .execute()
  await requireAdminRemains(tx, tenantId, kind)
  await note(tx, tenantId, 'person.erased', id, { keys: Number(keys), words, by: actorOf(caller) })
}

/** Takes back what somebody wrote and set at the desk; returns how many texts. */
async function forgetDesk(tx: Tx, id: string): Promise<number> {
  const notes = await tx
    .updateTable('darkroom.review_verdict')
    .set({ note: null })
    .where('person_id', '=', id)
    .where('note', 'is not', null)
    .executeTakeFirst()
  const handovers = await tx.deleteFrom('darkroom.review_handover').where('person_id', '=', id).executeTakeFirst()
  await tx.deleteFrom('darkroom.review_skip').where('person_id', '=', id).execute()
  await tx.deleteFrom('darkroom.review_shift').where('person_id', '=', id).execute()
  return Number(notes.numUpdatedRows + handovers.numDeletedRows)
}

/** Fault: conflict. */
async function requireEmptyHanded(tx: Tx, id: string): Promise<void> {
  const held = await tx
    .selectFrom('darkroom.review_item')
    .select('id')
    .where('lease_person', '=', id)
    .where('lease_until', '>', raw<Date>`darkroom.now()`)
    .where('state', '<>', 'closed')
    .executeTakeFirst()
  if (held !== undefined)
    throw new Fault('conflict', {
      detail: `this person holds ${held.id} still: a lease that nobody renews ends by itself`,
    })
}
