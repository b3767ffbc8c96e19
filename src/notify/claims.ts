// Deliveries as work: claimed under a lease with a new fence, as tasks are, and recorded by that fence alone. A process that dies
// between the sending and the record leaves a lease that runs out: the same message is then sent again under the same id.
// Each statement here stands alone and locks one row's table at a time, so nobody waits in a circle.
import { type RawBuilder, sql as raw } from 'kysely'
import type { Sql } from '../kernel/database.ts'

export type Claimed = {
  readonly deliveryId: string
  readonly fence: string
  readonly attempt: number
  readonly messageId: string
  readonly body: string
  readonly endpointId: string
  readonly tenantId: string
  readonly url: string
  readonly secret: Uint8Array
  /** Null once its overlap has ended. */
  readonly previousSecret: Uint8Array | null
  /** Whether the endpoint's last attempt failed. */
  readonly failing: boolean
}

export type ClaimOrder = {
  limit: number
  /** Attempts at once to one endpoint, in all processes together. */
  perEndpoint: number
  /** Endpoints whose last attempt failed, or only the others. */
  failing: boolean
  leaseMs: number
}

/**
 * Claims due deliveries, oldest first, at most `perEndpoint` of one endpoint. The walk over waiting endpoints is a skip scan: its cost
 * grows with endpoints that wait, not with what waits for them.
 */
export async function claimDeliveries(sql: Sql, order: ClaimOrder): Promise<Claimed[]> {
  if (order.limit <= 0) return []
  const { rows } = await raw<Claimed>`
    WITH RECURSIVE clock AS MATERIALIZED (SELECT darkroom.now() AS now),
    waiting (endpoint_id) AS (
      (SELECT endpoint_id FROM darkroom.webhook_delivery WHERE state = 'pending' ORDER BY endpoint_id LIMIT 1)
      UNION ALL
      SELECT (SELECT later.endpoint_id FROM darkroom.webhook_delivery AS later
               WHERE later.state = 'pending' AND later.endpoint_id > waiting.endpoint_id
               ORDER BY later.endpoint_id LIMIT 1)
        FROM waiting WHERE waiting.endpoint_id IS NOT NULL),
    chosen AS (
      SELECT due.id
        FROM waiting
        JOIN darkroom.webhook_endpoint AS endpoint
          ON endpoint.id = waiting.endpoint_id AND endpoint.state = 'enabled'
         AND (endpoint.failing_since IS NOT NULL) = ${order.failing}::boolean
       CROSS JOIN LATERAL (
         SELECT one.id, one.runnable_at FROM darkroom.webhook_delivery AS one
          WHERE one.endpoint_id = endpoint.id AND one.state = 'pending' AND one.runnable_at <= (SELECT now FROM clock)
            AND (one.lease_until IS NULL OR one.lease_until <= (SELECT now FROM clock))
          ORDER BY one.runnable_at
          LIMIT greatest(0, ${order.perEndpoint}::bigint - (
            SELECT count(*) FROM darkroom.webhook_delivery AS held
             WHERE held.endpoint_id = endpoint.id AND held.lease_until > (SELECT now FROM clock)))) AS due
       ORDER BY due.runnable_at LIMIT ${order.limit}::bigint)
    UPDATE darkroom.webhook_delivery AS delivery
       SET fence = delivery.fence + 1, attempt = delivery.attempt + 1,
           lease_until = (SELECT now FROM clock) + ${order.leaseMs} * interval '1 millisecond'
      FROM darkroom.webhook_endpoint AS endpoint, darkroom.webhook_message AS message
     WHERE delivery.id IN (
             SELECT free.id FROM darkroom.webhook_delivery AS free
              WHERE free.id IN (SELECT id FROM chosen) AND free.state = 'pending'
                AND (free.lease_until IS NULL OR free.lease_until <= (SELECT now FROM clock))
                FOR UPDATE SKIP LOCKED)
       AND endpoint.id = delivery.endpoint_id AND message.id = delivery.message_id
    RETURNING delivery.id AS "deliveryId", delivery.fence, delivery.attempt, message.id AS "messageId", message.body,
              endpoint.id AS "endpointId", endpoint.tenant_id AS "tenantId", endpoint.url, endpoint.secret,
              CASE WHEN endpoint.previous_until > (SELECT now FROM clock) THEN endpoint.previous_secret END AS "previousSecret",
              endpoint.failing_since IS NOT NULL AS failing`.execute(sql)
  return rows
}

/** What an attempt came to. `error` null: delivered. */
export type Outcome = { status: number | null; error: string | null; responseMs: number }

/** False when somebody else has the delivery by now: what they record counts. */
export async function recordDelivered(sql: Sql, claimed: Claimed, outcome: Outcome): Promise<boolean> {
  const state = await record(sql, claimed, outcome, raw`state = 'delivered', delivered_at = darkroom.now()`)
  if (state === null) return false
  if (claimed.failing)
    await sql
      .updateTable('darkroom.webhook_endpoint')
      .set({ failing_since: null })
      .where('id', '=', claimed.endpointId)
      .execute()
  return true
}

/** Not to be tried again, whatever time is left. */
export async function recordFailed(sql: Sql, claimed: Claimed, outcome: Outcome): Promise<boolean> {
  return (await record(sql, claimed, outcome, raw`state = 'failed'`)) !== null
}

export type Retry = { delayMs: number; retryHours: number; disableDays: number }
export type Retried = { givenUp: boolean; wornOut: boolean }

/**
 * Due again after the delay, or given up if that is past its time. `wornOut`: its endpoint has only failed for `disableDays`.
 * Null when somebody else has the delivery by now.
 */
export async function recordRetry(sql: Sql, claimed: Claimed, outcome: Outcome, retry: Retry): Promise<Retried | null> {
  const due = raw`darkroom.now() + ${retry.delayMs} * interval '1 millisecond'`
  const over = raw`${due} > due_since + ${retry.retryHours} * interval '1 hour'`
  const next = raw`state = CASE WHEN ${over} THEN 'given_up' ELSE 'pending' END, runnable_at = ${due}`
  const state = await record(sql, claimed, outcome, next)
  if (state === null) return null
  const { rows } = await raw<{ wornOut: boolean }>`
    UPDATE darkroom.webhook_endpoint SET failing_since = coalesce(failing_since, darkroom.now())
     WHERE id = ${claimed.endpointId}
    RETURNING state = 'enabled' AND failing_since <= darkroom.now() - ${retry.disableDays} * interval '1 day' AS "wornOut"
  `.execute(sql)
  return { givenUp: state === 'given_up', wornOut: rows[0]?.wornOut ?? false }
}

/** Gives an attempt back that a drain interrupted: it counts for nothing and is due at once. */
export async function releaseDelivery(sql: Sql, claimed: Claimed): Promise<void> {
  await raw`
    UPDATE darkroom.webhook_delivery SET lease_until = NULL, attempt = attempt - 1, runnable_at = darkroom.now()
     WHERE id = ${claimed.deliveryId} AND fence = ${claimed.fence} AND state = 'pending'`.execute(sql)
}

async function record(
  sql: Sql,
  { deliveryId, fence }: Claimed,
  outcome: Outcome,
  next: RawBuilder<unknown>,
): Promise<string | null> {
  const { rows } = await raw<{ state: string }>`
    UPDATE darkroom.webhook_delivery
       SET lease_until = NULL, last_status = ${outcome.status}, last_error_code = ${outcome.error},
           response_ms = ${outcome.responseMs}, ${next}
     WHERE id = ${deliveryId} AND fence = ${fence} AND state = 'pending'
    RETURNING state`.execute(sql)
  return rows[0]?.state ?? null
}
