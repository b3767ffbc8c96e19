// What OpenAI's image calls may say, in every field that their SDK types, and what it means here. What no model here can do is
// refused by its field's name and the model's, never left out in silence.
import { type Static, Type } from '@fastify/type-provider-typebox'
import type { GenerationOrder } from '../admit/order.ts'
import { Fault } from '../kernel/fault.ts'
import { sharedOrder } from './orders.ts'
import { orderFields } from './schemas.ts'
import { optional, strict } from './validation.ts'

/** The SDK still types `standard` and `hd`, of retired models, as it does `xhigh` and `max`, which no model here has. */
const QUALITIES = { standard: 'medium', hd: 'high' } as const

/** Fields of a generation; an edit has them too, beside its pictures. */
export const openaiFields = {
  ...orderFields,
  quality: optional(
    Type.Enum(['auto', 'low', 'medium', 'high', 'standard', 'hd', 'xhigh', 'max'], {
      description: '`standard` is medium and `hd` is high; no model here has `xhigh` or `max`.',
    }),
  ),
  output_format: optional(Type.Enum(['png', 'jpeg', 'webp', 'gif', 'svg'], { description: 'png, jpeg or webp.' })),
  background: optional(Type.Enum(['transparent', 'opaque', 'auto'])),
  moderation: optional(Type.Enum(['auto', 'low'], { description: 'Never weaker than the policy in force.' })),
  response_format: optional(
    Type.Enum(['url', 'b64_json'], { description: 'Both unless said; a url is signed and expires.' }),
  ),
  stream: optional(Type.Boolean()),
  partial_images: optional(Type.Integer({ minimum: 0, maximum: 3, description: 'Needs stream.' })),
  safety_identifier: optional(
    Type.String({ maxLength: 512, description: 'Comes before `user`, and is kept like it.' }),
  ),
}

/** Of OpenAI's own models alone: known by name, so that the refusal can say why. */
export const foreignFields = {
  style: optional(Type.Enum(['vivid', 'natural'])),
  complexity: optional(Type.Enum(['low', 'medium', 'high'])),
  frame_count: optional(Type.Integer()),
  frame_duration_ms: optional(Type.Integer()),
  svg: optional(Type.Object({}, { additionalProperties: true })),
}

export const NewImages = Type.Object({ ...openaiFields, ...foreignFields }, strict)
export type NewImages = Static<typeof NewImages>

export type Streaming = {
  name: 'image_generation' | 'image_edit'
  /** Partial pictures wanted of each picture. */
  partials: number
}

/** The fields that decide how an answer is given, whatever is drawn. */
export type Asked = {
  prompt: string
  /** Pictures that the caller handed in, in image tokens. */
  inputImageTokens: number
  responseFormat: 'url' | 'b64_json' | null
  /** Null: one answer when everything has ended. */
  stream: Streaming | null
  /** Told back, as OpenAI does: the safety identifier, else the user. */
  safetyIdentifier: string | null
}

const Fields = Type.Object(openaiFields)
type Fields = Static<typeof Fields>

/** Fault: invalid_request with the field that no model here can do. */
export function openaiOrderOf(body: Fields, defaultModel: string): GenerationOrder {
  const { quality } = body
  const model = `model ${body.model ?? defaultModel}`
  refuseForeign(body, model)
  if (quality === 'xhigh' || quality === 'max')
    throw invalid('quality', `${model} has no quality ${quality}; its qualities: auto, low, medium, high`)
  if (body.output_format === 'gif' || body.output_format === 'svg')
    throw invalid('output_format', `${model} cannot draw ${body.output_format}; its formats: png, jpeg, webp`)
  if (body.stream !== true && body.partial_images) throw invalid('partial_images', 'partial_images needs stream: true')
  if (body.stream === true && body.response_format === 'url')
    throw invalid('response_format', 'a stream carries its pictures as b64_json')
  return {
    ...sharedOrder({ ...body, user: identifierOf(body), output_format: body.output_format }),
    quality: quality === 'standard' || quality === 'hd' ? QUALITIES[quality] : (quality ?? undefined),
    background: body.background ?? undefined,
    ...(body.partial_images ? { previews: body.partial_images } : {}),
  }
}

export function askedOf(body: Fields, name: Streaming['name'], inputImageTokens: number): Asked {
  return {
    prompt: body.prompt,
    inputImageTokens,
    responseFormat: body.response_format ?? null,
    stream: body.stream === true ? { name, partials: body.partial_images ?? 0 } : null,
    safetyIdentifier: identifierOf(body),
  }
}

/** Null: none was said. An empty identifier says nothing. */
function identifierOf({ safety_identifier, user }: Fields): string | null {
  return safety_identifier || user || null
}

const WHY = {
  style: 'takes no style; describe it in the prompt',
  complexity: 'does not plan apart from drawing; use quality',
  frame_count: 'draws no animations',
  frame_duration_ms: 'draws no animations',
  svg: 'cannot draw svg',
} as const

function refuseForeign(body: object, model: string): void {
  const said = new Map<string, unknown>(Object.entries(body))
  for (const [field, why] of Object.entries(WHY))
    if (said.get(field) !== undefined && said.get(field) !== null) throw invalid(field, `${model} ${why}`)
}

function invalid(field: string, detail: string): Fault {
  return new Fault('invalid_request', { field, detail })
}
