// Endpoints of a tenant: where it wants to hear of what. Every act is a note in the tenant's chain that says which endpoint and never
// its address. Whoever changes endpoints locks the tenant's row first, as a move does, so that the two never cross.
import { sql as raw, type Selectable } from 'kysely'
import { note } from '../advance.ts'
import type { Sql, Tx } from '../kernel/database.ts'
import { Fault } from '../kernel/fault.ts'
import type { Ground } from '../kernel/ground.ts'
import { newId } from '../kernel/ids.ts'
import type { WebhookEndpointTable } from '../kernel/webhook-tables.ts'
import { actorOf, type Doer } from '../tenant/actor.ts'
import { checkUrl, pinAddresses, type Resolve } from './address.ts'
import { newSecret, sealSecret } from './secret.ts'

type Tools = { readonly key: Uint8Array; readonly resolve: Resolve }
export type Endpoint = Omit<Selectable<WebhookEndpointTable>, 'secret' | 'previous_secret'>
export type NewEndpoint = { url: string; events: readonly string[]; description: string }
export type EndpointChange = Partial<NewEndpoint> & { state?: 'enabled' | 'disabled' | undefined }

const COLUMNS = [
  'id',
  'tenant_id',
  'url',
  'description',
  'events',
  'state',
  'disabled_reason',
  'previous_until',
  'failing_since',
  'disabled_at',
  'created_at',
] as const satisfies (keyof WebhookEndpointTable)[]

/** Makes an endpoint; its secret cannot be read again. Faults: invalid_request (url), quota_exceeded. */
export async function createEndpoint(
  ground: Ground,
  tools: Tools,
  doer: Doer,
  { url, events, description }: NewEndpoint,
): Promise<{ endpoint: Endpoint; secret: string }> {
  const { tenantId } = doer
  const address = await acceptUrl(ground, tools.resolve, url)
  const id = newId('whk')
  const secret = newSecret()
  const limit = ground.config.webhooks.endpointsPerTenant
  const endpoint = await ground.database.transact(async (tx) => {
    await lockTenant(tx, tenantId)
    const { count } = await tx
      .selectFrom('darkroom.webhook_endpoint')
      .select((eb) => eb.fn.countAll<string>().as('count'))
      .where('tenant_id', '=', tenantId)
      .executeTakeFirstOrThrow()
    if (Number(count) >= limit)
      throw new Fault('quota_exceeded', { detail: `a tenant has at most ${limit} webhooks; delete one first` })
    await note(tx, tenantId, 'webhook.created', id, { events: [...events], by: actorOf(doer) })
    return tx
      .insertInto('darkroom.webhook_endpoint')
      .values({
        id,
        tenant_id: tenantId,
        url: address,
        description,
        events: [...events],
        secret: sealSecret(tools.key, id, secret),
      })
      .returning(COLUMNS)
      .executeTakeFirstOrThrow()
  })
  return { endpoint, secret }
}

export async function listEndpoints(sql: Sql, tenantId: string): Promise<Endpoint[]> {
  return sql
    .selectFrom('darkroom.webhook_endpoint')
    .select(COLUMNS)
    .where('tenant_id', '=', tenantId)
    .orderBy('id', 'desc')
    .execute()
}

/** Fault: not_found. */
export async function getEndpoint(sql: Sql, tenantId: string, id: string): Promise<Endpoint> {
  const endpoint = await sql
    .selectFrom('darkroom.webhook_endpoint')
    .select(COLUMNS)
    .where('id', '=', id)
    .where('tenant_id', '=', tenantId)
    .executeTakeFirst()
  if (endpoint === undefined) throw new Fault('not_found', { facts: { id } })
  return endpoint
}

/** The address and the sealed secrets that are live now. Fault: not_found. */
export async function secretsOf(sql: Sql, tenantId: string, id: string) {
  const row = await sql
    .selectFrom('darkroom.webhook_endpoint')
    .select(['url', 'secret'])
    .select(raw<Uint8Array | null>`CASE WHEN previous_until > darkroom.now() THEN previous_secret END`.as('previous'))
    .where('id', '=', id)
    .where('tenant_id', '=', tenantId)
    .executeTakeFirst()
  if (row === undefined) throw new Fault('not_found', { facts: { id } })
  return { url: row.url, secret: row.secret, previousSecret: row.previous }
}

/** What is disabled forgets what it still waited for; enabled again, it begins afresh. Faults: not_found, invalid_request (url). */
export async function changeEndpoint(
  ground: Ground,
  tools: Tools,
  doer: Doer,
  id: string,
  change: EndpointChange,
): Promise<Endpoint> {
  const { tenantId } = doer
  const before = await getEndpoint(ground.database.sql, tenantId, id)
  const { url, events, description, state } = change
  const address = url === undefined ? undefined : await acceptUrl(ground, tools.resolve, url)
  const fields = Object.entries(change).flatMap(([name, value]) => (value === undefined ? [] : [name]))
  if (fields.length === 0) return before
  return ground.database.transact(async (tx) => {
    await lockTenant(tx, tenantId)
    const endpoint = await tx
      .updateTable('darkroom.webhook_endpoint')
      .set({
        ...(address === undefined ? {} : { url: address }),
        ...(events === undefined ? {} : { events: [...events] }),
        ...(description === undefined ? {} : { description }),
        ...(state === 'enabled' ? { state, disabled_reason: null, disabled_at: null, failing_since: null } : {}),
        ...(state === 'disabled' ? disabled('asked') : {}),
      })
      .where('id', '=', id)
      .where('tenant_id', '=', tenantId)
      .returning(COLUMNS)
      .executeTakeFirst()
    if (endpoint === undefined) throw new Fault('not_found', { facts: { id } })
    if (state === 'disabled') await dropPending(tx, id)
    const by = actorOf(doer)
    await note(tx, tenantId, 'webhook.changed', id, { fields, ...(state === undefined ? {} : { state }), by })
    return endpoint
  })
}

/** Disables an endpoint that answered 410 or only failed for days; the tenant sees why. */
export async function disableEndpoint(
  { database, log }: Ground,
  { tenantId, endpointId }: { tenantId: string; endpointId: string },
  reason: 'gone' | 'failing',
): Promise<void> {
  const done = await database.transact(async (tx) => {
    await lockTenant(tx, tenantId)
    const { numUpdatedRows } = await tx
      .updateTable('darkroom.webhook_endpoint')
      .set(disabled(reason))
      .where('id', '=', endpointId)
      .where('state', '=', 'enabled')
      .executeTakeFirst()
    if (numUpdatedRows === 0n) return false
    await dropPending(tx, endpointId)
    await note(tx, tenantId, 'webhook.disabled', endpointId, { reason })
    return true
  })
  if (done) log.warn({ endpoint: endpointId, reason }, 'a webhook endpoint was disabled')
}

/** Deletes an endpoint with its deliveries. Fault: not_found. */
export async function deleteEndpoint({ database }: Ground, doer: Doer, id: string): Promise<void> {
  const { tenantId } = doer
  await database.transact(async (tx) => {
    await lockTenant(tx, tenantId)
    const { numDeletedRows } = await tx
      .deleteFrom('darkroom.webhook_endpoint')
      .where('id', '=', id)
      .where('tenant_id', '=', tenantId)
      .executeTakeFirst()
    if (numDeletedRows === 0n) throw new Fault('not_found', { facts: { id } })
    await note(tx, tenantId, 'webhook.deleted', id, { by: actorOf(doer) })
  })
}

/** A new secret; the one before it signs too until the overlap ends. Fault: not_found. */
export async function rotateSecret(
  { database }: Ground,
  { key }: Tools,
  doer: Doer,
  id: string,
  overlapSeconds: number,
): Promise<{ endpoint: Endpoint; secret: string }> {
  const { tenantId } = doer
  const secret = newSecret()
  const sealed = sealSecret(key, id, secret)
  const endpoint = await database.transact(async (tx) => {
    await lockTenant(tx, tenantId)
    const row = await tx
      .updateTable('darkroom.webhook_endpoint')
      .set((eb) => ({
        secret: sealed,
        previous_secret: overlapSeconds === 0 ? null : eb.ref('secret'),
        previous_until:
          overlapSeconds === 0 ? null : raw<Date>`darkroom.now() + ${overlapSeconds} * interval '1 second'`,
      }))
      .where('id', '=', id)
      .where('tenant_id', '=', tenantId)
      .returning(COLUMNS)
      .executeTakeFirst()
    if (row === undefined) throw new Fault('not_found', { facts: { id } })
    await note(tx, tenantId, 'webhook.rotated', id, { overlap_seconds: overlapSeconds, by: actorOf(doer) })
    return row
  })
  return { endpoint, secret }
}

/** One sentence for whatever its name resolves to, or does not: nobody learns from it what this network can see. */
async function acceptUrl({ config }: Ground, resolve: Resolve, text: string): Promise<string> {
  const { webhooks } = config
  const url = checkUrl(text, webhooks)
  if (typeof url === 'string') throw new Fault('invalid_request', { field: 'url', detail: url })
  const pinned = await pinAddresses(url, webhooks, resolve, webhooks.timeoutMs)
  if (typeof pinned === 'string')
    throw new Fault('invalid_request', { field: 'url', detail: 'url must lead to public addresses only' })
  return url.href
}

function disabled(reason: 'asked' | 'gone' | 'failing') {
  return { state: 'disabled' as const, disabled_reason: reason, disabled_at: raw<Date>`darkroom.now()` }
}

async function dropPending(tx: Tx, endpointId: string): Promise<void> {
  await tx
    .updateTable('darkroom.webhook_delivery')
    .set({ state: 'failed', last_error_code: 'endpoint_disabled', lease_until: null })
    .where('endpoint_id', '=', endpointId)
    .where('state', '=', 'pending')
    .execute()
}

async function lockTenant(tx: Tx, tenantId: string): Promise<void> {
  // As a move locks it, and no stronger: rows that refer to the tenant can be written meanwhile.
  await tx.selectFrom('darkroom.tenant').select('id').where('id', '=', tenantId).forNoKeyUpdate().execute()
}
