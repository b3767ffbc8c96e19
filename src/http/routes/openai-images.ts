// POST /v1/images/generations as OpenAI's SDK expects it: one call that waits for its pictures, or a stream of them.
import { admitGeneration } from '../../admit/admit.ts'
import { callerOf } from '../access.ts'
import type { App } from '../app.ts'
import type { RouteDeps } from '../deps.ts'
import { answerAdmitted } from '../openai-admitted.ts'
import { askedOf, NewImages, openaiOrderOf } from '../openai-orders.ts'
import { OpenaiImagesSchema, openaiErrors } from '../openai-schemas.ts'

export function openaiImageRoutes(app: App, deps: RouteDeps): void {
  const { ground, admission } = deps
  app.post(
    '/v1/images/generations',
    {
      config: { access: ['client'], dialect: 'openai', limit: 'generations' },
      schema: {
        tags: ['openai'],
        summary: 'Generate pictures and wait for them',
        description:
          'With `stream`, server-sent events: image_generation.partial_image and image_generation.completed, or error.',
        body: NewImages,
        response: { 200: OpenaiImagesSchema, ...openaiErrors(400, 401, 403, 404, 409, 413, 415, 429, 500, 503, 504) },
      },
    },
    async (request, reply) => {
      const { body } = request
      const order = openaiOrderOf(body, ground.config.defaultModel)
      const key = request.headers['idempotency-key']
      const named = typeof key === 'string' ? key : null
      const admitted = await admitGeneration(ground, admission, callerOf(request), order, named)
      if (admitted.replayed) reply.header('idempotency-replayed', 'true')
      return answerAdmitted(deps, request, reply, admitted, askedOf(body, 'image_generation', 0))
    },
  )
}
