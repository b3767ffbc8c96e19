// The moves of a request and of all that is about it, in the order in which they were made, each with its place in the log. A row that
// the log itself closes stays closed here.
import { sql as raw, type Selectable } from 'kysely'
import type { Sql } from '../kernel/database.ts'
import type { MoveTable } from '../kernel/tables.ts'
import { type By, doerOf, type Fact, factsOf } from './history-facts.ts'
import { saysOf } from './history-kinds.ts'
import { givenAt, readVerdicts, type Verdict, verdictsBehind } from './history-verdicts.ts'
import { isClosed } from './restricted.ts'

export type Place = {
  /** Null: it waits for one. */
  index: number | null
  /** Among its tenant's moves. */
  sequence: string
  leaf_hash: string
  /** Size of the first signed tree that has it; null: none has, yet. */
  signed_in: number | null
}
export type Move = {
  at: string
  /** `restricted`: what it was is the restricted team's to see; then there is nothing else of it. */
  kind: string
  says: string
  subject: { type: string; id: string } | null
  from: string | null
  to: string | null
  by: By | null
  facts: Fact[]
  /** When the verdict that it tells was given; `at` is when it counts. Null: it tells none. */
  given_at: string | null
  /** Those that led to it, in the order in which they were given. */
  verdicts: Verdict[]
  place: Place
}

export const MOVES_A_PAGE = 500

type Row = Omit<Selectable<MoveTable>, 'id' | 'tenant_id'> & { signed_in: string | null }

/** `after`: a sequence; what comes behind it. One more than a page says that there is another. */
export async function readMoves(sql: Sql, requestId: string, after: string): Promise<{ moves: Move[]; more: boolean }> {
  const { rows } = await raw<Row>`
    WITH about AS (
      SELECT ${requestId}::text AS id
       UNION SELECT id FROM darkroom.image WHERE request_id = ${requestId}
       UNION SELECT id FROM darkroom.appeal WHERE request_id = ${requestId}
       UNION SELECT id FROM darkroom.review_item WHERE request_id = ${requestId})
    SELECT move.subject, move.subject_id, move.kind, move.from_state, move.to_state, move.facts, move.at, move.leaf_salt,
           move.leaf_hash, move.tenant_pseudonym, move.tenant_sequence, move.previous_leaf, move.log_index,
           (SELECT min(size) FROM darkroom.log_checkpoint WHERE size > move.log_index) AS signed_in
      FROM darkroom.move AS move JOIN about ON about.id = move.subject_id
     WHERE move.tenant_sequence > ${after}::bigint
     ORDER BY move.tenant_sequence LIMIT ${MOVES_A_PAGE + 1}`.execute(sql)
  const verdicts = await readVerdicts(sql, requestId)
  return {
    moves: rows.slice(0, MOVES_A_PAGE).map((row) => moveOf(row, verdicts)),
    more: rows.length > MOVES_A_PAGE,
  }
}

function moveOf(row: Row, verdicts: Awaited<ReturnType<typeof readVerdicts>>): Move {
  const place = {
    index: row.log_index === null ? null : Number(row.log_index),
    sequence: row.tenant_sequence,
    leaf_hash: row.leaf_hash,
    signed_in: row.signed_in === null ? null : Number(row.signed_in),
  }
  const at = row.at.toISOString()
  if (isClosed(row)) return { ...CLOSED, at, place }
  const by = doerOf(row.kind, row.facts)
  const behind = verdictsBehind(row, verdicts)
  return {
    at,
    kind: row.kind,
    says: saysOf(row.kind, row.facts),
    // A note names no type of its own: its kind does.
    subject: { type: row.subject === 'note' ? typeOf(row.subject_id) : row.subject, id: row.subject_id },
    from: row.from_state,
    to: row.to_state,
    // Where the facts name nobody, the verdicts do.
    by: by.who === 'people' && by.people.length === 0 ? { ...by, people: behind.map(({ person }) => person) } : by,
    facts: factsOf(row.facts, row.kind),
    given_at: givenAt(row, verdicts),
    verdicts: behind,
    place,
  }
}

const CLOSED: Omit<Move, 'at' | 'place'> = {
  kind: 'restricted',
  says: 'A move that the log keeps closed: the restricted team alone sees it',
  subject: null,
  from: null,
  to: null,
  by: null,
  facts: [],
  given_at: null,
  verdicts: [],
}

function typeOf(id: string): string {
  const types = [
    ['req_', 'request'],
    ['img_', 'image'],
    ['apl_', 'appeal'],
    ['rvw_', 'review item'],
  ] as const
  return types.find(([prefix]) => id.startsWith(prefix))?.[1] ?? 'note'
}
