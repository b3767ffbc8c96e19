// The outbox: a move that a tenant asked to hear of becomes one message and one delivery for each endpoint that listens, in the
// move's own transaction: neither is ever without the other. Bodies say ids and states, never prompts or pixels.
// A tenant without an endpoint costs one index look-up, and a move that is no event costs nothing. notify/deliver.ts is next.
import { sql as raw } from 'kysely'
import Type, { type Static } from 'typebox'
import { Value } from 'typebox/value'
import type { Json } from './canonical.ts'
import type { Tx } from './database.ts'
import { newId } from './ids.ts'

/** Events by the move that they tell of. */
const EVENT_OF = {
  'request.done': 'generation.completed',
  'request.failed': 'generation.failed',
  'request.cancelled': 'generation.cancelled',
  'request.refused': 'generation.refused',
  'request.expired': 'generation.expired',
  'image.published': 'image.published',
  'image.held': 'image.held',
  'image.denied': 'image.denied',
  'image.withdrawn': 'image.withdrawn',
  'image.failed': 'image.failed',
  'appeal.upheld': 'appeal.decided',
  'appeal.overturned': 'appeal.decided',
  'appeal.partial': 'appeal.decided',
  'appeal.omitted': 'appeal.decided',
} as const

export type WebhookEvent = (typeof EVENT_OF)[keyof typeof EVENT_OF]
export const WEBHOOK_EVENTS: readonly WebhookEvent[] = [...new Set(Object.values(EVENT_OF))]

/** Subscribes to every event, those to come too. */
export const EVERY_EVENT = '*'

/** Topic on which deliveries that became due are told. */
export const WEBHOOK_TOPIC = 'webhooks'

export type Happened = {
  tenantId: string
  subject: 'request' | 'image' | 'appeal'
  subjectId: string
  to: string
  /** The move's number in its tenant's chain, and its time. */
  sequence: string
  at: Date
  outcome: string | null
  failure: string | null
  statementId: string | null
}

/**
 * Writes a move's message. The caller has locked the tenant, as whoever deletes an endpoint does first: no endpoint vanishes between
 * the two statements here, and a tenant's webhooks can never fail its move.
 */
export async function tellEndpoints(tx: Tx, happened: Happened): Promise<void> {
  const kind = eventOf(happened)
  if (kind === null) return
  const { tenantId, subject, subjectId } = happened
  const { rows } = await raw<{ id: string; checkpoint: string | null; request_id: string | null }>`
    SELECT id, (SELECT note FROM darkroom.log_checkpoint ORDER BY size DESC LIMIT 1) AS checkpoint,
           (SELECT request_id FROM darkroom.image WHERE id = ${subject === 'image' ? subjectId : null}) AS request_id
      FROM darkroom.webhook_endpoint
     WHERE tenant_id = ${tenantId} AND state = 'enabled' AND events && ARRAY[${kind}, ${EVERY_EVENT}]::text[]`.execute(
    tx,
  )
  const [first] = rows
  if (first === undefined) return
  const messageId = newId('msg')
  const data =
    subject === 'appeal'
      ? await appealOf(tx, happened)
      : { ...resourceOf(happened, first.request_id), ...(await reasonsOf(tx, happened)) }
  await tx
    .with('message', (query) =>
      query.insertInto('darkroom.webhook_message').values({
        id: messageId,
        tenant_id: tenantId,
        kind,
        subject,
        subject_id: subjectId,
        move_sequence: happened.sequence,
        // Whoever keeps it can hold the log to the tree that was signed last by then.
        body: messageBody(kind, happened.at, { ...data, log_checkpoint: first.checkpoint }),
        created_at: raw<Date>`darkroom.now()`,
      }),
    )
    .insertInto('darkroom.webhook_delivery')
    .values(rows.map(({ id }) => ({ id: newId('dlv'), message_id: messageId, endpoint_id: id })))
    .execute()
}

/** A Standard Webhooks body: what happened, when, and to what. The same bytes on every attempt. */
export function messageBody(type: string, at: Date, data: { [name: string]: Json }): string {
  return JSON.stringify({ type, timestamp: at.toISOString(), data })
}

function eventOf({ subject, to }: Happened): WebhookEvent | null {
  const move = `${subject}.${to}`
  const found = Object.entries(EVENT_OF).find(([name]) => name === move)
  return found === undefined ? null : found[1]
}

/** An appeal with its reasoned answer, which is made of templates and quotes nobody. */
async function appealOf(tx: Tx, { subjectId, to }: Happened): Promise<{ [name: string]: Json }> {
  const appeal = await tx
    .selectFrom('darkroom.appeal')
    .select(['statement_id', 'request_id', 'image_id', 'answer', 'result_request_id'])
    .where('id', '=', subjectId)
    .executeTakeFirstOrThrow()
  return { id: subjectId, object: 'appeal', state: to, ...appeal, url: `/v1/appeals/${subjectId}` }
}

/** What a message says of a statement's record (statement/statement.ts), which the move's transaction has just written. */
const Reasons = Type.Object({
  stage: Type.String(),
  category: Type.Union([Type.String(), Type.Null()]),
  clause: Type.Union([Type.String(), Type.Null()]),
  rule: Type.Union([Type.String(), Type.Null()]),
  band: Type.Union([Type.String(), Type.Null()]),
  facts: Type.String(),
  detection: Type.String(),
  decidedBy: Type.String(),
  redress: Type.Object({ kind: Type.String(), appealUntil: Type.Optional(Type.String()) }),
})

/** The reason travels with the event. Nothing where no statement was written; null for a record that says less. */
async function reasonsOf(tx: Tx, { statementId }: Happened): Promise<{ [name: string]: Json }> {
  if (statementId === null) return {}
  const { record } = await tx
    .selectFrom('darkroom.statement')
    .select('record')
    .where('id', '=', statementId)
    .executeTakeFirstOrThrow()
  return { statement: Value.Check(Reasons, record) ? reasons(statementId, record) : null }
}

function reasons(id: string, record: Static<typeof Reasons>): { [name: string]: Json } {
  const { stage, category, clause, rule, band, facts, detection, decidedBy, redress } = record
  return {
    ...{ id, stage, category, clause, rule, band, facts },
    automated_detection: detection === 'automated',
    automated_decision: decidedBy === 'automated',
    appeal_until: redress.appealUntil ?? null,
    url: `/v1/statements/${id}`,
  }
}

function resourceOf(happened: Happened, requestId: string | null): { [name: string]: Json } {
  const { subject, subjectId, to, outcome, failure, statementId } = happened
  const generation = subject === 'request'
  return {
    id: subjectId,
    object: generation ? 'generation' : 'image',
    state: to,
    ...(generation ? { outcome } : {}),
    failure,
    statement_id: statementId,
    request_id: generation ? subjectId : requestId,
    url: `/v1/${generation ? 'generations' : 'images'}/${subjectId}`,
  }
}
