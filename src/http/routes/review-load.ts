// How the desk is loaded, for leads. review/load.ts says what counts.
import { Type } from '@fastify/type-provider-typebox'
import { AGE_HOURS, HOURS, LOOKED_AT, readLoad } from '../../review/load.ts'
import { reviewerOf } from '../../review/reviewer.ts'
import { callerOf } from '../access.ts'
import type { App } from '../app.ts'
import type { RouteDeps } from '../deps.ts'
import { LaneSchema } from '../review-schemas.ts'
import { problems } from '../schemas.ts'

const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Union([schema, Type.Null()])
const Time = Type.String({ format: 'date-time' })
const Count = Type.Integer({ minimum: 0 })
const Load = Type.Object({
  object: Type.Literal('review_load'),
  at: Time,
  ages: Type.Array(
    Type.Object({
      lane: LaneSchema,
      buckets: Type.Array(Type.Object({ from_hours: Count, to_hours: Nullable(Count), count: Count })),
    }),
    { description: `How long what is not closed has waited, from ${[0, ...AGE_HOURS].join(', ')} hours on.` },
  ),
  due: Type.Array(Type.Object({ lane: LaneSchema, late: Count, within_4h: Count, within_24h: Count, later: Count })),
  hours: Type.Array(Type.Object({ at: Time, came: Count, decided: Count }), {
    description: `The last ${HOURS} hours, each from \`at\` on: what came, and what people’s verdicts closed.`,
  }),
  people: Type.Array(
    Type.Object({
      person_id: Type.String(),
      name: Type.String(),
      lead: Type.Boolean(),
      away_until: Nullable(Time),
      holding: Count,
      reserved: Count,
      could_have: Type.Integer({
        minimum: 0,
        description: `Of the first ${LOOKED_AT} that nobody has, those that this person may have.`,
      }),
    }),
    { description: 'Whose hands are full, by name; never how fast anybody is.' },
  ),
  nobody: Type.Integer({ minimum: 0, description: 'Items that nobody who is there may have.' }),
})

export function reviewLoadRoutes(app: App, { ground }: Pick<RouteDeps, 'ground'>): void {
  app.get(
    '/v1/review/load',
    {
      config: { access: ['lead'] },
      schema: {
        tags: ['review'],
        summary: 'How the desk is loaded',
        response: { 200: Load, ...problems(401, 403, 429, 503) },
      },
    },
    async (request) => {
      const { at, hours, people, ...load } = await readLoad(ground.database.sql, reviewerOf(callerOf(request)))
      return {
        object: 'review_load' as const,
        ...load,
        at: at.toISOString(),
        hours: hours.map((hour) => ({ ...hour, at: hour.at.toISOString() })),
        people: people.map((one) => ({ ...one, away_until: one.away_until?.toISOString() ?? null })),
      }
    },
  )
}
