// Webhooks of the caller's tenant: endpoints, their secrets, a test, what became of each delivery, and sending again.
// What is another tenant's is 404. A secret is in the answer that made it and in no other; the shapes are ../webhooks.ts.
import { Type } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { Fault } from '../../kernel/fault.ts'
import { parseId } from '../../kernel/ids.ts'
import { sendTest } from '../../notify/deliver.ts'
import {
  changeEndpoint,
  createEndpoint,
  deleteEndpoint,
  getEndpoint,
  listEndpoints,
  rotateSecret,
} from '../../notify/endpoints.ts'
import { DELIVERY_STATES, listDeliveries, replayDelivery, replaySince } from '../../notify/history.ts'
import { callerOf } from '../access.ts'
import type { App } from '../app.ts'
import type { RouteDeps } from '../deps.ts'
import { IdParams, problems } from '../schemas.ts'
import { strict } from '../validation.ts'
import {
  DeliveryPage,
  DeliverySchema,
  deliveryResource,
  NewWebhook,
  Replay,
  ReplayOutcome,
  SecretRotation,
  TestOutcome,
  WebhookChange,
  WebhookPage,
  WebhookSchema,
  WebhookWithSecret,
  webhookResource,
} from '../webhooks.ts'

const PAGE = 50
const MAX_PAGE = 200
const DAY_SECONDS = 86_400
const LAST_YEAR_MS = Date.UTC(9999, 0)
const reading = problems(400, 401, 403, 404)
const acting = problems(400, 401, 403, 404, 413, 415)

export function webhookRoutes(app: App, { ground, webhooks, closing }: RouteDeps): void {
  const config = { access: ['client', 'tenant_admin'] } as const
  const tags = ['webhooks']
  const { sql } = ground.database
  const testing = new Set<string>()

  app.post(
    '/v1/webhooks',
    {
      config,
      schema: {
        tags,
        summary: 'Hear of events at an address',
        description: 'The answer shows the secret, once. Messages are signed as Standard Webhooks 1.0.0 says.',
        body: NewWebhook,
        response: { 201: WebhookWithSecret, ...problems(400, 401, 403, 413, 415, 429) },
      },
    },
    async (request, reply) => {
      const { url, events, description = '' } = request.body
      const order = { url, events, description }
      const { endpoint, secret } = await createEndpoint(ground, webhooks, callerOf(request), order)
      const location = `/v1/webhooks/${endpoint.id}`
      return reply
        .code(201)
        .header('location', location)
        .send({ ...webhookResource(endpoint), secret })
    },
  )

  app.get(
    '/v1/webhooks',
    {
      config,
      schema: { tags, summary: 'Webhooks of this tenant', response: { 200: WebhookPage, ...problems(401, 403) } },
    },
    async (request) => {
      const endpoints = await listEndpoints(sql, callerOf(request).tenantId)
      return { object: 'list' as const, data: endpoints.map(webhookResource), has_more: false, next: null }
    },
  )

  app.get(
    '/v1/webhooks/:id',
    {
      config,
      schema: { tags, summary: 'One webhook', params: IdParams, response: { 200: WebhookSchema, ...reading } },
    },
    async (request) => webhookResource(await getEndpoint(sql, callerOf(request).tenantId, request.params.id)),
  )

  app.patch(
    '/v1/webhooks/:id',
    {
      config,
      preValidation: emptyBody,
      schema: {
        tags,
        summary: 'Change a webhook',
        description: 'Disabled, it forgets what it still waited for; that can be replayed once it is enabled again.',
        params: IdParams,
        body: WebhookChange,
        response: { 200: WebhookSchema, ...acting },
      },
    },
    async (request) => {
      return webhookResource(await changeEndpoint(ground, webhooks, callerOf(request), request.params.id, request.body))
    },
  )

  app.delete(
    '/v1/webhooks/:id',
    {
      config,
      schema: {
        tags,
        summary: 'Delete a webhook and its deliveries',
        params: IdParams,
        response: { 204: Type.Null({ description: 'It is gone.' }), ...acting },
      },
    },
    async (request, reply) => {
      await deleteEndpoint(ground, callerOf(request), request.params.id)
      return reply.code(204).send(null)
    },
  )

  app.post(
    '/v1/webhooks/:id/rotate-secret',
    {
      config,
      preValidation: emptyBody,
      schema: {
        tags,
        summary: 'A new secret',
        description: 'Until the overlap ends, messages carry a signature of each secret.',
        params: IdParams,
        body: SecretRotation,
        response: { 200: WebhookWithSecret, ...acting },
      },
    },
    async (request) => {
      const { overlap_seconds: overlap = DAY_SECONDS } = request.body
      const { endpoint, secret } = await rotateSecret(ground, webhooks, callerOf(request), request.params.id, overlap)
      return { ...webhookResource(endpoint), secret }
    },
  )

  app.post(
    '/v1/webhooks/:id/test',
    {
      config,
      schema: {
        tags,
        summary: 'Send one webhook.test now',
        description: 'Answers when the receiver has, or failed to. It is not tried again. One at a time.',
        params: IdParams,
        response: { 200: TestOutcome, ...problems(400, 401, 403, 404, 413, 415, 429, 500) },
      },
    },
    async (request) => {
      const { tenantId } = callerOf(request)
      if (testing.has(tenantId)) throw new Fault('rate_limited', { detail: 'a test of this tenant is still under way' })
      testing.add(tenantId)
      try {
        const result = await sendTest(ground, webhooks, tenantId, request.params.id, closing)
        return {
          object: 'webhook_test' as const,
          delivered: result.error === null,
          status: result.status,
          error: result.error,
          response_ms: result.responseMs,
          message_id: result.messageId,
          delivery_id: result.deliveryId,
        }
      } finally {
        testing.delete(tenantId)
      }
    },
  )

  app.get(
    '/v1/webhooks/:id/deliveries',
    {
      config,
      schema: {
        tags,
        summary: 'What became of each delivery, newest first',
        params: IdParams,
        querystring: Type.Object(
          {
            state: Type.Optional(Type.Enum([...DELIVERY_STATES])),
            limit: Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_PAGE, default: PAGE })),
            after: Type.Optional(Type.String({ description: '`next` of the page before.' })),
          },
          strict,
        ),
        response: { 200: DeliveryPage, ...reading },
      },
    },
    async (request) => {
      const { limit = PAGE, after, state } = request.query
      const endpoint = await getEndpoint(sql, callerOf(request).tenantId, request.params.id)
      const cursor = after === undefined ? null : parseId('dlv', after)
      if (after !== undefined && cursor === null)
        throw new Fault('invalid_request', { field: 'after', detail: 'after is not the next of an earlier page' })
      const page = await listDeliveries(sql, endpoint.id, { limit, after: cursor, state: state ?? null })
      const data = page.deliveries.map(deliveryResource)
      const next = page.hasMore ? (data.at(-1)?.id ?? null) : null
      return { object: 'list' as const, data, has_more: page.hasMore, next }
    },
  )

  app.post(
    '/v1/webhooks/deliveries/:id/replay',
    {
      config,
      schema: {
        tags,
        summary: 'Send one delivery again, under the same message id',
        params: IdParams,
        response: { 202: DeliverySchema, ...acting, ...problems(409) },
      },
    },
    async (request, reply) => {
      const delivery = await replayDelivery(ground, callerOf(request).tenantId, request.params.id)
      return reply.code(202).send(deliveryResource(delivery))
    },
  )

  app.post(
    '/v1/webhooks/:id/replay',
    {
      config,
      preValidation: emptyBody,
      schema: {
        tags,
        summary: 'Send again what did not arrive',
        params: IdParams,
        body: Replay,
        response: { 202: ReplayOutcome, ...acting, ...problems(409) },
      },
    },
    async (request, reply) => {
      const { since, include_delivered: all = false } = request.body
      const endpoint = await getEndpoint(sql, callerOf(request).tenantId, request.params.id)
      const outcome = await replaySince(ground, endpoint, sinceOf(since), all)
      return reply.code(202).send({ object: 'webhook_replay' as const, ...outcome })
    },
  )
}

/** No body at all asks for the defaults. */
async function emptyBody(request: FastifyRequest): Promise<void> {
  if (request.body === undefined) request.body = {}
}

/** Within what the records can compare. Fault: invalid_request. */
function sinceOf(text: string | undefined): Date {
  const at = text === undefined ? Date.now() - DAY_SECONDS * 1000 : Date.parse(text)
  if (Number.isNaN(at)) throw new Fault('invalid_request', { field: 'since', detail: 'since is not a time' })
  return new Date(Math.min(LAST_YEAR_MS, Math.max(0, at)))
}
