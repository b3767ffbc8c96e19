// One listener's stream of server-sent events. It begins with what was missed since the move that the listener saw last, goes on
// live and ends with the generation. A `state` event's id is the latest move that it tells of; a picture of the state is made once
// and shared by all listeners of a request (watch.ts). Who does not read is let go, and may resume.
import type { Readable } from 'node:stream'
import { type PastMove, readMovesSince, rewind, type Standing } from '../admit/history.ts'
import { listPreviews } from '../admit/previews.ts'
import { type Generation, getGeneration } from '../admit/records.ts'
import { isTerminal } from '../journey.ts'
import { Fault } from '../kernel/fault.ts'
import type { Ground } from '../kernel/ground.ts'
import type { Line } from '../schedule/position.ts'
import type { Bearers } from '../statement/bearer.ts'
import { frame, type Hearing, openListener } from './listener.ts'
import { generationResource } from './resources.ts'
import { follow, type Told } from './watch.ts'

export type Listening = Hearing & {
  bearers: Bearers
  line: Line
  tenantId: string
  requestId: string
  /** The event that the listener has seen last, and the moves since; null: it comes for the first time. */
  resumed: { since: string; missed: readonly PastMove[] } | null
}

const MOVE_ID = /^(0|[1-9]\d{0,17})$/

/** What came after `lastEventId`. Fault: invalid_request, when that is no event of this generation. */
export async function readMissed(
  { database }: Ground,
  requestId: string,
  lastEventId: string,
  field: string,
): Promise<PastMove[]> {
  const missed = MOVE_ID.test(lastEventId) ? await readMovesSince(database.sql, requestId, lastEventId) : null
  if (missed !== null) return missed
  throw new Fault('invalid_request', { field, detail: `${field} is not the id of an event of this generation` })
}

export function openEvents(listening: Listening): Readable {
  const { ground, requestId, resumed } = listening
  const { stream, push, fail, close, leaving } = openListener(listening)
  let latest: Standing | null = null
  let telling = replay(listening, push).catch(fail)
  const hear = (told: Told) => {
    if (told.kind === 'progress') return push(frame('progress', { step: told.step, steps: told.steps }))
    if (told.kind === 'preview') return push(previewFrame(told.imageId, told.index))
    if (told.kind === 'missing') return fail(new Fault('not_found'))
    const { standing } = told
    if (resumed !== null && BigInt(standing.moveId) <= BigInt(resumed.since)) return
    latest = standing
    telling = telling
      .then(async () => {
        // A later one says everything that this one would.
        if (latest !== standing || stream.readableEnded || stream.destroyed) return
        push(await pictureOf(listening, standing))
        if (isTerminal('request', standing.state)) close()
      })
      .catch(fail)
  }
  if (!listening.signal.aborted) leaving(follow(ground, requestId, hear))
  return stream
}

/** Every missed move but the last, which is the state as it is now and comes by itself; and previews that can be seen. */
async function replay(
  { ground, bearers, tenantId, requestId, resumed }: Listening,
  push: (text: string) => void,
): Promise<void> {
  const { sql } = ground.database
  const missed = resumed?.missed ?? []
  if (missed.length > 1) {
    const generation = await getGeneration(sql, tenantId, requestId)
    for (const [index, move] of missed.slice(0, -1).entries()) {
      const then: Generation = rewind(generation, missed.slice(index + 1))
      push(frame('state', generationResource(then, bearers), move.id))
    }
  }
  for (const row of await listPreviews(sql, tenantId, requestId)) push(previewFrame(row.image_id, row.position))
}

const pictures = new WeakMap<Standing, Promise<string>>()

function pictureOf({ ground, bearers, line, tenantId, requestId }: Listening, standing: Standing): Promise<string> {
  const known = pictures.get(standing)
  if (known !== undefined) return known
  const picture = (async () => {
    const generation = await getGeneration(ground.database.sql, tenantId, requestId)
    const place = generation.request.state === 'queued' ? await line(requestId) : null
    return frame('state', generationResource(generation, bearers, place), standing.moveId)
  })()
  pictures.set(standing, picture)
  picture.catch(() => pictures.delete(standing))
  return picture
}

export function previewUrl(imageId: string, index: number): string {
  return `/v1/images/${imageId}/previews/${index}`
}

function previewFrame(imageId: string, index: number): string {
  return frame('preview', { image_id: imageId, index, url: previewUrl(imageId, index) })
}
