// A stream of server-sent events to one listener, whatever is told: it begins with how soon to come back, says now and then that it
// lives, and ends with its signal. Who does not read is let go. events.ts tells of a generation, routes/review-events.ts of the queue.
import { Readable } from 'node:stream'
import { Fault } from '../kernel/fault.ts'
import type { Ground } from '../kernel/ground.ts'
import { problemBody, problemOf } from './problems.ts'

export type Hearing = {
  ground: Ground
  /** Of the HTTP request; errors quote it. */
  instance: string
  signal: AbortSignal
}
export type Listener = {
  stream: Readable
  /** Nothing is sent after the end. */
  push: (text: string) => void
  /** Tells why, and ends. */
  fail: (error: unknown) => void
  close: () => void
  /** Has `leave` called once at the end; at once if that is past. */
  leaving: (leave: () => void) => void
}

const RETRY_MS = 1000

export function openListener({ ground, instance, signal }: Hearing): Listener {
  const { bufferBytes, stallMs, keepAliveMs } = ground.config.native.events
  let drained = performance.now()
  let over = false
  const goodbyes: (() => void)[] = []
  const stream = new Readable({
    read: () => {
      drained = performance.now()
    },
  })
  const close = () => {
    if (over) return
    over = true
    for (const leave of goodbyes) leave()
    signal.removeEventListener('abort', close)
    if (!stream.readableEnded && !stream.destroyed) stream.push(null)
  }
  const fail = (error: unknown) => {
    if (over) return
    stream.push(frame('error', problemBody(problemOf(error, ground.config.limits), instance)))
    close()
  }
  const push = (text: string) => {
    if (over) return
    stream.push(text)
    if (stream.readableLength <= bufferBytes) return
    fail(new Fault('overloaded', { detail: 'this listener does not read as fast as it is told; resume' }))
  }
  const ticking = setInterval(() => {
    const unread = stream.readableLength > 0 || over
    if (unread && performance.now() - drained > stallMs) stream.destroy()
    else push(': still here\n\n')
  }, keepAliveMs)
  stream.once('close', () => {
    clearInterval(ticking)
    close()
  })
  if (signal.aborted) close()
  else {
    push(`retry: ${RETRY_MS}\n\n`)
    signal.addEventListener('abort', close)
  }
  const leaving = (leave: () => void) => {
    if (over) leave()
    else goodbyes.push(leave)
  }
  return { stream, push, fail, close, leaving }
}

export function frame(event: string, data: object, id: string | null = null): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n${id === null ? '' : `id: ${id}\n`}\n`
}
