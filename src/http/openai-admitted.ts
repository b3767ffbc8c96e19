// From an admitted request to OpenAI's answer: at once, or by a stream. From here on every answer says not to repeat the call, for
// the SDK would generate twice; a client that goes away takes a queued request with it, and what a device has begun is kept.
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Admitted } from '../admit/admit.ts'
import { getGeneration } from '../admit/records.ts'
import type { Ground } from '../kernel/ground.ts'
import { baseUrlOf, callerOf } from './access.ts'
import type { RouteDeps } from './deps.ts'
import { cancelIfQueued, disconnected, patienceOf } from './disconnect.ts'
import { answerOf, type Context, stillRunning } from './openai-answers.ts'
import { deliveryOf } from './openai-delivery.ts'
import type { Asked } from './openai-orders.ts'
import { type Following, streamEvents } from './openai-stream.ts'
import { watchRequest } from './watch.ts'

/** Call it right after admission: whatever is thrown from here is an answer that must not be repeated either. */
export async function answerAdmitted(
  deps: RouteDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  { requestId, state }: Admitted,
  asked: Asked,
): Promise<FastifyReply> {
  reply.headers({ 'x-should-retry': 'false', 'x-request-id': requestId })
  const { ground, closing } = deps
  const { tenantId } = callerOf(request)
  const gone = disconnected(reply)
  const following: Following = {
    tenantId,
    requestId,
    gone,
    closing,
    patience: patienceOf(reply, ground.config.limits.waitMs),
  }
  const base = baseUrlOf(ground, request)
  const contextOf = (model: string): Context => ({
    base,
    bearers: deps.statements,
    asked,
    promptTokens: deps.admission.models.find((one) => one.id === model)?.promptTokens ?? Number.MAX_SAFE_INTEGER,
    deliver: deliveryOf(ground, base, asked.responseFormat),
  })
  if (asked.stream !== null && state !== 'refused') return streamEvents(deps, reply, following, asked.stream, contextOf)
  if (!(await untilEnded(ground, following))) {
    if (gone.aborted) await cancelIfQueued(ground, tenantId, requestId)
    const { status, body } = stillRunning(requestId, base, closing.aborted ? 'shutting_down' : 'wait_timeout')
    return reply.code(status).send(body)
  }
  const generation = await getGeneration(ground.database.sql, tenantId, requestId)
  const { status, body } = await answerOf(generation, contextOf(generation.request.model))
  return reply.code(status).send(body)
}

async function untilEnded(ground: Ground, following: Following): Promise<boolean> {
  const { tenantId, requestId, gone, closing, patience } = following
  const changes = watchRequest(ground, tenantId, requestId, AbortSignal.any([gone, closing, patience]))
  for await (const change of changes) if (change.kind === 'state' && change.ended) return true
  return false
}
