// "Did this come from here?", for anybody, and what they say of the answer. The picture is looked at and forgotten.
import multipart from '@fastify/multipart'
import { Type } from '@fastify/type-provider-typebox'
import { Fault } from '../../kernel/fault.ts'
import { keepFeedback, readFeedback } from '../../mark/feedback.ts'
import type { App } from '../app.ts'
import type { RouteDeps } from '../deps.ts'
import {
  DetailQuery,
  FeedbackSchema,
  FeedbackTaken,
  NewFeedback,
  NewVerification,
  ProvenanceSchema,
} from '../provenance-schemas.ts'
import { problems } from '../schemas.ts'
import { answerPublic, boundJson, largestBody } from '../strangers-picture.ts'
import { strict, validatorCompiler } from '../validation.ts'

const MOST_SHOWN = 100
const tags = ['provenance']

export async function provenanceRoutes(app: App, { ground, publicCheck }: RouteDeps): Promise<void> {
  const { config } = ground
  const { sql } = ground.database
  await app.register(multipart)
  app.post(
    '/v1/provenance/verify',
    {
      config: { access: 'optional', limit: 'public' },
      bodyLimit: largestBody(config),
      preParsing: boundJson,
      // The schemas describe the bodies, which are read as they come.
      validatorCompiler: (route) => (route.httpPart === 'body' ? () => true : validatorCompiler(route)),
      schema: {
        tags,
        summary: 'Did this picture come from here?',
        description:
          'A picture in the multipart field `file`, or its address as `url`, in the form or as JSON. Nothing of it is kept. Each layer says what it shows, how sure it is, in bands, and what it does not show; scores are for the role compliance.',
        querystring: DetailQuery,
        body: NewVerification,
        security: [{}, { key: [] }],
        response: { 200: ProvenanceSchema, ...problems(400, 403, 413, 415, 503) },
      },
    },
    async (request, reply) => {
      const full = request.query.detail === 'full'
      if (full && request.caller?.roles.includes('compliance') !== true)
        throw new Fault('forbidden', { field: 'detail', detail: 'scores need a key with the role compliance' })
      const { answer, detail } = await answerPublic(publicCheck, ground, request, 'api')
      return reply.send(full ? { ...answer, detail } : answer)
    },
  )

  app.post(
    '/v1/provenance/feedback',
    {
      config: { access: 'public', limit: 'public' },
      schema: {
        tags,
        summary: 'Say whether an answer was right',
        description: 'No picture is taken, nothing of who says it is kept, and it is erased after a time.',
        security: [],
        body: NewFeedback,
        response: { 202: FeedbackTaken, ...problems(400, 413, 415, 503) },
      },
    },
    async (request, reply) => {
      const { agrees, verdict, text = null } = request.body
      await keepFeedback(sql, { agrees, verdict, text })
      return reply
        .code(202)
        .send({ object: 'provenance_feedback' as const, erased_after_days: config.provenance.feedbackDays })
    },
  )

  app.get(
    '/v1/audit/provenance-feedback',
    {
      config: { access: ['compliance', 'admin'] },
      schema: {
        tags: ['audit'],
        summary: 'What people said of the answers of verification',
        querystring: Type.Object({ limit: Type.Optional(Type.Integer({ minimum: 1, maximum: MOST_SHOWN })) }, strict),
        response: { 200: FeedbackSchema, ...problems(400, 401, 403, 429, 503) },
      },
    },
    async (request, reply) => {
      const { counts, newest } = await readFeedback(sql, request.query.limit ?? MOST_SHOWN)
      const told = newest.map((one) => ({ ...one, created_at: one.created_at.toISOString() }))
      return reply.send({ object: 'provenance_feedback_list' as const, counts, newest: told })
    },
  )
}
