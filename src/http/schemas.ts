// The shapes of the native API, as documented and as typed. Bodies are checked by them; answers are described by them.
import { type Static, Type } from '@fastify/type-provider-typebox'
import { FAILURES, statesOf } from '../journey.ts'
import { Sampling, SchedulerOptions } from '../kernel/sampling.ts'
import { optional, strict } from './validation.ts'

const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Union([schema, Type.Null()])
const Time = Type.String({ format: 'date-time' })
const Digest = Type.String()

export const OUTCOMES = ['published', 'partly_published', 'held', 'denied', 'failed', 'cancelled'] as const

export const ProblemSchema = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String(),
    code: Type.String({ description: 'Stable; decide by it.' }),
    field: Type.Optional(Type.String({ description: 'The field that is wrong.' })),
    instance: Type.String({ description: 'The id to quote.' }),
  },
  { description: 'RFC 9457 problem details.' },
)

/** Problem answers of a route, for its documentation. */
export function problems(...statuses: number[]) {
  const content = { 'application/problem+json': { schema: ProblemSchema } }
  return Object.fromEntries(statuses.map((status) => [status, { description: 'Problem', content }]))
}

/** Fields that both APIs have. */
export const orderFields = {
  prompt: Type.String({ minLength: 1, description: 'What to draw.' }),
  model: optional(Type.String({ minLength: 1, maxLength: 200 })),
  n: optional(Type.Integer({ minimum: 1, maximum: 10 })),
  size: optional(Type.String({ maxLength: 20, description: '`auto` or `WIDTHxHEIGHT`, one of the model’s sizes.' })),
  quality: optional(Type.Enum(['auto', 'low', 'medium', 'high'])),
  output_format: optional(Type.Enum(['png', 'jpeg', 'webp'])),
  output_compression: optional(Type.Integer({ minimum: 0, maximum: 100, description: 'jpeg and webp only.' })),
  user: optional(Type.String({ maxLength: 512, description: 'Your user’s id; only a keyed digest of it is kept.' })),
}

/** A schedule of one's own. */
const levels = (description: string) =>
  Type.Array(Type.Number({ minimum: 0 }), { minItems: 1, maxItems: 100, description })

export const NewGeneration = Type.Object(
  {
    ...orderFields,
    negative_prompt: optional(
      Type.String({
        description: 'Read where guidance, or true guidance, is above 1. See the model’s `negative_prompt`.',
      }),
    ),
    steps: optional(Type.Integer({ minimum: 1 })),
    guidance_scale: optional(Type.Number({ minimum: 0, maximum: 30 })),
    scheduler: optional(Type.String({ maxLength: 100 })),
    scheduler_options: optional({
      ...SchedulerOptions,
      description: 'What is changed of the scheduler’s configuration, by diffusers’ names. See the native API’s page.',
    }),
    prompt_syntax: optional(
      Type.Enum(['plain', 'weighted'], {
        description:
          '`weighted`: `(x)`, `(x:1.2)`, `[x]` and BREAK count, in the negative prompt too, and long prompts are read in up to four parts. See the model’s `prompt_syntaxes`.',
      }),
    ),
    guidance_rescale: optional(
      Type.Number({ minimum: 0, maximum: 1, description: 'How far guidance is brought back to its own deviation.' }),
    ),
    true_guidance_scale: optional(
      Type.Number({ minimum: 0, maximum: 50, description: 'By the negative prompt, of models with `true_guidance`.' }),
    ),
    timesteps: optional(levels('Descending, in the place of `steps`, of schedulers that take them.')),
    sigmas: optional(
      levels(
        'Noise levels, descending, in the place of `steps`; not with timesteps. A zero at the end may be left out.',
      ),
    ),
    seed: optional(Type.Integer({ minimum: 0, maximum: 4_294_967_295, description: 'Image i has seed + i.' })),
    purpose: optional(Type.String({ maxLength: 100, description: 'A declared purpose that the policy knows.' })),
    previews: optional(Type.Integer({ minimum: 0, maximum: 3, description: 'Pictures on the way, of each image.' })),
    label: optional(
      Type.Boolean({
        description: 'A visible label on each picture. A deployment may put it on all; then false is refused.',
      }),
    ),
  },
  strict,
)
export type NewGeneration = Static<typeof NewGeneration>

export const StatementBriefSchema = Type.Object({
  id: Type.String(),
  stage: Type.Enum(['input', 'output']),
  category: Nullable(Type.String()),
  categories: Type.Array(Type.String()),
  notice: Type.String({ description: 'Plain sentences for the person who asked.' }),
  url: Type.String(),
  appeal_url: Nullable(
    Type.String({ description: 'Where the person concerned reads it and appeals, without an account; hand it on.' }),
  ),
})
export type StatementBrief = Static<typeof StatementBriefSchema>

const ProvenanceSchema = Type.Object({
  manifest_id: Type.String(),
  validation_state: Type.String(),
  watermark: Type.Object({ psnr_db: Type.Number(), confidence: Type.Enum(['high', 'medium', 'low']) }),
  digests: Type.Object({ file: Digest, manifest: Digest, pixels: Digest }),
  label: Nullable(Type.String({ description: 'The words of the visible label on the picture.' })),
})

export const ImageSchema = Type.Object({
  id: Type.String(),
  object: Type.Literal('image'),
  request_id: Type.String(),
  state: Type.Enum(statesOf('image')),
  seed: Type.Integer(),
  failure: Nullable(Type.Enum([...FAILURES])),
  statement: Nullable(StatementBriefSchema),
  url: Nullable(Type.String()),
  manifest_url: Nullable(Type.String()),
  width: Type.Integer(),
  height: Type.Integer(),
  format: Type.Enum(['png', 'jpeg', 'webp']),
  provenance: Nullable(ProvenanceSchema),
  recipe: Nullable(
    Type.Object(
      {},
      { additionalProperties: true, description: 'What this very picture was made by, when it was made.' },
    ),
  ),
  created_at: Time,
})
export type ImageResource = Static<typeof ImageSchema>

export const GenerationSchema = Type.Object({
  id: Type.String(),
  object: Type.Literal('generation'),
  state: Type.Enum(statesOf('request')),
  final: Type.Boolean({
    description: 'Nothing more happens by itself: ask no further. A held image may still be released by a person.',
  }),
  outcome: Nullable(
    Type.Enum([...OUTCOMES], { description: 'What became of the images of a generation that is done; else null.' }),
  ),
  failure: Nullable(Type.Enum([...FAILURES])),
  model: Type.String(),
  model_version: Type.String(),
  size: Type.String(),
  quality: Type.String(),
  steps: Type.Integer(),
  guidance_scale: Type.Number(),
  scheduler: Type.String(),
  sampling: Nullable(
    Type.Object(Sampling.properties, { description: 'What was asked of sampling beyond these; null: nothing.' }),
  ),
  seed: Type.Integer(),
  n: Type.Integer(),
  output_format: Type.Enum(['png', 'jpeg', 'webp']),
  output_compression: Nullable(Type.Integer()),
  label: Type.Boolean({ description: 'Its pictures carry a visible label.' }),
  purpose: Nullable(Type.String()),
  prompt_truncated: Type.Boolean({ description: 'The prompt was longer than the model reads.' }),
  progress: Nullable(
    Type.Object({
      step: Type.Integer(),
      steps: Type.Integer(),
      position: Nullable(
        Type.Integer({ description: 'Requests that are drawn before it, in the fair order of all tenants.' }),
      ),
      ahead: Nullable(Type.Integer({ description: 'Those of them that are your own.' })),
      eta_seconds: Nullable(Type.Integer({ description: 'Until it is drawn, by the speed of the last requests.' })),
    }),
  ),
  statement: Nullable(StatementBriefSchema),
  images: Type.Array(ImageSchema),
  sandbox: Type.Boolean({ description: 'A rehearsal that a sandbox prompt forced; never charged.' }),
  created_at: Time,
  updated_at: Time,
})
export type GenerationResource = Static<typeof GenerationSchema>

export const GenerationPage = Type.Object({
  object: Type.Literal('list'),
  data: Type.Array(GenerationSchema),
  has_more: Type.Boolean(),
  next: Nullable(Type.String({ description: 'Pass it as `after` for the next page.' })),
})

/** What is no id of ours is not found, whatever it looks like. */
export const IdParams = Type.Object({ id: Type.String() }, strict)

export const OpenaiErrorSchema = Type.Object(
  {
    error: Type.Object(
      {
        message: Type.String(),
        type: Nullable(Type.String()),
        param: Nullable(Type.String()),
        code: Nullable(Type.String()),
      },
      { additionalProperties: true },
    ),
  },
  { description: 'OpenAI’s error object.' },
)
