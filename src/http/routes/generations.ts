// The native API: order pictures, then follow, list or cancel. A refusal is an answer like any other, with its statement.
import { Readable } from 'node:stream'
import { Type } from '@fastify/type-provider-typebox'
import { admitGeneration } from '../../admit/admit.ts'
import { getGeneration, listGenerations } from '../../admit/records.ts'
import { Fault } from '../../kernel/fault.ts'
import { parseId } from '../../kernel/ids.ts'
import { cancelRequest } from '../../outcome.ts'
import { callerOf } from '../access.ts'
import type { App } from '../app.ts'
import type { RouteDeps } from '../deps.ts'
import { disconnected } from '../disconnect.ts'
import { orderOf } from '../orders.ts'
import { generationResource } from '../resources.ts'
import { GenerationPage, GenerationSchema, IdParams, NewGeneration, problems } from '../schemas.ts'
import { strict } from '../validation.ts'
import { watchRequest } from '../watch.ts'

const EventStream = Type.Unsafe<Readable>({ type: 'string', description: 'text/event-stream' })
const PAGE = 20
const MAX_PAGE = 100

export function generationRoutes(app: App, { ground, admission, closing }: RouteDeps): void {
  const config = { access: ['client'] } as const
  const tags = ['generations']
  const { sql } = ground.database

  app.post(
    '/v1/generations',
    {
      config,
      schema: {
        tags,
        summary: 'Order pictures',
        description:
          'With an Idempotency-Key header, the same order handed in again is answered with the same generation.',
        body: NewGeneration,
        response: { 202: GenerationSchema, ...problems(400, 401, 403, 409, 413, 415, 503) },
      },
    },
    async (request, reply) => {
      const caller = callerOf(request)
      const key = request.headers['idempotency-key']
      const { requestId } = await admitGeneration(
        ground,
        admission,
        caller,
        orderOf(request.body),
        typeof key === 'string' ? key : null,
      )
      const resource = generationResource(await getGeneration(sql, caller.tenantId, requestId))
      return reply.code(202).header('location', `/v1/generations/${requestId}`).send(resource)
    },
  )

  app.get(
    '/v1/generations',
    {
      config,
      schema: {
        tags,
        summary: 'Generations of this tenant, newest first',
        querystring: Type.Object(
          {
            limit: Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_PAGE, default: PAGE })),
            after: Type.Optional(Type.String({ description: '`next` of the page before.' })),
          },
          strict,
        ),
        response: { 200: GenerationPage, ...problems(400, 401, 403) },
      },
    },
    async (request, reply) => {
      const { limit = PAGE, after } = request.query
      const cursor = after === undefined ? null : parseId('req', after)
      if (after !== undefined && cursor === null)
        throw new Fault('invalid_request', { field: 'after', detail: 'after is not the next of an earlier page' })
      const page = await listGenerations(sql, callerOf(request).tenantId, { limit, after: cursor })
      const data = page.generations.map(generationResource)
      const next = page.hasMore ? (data.at(-1)?.id ?? null) : null
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
        params: IdParams,
        response: { 200: GenerationSchema, ...problems(401, 403, 404) },
      },
    },
    async (request, reply) => {
      const { tenantId } = callerOf(request)
      return reply.send(generationResource(await getGeneration(sql, tenantId, request.params.id)))
    },
  )

  app.post(
    '/v1/generations/:id/cancel',
    {
      config,
      schema: {
        tags,
        summary: 'Cancel what is not released yet',
        params: IdParams,
        response: { 200: GenerationSchema, ...problems(401, 403, 404, 409) },
      },
    },
    async (request, reply) => {
      const { tenantId } = callerOf(request)
      await cancelRequest(ground, tenantId, request.params.id)
      return reply.send(generationResource(await getGeneration(sql, tenantId, request.params.id)))
    },
  )

  app.get(
    '/v1/generations/:id/events',
    {
      config,
      schema: {
        tags,
        summary: 'Follow a generation',
        description:
          'Server-sent events: `state` (the generation, at once and after each move) and `progress` ({step, steps}). Ends with the generation.',
        produces: ['text/event-stream'],
        params: IdParams,
        response: { 200: EventStream, ...problems(401, 403, 404) },
      },
    },
    async (request, reply) => {
      const { tenantId } = callerOf(request)
      await getGeneration(sql, tenantId, request.params.id)
      const signal = AbortSignal.any([disconnected(reply), closing])
      const events = async function* () {
        for await (const change of watchRequest(ground, tenantId, request.params.id, signal)) {
          if (change.kind === 'quiet') yield ': still here\n\n'
          else if (change.kind === 'progress') yield event('progress', { step: change.step, steps: change.steps })
          else if (change.kind === 'state')
            yield event('state', generationResource(await getGeneration(sql, tenantId, request.params.id)))
        }
      }
      return reply
        .headers({ 'cache-control': 'no-store', 'x-accel-buffering': 'no' })
        .type('text/event-stream; charset=utf-8')
        .send(Readable.from(events()))
    },
  )
}

function event(name: string, data: object): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`
}
