// One delivery: open the secrets, sign, send, and record what came of it. At least once, under one id; the order is not promised.
// 2xx is success; 410 disables the endpoint at once; anything else is tried again until its time is over; an endpoint that
// only fails for days is disabled. Logs name ids and codes, never the address, which may hold a token.
import { sql as raw } from 'kysely'
import { isFault } from '../kernel/fault.ts'
import type { Ground } from '../kernel/ground.ts'
import { newId } from '../kernel/ids.ts'
import { messageBody } from '../kernel/outbox.ts'
import { SYSTEM } from '../kernel/version.ts'
import type { Resolve } from './address.ts'
import { nextDelayMs } from './backoff.ts'
import {
  type Claimed,
  claimDeliveries,
  type Outcome,
  recordDelivered,
  recordFailed,
  recordRetry,
  releaseDelivery,
} from './claims.ts'
import { disableEndpoint, secretsOf } from './endpoints.ts'
import { openSecret, signedHeaders } from './secret.ts'
import { type Sender, type Sent, send } from './send.ts'

export type WebhookTools = {
  /** Opens the endpoints' secrets; 32 bytes. */
  readonly key: Uint8Array
  readonly resolve: Resolve
}

/** Beyond the attempt's own deadline: for the record to be written. */
const LEASE_MARGIN_MS = 10_000

/** Claims what is due, endpoints that answer first; those that fail get one attempt at a time and at most `failingRoom` in all. */
export async function claimDue(ground: Ground, room: number, failingRoom: number): Promise<Claimed[]> {
  const { perEndpoint, timeoutMs } = ground.config.webhooks
  const { sql } = ground.database
  const leaseMs = timeoutMs + LEASE_MARGIN_MS
  const well = await claimDeliveries(sql, { limit: room, perEndpoint, failing: false, leaseMs })
  const limit = Math.min(room - well.length, failingRoom)
  return [...well, ...(await claimDeliveries(sql, { limit, perEndpoint: 1, failing: true, leaseMs }))]
}

/** Makes one attempt and records it. `signal` interrupts a drain's last attempts, which are given back. */
export async function deliver(
  ground: Ground,
  tools: WebhookTools,
  claimed: Claimed,
  signal: AbortSignal,
): Promise<void> {
  const { config, database, log } = ground
  const { retryHours, disableDays } = config.webhooks
  const sent = await attempt(ground, tools, claimed, signal)
  if (sent.error === 'interrupted') return releaseDelivery(database.sql, claimed)
  const told = {
    delivery: claimed.deliveryId,
    endpoint: claimed.endpointId,
    attempt: claimed.attempt,
    ...outcomeOf(sent),
  }
  if (sent.error === null) {
    await recordDelivered(database.sql, claimed, outcomeOf(sent))
    log.debug(told, 'a webhook was delivered')
    return
  }
  if (sent.status === 410) {
    if (await recordFailed(database.sql, claimed, outcomeOf(sent))) await disableEndpoint(ground, claimed, 'gone')
    return
  }
  const delayMs = nextDelayMs(claimed.attempt, sent.retryAfterMs, Math.random())
  const retried = await recordRetry(database.sql, claimed, outcomeOf(sent), { delayMs, retryHours, disableDays })
  if (retried === null) return
  if (retried.givenUp) log.warn(told, 'a webhook was given up')
  else log.debug({ ...told, delayMs }, 'a webhook will be tried again')
  if (retried.wornOut) await disableEndpoint(ground, claimed, 'failing')
}

export type TestResult = Outcome & { deliveryId: string; messageId: string }

/** Sends one signed `webhook.test` at once and keeps what came of it. It is never tried again. Fault: not_found. */
export async function sendTest(
  ground: Ground,
  tools: WebhookTools,
  tenantId: string,
  endpointId: string,
  signal: AbortSignal,
): Promise<TestResult> {
  const { url, ...sealed } = await secretsOf(ground.database.sql, tenantId, endpointId)
  const [messageId, deliveryId] = [newId('msg'), newId('dlv')]
  const data = { id: endpointId, object: 'webhook', url: `/v1/webhooks/${endpointId}` }
  const body = messageBody('webhook.test', new Date(), data)
  const outcome = outcomeOf(await attempt(ground, tools, { ...sealed, url, endpointId, messageId, body }, signal))
  await ground.database.transact(async (tx) => {
    await tx
      .insertInto('darkroom.webhook_message')
      .values({
        id: messageId,
        tenant_id: tenantId,
        kind: 'webhook.test',
        subject: 'webhook',
        subject_id: endpointId,
        move_sequence: null,
        body,
      })
      .execute()
    // An endpoint that was deleted meanwhile keeps no history.
    await raw`
      INSERT INTO darkroom.webhook_delivery
        (id, message_id, endpoint_id, state, attempt, last_status, last_error_code, response_ms, delivered_at)
      SELECT ${deliveryId}, ${messageId}, endpoint.id, ${outcome.error === null ? 'delivered' : 'failed'}, 1,
             ${outcome.status}::integer, ${outcome.error}::text, ${outcome.responseMs}::integer,
             CASE WHEN ${outcome.error === null}::boolean THEN darkroom.now() END
        FROM darkroom.webhook_endpoint AS endpoint WHERE endpoint.id = ${endpointId} FOR KEY SHARE`.execute(tx)
  })
  return { ...outcome, deliveryId, messageId }
}

type Letter = Pick<Claimed, 'url' | 'secret' | 'previousSecret' | 'endpointId' | 'messageId' | 'body'>
type Attempted = Omit<Sent, 'error'> & { error: Sent['error'] | 'secret_unreadable' }

async function attempt(
  { config, log }: Ground,
  { key, resolve }: WebhookTools,
  letter: Letter,
  signal: AbortSignal,
): Promise<Attempted> {
  const { endpointId, messageId, body, url } = letter
  const sender: Sender = { policy: config.webhooks, resolve, timeoutMs: config.webhooks.timeoutMs }
  try {
    const sealed = [letter.secret, ...(letter.previousSecret === null ? [] : [letter.previousSecret])]
    const secrets = sealed.map((one) => openSecret(key, endpointId, one))
    const headers = {
      ...signedHeaders(secrets, messageId, new Date(), body),
      'content-type': 'application/json',
      'user-agent': `Darkroom-Webhooks/${SYSTEM.version}`,
    }
    return await send(sender, { url, body, headers }, signal)
  } catch (error) {
    if (!isFault(error, 'webhook_secret_unreadable')) throw error
    log.error({ error, endpoint: endpointId }, 'the secret of a webhook cannot be opened')
    return { status: null, error: 'secret_unreadable', retryAfterMs: null, responseMs: 0 }
  }
}

function outcomeOf({ status, error, responseMs }: Attempted): Outcome {
  return { status, error, responseMs }
}
