// The shapes of OpenAI's answers, for the documentation; the answers themselves are typed where they are made.
// They describe and drop nothing. Where the two differ from OpenAI's own is told in docs/openai-api.md.
import { Type } from '@fastify/type-provider-typebox'
import { OpenaiErrorSchema } from './schemas.ts'

const open = { additionalProperties: true } as const
const Picture = Type.Object({ url: Type.Optional(Type.String()), b64_json: Type.Optional(Type.String()) }, open)
const Tokens = Type.Object({ text_tokens: Type.Integer(), image_tokens: Type.Integer() })

const Images = Type.Object(
  {
    created: Type.Integer(),
    data: Type.Array(Picture),
    background: Type.Enum(['transparent', 'opaque']),
    output_format: Type.Enum(['png', 'jpeg', 'webp']),
    quality: Type.Enum(['low', 'medium', 'high']),
    size: Type.String(),
    usage: Type.Object({
      input_tokens: Type.Integer(),
      output_tokens: Type.Integer(),
      total_tokens: Type.Integer(),
      input_tokens_details: Tokens,
      output_tokens_details: Tokens,
    }),
    safety_identifier: Type.Union([Type.String(), Type.Null()]),
    darkroom: Type.Object({ request_id: Type.String() }, open),
  },
  open,
)

export const OpenaiImagesSchema = {
  description: 'Pictures, or events where `stream` was asked for.',
  content: {
    'application/json': { schema: Images },
    'text/event-stream': { schema: Type.String() },
  },
}

/** Error answers of a route, for its documentation. */
export function openaiErrors(...statuses: number[]) {
  return Object.fromEntries(statuses.map((status) => [status, OpenaiErrorSchema]))
}
