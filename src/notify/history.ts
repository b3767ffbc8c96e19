// What became of a tenant's deliveries: listed, sent again on request under the same id, and forgotten after a while.
// A replay moves deliveries that ended back to waiting and rings; deliver.ts is who sends them.
import { sql as raw } from 'kysely'
import type { Sql } from '../kernel/database.ts'
import { Fault } from '../kernel/fault.ts'
import type { Ground } from '../kernel/ground.ts'
import { WEBHOOK_TOPIC } from '../kernel/outbox.ts'

export const DELIVERY_STATES = ['pending', 'delivered', 'failed', 'given_up'] as const
export type DeliveryState = (typeof DELIVERY_STATES)[number]

const COLUMNS = [
  'delivery.id',
  'delivery.message_id',
  'delivery.endpoint_id',
  'delivery.state',
  'delivery.attempt',
  'delivery.runnable_at',
  'delivery.last_status',
  'delivery.last_error_code',
  'delivery.response_ms',
  'delivery.delivered_at',
  'delivery.created_at',
  'message.kind',
  'message.subject_id',
] as const

const REPLAYED_AT_ONCE = 10_000
const PRUNED_AT_ONCE = 1000

/** An endpoint's deliveries, newest first. Fault: invalid_request, when `after` is not a delivery of this endpoint. */
export async function listDeliveries(
  sql: Sql,
  endpointId: string,
  page: { limit: number; after: string | null; state: DeliveryState | null },
) {
  const { after, state, limit } = page
  if (after !== null && (await deliveryOf(sql, endpointId, after)) === undefined)
    throw new Fault('invalid_request', { field: 'after', detail: 'after is not the next of an earlier page' })
  const rows = await deliveries(sql)
    .where('delivery.endpoint_id', '=', endpointId)
    .$if(state !== null, (query) => query.where('delivery.state', '=', state ?? 'pending'))
    .$if(after !== null, (query) => query.where('delivery.id', '<', after ?? ''))
    .orderBy('delivery.id', 'desc')
    .limit(limit + 1)
    .execute()
  return { deliveries: rows.slice(0, limit), hasMore: rows.length > limit }
}

export type Delivery = Awaited<ReturnType<typeof listDeliveries>>['deliveries'][number]

/** Sends one delivery again, at once. Faults: not_found, conflict (its endpoint is disabled). */
export async function replayDelivery(ground: Ground, tenantId: string, id: string): Promise<Delivery> {
  const { sql } = ground.database
  const found = await sql
    .selectFrom('darkroom.webhook_delivery as delivery')
    .innerJoin('darkroom.webhook_endpoint as endpoint', 'endpoint.id', 'delivery.endpoint_id')
    .select(['endpoint.state', 'endpoint.id'])
    .where('delivery.id', '=', id)
    .where('endpoint.tenant_id', '=', tenantId)
    .executeTakeFirst()
  if (found === undefined) throw new Fault('not_found', { facts: { id } })
  requireEnabled(found.state)
  await raw`
    UPDATE darkroom.webhook_delivery
       SET state = 'pending', attempt = 0, fence = fence + 1, lease_until = NULL, delivered_at = NULL,
           runnable_at = darkroom.now(), due_since = darkroom.now()
     WHERE id = ${id} AND (lease_until IS NULL OR lease_until <= darkroom.now())`.execute(sql)
  ground.bell.tell(WEBHOOK_TOPIC, {})
  const delivery = await deliveries(sql).where('delivery.id', '=', id).executeTakeFirst()
  if (delivery === undefined) throw new Fault('not_found', { facts: { id } })
  return delivery
}

/**
 * Sends an endpoint's deliveries of messages since then again, oldest first: those that never arrived, or all of them.
 * `complete` is false when there were too many for one call. Fault: conflict (the endpoint is disabled).
 */
export async function replaySince(
  ground: Ground,
  endpoint: { id: string; state: 'enabled' | 'disabled' },
  since: Date,
  includeDelivered: boolean,
): Promise<{ replayed: number; complete: boolean }> {
  requireEnabled(endpoint.state)
  const { numAffectedRows } = await raw`
    UPDATE darkroom.webhook_delivery
       SET state = 'pending', attempt = 0, fence = fence + 1, lease_until = NULL, delivered_at = NULL,
           runnable_at = darkroom.now(), due_since = darkroom.now()
     WHERE id IN (
       SELECT id FROM darkroom.webhook_delivery
        WHERE endpoint_id = ${endpoint.id} AND created_at >= ${since.toISOString()}::timestamptz
          AND (state IN ('failed', 'given_up') OR (${includeDelivered}::boolean AND state = 'delivered'))
        ORDER BY id LIMIT ${REPLAYED_AT_ONCE} FOR UPDATE SKIP LOCKED)`.execute(ground.database.sql)
  const replayed = Number(numAffectedRows ?? 0n)
  if (replayed > 0) ground.bell.tell(WEBHOOK_TOPIC, {})
  return { replayed, complete: replayed < REPLAYED_AT_ONCE }
}

/**
 * Forgets messages older than the configured days that no delivery waits for; returns how many. Deliveries go first, those that
 * nobody holds: so this never waits for somebody who deletes an endpoint, nor they for it in turn.
 */
export async function pruneWebhooks({ config, database }: Ground): Promise<number> {
  const { sql } = database
  const old = raw`message.created_at < (SELECT darkroom.now()) - ${config.webhooks.keepDays} * interval '1 day'`
  const inBatches = async (remove: () => Promise<bigint | undefined>) => {
    for (let total = 0; ; ) {
      const removed = Number((await remove()) ?? 0n)
      total += removed
      if (removed < PRUNED_AT_ONCE) return total
    }
  }
  await inBatches(async () => {
    const { numAffectedRows } = await raw`
      DELETE FROM darkroom.webhook_delivery
       WHERE id IN (
         SELECT delivery.id
           FROM darkroom.webhook_message AS message
           JOIN darkroom.webhook_delivery AS delivery ON delivery.message_id = message.id AND delivery.state <> 'pending'
          WHERE ${old} LIMIT ${PRUNED_AT_ONCE} FOR UPDATE OF delivery SKIP LOCKED)`.execute(sql)
    return numAffectedRows
  })
  return inBatches(async () => {
    const { numAffectedRows } = await raw`
      DELETE FROM darkroom.webhook_message
       WHERE id IN (
         SELECT message.id FROM darkroom.webhook_message AS message
          WHERE ${old}
            AND NOT EXISTS (SELECT FROM darkroom.webhook_delivery AS delivery WHERE delivery.message_id = message.id)
          ORDER BY message.created_at LIMIT ${PRUNED_AT_ONCE})`.execute(sql)
    return numAffectedRows
  })
}

function requireEnabled(state: 'enabled' | 'disabled'): void {
  if (state === 'disabled') throw new Fault('conflict', { detail: 'the webhook is disabled; enable it first' })
}

function deliveries(sql: Sql) {
  return sql
    .selectFrom('darkroom.webhook_delivery as delivery')
    .innerJoin('darkroom.webhook_message as message', 'message.id', 'delivery.message_id')
    .select(COLUMNS)
}

function deliveryOf(sql: Sql, endpointId: string, id: string) {
  return sql
    .selectFrom('darkroom.webhook_delivery')
    .select('id')
    .where('id', '=', id)
    .where('endpoint_id', '=', endpointId)
    .executeTakeFirst()
}
