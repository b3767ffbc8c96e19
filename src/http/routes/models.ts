// The models that serve here, in OpenAI's list, with each card under `darkroom`.
import { Type } from '@fastify/type-provider-typebox'
import { sizeText } from '../../admit/order.ts'
import { Fault } from '../../kernel/fault.ts'
import type { ModelCard } from '../../kernel/model.ts'
import type { App } from '../app.ts'
import type { RouteDeps } from '../deps.ts'
import { openaiErrors } from '../openai-schemas.ts'
import { strict } from '../validation.ts'

const Model = Type.Object({
  id: Type.String(),
  object: Type.Literal('model'),
  created: Type.Integer(),
  owned_by: Type.String(),
  darkroom: Type.Object({
    version: Type.String(),
    sizes: Type.Array(Type.String()),
    default_size: Type.String(),
    quality: Type.Record(Type.String(), Type.Object({ steps: Type.Integer() })),
    guidance_scale: Type.Number(),
    scheduler: Type.String(),
    schedulers: Type.Array(Type.String()),
    prompt_tokens: Type.Integer(),
    prompt_syntaxes: Type.Array(Type.Enum(['plain', 'weighted'])),
    negative_prompt: Type.Boolean(),
    guidance_rescale: Type.Boolean(),
    true_guidance: Type.Boolean(),
    operations: Type.Array(Type.String()),
    licence: Type.String(),
    classifiers: Type.Array(Type.String()),
    digest: Type.String(),
  }),
})

export function modelRoutes(app: App, { admission }: RouteDeps): void {
  const config = { access: 'caller', dialect: 'openai' } as const
  app.get(
    '/v1/models',
    {
      config,
      schema: {
        tags: ['openai'],
        summary: 'Models',
        response: {
          200: Type.Object({ object: Type.Literal('list'), data: Type.Array(Model) }),
          ...openaiErrors(401, 503),
        },
      },
    },
    async () => ({ object: 'list' as const, data: admission.models.map(modelResource) }),
  )

  app.get(
    '/v1/models/:model',
    {
      config,
      schema: {
        tags: ['openai'],
        summary: 'One model',
        params: Type.Object({ model: Type.String() }, strict),
        response: { 200: Model, ...openaiErrors(401, 404, 503) },
      },
    },
    async (request) => {
      const card = admission.models.find((one) => one.id === request.params.model)
      if (card === undefined) throw new Fault('model_unknown', { field: 'model', detail: 'there is no such model' })
      return modelResource(card)
    },
  )
}

function modelResource(card: ModelCard) {
  return {
    id: card.id,
    object: 'model' as const,
    created: Math.floor(card.createdAt.getTime() / 1000),
    owned_by: 'darkroom',
    darkroom: {
      version: card.version,
      sizes: card.sizes.supported.map(sizeText),
      default_size: sizeText(card.sizes.default),
      quality: card.quality,
      guidance_scale: card.guidanceScale,
      scheduler: card.scheduler,
      schedulers: [...card.schedulers],
      prompt_tokens: card.promptTokens,
      prompt_syntaxes: [...card.promptSyntaxes],
      negative_prompt: card.negativePrompt,
      guidance_rescale: card.guidanceRescale,
      true_guidance: card.trueGuidance,
      operations: [...card.operations],
      licence: card.licence,
      classifiers: [...card.classifiers],
      digest: card.digest,
    },
  }
}
