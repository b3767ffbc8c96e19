// OpenAI's image streams as server-sent events, from the first byte to the last. What is sent is made when the client has taken
// what came before: one that is slow misses partial pictures and nothing else, one that takes nothing is cut off, one that goes away
// takes a queued request with it. openai-events.ts says which events.
import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import { getGeneration } from '../admit/records.ts'
import type { Ground } from '../kernel/ground.ts'
import type { RouteDeps } from './deps.ts'
import { cancelIfQueued, dropStalled } from './disconnect.ts'
import { type Context, statusUrl, stillRunning } from './openai-answers.ts'
import { openaiErrorBody } from './openai-errors.ts'
import { errorEvent, makeEvents } from './openai-events.ts'
import type { Streaming } from './openai-orders.ts'
import { problemOf } from './problems.ts'
import { watchRequest } from './watch.ts'

/** Whose request is followed, and what ends the following before the request ends. */
export type Following = {
  tenantId: string
  requestId: string
  gone: AbortSignal
  closing: AbortSignal
  patience: AbortSignal
}

export function streamEvents(
  { ground }: Pick<RouteDeps, 'ground'>,
  reply: FastifyReply,
  following: Following,
  streaming: Streaming,
  contextOf: (model: string) => Context,
): FastifyReply {
  dropStalled(reply, ground.config.native.events.stallMs)
  const text = events(ground, following, streaming, contextOf)
  return (
    reply
      .headers({ 'cache-control': 'no-store', 'x-accel-buffering': 'no' })
      .type('text/event-stream; charset=utf-8')
      // One event is made ahead at most: pictures are large.
      .send(Readable.from(text, { highWaterMark: 1 }))
  )
}

async function* events(
  ground: Ground,
  following: Following,
  streaming: Streaming,
  contextOf: (model: string) => Context,
): AsyncGenerator<string, void, undefined> {
  const { tenantId, requestId, gone, closing, patience } = following
  const { base } = contextOf('')
  const { keepAliveMs } = ground.config.native.events
  let aliveAt = performance.now()
  const make = makeEvents(ground, streaming)
  // Sends the headers, which the client waits for.
  yield `: ${requestId}\n\n`
  try {
    const signal = AbortSignal.any([gone, closing, patience])
    for await (const change of watchRequest(ground, tenantId, requestId, signal)) {
      // Steps are not told here, but a proxy that sees nothing for long ends the connection.
      if (performance.now() - aliveAt >= keepAliveMs) {
        aliveAt = performance.now()
        yield ': still here\n\n'
      }
      if (change.kind === 'progress') continue
      const generation = await getGeneration(ground.database.sql, tenantId, requestId)
      const context = contextOf(generation.request.model)
      yield* make.whatIsNew(generation, context)
      if (change.kind !== 'state' || !change.ended) continue
      yield* make.theRest(generation, context)
      return
    }
    if (gone.aborted) return
    const generation = await getGeneration(ground.database.sql, tenantId, requestId)
    yield* make.unfinished(generation, contextOf(generation.request.model))
    yield errorEvent(stillRunning(requestId, base, closing.aborted ? 'shutting_down' : 'wait_timeout').body)
  } catch (error) {
    ground.log.error({ error, requestId }, 'a stream failed')
    const { error: shape } = openaiErrorBody(problemOf(error, { bodyBytes: 0 }))
    const darkroom = { request_id: requestId, status_url: statusUrl(requestId, base) }
    yield errorEvent({ error: { ...shape, darkroom } })
  } finally {
    if (gone.aborted)
      await cancelIfQueued(ground, tenantId, requestId).catch((error: unknown) => {
        ground.log.error({ error, requestId }, 'a request whose client went away was not cancelled')
      })
  }
}
