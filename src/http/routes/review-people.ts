// Who reviews what: set by leads, and by administrators, who alone open what is restricted. review/people.ts says who may what.
import { type Static, Type } from '@fastify/type-provider-typebox'
import { getReviewer, listReviewers, type ReviewerRow, setReviewer, versionOf } from '../../review/people.ts'
import { callerOf } from '../access.ts'
import type { App } from '../app.ts'
import type { RouteDeps } from '../deps.ts'
import { PersonIdSchema } from '../review-schemas.ts'
import { IdParams, problems } from '../schemas.ts'
import { instant, optional, strict } from '../validation.ts'

const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Union([schema, Type.Null()])
const TenantIds = (minItems: number) =>
  Type.Array(Type.String({ pattern: '^ten_[0-9a-z]{26}$', description: 'The id of a customer.' }), {
    minItems,
    maxItems: 500,
    uniqueItems: true,
  })
const list = { minItems: 1, maxItems: 100, uniqueItems: true }

const terms = {
  categories: Nullable(Type.Array(Type.String({ maxLength: 100 }), { ...list, description: 'Null: all.' })),
  languages: Nullable(
    Type.Array(Type.String({ pattern: '^[a-z]{2,3}$', description: 'Two or three small letters, such as de.' }), {
      ...list,
      description: 'Of prompts, as ISO 639 names them.',
    }),
  ),
  tenants: Nullable(TenantIds(1)),
  max_severity: Type.Integer({ minimum: 0, maximum: 100 }),
  conflicts: TenantIds(0),
  lead_id: Nullable(PersonIdSchema),
  away_until: Nullable(Type.String({ format: 'date-time', maxLength: 40 })),
}
const Body = Type.Object(
  {
    ...terms,
    restricted: Type.Optional(Type.Boolean({ description: 'An administrator’s to set; stays unless named.' })),
    version: optional(
      Type.String({ maxLength: 64, description: 'Of the terms that these were made from. Left out: whatever stands.' }),
    ),
  },
  strict,
)
const ReviewerSchema = Type.Object({
  id: Type.String(),
  object: Type.Literal('reviewer'),
  name: Type.String(),
  lead: Type.Boolean(),
  ...terms,
  restricted: Type.Boolean({ description: 'Whether they see what is restricted.' }),
  version: Type.String({ description: 'Of all of this; it changes with any of it.' }),
})

export function reviewPeopleRoutes(app: App, { ground, review }: RouteDeps): void {
  const config = { access: ['lead', 'admin'] } as const
  const tags = ['review']
  const { database } = ground
  const { sql } = database

  app.get(
    '/v1/review/people',
    {
      config,
      schema: {
        tags,
        summary: 'Everybody who reviews',
        response: {
          200: Type.Object({ object: Type.Literal('list'), data: Type.Array(ReviewerSchema) }),
          ...problems(401, 403, 429, 503),
        },
      },
    },
    async () => ({ object: 'list' as const, data: (await listReviewers(sql)).map(reviewerResource) }),
  )

  app.put(
    '/v1/review/people/:id',
    {
      config,
      schema: {
        tags,
        summary: 'Set what a person reviews',
        description:
          'As a whole. 409 `conflict`: what stands is no longer the `version` that you name; nothing changed.',
        params: IdParams,
        body: Body,
        response: { 200: ReviewerSchema, ...problems(400, 401, 403, 404, 409, 413, 415, 429, 503) },
      },
    },
    async (request) => {
      const { away_until, version = null, ...rest } = request.body
      const { id } = request.params
      const asked = {
        ...rest,
        away_until: instant(away_until ?? undefined, 'away_until'),
        version,
      }
      await setReviewer(database, review.policy, callerOf(request), id, asked)
      return reviewerResource(await getReviewer(sql, id))
    },
  )
}

function reviewerResource(row: ReviewerRow): Static<typeof ReviewerSchema> {
  const { person_id: id, away_until, categories, languages, tenants, conflicts, ...rest } = row
  const copy = (values: readonly string[] | null) => (values === null ? null : [...values])
  return {
    id,
    object: 'reviewer',
    ...rest,
    categories: copy(categories),
    languages: copy(languages),
    tenants: copy(tenants),
    conflicts: [...conflicts],
    away_until: away_until?.toISOString() ?? null,
    version: versionOf(row),
  }
}
