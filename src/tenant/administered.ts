// What an administrator may see at all. The operator's administrators: every tenant. A customer's own: theirs; any other does not
// exist for them. `lockTenant` comes first in every act, so acts on one tenant happen one after the other.
import type { Sql, Tx } from '../kernel/database.ts'
import { Fault } from '../kernel/fault.ts'
import type { Caller } from './caller.ts'
import type { TenantKind } from './roles.ts'

/** Fault: not_found. */
export function requireAdministered(caller: Caller, tenantId: string): void {
  if (caller.roles.includes('admin')) return
  if (caller.roles.includes('tenant_admin') && caller.tenantId === tenantId) return
  throw new Fault('not_found', { detail: 'there is no such thing' })
}

/** Locks a tenant that the caller administers. Fault: not_found. */
export async function lockTenant(tx: Tx, caller: Caller, tenantId: string): Promise<TenantKind> {
  requireAdministered(caller, tenantId)
  const row = await tx
    .selectFrom('darkroom.tenant')
    .select('operator')
    .where('id', '=', tenantId)
    .forNoKeyUpdate()
    .executeTakeFirst()
  if (row === undefined) throw new Fault('not_found', { detail: 'there is no such thing' })
  return row.operator ? 'operator' : 'customer'
}

/** Locks the operator's tenant, for acts of programs that no caller does. Fault: not_found, before the first start. */
export async function lockOperator(tx: Tx): Promise<string> {
  const row = await tx
    .selectFrom('darkroom.tenant')
    .select('id')
    .where('operator', '=', true)
    .forNoKeyUpdate()
    .executeTakeFirst()
  if (row === undefined)
    throw new Fault('not_found', { detail: 'these records have no operator yet: start the service once' })
  return row.id
}

/** The tenant of a person or key that the caller administers. Fault: not_found. */
export async function tenantOf(
  sql: Sql | Tx,
  caller: Caller,
  table: 'darkroom.person' | 'darkroom.api_key',
  id: string,
): Promise<string> {
  const row = await sql.selectFrom(table).select('tenant_id').where('id', '=', id).executeTakeFirst()
  if (row === undefined) throw new Fault('not_found', { detail: 'there is no such thing' })
  requireAdministered(caller, row.tenant_id)
  return row.tenant_id
}

/**
 * Called after an act that may have taken away an administrator, in its transaction: the operator keeps a key that administers.
 * A key that was rotated is ending and does not count. Fault: conflict.
 */
export async function requireAdminRemains(tx: Tx, tenantId: string, kind: TenantKind): Promise<void> {
  if (kind !== 'operator') return
  const remaining = await tx
    .selectFrom('darkroom.api_key as key')
    .leftJoin('darkroom.person as person', 'person.id', 'key.person_id')
    .select(['key.id', 'key.expires_at', 'person.roles'])
    .select(({ fn }) => fn<Date>('darkroom.now', []).as('now'))
    .where('key.tenant_id', '=', tenantId)
    .where(({ eb, fn, val }) => eb(val('admin'), '=', fn<string>('any', ['key.roles'])))
    .where('key.revoked_at', 'is', null)
    .where('key.rotated_to', 'is', null)
    .where('person.deactivated_at', 'is', null)
    .execute()
  const lasting = remaining.filter(
    (key) => (key.expires_at === null || key.expires_at > key.now) && (key.roles?.includes('admin') ?? true),
  )
  if (lasting.length === 0)
    throw new Fault('conflict', {
      detail: 'nobody could administer this service afterwards: make another admin key first',
    })
}

export type Page = { limit: number; after: string | null }

/** Rows of a query that asked for one more than the page holds. */
export function pageOf<Row>(rows: Row[], { limit }: Page): { rows: Row[]; hasMore: boolean } {
  return { rows: rows.slice(0, limit), hasMore: rows.length > limit }
}

/** Fault: invalid_request. */
export function wrongCursor(): Fault {
  return new Fault('invalid_request', {
    field: 'after',
    detail: 'after is not the next of an earlier page of this list',
  })
}
