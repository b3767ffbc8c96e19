// Claims on review items: the next of the queue or a named one, its renewal, its return. A claim is a token that is shown once;
// whoever acts on an item sends it along, so that a claim which ran out, or another tab's, changes nothing.
import { Type } from '@fastify/type-provider-typebox'
import { seeItem } from '../../review/access.ts'
import { type Lease, releaseItem, renewLease } from '../../review/claim.ts'
import { undo } from '../../review/decide.ts'
import { handOutItem, handOutNext } from '../../review/handout.ts'
import { type Reviewer, reviewerOf } from '../../review/reviewer.ts'
import { passItem } from '../../review/skips.ts'
import { viewItem } from '../../review/view.ts'
import { callerOf } from '../access.ts'
import type { App } from '../app.ts'
import type { RouteDeps } from '../deps.ts'
import {
  ClaimedSchema,
  LaneSchema,
  LeaseField,
  leaseResource,
  NewTokenField,
  NoteField,
  PersonIdSchema,
} from '../review-schemas.ts'
import { IdParams, problems } from '../schemas.ts'
import { optional, strict } from '../validation.ts'

export function reviewClaimRoutes(app: App, { ground, review }: RouteDeps): void {
  const config = { access: ['reviewer', 'lead'] } as const
  const tags = ['review']
  const { database } = ground
  const { sql } = database
  const { rules } = review
  const claimed = async (reviewer: Reviewer, lease: Lease) => ({
    item: await viewItem(sql, review, reviewer, await seeItem(sql, reviewer, lease.itemId)),
    lease: leaseResource(lease),
  })

  app.post(
    '/v1/review/next',
    {
      config,
      schema: {
        tags,
        summary: 'Claim the next item that you may have',
        description:
          'Of one lane if that is asked for. With a `token` of your own making, an answer that was lost can be asked for again. 409 `break_due`: nothing is handed out before a break was taken.',
        body: Type.Union([
          Type.Object({ lane: optional(LaneSchema), token: optional(NewTokenField) }, strict),
          Type.Null(),
        ]),
        response: {
          200: ClaimedSchema,
          204: Type.Null({ description: 'Nothing waits that you may have.' }),
          ...problems(400, 401, 403, 409, 413, 415, 429, 503),
        },
      },
    },
    async (request, reply) => {
      const reviewer = reviewerOf(callerOf(request))
      const { lane = null, token } = request.body ?? {}
      const lease = await handOutNext(database, rules, reviewer, { lane, token: token ?? undefined })
      if (lease === null) return reply.code(204).send(null)
      return reply.send(await claimed(reviewer, lease))
    },
  )

  app.post(
    '/v1/review/items/:id/claim',
    {
      config,
      schema: {
        tags,
        summary: 'Claim an item',
        params: IdParams,
        response: { 200: ClaimedSchema, ...problems(401, 403, 404, 409, 413, 415, 429, 503) },
      },
    },
    async (request) => {
      const reviewer = reviewerOf(callerOf(request))
      return claimed(reviewer, await handOutItem(database, rules, reviewer, request.params.id))
    },
  )

  app.post(
    '/v1/review/items/:id/renew',
    {
      config,
      schema: {
        tags,
        summary: 'Keep a claim for longer',
        params: IdParams,
        body: Type.Object(
          {
            lease: LeaseField,
            opened: optional(Type.Boolean({ description: 'It was claimed ahead, and only now is it looked at.' })),
          },
          strict,
        ),
        response: {
          200: Type.Object({ lease: Type.Object({ until: Type.String({ format: 'date-time' }) }) }),
          ...problems(400, 401, 403, 404, 409, 413, 415, 429, 503),
        },
      },
    },
    async (request) => {
      const reviewer = reviewerOf(callerOf(request))
      const { lease, opened } = request.body
      const until = await renewLease(sql, rules, reviewer, request.params.id, lease, opened === true)
      return { lease: { until: until.toISOString() } }
    },
  )

  app.post(
    '/v1/review/items/:id/release',
    {
      config,
      schema: {
        tags,
        summary: 'Give an item back',
        description:
          '`to` keeps it for a person who may have it, `note` is what they should know. `aside`: you are not handed it again while a claim would last.',
        params: IdParams,
        body: Type.Object(
          {
            lease: LeaseField,
            note: optional(NoteField),
            to: optional(PersonIdSchema),
            aside: optional(Type.Boolean()),
          },
          strict,
        ),
        response: {
          204: Type.Null({ description: 'It waits in its place again.' }),
          ...problems(400, 401, 403, 404, 409, 413, 415, 429, 503),
        },
      },
    },
    async (request, reply) => {
      const reviewer = reviewerOf(callerOf(request))
      const { lease, note = null, to = null, aside } = request.body
      await releaseItem(sql, rules, reviewer, request.params.id, lease, { note, to, aside: aside === true })
      return reply.code(204).send(null)
    },
  )

  app.post(
    '/v1/review/items/:id/pass',
    {
      config,
      schema: {
        tags,
        summary: 'Give an item back as not your kind of thing, for now',
        description:
          'You get nothing of its category for a while, whichever that is. 409 `conflict`: that was often enough today.',
        params: IdParams,
        body: Type.Object({ lease: LeaseField }, strict),
        response: {
          204: Type.Null({ description: 'It waits in its place again.' }),
          ...problems(400, 401, 403, 404, 409, 413, 415, 429, 503),
        },
      },
    },
    async (request, reply) => {
      const reviewer = reviewerOf(callerOf(request))
      await passItem(database, review, reviewer, request.params.id, request.body.lease)
      return reply.code(204).send(null)
    },
  )

  app.post(
    '/v1/review/items/:id/undo',
    {
      config,
      schema: {
        tags,
        summary: 'Take your verdict back before it takes effect',
        description: 'The item is claimed by you again.',
        params: IdParams,
        response: { 200: ClaimedSchema, ...problems(401, 403, 404, 409, 413, 415, 429, 503) },
      },
    },
    async (request) => {
      const reviewer = reviewerOf(callerOf(request))
      return claimed(reviewer, await undo(database, review, reviewer, request.params.id))
    },
  )
}
