// POST /v1/images/generations as OpenAI's SDK expects it: one call that waits for its pictures. Once a request is admitted every
// answer says not to repeat it, for the SDK would generate twice; a client that goes away takes a queued request with it.
import { type Static, Type } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { admitGeneration } from '../../admit/admit.ts'
import { getGeneration, type ImageRow } from '../../admit/records.ts'
import { Fault, isFault } from '../../kernel/fault.ts'
import { cancelRequest } from '../../outcome.ts'
import type { Caller } from '../../tenant/caller.ts'
import { baseUrlOf, callerOf } from '../access.ts'
import type { App } from '../app.ts'
import type { RouteDeps } from '../deps.ts'
import { disconnected } from '../disconnect.ts'
import { answerOf, countTextTokens, type Delivery, type OpenaiAnswer, stillRunning } from '../openai-answers.ts'
import { OpenaiErrorSchema, orderFields } from '../schemas.ts'
import { optional, strict } from '../validation.ts'
import { watchRequest } from '../watch.ts'

const NewImages = Type.Object(
  {
    ...orderFields,
    background: optional(Type.Enum(['transparent', 'opaque', 'auto'])),
    moderation: optional(Type.Enum(['auto', 'low'], { description: 'Never weaker than the policy in force.' })),
    response_format: optional(
      Type.Enum(['url', 'b64_json'], { description: '`url` unless said: signed, it expires.' }),
    ),
    stream: optional(Type.Boolean()),
    partial_images: optional(Type.Integer({ minimum: 0, maximum: 3 })),
    safety_identifier: optional(Type.String({ maxLength: 512 })),
  },
  strict,
)
type NewImages = Static<typeof NewImages>

const Images = Type.Object(
  {
    created: Type.Integer(),
    data: Type.Array(Type.Object({ url: Type.Optional(Type.String()), b64_json: Type.Optional(Type.String()) })),
    background: Type.String(),
    output_format: Type.String(),
    quality: Type.String(),
    size: Type.String(),
    usage: Type.Object({ input_tokens: Type.Integer(), output_tokens: Type.Integer(), total_tokens: Type.Integer() }),
    darkroom: Type.Object({ request_id: Type.String() }, { additionalProperties: true }),
  },
  { additionalProperties: true },
)

export function openaiImageRoutes(app: App, deps: RouteDeps): void {
  const errors = Object.fromEntries([400, 401, 403, 409, 413, 415, 500, 503, 504].map((s) => [s, OpenaiErrorSchema]))
  app.post(
    '/v1/images/generations',
    {
      config: { access: ['client'], dialect: 'openai' },
      schema: {
        tags: ['openai'],
        summary: 'Generate pictures and wait for them',
        body: NewImages,
        response: { 200: Images, ...errors },
      },
    },
    async (request, reply) => {
      const caller = callerOf(request)
      const { body } = request
      refuseUnsupported(body)
      const { requestId } = await admitGeneration(deps.ground, deps.admission, caller, orderOf(body))
      reply.headers({ 'x-should-retry': 'false', 'x-request-id': requestId })
      const { status, body: answer } = await waitForAnswer(deps, request, disconnected(reply), caller, requestId)
      return sendAnswer(reply, status, answer)
    },
  )
}

/** The schemas describe these answers; their types are in openai-answers.ts. */
function sendAnswer(reply: FastifyReply, status: number, answer: object): FastifyReply {
  return reply.code(status).send(answer)
}

function refuseUnsupported(body: NewImages): void {
  if (body.stream === true)
    throw new Fault('invalid_request', {
      field: 'stream',
      detail: 'stream is not supported yet; follow GET /v1/generations/{id}/events',
    })
  if (body.partial_images)
    throw new Fault('invalid_request', {
      field: 'partial_images',
      detail: 'partial_images needs stream, which is not supported yet',
    })
}

function orderOf(body: NewImages) {
  return {
    prompt: body.prompt,
    model: body.model ?? undefined,
    n: body.n ?? undefined,
    size: body.size ?? undefined,
    quality: body.quality ?? undefined,
    outputFormat: body.output_format ?? undefined,
    outputCompression: body.output_compression ?? undefined,
    background: body.background ?? undefined,
    user: body.safety_identifier ?? body.user ?? undefined,
  }
}

async function waitForAnswer(
  { ground, admission, closing }: RouteDeps,
  request: FastifyRequest<{ Body: NewImages }>,
  gone: AbortSignal,
  caller: Caller,
  requestId: string,
): Promise<OpenaiAnswer> {
  const base = baseUrlOf(ground, request)
  const patience = AbortSignal.timeout(ground.config.limits.waitMs)
  const signal = AbortSignal.any([gone, closing, patience])
  const ended = await untilEnded(watchRequest(ground, caller.tenantId, requestId, signal))
  if (!ended) {
    if (gone.aborted) await cancelIfQueued({ ground }, caller, requestId)
    return stillRunning(requestId, base, closing.aborted ? 'shutting_down' : 'wait_timeout')
  }
  const generation = await getGeneration(ground.database.sql, caller.tenantId, requestId)
  const card = admission.models.find((one) => one.id === generation.request.model)
  return answerOf(generation, {
    base,
    textTokens: countTextTokens(request.body.prompt, card?.promptTokens ?? Number.MAX_SAFE_INTEGER),
    deliver: request.body.response_format === 'b64_json' ? asBytes(ground) : asLink(ground, base),
  })
}

async function untilEnded(changes: ReturnType<typeof watchRequest>): Promise<boolean> {
  for await (const change of changes) if (change.kind === 'state' && change.ended) return true
  return false
}

/** Nobody waits for it any more. What a device has begun is finished and kept. */
async function cancelIfQueued({ ground }: Pick<RouteDeps, 'ground'>, caller: Caller, requestId: string): Promise<void> {
  const { request } = await getGeneration(ground.database.sql, caller.tenantId, requestId)
  if (request.state !== 'queued') return
  await cancelRequest(ground, caller.tenantId, requestId).catch((error: unknown) => {
    if (!isFault(error, 'conflict')) throw error
  })
}

function asLink({ images, config }: RouteDeps['ground'], base: string): Delivery {
  return async (image) => {
    const url = await images.signedUrl(keyOf(image), config.urlTtlSeconds)
    return { url: new URL(url, `${base}/`).href }
  }
}

function asBytes({ images }: RouteDeps['ground']): Delivery {
  return async (image) => ({ b64_json: (await images.get(keyOf(image))).bytes.toString('base64') })
}

function keyOf(image: ImageRow): string {
  if (image.object_key === null) throw new TypeError('a published image has an object')
  return image.object_key
}
