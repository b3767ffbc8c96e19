// Follows requests until they end, for as many readers as there are. A process hears each followed request once and reads where all
// of them stand in one statement: at once for those of which something was told, every second for the rest. The bell says
// that something happened, the row says what; a lost message costs a second. events.ts turns this into a stream.
import { readStandings, type Standing } from '../admit/history.ts'
import { isTerminal, type RequestState } from '../journey.ts'
import type { Json } from '../kernel/canonical.ts'
import { Fault } from '../kernel/fault.ts'
import { type Ground, requestTopic } from '../kernel/ground.ts'

export type Told =
  /** Equal objects are one standing: the same for every reader. */
  | { kind: 'standing'; standing: Standing }
  | { kind: 'progress'; step: number; steps: number }
  | { kind: 'preview'; imageId: string; index: number }
  /** There is no such request. */
  | { kind: 'missing' }
type Listener = (told: Told) => void
type Followed = { listeners: Set<Listener>; standing: Standing | null; deaf: () => void }

const POLL_MS = 1000

/** Tells `listener` where the request stands, then everything that is told of it, until the returned function is called. */
export function follow(ground: Ground, requestId: string, listener: Listener): () => void {
  const hub = hubOf(ground)
  return hub(requestId, listener)
}

const hubs = new WeakMap<Ground, ReturnType<typeof openHub>>()

function hubOf(ground: Ground) {
  const hub = hubs.get(ground) ?? openHub(ground)
  hubs.set(ground, hub)
  return hub
}

function openHub(ground: Ground) {
  const followed = new Map<string, Followed>()
  const stale = new Set<string>()
  let reading = false
  let timer: NodeJS.Timeout | null = null

  const read = async () => {
    if (reading) return
    reading = true
    try {
      while (stale.size > 0) {
        const ids = [...stale].filter((id) => followed.has(id))
        stale.clear()
        if (ids.length > 0) tellStandings(followed, ids, await readStandings(ground.database.sql, ids))
      }
    } catch (error) {
      ground.log.warn({ error }, 'followed requests could not be read; the next second tries again')
    } finally {
      reading = false
    }
  }
  const readSoon = (id: string) => {
    stale.add(id)
    void read()
  }
  const hear = (id: string) =>
    ground.bell.hear(requestTopic(id), (message) => {
      const told = passingIn(message)
      if (told === null) readSoon(id)
      else for (const listener of followed.get(id)?.listeners ?? []) listener(told)
    })
  const poll = () => {
    for (const id of followed.keys()) stale.add(id)
    void read()
  }

  return (id: string, listener: Listener): (() => void) => {
    const one = followed.get(id) ?? { listeners: new Set(), standing: null, deaf: hear(id) }
    followed.set(id, one)
    one.listeners.add(listener)
    timer ??= setInterval(poll, POLL_MS)
    if (one.standing !== null) listener({ kind: 'standing', standing: one.standing })
    // What the others know may be a moment old.
    readSoon(id)
    return () => {
      one.listeners.delete(listener)
      if (one.listeners.size > 0 || followed.get(id) !== one) return
      one.deaf()
      followed.delete(id)
      if (followed.size > 0 || timer === null) return
      clearInterval(timer)
      timer = null
    }
  }
}

function tellStandings(followed: Map<string, Followed>, ids: readonly string[], found: readonly Standing[]): void {
  const standings = new Map(found.map((standing) => [standing.requestId, standing]))
  for (const id of ids) {
    const one = followed.get(id)
    const standing = standings.get(id)
    if (one === undefined) continue
    if (standing === undefined) for (const listener of one.listeners) listener({ kind: 'missing' })
    else if (one.standing === null || BigInt(standing.moveId) > BigInt(one.standing.moveId)) {
      one.standing = standing
      for (const listener of one.listeners) listener({ kind: 'standing', standing })
    }
  }
}

/** What is told and kept nowhere, or is read elsewhere; null: something moved. */
function passingIn(message: Json): Told | null {
  if (typeof message !== 'object' || message === null || Array.isArray(message)) return null
  const { step, steps, preview, index } = message
  if (typeof step === 'number' && typeof steps === 'number') return { kind: 'progress', step, steps }
  if (typeof preview === 'string') return { kind: 'preview', imageId: preview, index: Number(index ?? 0) }
  return null
}

export type Change =
  | { kind: 'state'; state: RequestState; ended: boolean }
  | { kind: 'progress'; step: number; steps: number }
  /** A preview is ready; its row says which. */
  | { kind: 'preview' }
  /** Nothing happened for a while. */
  | { kind: 'quiet' }

type Heard = { standing: Standing | null; progress: Change | null; previewed: boolean; missing: boolean }

/** Yields the state as it is, then every change; ends after the last state, or silently when `signal` aborts. Fault: not_found. */
export async function* watchRequest(
  ground: Ground,
  tenantId: string,
  requestId: string,
  signal: AbortSignal,
): AsyncGenerator<Change, void, undefined> {
  const { keepAliveMs } = ground.config.native.events
  const heard: Heard = { standing: null, progress: null, previewed: false, missing: false }
  let wake: () => void = () => undefined
  const leave = follow(ground, requestId, (told) => {
    if (told.kind === 'standing') heard.standing = told.standing
    else if (told.kind === 'progress') heard.progress = told
    else if (told.kind === 'preview') heard.previewed = true
    else heard.missing = true
    wake()
  })
  const onAbort = () => wake()
  signal.addEventListener('abort', onAbort)
  try {
    while (!signal.aborted) {
      const { standing, progress, previewed, missing } = heard
      if (missing || (standing !== null && standing.tenantId !== tenantId))
        throw new Fault('not_found', { facts: { id: requestId } })
      Object.assign(heard, { standing: null, progress: null, previewed: false })
      if (previewed) yield { kind: 'preview' }
      if (progress !== null) yield progress
      if (standing !== null) {
        const ended = isTerminal('request', standing.state)
        yield { kind: 'state', state: standing.state, ended }
        if (ended) return
      }
      if (heard.standing !== null || heard.progress !== null || heard.previewed || heard.missing || signal.aborted)
        continue
      const woken = await new Promise<boolean>((resolve) => {
        const timer = setTimeout(() => resolve(false), keepAliveMs)
        wake = () => {
          clearTimeout(timer)
          resolve(true)
        }
      })
      if (!woken) yield { kind: 'quiet' }
    }
  } finally {
    leave()
    signal.removeEventListener('abort', onAbort)
  }
}
