// The review queue: as a lead sees the whole of it and steers it, and as a reviewer sees their part.
import { Type } from '@fastify/type-provider-typebox'
import { myQueue, wholeQueue } from '../../review/queue.ts'
import { reviewerOf } from '../../review/reviewer.ts'
import { assignItem, unassignItem } from '../../review/steer.ts'
import { callerOf } from '../access.ts'
import { PageQuery, pageAsked } from '../admin-schemas.ts'
import type { App } from '../app.ts'
import type { RouteDeps } from '../deps.ts'
import { KindSchema, LaneSchema, PersonIdSchema } from '../review-schemas.ts'
import { IdParams, problems } from '../schemas.ts'
import { strict } from '../validation.ts'

const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Union([schema, Type.Null()])
const Time = Type.String({ format: 'date-time' })
const Count = Type.Integer({ minimum: 0 })
const Lanes = Type.Object({ first_look: Count, second_look: Count, report: Count, restricted: Count })

const Mine = Type.Object(
  {
    object: Type.Literal('my_review_queue'),
    lanes: Lanes,
    claims: Type.Array(Type.Object({ id: Type.String(), lane: LaneSchema, lease_until: Time })),
    undoable: Type.Array(
      Type.Object({
        id: Type.String(),
        lane: LaneSchema,
        outcome: Type.String(),
        clause: Nullable(Type.String()),
        undo_until: Time,
      }),
    ),
  },
  { description: 'Of a reviewer: what they could have, what they hold, what they can still take back.' },
)
const Item = Type.Object({
  id: Type.String(),
  lane: LaneSchema,
  kind: KindSchema,
  category: Nullable(Type.String()),
  severity: Type.Integer(),
  state: Type.Enum(['open', 'awaiting_reviewer', 'decided', 'closed']),
  waiting_since: Time,
  age_seconds: Count,
  deadline_at: Time,
  breached: Type.Boolean(),
  verdicts: Count,
  needs: Count,
  lead_only: Type.Boolean(),
  lease: Nullable(Type.Object({ person_id: Type.String(), until: Time })),
  reserved_for: Nullable(Type.String()),
})
const Whole = Type.Object(
  {
    object: Type.Literal('review_queue'),
    lanes: Lanes,
    categories: Type.Array(Type.Object({ category: Nullable(Type.String()), count: Count })),
    oldest_seconds: Nullable(Count),
    breached: Count,
    awaiting: Type.Integer({ minimum: 0, description: 'Items that nobody is left for.' }),
    mine: Type.Object({ claims: Mine.properties.claims, undoable: Mine.properties.undoable }),
    items: Type.Array(Item, { description: 'All that are not closed, in the order of the queue.' }),
    has_more: Type.Boolean(),
    next: Nullable(Type.String({ description: 'Pass it as `after` for the next page.' })),
  },
  { description: 'Of a lead.' },
)

export function reviewQueueRoutes(app: App, { ground, review }: RouteDeps): void {
  const config = { access: ['reviewer', 'lead'] } as const
  const leads = { access: ['lead'] } as const
  const tags = ['review']
  const { database } = ground
  const { sql } = database

  app.get(
    '/v1/review/queue',
    {
      config,
      schema: {
        tags,
        summary: 'The queue',
        description: 'A lead sees all of it, a reviewer their part of it.',
        querystring: PageQuery,
        response: { 200: Type.Union([Mine, Whole]), ...problems(400, 401, 403, 429, 503) },
      },
    },
    async (request) => {
      const reviewer = reviewerOf(callerOf(request))
      const mine = await myQueue(sql, reviewer)
      if (!reviewer.lead) return { object: 'my_review_queue' as const, ...mine }
      const { claims, undoable } = mine
      const whole = await wholeQueue(sql, reviewer, pageAsked(request.query))
      return { object: 'review_queue' as const, mine: { claims, undoable }, ...whole }
    },
  )

  app.post(
    '/v1/review/items/:id/assign',
    {
      config: leads,
      schema: {
        tags,
        summary: 'Keep an item for somebody who may have it',
        params: IdParams,
        body: Type.Object({ to: PersonIdSchema }, strict),
        response: {
          200: Type.Object({ reserved_for: Type.String(), until: Time }),
          ...problems(400, 401, 403, 404, 409, 413, 415, 429, 503),
        },
      },
    },
    async (request) => {
      const { to } = request.body
      const lead = reviewerOf(callerOf(request))
      const until = await assignItem(database, review.rules, lead, request.params.id, to)
      return { reserved_for: to, until: until.toISOString() }
    },
  )

  app.post(
    '/v1/review/items/:id/unassign',
    {
      config: leads,
      schema: {
        tags,
        summary: 'Let go of what is kept for somebody',
        params: IdParams,
        response: {
          204: Type.Null({ description: 'Anybody may have it who could.' }),
          ...problems(401, 403, 404, 409, 413, 415, 429, 503),
        },
      },
    },
    async (request, reply) => {
      await unassignItem(database, reviewerOf(callerOf(request)), request.params.id)
      return reply.code(204).send(null)
    },
  )
}
