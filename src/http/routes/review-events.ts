// GET /v1/review/events: what waits for a person, what they hold and what they can take back, as it changes; for leads, how urgent the
// whole is. The stream ends with what let its listener in, and keeps no idle session alive. Whatever is done to the queue
// through this API rings the bell here, so that every process tells it at once.
import type { Readable } from 'node:stream'
import { Type } from '@fastify/type-provider-typebox'
import { REVIEW_TOPIC } from '../../kernel/ground.ts'
import { followQueue } from '../../review/pulse.ts'
import { reviewerOf } from '../../review/reviewer.ts'
import { callerOf, stillCalls } from '../access.ts'
import type { App } from '../app.ts'
import type { RouteDeps } from '../deps.ts'
import { disconnected } from '../disconnect.ts'
import { frame, openListener } from '../listener.ts'
import { problems } from '../schemas.ts'
import { openSeats } from '../seats.ts'

/** One event, as the stream's readers see it. */
const EventStream = Type.Unsafe<Readable>(
  Type.Object({ event: Type.Optional(Type.String()), data: Type.Optional(Type.String()) }),
)
const STILL_EVERY_MS = 30_000

export function reviewEventRoutes(app: App, { ground, closing }: RouteDeps): void {
  const { reviewListeners, keepAliveMs } = ground.config.native.events
  const takeSeat = openSeats(reviewListeners)
  app.get(
    '/v1/review/events',
    {
      config: { access: ['reviewer', 'lead'], unattended: true },
      exposeHeadRoute: false,
      schema: {
        tags: ['review'],
        summary: 'Follow the queue',
        description: [
          'Server-sent events. `queue`: `lanes`, `claims` and `undoable` as in GET /v1/review/queue, and for leads `breached`, `awaiting` and',
          '`oldest_seconds`; at once and whenever it changed, at most every second. There is nothing to resume: each says everything.',
          'Ends when the key or the session that opened it does; being followed keeps no session alive.',
        ].join(' '),
        produces: ['text/event-stream'],
        response: {
          200: { description: 'Events', content: { 'text/event-stream': { schema: EventStream } } },
          ...problems(401, 403, 429, 503),
        },
      },
    },
    async (request, reply) => {
      const reviewer = reviewerOf(callerOf(request))
      const leave = takeSeat()
      const signal = AbortSignal.any([disconnected(reply), closing])
      const listener = openListener({ ground, instance: request.id, signal })
      listener.stream.once('close', leave)
      const asking = setInterval(
        () => {
          stillCalls(ground, request).then((still) => still || listener.close(), listener.fail)
        },
        Math.min(STILL_EVERY_MS, 3 * keepAliveMs),
      )
      listener.leaving(() => clearInterval(asking))
      if (!signal.aborted)
        listener.leaving(followQueue(ground, reviewer, (part) => listener.push(frame('queue', part))))
      return reply
        .headers({ 'cache-control': 'no-store', 'x-accel-buffering': 'no' })
        .type('text/event-stream; charset=utf-8')
        .send(listener.stream)
    },
  )
}

/** Tells whoever follows the queue of every call that may have changed it. Before the routes are added. */
export function tellOfReview(app: App, { ground }: Pick<RouteDeps, 'ground'>): void {
  app.addHook('onResponse', async ({ method, routeOptions: { url = '' } }, reply) => {
    const changed = method !== 'GET' && method !== 'HEAD' && url.startsWith('/v1/review/') && reply.statusCode < 300
    if (changed) ground.bell.tell(REVIEW_TOPIC, {})
  })
}
