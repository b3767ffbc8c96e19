// Reports of published pictures, by anybody. The answer is the same whatever was found, and as soon: nobody learns here whether a picture
// exists, whose it is or what became of it.
import { Type } from '@fastify/type-provider-typebox'
import { Fault } from '../../kernel/fault.ts'
import { fileReport, reportCategories } from '../../publish/reports.ts'
import type { App } from '../app.ts'
import type { RouteDeps } from '../deps.ts'
import { problems } from '../schemas.ts'
import { optional, strict } from '../validation.ts'

const Taken = Type.Object({
  id: Type.String({ description: 'Quote it when you write to us.' }),
  object: Type.Literal('report'),
})

export function reportRoutes(app: App, { ground, admission }: RouteDeps): void {
  const categories = reportCategories(admission.policy).map(({ id }) => id)
  const NewReport = Type.Object(
    {
      image_id: Type.String({
        minLength: 1,
        maxLength: 2000,
        description: 'The id of the picture, such as verification tells it, or a link to the picture.',
      }),
      category: Type.Enum(categories, {
        description: 'What is wrong; `not_ours`: it says that it is from here and is not.',
      }),
      text: optional(Type.String({ maxLength: 2000, description: 'More, for the people who look at it.' })),
      email: optional(Type.String({ format: 'email', maxLength: 254, description: 'Erased with the outcome.' })),
    },
    strict,
  )
  app.post(
    '/v1/reports',
    {
      config: { access: 'public', limit: 'public' },
      schema: {
        tags: ['reports'],
        summary: 'Report a published picture',
        description:
          'People look at it. The answer is the same whether or not there is such a picture. Neither the picture’s owner nor anybody else is told who reported it.',
        security: [],
        body: NewReport,
        response: { 202: Taken, ...problems(400, 413, 415, 503) },
      },
    },
    async (request, reply) => {
      const { image_id: image, category, text = null, email = null } = request.body
      for (const [field, value] of Object.entries({ image_id: image, text, email }))
        if (value?.includes('\0'))
          throw new Fault('invalid_request', { field, detail: `${field} has a character that is not text (U+0000)` })
      const id = await fileReport(ground, admission.review, { image, category, text, email })
      return reply.code(202).send({ id, object: 'report' as const })
    },
  )
}
