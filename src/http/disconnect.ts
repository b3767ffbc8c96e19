// When a client goes away before its answer. `request.signal` listens to the request's stream, which has closed by the time that a
// body was read; the response's stream closes with the connection.
import type { FastifyReply } from 'fastify'
import { isKeyed } from '../admit/idempotency.ts'
import { getGeneration } from '../admit/records.ts'
import { isFault } from '../kernel/fault.ts'
import type { Ground } from '../kernel/ground.ts'
import { cancelRequest } from '../outcome.ts'

export function disconnected(reply: FastifyReply): AbortSignal {
  const gone = new AbortController()
  const { raw } = reply
  if (raw.destroyed) gone.abort()
  raw.once('close', () => {
    if (!raw.writableFinished) gone.abort()
  })
  return gone.signal
}

/**
 * Aborts when the answer has been owed for so long. Not `AbortSignal.timeout`: what is combined with that stays in memory until it
 * runs out, however soon the answer came.
 */
export function patienceOf({ raw }: FastifyReply, ms: number): AbortSignal {
  const patience = new AbortController()
  const timer = setTimeout(() => patience.abort(), raw.destroyed ? 0 : ms).unref()
  raw.once('close', () => clearTimeout(timer))
  return patience.signal
}

/** Ends the connection of a client that takes nothing of what was sent for so long; one to whom nothing is sent may wait. */
export function dropStalled({ raw }: FastifyReply, afterMs: number): void {
  raw.setTimeout(afterMs, () => {
    if (raw.writableLength > 0) raw.destroy()
  })
}

/**
 * Nobody waits for it any more. What a device has begun is finished and kept; so is what was ordered under an Idempotency-Key, for
 * whoever sent one will ask again by it.
 */
export async function cancelIfQueued(ground: Ground, tenantId: string, requestId: string): Promise<void> {
  if (await isKeyed(ground.database.sql, tenantId, requestId)) return
  const { request } = await getGeneration(ground.database.sql, tenantId, requestId)
  if (request.state !== 'queued') return
  await cancelRequest(ground, tenantId, requestId).catch((error: unknown) => {
    if (!isFault(error, 'conflict')) throw error
  })
}
