// What clients read of their webhooks and of what became of each delivery, and what they may ask for.
// No resource holds a secret but the one that is answered once. The routes are routes/webhooks.ts.
import { type Static, Type } from '@fastify/type-provider-typebox'
import { EVERY_EVENT, WEBHOOK_EVENTS } from '../kernel/outbox.ts'
import type { Endpoint } from '../notify/endpoints.ts'
import { DELIVERY_STATES, type Delivery } from '../notify/history.ts'
import { strict } from './validation.ts'

const MAX_OVERLAP_SECONDS = 604_800

const Time = Type.String({ format: 'date-time' })
const MaybeTime = Type.Union([Time, Type.Null()])
const MaybeInteger = Type.Union([Type.Integer(), Type.Null()])
const Events = Type.Array(Type.Enum([EVERY_EVENT, ...WEBHOOK_EVENTS]), {
  minItems: 1,
  maxItems: 50,
  uniqueItems: true,
  description: '`*` is every event, those to come too.',
})
const Url = Type.String({
  format: 'uri',
  pattern: '^https?://',
  maxLength: 2048,
  description: 'An https address, on a usual port and at a public host.',
})
const Description = Type.String({ maxLength: 500, pattern: '^[^\\u0000]*$', description: 'Text without U+0000.' })
const State = Type.Enum(['enabled', 'disabled'])

export const NewWebhook = Type.Object(
  { url: Url, events: Events, description: Type.Optional(Description) },
  { ...strict },
)
export const WebhookChange = Type.Object(
  {
    url: Type.Optional(Url),
    events: Type.Optional(Events),
    description: Type.Optional(Description),
    state: Type.Optional(State),
  },
  strict,
)
export const SecretRotation = Type.Object(
  {
    overlap_seconds: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: MAX_OVERLAP_SECONDS,
        default: 86_400,
        description: 'How long the secret before it signs too.',
      }),
    ),
  },
  strict,
)
export const Replay = Type.Object(
  {
    since: Type.Optional(
      Type.String({ format: 'date-time', description: 'Messages since then; a day ago unless said.' }),
    ),
    include_delivered: Type.Optional(Type.Boolean({ description: 'Those that arrived, too.' })),
  },
  strict,
)

const webhookFields = {
  id: Type.String(),
  object: Type.Literal('webhook'),
  url: Type.String(),
  description: Type.String(),
  events: Type.Array(Type.String()),
  state: State,
  disabled_reason: Type.Union([Type.Enum(['asked', 'gone', 'failing']), Type.Null()]),
  disabled_at: MaybeTime,
  failing_since: MaybeTime,
  previous_secret_until: MaybeTime,
  created_at: Time,
}
export const WebhookSchema = Type.Object(webhookFields)
export const WebhookWithSecret = Type.Object({
  ...webhookFields,
  secret: Type.String({ description: 'whsec_...; shown this once.' }),
})
export const WebhookPage = Type.Object({
  object: Type.Literal('list'),
  data: Type.Array(WebhookSchema),
  has_more: Type.Boolean(),
  next: Type.Null(),
})

export const DeliverySchema = Type.Object({
  id: Type.String(),
  object: Type.Literal('webhook_delivery'),
  webhook_id: Type.String(),
  message_id: Type.String({ description: 'The webhook-id header, the same on each attempt.' }),
  type: Type.String(),
  subject_id: Type.String(),
  state: Type.Enum([...DELIVERY_STATES]),
  attempt: Type.Integer(),
  status: MaybeInteger,
  error: Type.Union([Type.String(), Type.Null()]),
  response_ms: MaybeInteger,
  next_attempt_at: MaybeTime,
  delivered_at: MaybeTime,
  created_at: Time,
})
export const DeliveryPage = Type.Object({
  object: Type.Literal('list'),
  data: Type.Array(DeliverySchema),
  has_more: Type.Boolean(),
  next: Type.Union([Type.String(), Type.Null()]),
})
export const TestOutcome = Type.Object({
  object: Type.Literal('webhook_test'),
  delivered: Type.Boolean(),
  status: MaybeInteger,
  error: Type.Union([Type.String(), Type.Null()]),
  response_ms: Type.Integer(),
  message_id: Type.String(),
  delivery_id: Type.String(),
})
export const ReplayOutcome = Type.Object({
  object: Type.Literal('webhook_replay'),
  replayed: Type.Integer(),
  complete: Type.Boolean({ description: 'False: there were too many for one call; call again.' }),
})

export function webhookResource(endpoint: Endpoint): Static<typeof WebhookSchema> {
  const { previous_until: until } = endpoint
  return {
    id: endpoint.id,
    object: 'webhook',
    url: endpoint.url,
    description: endpoint.description,
    events: endpoint.events,
    state: endpoint.state,
    disabled_reason: endpoint.disabled_reason,
    disabled_at: isoOf(endpoint.disabled_at),
    failing_since: isoOf(endpoint.failing_since),
    previous_secret_until: until !== null && until.getTime() > Date.now() ? until.toISOString() : null,
    created_at: endpoint.created_at.toISOString(),
  }
}

export function deliveryResource(delivery: Delivery): Static<typeof DeliverySchema> {
  return {
    id: delivery.id,
    object: 'webhook_delivery',
    webhook_id: delivery.endpoint_id,
    message_id: delivery.message_id,
    type: delivery.kind,
    subject_id: delivery.subject_id,
    state: delivery.state,
    attempt: delivery.attempt,
    status: delivery.last_status,
    error: delivery.last_error_code,
    response_ms: delivery.response_ms,
    next_attempt_at: delivery.state === 'pending' ? delivery.runnable_at.toISOString() : null,
    delivered_at: isoOf(delivery.delivered_at),
    created_at: delivery.created_at.toISOString(),
  }
}

function isoOf(time: Date | null): string | null {
  return time === null ? null : time.toISOString()
}
