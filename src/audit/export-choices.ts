// What may be chosen for an export: the tenants by name, and the kinds of moves that an export can be of. Kinds that would tell of a
// restricted case are in the log under no name of their own, so that no export can be of them.
import type { Sql } from '../kernel/database.ts'
import { publicKind } from '../kernel/leaf.ts'
import { kindOf, knownKinds } from './history-kinds.ts'

export type TenantChoice = { readonly id: string; readonly name: string }
export type KindChoice = { readonly kind: string; readonly says: string }

/** More than these nobody finds in a list. */
const MOST_TENANTS = 500

/** By name; null where they are too many to choose from. */
export async function tenantChoices(sql: Sql): Promise<readonly TenantChoice[] | null> {
  const tenants = await sql
    .selectFrom('darkroom.tenant')
    .select(['id', 'name'])
    .orderBy('name')
    .orderBy('id')
    .limit(MOST_TENANTS + 1)
    .execute()
  return tenants.length > MOST_TENANTS ? null : tenants
}

export function kindChoices(): KindChoice[] {
  return knownKinds()
    .filter((kind) => publicKind(kind) === kind)
    .map((kind) => ({ kind, says: kindOf(kind).says }))
}
