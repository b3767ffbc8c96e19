// GET /v1/generations/{id}/events: one generation as it goes, by server-sent events that can be resumed.
// A listener takes a seat and gives it back; what is sent, and what one who comes back has missed, is ../events.ts's to say.
import type { Readable } from 'node:stream'
import { Type } from '@fastify/type-provider-typebox'
import { readStandings } from '../../admit/history.ts'
import { isTerminal } from '../../journey.ts'
import { Fault } from '../../kernel/fault.ts'
import type { Line } from '../../schedule/position.ts'
import { callerOf } from '../access.ts'
import type { App } from '../app.ts'
import type { RouteDeps } from '../deps.ts'
import { disconnected } from '../disconnect.ts'
import { openEvents, readMissed } from '../events.ts'
import { goneFault } from '../problems.ts'
import { IdParams, problems } from '../schemas.ts'
import { openSeats } from '../seats.ts'
import { strict } from '../validation.ts'

/** One event, as the stream's readers see it. */
const EventStream = Type.Unsafe<Readable>(
  Type.Object({
    event: Type.Optional(Type.String()),
    id: Type.Optional(Type.String()),
    data: Type.Optional(Type.String()),
  }),
)
const Id = Type.String({ maxLength: 100, description: 'The id of the last event seen; 0 tells everything again.' })

export function eventRoutes(app: App, { ground, statements, closing }: RouteDeps, line: Line): void {
  const takeSeat = openSeats(ground.config.native.events.listeners)
  app.get(
    '/v1/generations/:id/events',
    {
      config: { access: ['client'], limit: 'listeners' },
      exposeHeadRoute: false,
      schema: {
        tags: ['generations'],
        summary: 'Follow a generation',
        description: [
          'Server-sent events: `state` (the generation, at once and after each move; its id is for resuming), `progress` ({step, steps}),',
          '`preview` ({image_id, index, url}) and `error` (a problem; resume). Progress and previews have no id and may be told twice or not at all.',
          'With Last-Event-ID (or ?last_event_id) each state that was missed comes first, in order. Ends with the generation; who has seen',
          'its end is answered 204, at which browsers stop reconnecting.',
        ].join(' '),
        produces: ['text/event-stream'],
        params: IdParams,
        headers: Type.Object({ 'last-event-id': Type.Optional(Id) }),
        querystring: Type.Object({ last_event_id: Type.Optional(Id) }, strict),
        response: {
          200: { description: 'Events', content: { 'text/event-stream': { schema: EventStream } } },
          204: Type.Null({ description: 'It has ended, and that was seen.' }),
          ...problems(400, 401, 403, 404, 410, 429, 503),
        },
      },
    },
    async (request, reply) => {
      const { tenantId } = callerOf(request)
      const requestId = request.params.id
      const [standing] = await readStandings(ground.database.sql, [requestId])
      if (standing === undefined || standing.tenantId !== tenantId)
        throw new Fault('not_found', { facts: { id: requestId } })
      if (standing.erased) throw goneFault()
      const header = request.headers['last-event-id']
      const field = header === undefined ? 'last_event_id' : 'last-event-id'
      const since = header ?? request.query.last_event_id ?? null
      const resumed = since === null ? null : { since, missed: await readMissed(ground, requestId, since, field) }
      if (resumed !== null && resumed.missed.length === 0 && isTerminal('request', standing.state))
        return reply.code(204).send(null)
      const leave = takeSeat()
      const signal = AbortSignal.any([disconnected(reply), closing])
      const stream = openEvents({
        ground,
        bearers: statements,
        line,
        tenantId,
        requestId,
        instance: request.id,
        resumed,
        signal,
      })
      stream.once('close', leave)
      return reply
        .headers({ 'cache-control': 'no-store', 'x-accel-buffering': 'no' })
        .type('text/event-stream; charset=utf-8')
        .send(stream)
    },
  )
}
