// The native API: order pictures, then read, list, cancel or erase. A refusal is an answer like any other, with its statement.
// events.ts beside this file follows one as it goes.
import { createHash } from 'node:crypto'
import { Type } from '@fastify/type-provider-typebox'
import { admitGeneration } from '../../admit/admit.ts'
import { type Filter, getGeneration, listGenerations } from '../../admit/records.ts'
import { statesOf } from '../../journey.ts'
import { isFault } from '../../kernel/fault.ts'
import { cancelRequest } from '../../outcome.ts'
import { eraseGeneration } from '../../publish/erase.ts'
import type { Line } from '../../schedule/position.ts'
import { callerOf } from '../access.ts'
import type { App } from '../app.ts'
import { readCursor, writeCursor } from '../cursors.ts'
import type { RouteDeps } from '../deps.ts'
import { orderOf } from '../orders.ts'
import { goneFault } from '../problems.ts'
import { generationResource } from '../resources.ts'
import { GenerationPage, GenerationSchema, IdParams, NewGeneration, problems } from '../schemas.ts'
import { instant, strict } from '../validation.ts'

const PAGE = 20
const MAX_PAGE = 100
const IdempotencyHeaders = Type.Object({
  'idempotency-key': Type.Optional(
    Type.String({ description: '1 to 255 visible ASCII characters; the same order under it is the same generation.' }),
  ),
})
const Conditional = Type.Object({ 'if-none-match': Type.Optional(Type.String()) })
const Query = Type.Object(
  {
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_PAGE, default: PAGE })),
    after: Type.Optional(Type.String({ maxLength: 300, description: '`next` of the page before, same filters.' })),
    state: Type.Optional(Type.Enum(statesOf('request'))),
    model: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
    created_from: Type.Optional(Type.String({ format: 'date-time', description: 'This moment or later.' })),
    created_before: Type.Optional(Type.String({ format: 'date-time' })),
  },
  strict,
)

export function generationRoutes(app: App, { ground, admission, statements, onErased }: RouteDeps, line: Line): void {
  const config = { access: ['client'] } as const
  const tags = ['generations']
  const { sql } = ground.database
  const read = async (tenantId: string, id: string) => {
    const generation = await getGeneration(sql, tenantId, id)
    if (generation.request.erased_at !== null) throw goneFault()
    return generationResource(generation, statements, generation.request.state === 'queued' ? await line(id) : null)
  }

  app.post(
    '/v1/generations',
    {
      config: { ...config, limit: 'generations' },
      schema: {
        tags,
        summary: 'Order pictures',
        description:
          'With an Idempotency-Key header, the same order handed in again within a day is answered with the same generation and `idempotency-replayed: true`; another order under that key is a conflict.',
        headers: IdempotencyHeaders,
        body: NewGeneration,
        response: { 202: GenerationSchema, ...problems(400, 401, 403, 408, 409, 413, 415, 429, 503) },
      },
    },
    async (request, reply) => {
      const caller = callerOf(request)
      const key = request.headers['idempotency-key']
      const order = orderOf(request.body)
      const { requestId, replayed } = await admitGeneration(ground, admission, caller, order, key ?? null)
      if (replayed) reply.header('idempotency-replayed', 'true')
      reply.header('location', `/v1/generations/${requestId}`)
      return reply.code(202).send(await read(caller.tenantId, requestId))
    },
  )

  app.get(
    '/v1/generations',
    {
      config,
      schema: {
        tags,
        summary: 'Generations of this tenant, newest first',
        querystring: Query,
        response: { 200: GenerationPage, ...problems(400, 401, 403, 429, 503) },
      },
    },
    async (request, reply) => {
      const { tenantId } = callerOf(request)
      const { limit = PAGE, after, state = null, model = null } = request.query
      const createdFrom = instant(request.query.created_from, 'created_from')
      const createdBefore = instant(request.query.created_before, 'created_before')
      const filter: Filter = { state, model, createdFrom, createdBefore }
      const bound = {
        list: 'generations',
        tenant: tenantId,
        state,
        model,
        from: createdFrom?.toISOString() ?? null,
        before: createdBefore?.toISOString() ?? null,
      }
      const from = after === undefined ? null : readCursor(admission.userSecret, bound, after)
      const page = await listGenerations(sql, tenantId, { limit, after: from, ...filter })
      const data = page.generations.map((generation) => generationResource(generation, statements))
      const last = data.at(-1)
      const next = page.hasMore && last !== undefined ? writeCursor(admission.userSecret, bound, last.id) : null
      return reply.send({ object: 'list' as const, data, has_more: page.hasMore, next })
    },
  )

  app.get(
    '/v1/generations/:id',
    {
      config,
      schema: {
        tags,
        summary: 'One generation',
        description: 'With If-None-Match, 304 while nothing changed.',
        headers: Conditional,
        params: IdParams,
        response: {
          200: GenerationSchema,
          304: Type.Null({ description: 'Nothing changed.' }),
          ...problems(401, 403, 404, 410, 429, 503),
        },
      },
    },
    async (request, reply) => {
      const resource = await read(callerOf(request).tenantId, request.params.id)
      const etag = `W/"${createHash('sha256').update(JSON.stringify(resource)).digest('base64url').slice(0, 22)}"`
      reply.headers({ etag, 'cache-control': 'private, no-cache' })
      const known = request.headers['if-none-match']?.split(',').map((one) => one.trim()) ?? []
      return known.includes(etag) ? reply.code(304).send(null) : reply.send(resource)
    },
  )

  app.post(
    '/v1/generations/:id/cancel',
    {
      config,
      schema: {
        tags,
        summary: 'Cancel what is not released yet',
        description:
          'Takes effect at the next step of a device. What is cancelled already is answered alike; what ended otherwise is a conflict.',
        params: IdParams,
        response: { 200: GenerationSchema, ...problems(400, 401, 403, 404, 409, 410, 415, 429, 503) },
      },
    },
    async (request, reply) => {
      const { tenantId } = callerOf(request)
      const { id } = request.params
      await cancelRequest(ground, tenantId, id).catch(async (error: unknown) => {
        if (!isFault(error, 'conflict')) throw error
        const { request: ended } = await getGeneration(sql, tenantId, id)
        if (ended.state !== 'cancelled') throw error
      })
      return reply.send(await read(tenantId, id))
    },
  )

  app.delete(
    '/v1/generations/:id',
    {
      config,
      schema: {
        tags,
        summary: 'Erase a generation',
        description:
          'Removes the prompt, every picture and preview, for good; what still goes on is cancelled first. The record of decisions stays, without content; reading it here is answered 410 and lists leave it out. Erasing again is answered alike.',
        params: IdParams,
        response: { 204: Type.Null({ description: 'Erased.' }), ...problems(400, 401, 403, 404, 415, 429, 503) },
      },
    },
    async (request, reply) => {
      await eraseGeneration(ground, callerOf(request), request.params.id, onErased)
      return reply.code(204).send(null)
    },
  )
}
