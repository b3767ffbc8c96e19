// One review item: what its reviewer is shown, what they ask for beyond the blurred picture, and the picture itself. Nothing of it may
// be kept by any cache; what was asked for is written down.
import { Type } from '@fastify/type-provider-typebox'
import { seeItem } from '../../review/access.ts'
import { pictureFor, VIEWS } from '../../review/picture.ts'
import { reveal } from '../../review/reveal.ts'
import { reviewerOf } from '../../review/reviewer.ts'
import { viewItem } from '../../review/view.ts'
import { callerOf } from '../access.ts'
import type { App } from '../app.ts'
import type { RouteDeps } from '../deps.ts'
import { ItemSchema } from '../review-schemas.ts'
import { IdParams, problems } from '../schemas.ts'
import { strict } from '../validation.ts'

const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Union([schema, Type.Null()])

export function reviewItemRoutes(app: App, { ground, review }: RouteDeps): void {
  const config = { access: ['reviewer', 'lead'] } as const
  const tags = ['review']
  const { sql } = ground.database

  app.get(
    '/v1/review/items/:id',
    {
      config,
      schema: {
        tags,
        summary: 'An item that you hold or judged',
        description: 'Leads see any. `disclosed` is null until your own verdict is stored, or the item is closed.',
        params: IdParams,
        response: { 200: ItemSchema, ...problems(401, 403, 404, 409, 429, 503) },
      },
    },
    async (request) => {
      const reviewer = reviewerOf(callerOf(request))
      return viewItem(sql, review, reviewer, await seeItem(sql, reviewer, request.params.id))
    },
  )

  app.post(
    '/v1/review/items/:id/reveal',
    {
      config,
      schema: {
        tags,
        summary: 'Ask for more than the blurred picture',
        description:
          'That you did, and when, is written down. 409 `exposure_reached`: that was as many pictures as one day may ask of you.',
        params: IdParams,
        body: Type.Object({ what: Type.Enum(['picture', 'prompt', 'input']) }, strict),
        response: {
          200: Type.Object({
            what: Type.Enum(['picture', 'prompt', 'input']),
            pictures: Nullable(Type.Record(Type.String(), Type.String(), { description: 'Where each view is.' })),
            prompt: Nullable(Type.Object({ text: Nullable(Type.String()), negative: Nullable(Type.String()) })),
          }),
          ...problems(400, 401, 403, 404, 409, 410, 413, 415, 429, 503),
        },
      },
    },
    async (request) => {
      const reviewer = reviewerOf(callerOf(request))
      const item = await seeItem(sql, reviewer, request.params.id)
      return reveal(ground.database, review.rules, reviewer, item, request.body.what)
    },
  )

  app.get(
    '/v1/review/items/:id/picture',
    {
      config,
      schema: {
        tags,
        summary: 'The picture, blurred unless you asked for more',
        description: '`grey` and `original`, and the picture that a request started from, come after a reveal.',
        params: IdParams,
        querystring: Type.Object(
          {
            view: Type.Optional(Type.Enum([...VIEWS], { default: 'blurred' })),
            of: Type.Optional(Type.Enum(['subject', 'input'], { default: 'subject' })),
            size: Type.Optional(
              Type.Integer({ minimum: 16, maximum: 4096, description: 'The longer side in pixels, at the most.' }),
            ),
          },
          strict,
        ),
        response: {
          200: {
            description: 'The picture.',
            content: { 'image/webp': { schema: Type.Any() }, 'image/png': { schema: Type.Any() } },
          },
          ...problems(400, 401, 403, 404, 409, 410, 429, 503),
        },
      },
    },
    async (request, reply) => {
      const reviewer = reviewerOf(callerOf(request))
      const item = await seeItem(sql, reviewer, request.params.id)
      const { view = 'blurred', of = 'subject', size = null } = request.query
      const { bytes, contentType } = await pictureFor(ground, reviewer, item, { view, of, size })
      return reply.type(contentType).header('cache-control', 'no-store').send(bytes)
    },
  )
}
