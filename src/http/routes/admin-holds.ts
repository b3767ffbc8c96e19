// Legal holds and restricted cases that are due to end, for compliance: what must be kept although its owner or its time would have it
// erased. Each act is one note in the chain of the request's tenant, with ids alone.
import { type Static, Type } from '@fastify/type-provider-typebox'
import { getHold, type LegalHold, liftHold, listHolds, placeHold } from '../../publish/legal-holds.ts'
import { endPreservation, listPreserved, type Preserved } from '../../publish/preservation.ts'
import { callerOf } from '../access.ts'
import { listOf, listSchema, PageQuery, pageAsked } from '../admin-schemas.ts'
import type { App } from '../app.ts'
import type { RouteDeps } from '../deps.ts'
import { IdParams, problems } from '../schemas.ts'
import { strict } from '../validation.ts'

const Time = Type.String({ format: 'date-time' })
const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Union([schema, Type.Null()])
const Reason = Type.String({
  minLength: 3,
  maxLength: 2000,
  pattern: '^[^\\u0000]*[^\\s\\u0000][^\\u0000]*$',
  description: 'Text that says something.',
})

const HoldSchema = Type.Object({
  id: Type.String(),
  object: Type.Literal('legal_hold'),
  request_id: Type.String(),
  reason: Type.String(),
  placed_by: Type.String(),
  placed_at: Time,
  lifted_by: Nullable(Type.String()),
  lifted_at: Nullable(Time),
})
const PreservedSchema = Type.Object({
  id: Type.String({ description: 'The statement of reasons of the case.' }),
  object: Type.Literal('preservation'),
  subject: Type.Enum(['request', 'image']),
  subject_id: Type.String(),
  decided_at: Time,
  due_at: Nullable(Time),
})
const NewHold = Type.Object({ request_id: Type.String({ minLength: 1, maxLength: 100 }), reason: Reason }, strict)
const Ending = Type.Object({ reason: Reason }, strict)
const MOST_PRESERVED = 100

export function adminHoldRoutes(app: App, { ground }: RouteDeps): void {
  const config = { access: ['compliance'] } as const
  const tags = ['compliance']
  const { database } = ground
  const { sql, transact } = database

  app.get(
    '/v1/admin/legal-holds',
    {
      config,
      schema: {
        tags,
        summary: 'Legal holds, newest first',
        querystring: PageQuery,
        response: { 200: listSchema(HoldSchema), ...problems(400, 401, 403) },
      },
    },
    async (request) => {
      const { rows, hasMore } = await listHolds(sql, pageAsked(request.query))
      return listOf(rows.map(holdResource), hasMore)
    },
  )

  app.post(
    '/v1/admin/legal-holds',
    {
      config,
      schema: {
        tags,
        summary: 'Keep what belongs to a generation',
        description:
          'Until it is lifted nothing of the generation is erased, by its owner or by time. What its owner erases is hidden at once and lies sealed.',
        body: NewHold,
        response: { 201: HoldSchema, ...problems(400, 401, 403, 404, 410, 413, 415) },
      },
    },
    async (request, reply) => {
      const { request_id: requestId, reason } = request.body
      const id = await transact((tx) => placeHold(tx, callerOf(request), requestId, reason))
      return reply.code(201).send(holdResource(await getHold(sql, id)))
    },
  )

  app.post(
    '/v1/admin/legal-holds/:id/lift',
    {
      config,
      schema: {
        tags,
        summary: 'Lift a legal hold',
        description: 'Again is no error.',
        params: IdParams,
        response: { 200: HoldSchema, ...problems(400, 401, 403, 404, 413, 415) },
      },
    },
    async (request) => {
      const { id } = request.params
      await transact((tx) => liftHold(tx, callerOf(request), id))
      return holdResource(await getHold(sql, id))
    },
  )

  app.get(
    '/v1/admin/preservations',
    {
      config,
      schema: {
        tags,
        summary: 'Restricted cases whose time of preservation is over and that nobody has decided on',
        description: `The oldest ${MOST_PRESERVED}.`,
        response: {
          200: Type.Object({ object: Type.Literal('list'), data: Type.Array(PreservedSchema) }),
          ...problems(401, 403),
        },
      },
    },
    async () => {
      const rows = await listPreserved(sql, MOST_PRESERVED)
      return { object: 'list' as const, data: rows.map(preservedResource) }
    },
  )

  app.post(
    '/v1/admin/preservations/:id/end',
    {
      config,
      schema: {
        tags,
        summary: 'End the preservation of a restricted case',
        description: 'It is erased then, unless a legal hold keeps it. Only once its time is over; again is no error.',
        params: IdParams,
        body: Ending,
        response: { 204: Type.Null(), ...problems(400, 401, 403, 404, 409, 413, 415) },
      },
    },
    async (request, reply) => {
      await endPreservation(database, callerOf(request), request.params.id, request.body.reason)
      return reply.code(204).send(null)
    },
  )
}

function holdResource({ placed_at, lifted_at, ...hold }: LegalHold): Static<typeof HoldSchema> {
  return {
    object: 'legal_hold',
    ...hold,
    placed_at: placed_at.toISOString(),
    lifted_at: lifted_at?.toISOString() ?? null,
  }
}

function preservedResource(row: Preserved): Static<typeof PreservedSchema> {
  const { id, subject, subject_id, created_at, preservation_due_at } = row
  return {
    id,
    object: 'preservation',
    subject,
    subject_id,
    decided_at: created_at.toISOString(),
    due_at: preservation_due_at?.toISOString() ?? null,
  }
}
