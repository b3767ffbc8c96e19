// When a client goes away before its answer. `request.signal` listens to the request's stream, which has closed by the time that a
// body was read; the response's stream closes with the connection.
import type { FastifyReply } from 'fastify'

export function disconnected(reply: FastifyReply): AbortSignal {
  const gone = new AbortController()
  const { raw } = reply
  if (raw.destroyed) gone.abort()
  raw.once('close', () => {
    if (!raw.writableFinished) gone.abort()
  })
  return gone.signal
}
