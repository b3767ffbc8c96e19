// Where requests stand and how they came there, by the ids of their moves. Those rise within a request, whose row is locked by
// whoever moves it or one of its images, so one of them says how much of a request's history a reader has seen.
import { sql as raw } from 'kysely'
import { BIRTH, type RequestState, type StateOf, type Subject, statesOf } from '../journey.ts'
import type { Sql } from '../kernel/database.ts'
import type { Generation } from './records.ts'

export type Standing = {
  readonly requestId: string
  readonly tenantId: string
  readonly state: RequestState
  readonly erased: boolean
  /** The latest move of the request or one of its images. */
  readonly moveId: string
}

export type PastMove = { id: string; subject_id: string; from_state: string | null; to_state: string | null }

/** One statement for all of them; a request that is not there is left out. */
export async function readStandings(sql: Sql, requestIds: readonly string[]): Promise<Standing[]> {
  const { rows } = await raw<{ id: string; tenant_id: string; state: RequestState; erased: boolean; move_id: string }>`
    SELECT request.id, request.tenant_id, request.state, request.erased_at IS NOT NULL AS erased, greatest(
             (SELECT max(move.id) FROM darkroom.move AS move WHERE move.subject_id = request.id),
             (SELECT max(move.id) FROM darkroom.image AS image
                JOIN darkroom.move AS move ON move.subject_id = image.id
               WHERE image.request_id = request.id)) AS move_id
      FROM darkroom.request AS request WHERE request.id = ANY(${[...requestIds]}::text[])`.execute(sql)
  return rows.map(({ id, tenant_id, state, erased, move_id }) => ({
    requestId: id,
    tenantId: tenant_id,
    state,
    erased,
    moveId: move_id ?? '0',
  }))
}

/** Every move of a request and its images after the move `since`, oldest first. Null: `since` is no move of theirs, nor 0. */
export async function readMovesSince(sql: Sql, requestId: string, since: string): Promise<PastMove[] | null> {
  const { rows } = await raw<PastMove>`
    SELECT id, subject_id, from_state, to_state FROM darkroom.move
     WHERE (subject_id = ${requestId} OR subject_id IN (SELECT id FROM darkroom.image WHERE request_id = ${requestId}))
       AND id >= ${since}
     ORDER BY id`.execute(sql)
  const [first, ...later] = rows
  if (since === '0') return rows
  return first?.id === since ? later : null
}

const BIRTH_STATES: { [S in Subject]: StateOf<S> } = BIRTH

/** The generation as it stood before the moves `later`. What was erased since then stays erased. */
export function rewind(generation: Generation, later: readonly PastMove[]): Generation {
  const before = new Map<string, string | null>()
  for (const move of later)
    if (move.to_state !== null && !before.has(move.subject_id)) before.set(move.subject_id, move.from_state)
  const stateOf = <S extends Subject>(subject: S, id: string, now: StateOf<S>): StateOf<S> => {
    const then = before.get(id)
    if (then === undefined) return now
    return statesOf(subject).find((state) => state === then) ?? BIRTH_STATES[subject]
  }
  const request = { ...generation.request, state: stateOf('request', generation.request.id, generation.request.state) }
  if (request.state !== 'failed') request.failure = null
  if (request.state !== 'refused') request.statement_id = null
  const images = generation.images.map((image) => {
    const state = stateOf('image', image.id, image.state)
    return {
      ...image,
      state,
      failure: state === 'failed' ? image.failure : null,
      statement_id: state === 'denied' || state === 'withdrawn' ? image.statement_id : null,
    }
  })
  return { ...generation, request, images }
}
