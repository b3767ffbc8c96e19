// Verdicts on review items, one or the same on identical ones, and handing up to the leads. A verdict takes effect after its undo time.
import { Type } from '@fastify/type-provider-typebox'
import { decide, decideAlike, escalate } from '../../review/decide.ts'
import { reviewerOf } from '../../review/reviewer.ts'
import { callerOf } from '../access.ts'
import type { App } from '../app.ts'
import type { RouteDeps } from '../deps.ts'
import { ItemIdSchema, LeaseField, NoteField, VerdictBody, verdictFields, verdictOf } from '../review-schemas.ts'
import { IdParams, problems } from '../schemas.ts'
import { strict } from '../validation.ts'

const MOST_ALIKE = 100
const Time = Type.String({ format: 'date-time', description: 'Until then it can be taken back.' })

export function reviewDecisionRoutes(app: App, { ground, review }: RouteDeps): void {
  const config = { access: ['reviewer', 'lead'] } as const
  const tags = ['review']
  const { database } = ground
  const refusals = problems(400, 401, 403, 404, 409, 413, 415, 429, 503)

  app.post(
    '/v1/review/items/:id/decide',
    {
      config,
      schema: {
        tags,
        summary: 'Give your verdict on an item that you hold',
        description: 'What is missing or does not fit is named by `field` of the problem `decision_incomplete`.',
        params: IdParams,
        body: VerdictBody,
        response: { 200: Type.Object({ verdict_id: Type.String(), effect_at: Time }), ...refusals },
      },
    },
    async (request) => {
      const reviewer = reviewerOf(callerOf(request))
      const { body, params } = request
      const decided = await decide(database, review, reviewer, params.id, body.lease, verdictOf(body))
      return { verdict_id: decided.verdictId, effect_at: decided.effectAt.toISOString() }
    },
  )

  app.post(
    '/v1/review/bulk',
    {
      config,
      schema: {
        tags,
        summary: 'Give one verdict on identical held items',
        description:
          'The item that you hold and others of its `alike`: all or none. Appeals, audits and reports are decided one by one.',
        body: Type.Object(
          {
            item: ItemIdSchema,
            items: Type.Array(ItemIdSchema, { minItems: 1, maxItems: MOST_ALIKE, description: 'The others.' }),
            ...verdictFields,
          },
          strict,
        ),
        response: { 200: Type.Object({ decided: Type.Integer(), effect_at: Time }), ...refusals },
      },
    },
    async (request) => {
      const reviewer = reviewerOf(callerOf(request))
      const { item, items, ...given } = request.body
      const decided = await decideAlike(database, review, reviewer, item, given.lease, items, verdictOf(given))
      return { decided: decided.decided, effect_at: decided.effectAt.toISOString() }
    },
  )

  app.post(
    '/v1/review/items/:id/escalate',
    {
      config,
      schema: {
        tags,
        summary: 'Hand an item up to the leads',
        description: 'You do not get it back.',
        params: IdParams,
        body: Type.Object({ lease: LeaseField, note: NoteField }, strict),
        response: { 204: Type.Null({ description: 'It waits for a lead.' }), ...refusals },
      },
    },
    async (request, reply) => {
      const reviewer = reviewerOf(callerOf(request))
      const { lease, note } = request.body
      await escalate(database.sql, reviewer, request.params.id, lease, note)
      return reply.code(204).send(null)
    },
  )
}
