// The queue as people see it. A lead: how much waits, where and for how long, and every open item with who has it. A reviewer: how
// much they could have by lane, what they hold, and the verdicts that they can still take back. What is restricted is counted
// and listed only for those with that permission.
import { sql as raw } from 'kysely'
import type { Sql } from '../kernel/database.ts'
import { Fault } from '../kernel/fault.ts'
import { parseId } from '../kernel/ids.ts'
import type { ReviewKind, ReviewState } from '../kernel/review-tables.ts'
import { LANE, LANES, type Lane } from './lane.ts'
import { ELIGIBLE, isFree, type Reviewer } from './reviewer.ts'
import { IS_SKIPPED } from './skips.ts'

export type LaneCounts = Record<Lane, number>
export type Claim = { id: string; lane: Lane; lease_until: string }
export type Undoable = { id: string; lane: Lane; outcome: string; clause: string | null; undo_until: string }
export type MyQueue = { lanes: LaneCounts; claims: Claim[]; undoable: Undoable[] }

/** Of so many at the front of the queue it is found out whether this person may have them and is not spared them for now. */
const LOOKED_AT = 1000
const MINE = 200

export async function myQueue(sql: Sql, reviewer: Reviewer): Promise<MyQueue> {
  const { personId, lead } = reviewer
  const counts = await raw<{ lane: Lane; count: string }>`
    SELECT lane, count(*) AS count FROM (
      SELECT ${LANE} AS lane
        FROM (SELECT * FROM darkroom.review_item WHERE state = 'open' ORDER BY rank_at, id LIMIT ${LOOKED_AT}) AS item
        JOIN darkroom.active_reviewer AS who ON who.person_id = ${personId}
       WHERE ${isFree(personId)} AND (NOT item.lead_only OR ${lead})
         AND (item.aside_by IS DISTINCT FROM ${personId} OR item.aside_until <= (SELECT darkroom.now()))
         AND NOT ${IS_SKIPPED} AND ${ELIGIBLE}) AS free
     GROUP BY lane`.execute(sql)
  const claims = await raw<{ id: string; lane: Lane; lease_until: Date }>`
    SELECT item.id, ${LANE} AS lane, item.lease_until FROM darkroom.review_item AS item
     WHERE item.lease_person = ${personId} AND item.state = 'open' AND item.lease_until > (SELECT darkroom.now())
     ORDER BY item.lease_until, item.id LIMIT ${MINE}`.execute(sql)
  const undoable = await raw<{ id: string; lane: Lane; outcome: string; clause: string | null; effect_at: Date }>`
    SELECT item.id, ${LANE} AS lane, verdict.outcome, verdict.clause, item.effect_at
      FROM darkroom.review_item AS item
      JOIN darkroom.review_verdict AS verdict ON verdict.item_id = item.id AND verdict.person_id = ${personId}
     WHERE item.state = 'decided' AND item.effect_at > (SELECT darkroom.now())
       AND verdict.undone_at IS NULL AND verdict.counted_at IS NULL
     ORDER BY item.effect_at DESC, item.id LIMIT ${MINE}`.execute(sql)
  return {
    lanes: countsByLane(counts.rows),
    claims: claims.rows.map(({ id, lane, lease_until }) => ({ id, lane, lease_until: lease_until.toISOString() })),
    undoable: undoable.rows.map(({ effect_at, ...row }) => ({ ...row, undo_until: effect_at.toISOString() })),
  }
}

export type QueuedItem = {
  id: string
  lane: Lane
  kind: ReviewKind
  category: string | null
  severity: number
  state: ReviewState
  waiting_since: string
  age_seconds: number
  deadline_at: string
  breached: boolean
  verdicts: number
  needs: number
  lead_only: boolean
  lease: { person_id: string; until: string } | null
  reserved_for: string | null
}
/** How old the oldest is, how many are late, and for how many nobody is left. */
export type Urgency = { oldest_seconds: number | null; breached: number; awaiting: number }
export type WholeQueue = Urgency & {
  lanes: LaneCounts
  categories: { category: string | null; count: number }[]
  items: QueuedItem[]
  has_more: boolean
  next: string | null
}

/** Faults: invalid_request (field after). */
export async function wholeQueue(
  sql: Sql,
  reviewer: Reviewer,
  page: { limit: number; after: string | null },
): Promise<WholeQueue> {
  const sees = await seesRestricted(sql, reviewer)
  const lanes = await raw<{ lane: Lane; count: string }>`
    SELECT ${LANE} AS lane, count(*) AS count FROM darkroom.review_item AS item
     WHERE item.state <> 'closed' AND (${sees} OR NOT item.restricted) GROUP BY 1`.execute(sql)
  const categories = await raw<{ category: string | null; count: string }>`
    SELECT category, count(*) AS count FROM darkroom.review_item AS item
     WHERE item.state <> 'closed' AND (${sees} OR NOT item.restricted) GROUP BY 1 ORDER BY 2 DESC, 1`.execute(sql)
  const urgency = await readUrgency(sql, sees)
  const items = await pageOfItems(sql, sees, page)
  const hasMore = items.length > page.limit
  const shown = items.slice(0, page.limit)
  return {
    lanes: countsByLane(lanes.rows),
    categories: categories.rows.map(({ category, count }) => ({ category, count: Number(count) })),
    ...urgency,
    items: shown,
    has_more: hasMore,
    next: hasMore ? (shown.at(-1)?.id ?? null) : null,
  }
}

/** `sees`: whether what is restricted counts. */
export async function readUrgency(sql: Sql, sees: boolean): Promise<Urgency> {
  const { rows } = await raw<{ oldest: string | null; breached: string; awaiting: string }>`
    SELECT extract(epoch FROM darkroom.now() - min(created_at)) AS oldest,
           count(*) FILTER (WHERE breached_at IS NOT NULL OR deadline_at <= (SELECT darkroom.now())) AS breached,
           count(*) FILTER (WHERE state = 'awaiting_reviewer') AS awaiting
      FROM darkroom.review_item AS item
     WHERE item.state <> 'closed' AND (${sees} OR NOT item.restricted)`.execute(sql)
  const { oldest = null, breached = '0', awaiting = '0' } = rows[0] ?? {}
  return {
    oldest_seconds: oldest === null ? null : Math.round(Number(oldest)),
    breached: Number(breached),
    awaiting: Number(awaiting),
  }
}

type Row = Omit<QueuedItem, 'waiting_since' | 'age_seconds' | 'deadline_at' | 'breached' | 'lease'> & {
  created_at: Date
  deadline_at: Date
  lease_person: string | null
  lease_until: Date | null
  now: Date
}

/** In the queue's order, one more than the page holds. */
async function pageOfItems(
  sql: Sql,
  sees: boolean,
  { limit, after }: { limit: number; after: string | null },
): Promise<QueuedItem[]> {
  const from = after === null ? null : await placeOf(sql, after)
  const beyond =
    from === null ? raw<boolean>`true` : raw<boolean>`(item.rank_at, item.id) > (${from.rank_at}, ${from.id})`
  const { rows } = await raw<Row>`
    SELECT item.id, ${LANE} AS lane, item.kind, item.category, item.severity, item.state, item.created_at, item.deadline_at,
           item.verdicts, item.needs, item.lead_only, item.lease_person, item.lease_until,
           CASE WHEN item.reserved_until > darkroom.now() THEN item.reserved_for END AS reserved_for, darkroom.now() AS now
      FROM darkroom.review_item AS item
     WHERE item.state <> 'closed' AND (${sees} OR NOT item.restricted) AND ${beyond}
     ORDER BY item.rank_at, item.id LIMIT ${limit + 1}`.execute(sql)
  return rows.map(({ created_at, deadline_at, lease_person, lease_until, now, ...row }) => ({
    ...row,
    waiting_since: created_at.toISOString(),
    age_seconds: Math.max(0, Math.round((now.getTime() - created_at.getTime()) / 1000)),
    deadline_at: deadline_at.toISOString(),
    breached: deadline_at <= now,
    lease:
      lease_person !== null && lease_until !== null && lease_until > now
        ? { person_id: lease_person, until: lease_until.toISOString() }
        : null,
  }))
}

/** As text: a Date would lose the microseconds, and the row after it would come twice. */
async function placeOf(sql: Sql, after: string): Promise<{ rank_at: string; id: string }> {
  const id = parseId('rvw', after)
  const { rows } = await raw<{ rank_at: string; id: string }>`
    SELECT rank_at::text AS rank_at, id FROM darkroom.review_item WHERE id = ${id}`.execute(sql)
  const [row] = rows
  if (row === undefined)
    throw new Fault('invalid_request', {
      field: 'after',
      detail: 'after is not the next of an earlier page of this list',
    })
  return row
}

export async function seesRestricted(sql: Sql, { personId }: Reviewer): Promise<boolean> {
  const row = await sql
    .selectFrom('darkroom.active_reviewer')
    .select('restricted')
    .where('person_id', '=', personId)
    .executeTakeFirst()
  return row?.restricted === true
}

function countsByLane(rows: readonly { lane: Lane; count: string }[]): LaneCounts {
  const counts: LaneCounts = { first_look: 0, second_look: 0, report: 0, restricted: 0 }
  for (const lane of LANES) counts[lane] = Number(rows.find((row) => row.lane === lane)?.count ?? 0)
  return counts
}
