// How well decisions are made, and the gold questions that tell it. Leads and administrators see everybody together; a lead sees the rows
// of their own people besides, and everybody their own. Nobody else's row is anybody's to see.
import { Type } from '@fastify/type-provider-typebox'
import { makeGold } from '../../review/gold.ts'
import { peopleOf, readPeople, readQuality } from '../../review/quality.ts'
import { periodOf } from '../../review/quality-rows.ts'
import { reviewerOf } from '../../review/reviewer.ts'
import { callerOf } from '../access.ts'
import type { App } from '../app.ts'
import type { RouteDeps } from '../deps.ts'
import { OwnQualitySchema, ownQualityResource, QualitySchema, qualityResource } from '../review-quality-schemas.ts'
import { problems } from '../schemas.ts'
import { optional, strict } from '../validation.ts'

const Day = Type.String({ format: 'date', description: 'A day of UTC, such as 2026-11-01.' })
const PeriodQuery = Type.Object({ from: Type.Optional(Day), to: Type.Optional(Day) }, strict)
const description = 'Both ends of the period are included; 90 days up to today unless said, 366 at most.'
const tags = ['review']

export function reviewQualityRoutes(app: App, { ground, review: tools }: Pick<RouteDeps, 'ground' | 'review'>): void {
  const { database } = ground

  app.get(
    '/v1/review/quality',
    {
      config: { access: ['lead', 'admin'] },
      schema: {
        tags,
        summary: 'How well decisions are made',
        description,
        querystring: PeriodQuery,
        response: { 200: QualitySchema, ...problems(400, 401, 403, 503) },
      },
    },
    async (request) => {
      const { roles, personId } = callerOf(request)
      const period = await periodOf(database.sql, request.query)
      const led = roles.includes('lead') && personId !== null ? await peopleOf(database.sql, personId) : []
      const people = led.length === 0 ? [] : await readPeople(database.sql, led, period)
      return qualityResource(await readQuality(database.sql, tools.policy, period), people, period)
    },
  )

  app.get(
    '/v1/review/quality/me',
    {
      config: { access: ['reviewer', 'lead'] },
      schema: {
        tags,
        summary: 'How your own decisions stand',
        description,
        querystring: PeriodQuery,
        response: { 200: OwnQualitySchema, ...problems(400, 401, 403, 503) },
      },
    },
    async (request) => {
      const { personId } = reviewerOf(callerOf(request))
      const period = await periodOf(database.sql, request.query)
      const [own] = await readPeople(database.sql, [personId], period)
      if (own === undefined) throw new TypeError('whoever is asked for has a row')
      return ownQualityResource(own, period)
    },
  )

  app.post(
    '/v1/review/gold',
    {
      config: { access: ['lead'] },
      schema: {
        tags,
        summary: 'Ask a decided item again, as a gold question',
        description: 'Of everybody who has not seen it. The answers change nothing of the picture.',
        body: Type.Object(
          {
            item_id: Type.String({ minLength: 1, maxLength: 100 }),
            outcome: Type.Enum(['allow', 'deny']),
            clause: optional(Type.String({ minLength: 1, maxLength: 200 })),
          },
          strict,
        ),
        response: {
          201: Type.Object({ object: Type.Literal('review_gold'), item_id: Type.String(), asked: Type.Integer() }),
          ...problems(400, 401, 403, 404, 409, 413, 415, 503),
        },
      },
    },
    async (request, reply) => {
      const { item_id: itemId, outcome, clause = null } = request.body
      const author = reviewerOf(callerOf(request))
      const asked = await makeGold(database, tools, author, itemId, { outcome, clause })
      return reply.code(201).send({ object: 'review_gold', item_id: itemId, asked })
    },
  )
}
