// People of a tenant: those who review, audit, administer or order in person. A person's roles bound those of their keys and are
// those of their sign-in without a key. Who is deactivated can do nothing, and can be activated again. Names are in no note.
import { sql as raw, type Selectable } from 'kysely'
import { note } from '../advance.ts'
import type { Sql, Tx } from '../kernel/database.ts'
import { Fault } from '../kernel/fault.ts'
import { newId, parseId } from '../kernel/ids.ts'
import type { PersonTable } from '../kernel/tenant-tables.ts'
import { type Actor, actorOf } from './actor.ts'
import {
  lockTenant,
  type Page,
  pageOf,
  requireAdministered,
  requireAdminRemains,
  tenantOf,
  wrongCursor,
} from './administered.ts'
import type { Caller } from './caller.ts'
import { ADMINISTRATORS, isRole, type Role, whyNot } from './roles.ts'
import { endSessionsOf } from './sessions.ts'

export type PersonRow = Selectable<PersonTable>
/** Who somebody is to the identity provider. */
export type OidcSubject = { issuer: string; subject: string }
export type PersonTerms = { name: string; roles: readonly Role[]; active: boolean; oidc: OidcSubject | null }
type NewPerson = { tenantId: string; name: string; roles: readonly Role[]; oidc?: OidcSubject | null }

/** Makes a person, without asking who may. Fault: conflict, when that subject is somebody already. */
export async function createPerson(tx: Tx, person: NewPerson, by: Actor): Promise<string> {
  const id = newId('per')
  const oidc = person.oidc ?? null
  if (oidc !== null) await requireFreeSubject(tx, person.tenantId, oidc, id)
  await tx
    .insertInto('darkroom.person')
    .values({
      id,
      tenant_id: person.tenantId,
      name: person.name,
      roles: [...person.roles],
      oidc_issuer: oidc?.issuer ?? null,
      oidc_subject: oidc?.subject ?? null,
    })
    .execute()
  await note(tx, person.tenantId, 'person.created', id, { roles: [...person.roles], oidc: oidc !== null, by })
  return id
}

/** Makes a person for an administrator. Faults: not_found, forbidden, conflict. */
export async function addPerson(tx: Tx, caller: Caller, person: NewPerson): Promise<string> {
  const kind = await lockTenant(tx, caller, person.tenantId)
  requireGrant(whyNot(caller.roles, person.roles, kind))
  return createPerson(tx, person, actorOf(caller))
}

/** Fault: not_found. */
export async function getPerson(sql: Sql | Tx, caller: Caller, id: string): Promise<PersonRow> {
  await tenantOf(sql, caller, 'darkroom.person', id)
  return sql.selectFrom('darkroom.person').selectAll().where('id', '=', id).executeTakeFirstOrThrow()
}

/** Newest first. Faults: not_found, invalid_request. */
export async function listPeople(
  sql: Sql,
  caller: Caller,
  tenantId: string,
  page: Page,
): Promise<{ rows: PersonRow[]; hasMore: boolean }> {
  requireAdministered(caller, tenantId)
  let query = sql.selectFrom('darkroom.person').selectAll().where('tenant_id', '=', tenantId).orderBy('id', 'desc')
  if (page.after !== null) {
    const after = parseId('per', page.after)
    if (after === null) throw wrongCursor()
    const cursor = await query.where('id', '=', after).executeTakeFirst()
    if (cursor === undefined) throw wrongCursor()
    query = query.where('id', '<', after)
  }
  return pageOf(await query.limit(page.limit + 1).execute(), page)
}

/** Changes what is named. What is already so is no change. Faults: not_found, forbidden, conflict, gone (erased). */
export async function changePerson(tx: Tx, caller: Caller, id: string, terms: Partial<PersonTerms>): Promise<void> {
  const tenantId = await tenantOf(tx, caller, 'darkroom.person', id)
  const kind = await lockTenant(tx, caller, tenantId)
  const before = await getPerson(tx, caller, id)
  if (before.erased_at !== null)
    throw new Fault('gone', { detail: 'what was stored about this person was erased: make a new one' })
  const had = (before.roles ?? []).filter(isRole)
  const fields = changedFields(before, had, terms)
  if (fields.length === 0) return
  if (terms.roles !== undefined) {
    requireGrant(whyNot(caller.roles, terms.roles, kind))
    const taken = had.filter((role) => terms.roles?.includes(role) === false)
    for (const role of taken) requireGrant(whyNot(caller.roles, [role], kind))
  }
  if (caller.personId === id) refuseLockout(had, terms)
  if (terms.oidc) await requireFreeSubject(tx, tenantId, terms.oidc, id)
  await writePerson(tx, id, terms)
  if (terms.active === false) await endSessionsOf(tx, id)
  await requireAdminRemains(tx, tenantId, kind)
  const verb = fields.includes('active') ? (terms.active === false ? 'deactivated' : 'activated') : 'changed'
  const roles = terms.roles === undefined ? {} : { roles: [...terms.roles] }
  await note(tx, tenantId, `person.${verb}`, id, { fields, ...roles, by: actorOf(caller) })
}

async function writePerson(tx: Tx, id: string, { name, roles, active, oidc }: Partial<PersonTerms>): Promise<void> {
  await tx
    .updateTable('darkroom.person')
    .set({
      ...(name === undefined ? {} : { name }),
      ...(roles === undefined ? {} : { roles: [...roles] }),
      ...(active === undefined ? {} : { deactivated_at: active ? null : raw<Date>`darkroom.now()` }),
      ...(oidc === undefined ? {} : { oidc_issuer: oidc?.issuer ?? null, oidc_subject: oidc?.subject ?? null }),
    })
    .where('id', '=', id)
    .execute()
}

function changedFields(before: PersonRow, had: readonly Role[], terms: Partial<PersonTerms>): string[] {
  const { name, roles, active, oidc } = terms
  const fields: string[] = []
  if (active !== undefined && active !== (before.deactivated_at === null)) fields.push('active')
  if (name !== undefined && name !== before.name) fields.push('name')
  if (oidc !== undefined && (oidc?.issuer !== before.oidc_issuer || oidc?.subject !== before.oidc_subject))
    if (oidc !== null || before.oidc_issuer !== null) fields.push('oidc')
  if (roles !== undefined && [...roles].sort().join() !== [...had].sort().join()) fields.push('roles')
  return fields
}

function refuseLockout(had: readonly Role[], { active, roles }: Partial<PersonTerms>): void {
  const power = ADMINISTRATORS.filter((role) => had.includes(role))
  if (active === false || (roles !== undefined && !power.every((role) => roles.includes(role))))
    throw new Fault('conflict', { detail: 'nobody locks themselves out: let another administrator do it' })
}

async function requireFreeSubject(tx: Tx, tenantId: string, oidc: OidcSubject, id: string): Promise<void> {
  const other = await tx
    .selectFrom('darkroom.person')
    .select('id')
    .where('tenant_id', '=', tenantId)
    .where('oidc_issuer', '=', oidc.issuer)
    .where('oidc_subject', '=', oidc.subject)
    .where('id', '<>', id)
    .executeTakeFirst()
  if (other !== undefined) throw new Fault('conflict', { field: 'oidc', detail: `that subject is ${other.id} already` })
}

/** Fault: forbidden, with the reason. */
export function requireGrant(reason: string | null): void {
  if (reason !== null) throw new Fault('forbidden', { field: 'roles', detail: reason })
}
