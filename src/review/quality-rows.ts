// The records that quality is told from, one read a question, each within a period by the time at which it was settled: from `from`
// inclusive to `to` exclusive. What is counted and what is left out is said at each.
import { sql as raw } from 'kysely'
import { TODAY } from '../kernel/charge.ts'
import type { Sql } from '../kernel/database.ts'
import { Fault } from '../kernel/fault.ts'
import type { ReviewKind } from '../kernel/review-tables.ts'

export type Period = { readonly from: Date; readonly to: Date }

/** As many as a bootstrap takes in a blink; the latest ones where a period has more. */
const MOST_PAIRS = 5000
const MOST_AUDITS = 3000

export type PairRow = {
  category: string | null
  one_person: string
  other_person: string
  one_outcome: 'allow' | 'deny'
  other_outcome: 'allow' | 'deny'
  one_clause: string | null
  other_clause: string | null
}

/**
 * Of held items that were drawn at random for a second look, the first two verdicts that counted: by two people, both blind. Nothing
 * else says how far people agree: items get a second verdict for being hard or grave, too, and then agreement would look worse.
 */
export async function readPairs(sql: Sql, { from, to }: Period): Promise<PairRow[]> {
  const { rows } = await raw<PairRow>`
    WITH ranked AS (
      SELECT verdict.*, item.category, row_number() OVER (PARTITION BY item.id ORDER BY verdict.at, verdict.id) AS place
        FROM darkroom.review_item AS item JOIN darkroom.review_verdict AS verdict ON verdict.item_id = item.id
       WHERE item.overlap AND item.kind = 'hold' AND verdict.counted_at IS NOT NULL AND verdict.undone_at IS NULL)
    SELECT one.category, one.person_id AS one_person, other.person_id AS other_person, one.outcome AS one_outcome,
           other.outcome AS other_outcome, one.clause AS one_clause, other.clause AS other_clause
      FROM ranked AS one JOIN ranked AS other ON other.item_id = one.item_id
     WHERE one.place = 1 AND other.place = 2 AND one.blind AND other.blind AND one.person_id <> other.person_id
       AND one.outcome <> 'omit' AND other.outcome <> 'omit' AND other.counted_at >= ${from} AND other.counted_at < ${to}
     ORDER BY other.counted_at DESC, one.item_id LIMIT ${MOST_PAIRS}`.execute(sql)
  return rows
}

export type CountRow = { category: string | null; hits: number; n: number }

/** Appeals decided on their merits, and of them those that were overturned or partly; an omitted one decided nothing. */
export async function readOverturned(sql: Sql, { from, to }: Period): Promise<CountRow[]> {
  const { rows } = await raw<CountRow>`
    SELECT item.category, count(*) FILTER (WHERE appeal.state IN ('overturned', 'partial'))::int AS hits, count(*)::int AS n
      FROM darkroom.appeal LEFT JOIN darkroom.review_item AS item ON item.appeal_id = appeal.id
     WHERE appeal.state IN ('upheld', 'overturned', 'partial') AND appeal.decided_at >= ${from} AND appeal.decided_at < ${to}
     GROUP BY item.category ORDER BY item.category`.execute(sql)
  return rows
}

export type DurationRow = { kind: ReviewKind; n: number; median_hours: number; p90_hours: number }

/** From an item's coming to its closing by a ruling; what was closed because nothing was left to decide is left out. */
export async function readDurations(sql: Sql, { from, to }: Period): Promise<DurationRow[]> {
  const { rows } = await raw<DurationRow>`
    SELECT kind, count(*)::int AS n, percentile_cont(0.5) WITHIN GROUP (ORDER BY hours) AS median_hours,
           percentile_cont(0.9) WITHIN GROUP (ORDER BY hours) AS p90_hours
      FROM (SELECT kind, (extract(epoch FROM closed_at - created_at) / 3600)::double precision AS hours
              FROM darkroom.review_item
             WHERE state = 'closed' AND verdicts > 0 AND closed_at >= ${from} AND closed_at < ${to}) AS closed
     GROUP BY kind ORDER BY kind`.execute(sql)
  return rows
}

/** Items whose deadline fell in the period and has passed: those that were not closed by a ruling in time. */
export async function readBreaches(
  sql: Sql,
  { from, to }: Period,
): Promise<{ kind: ReviewKind; hits: number; n: number }[]> {
  const { rows } = await raw<{ kind: ReviewKind; hits: number; n: number }>`
    SELECT kind, count(*) FILTER (WHERE closed_at IS NULL OR closed_at > deadline_at)::int AS hits, count(*)::int AS n
      FROM darkroom.review_item
     WHERE deadline_at >= ${from} AND deadline_at < ${to} AND deadline_at <= darkroom.now()
       AND (state <> 'closed' OR verdicts > 0)
     GROUP BY kind ORDER BY kind`.execute(sql)
  return rows
}

export type PersonCount = { person_id: string; hits: number; n: number }

/** Verdicts on gold questions, and those that named what was expected, the clause of a denial too. */
export async function readGold(sql: Sql, { from, to }: Period): Promise<PersonCount[]> {
  const { rows } = await raw<PersonCount>`
    SELECT verdict.person_id, count(*)::int AS n,
           count(*) FILTER (WHERE verdict.outcome = item.expected ->> 'outcome'
                              AND verdict.clause IS NOT DISTINCT FROM item.expected ->> 'clause')::int AS hits
      FROM darkroom.review_item AS item JOIN darkroom.review_verdict AS verdict ON verdict.item_id = item.id
     WHERE item.kind = 'gold' AND verdict.counted_at >= ${from} AND verdict.counted_at < ${to} AND verdict.undone_at IS NULL
     GROUP BY verdict.person_id`.execute(sql)
  return rows
}

/** Verdicts that counted, of every person; gold questions are asked for their own sake and do not. */
export async function readVerdicts(sql: Sql, { from, to }: Period): Promise<{ person_id: string; n: number }[]> {
  const { rows } = await raw<{ person_id: string; n: number }>`
    SELECT verdict.person_id, count(*)::int AS n
      FROM darkroom.review_verdict AS verdict JOIN darkroom.review_item AS item ON item.id = verdict.item_id
     WHERE item.kind <> 'gold' AND verdict.counted_at >= ${from} AND verdict.counted_at < ${to} AND verdict.undone_at IS NULL
     GROUP BY verdict.person_id`.execute(sql)
  return rows
}

/** Appeals of statements that a person's decision stands behind, decided in the period, and those that did not stand. */
export async function readOwnOverturned(sql: Sql, { from, to }: Period): Promise<PersonCount[]> {
  const { rows } = await raw<PersonCount>`
    SELECT decider.person_id, count(*) FILTER (WHERE appeal.state IN ('overturned', 'partial'))::int AS hits, count(*)::int AS n
      FROM darkroom.appeal JOIN darkroom.statement ON statement.id = appeal.statement_id
           CROSS JOIN unnest(statement.decided_by) AS decider (person_id)
     WHERE appeal.state IN ('upheld', 'overturned', 'partial') AND appeal.decided_at >= ${from} AND appeal.decided_at < ${to}
     GROUP BY decider.person_id`.execute(sql)
  return rows
}

export type AuditRow = {
  /** Under which software blocked it; null: it did not. */
  blocked: string | null
  /** What people cite against it; null: they would allow it. */
  denied: string | null
  probability: number
}

/**
 * Random audits that were ruled on. An audit's clause is the one that software blocked under (audits.ts). Only tenants that let their
 * released pictures be looked at: of the others one half would be missing, and a rate over both halves would lean to it.
 */
export async function readAudits(sql: Sql, { from, to }: Period): Promise<AuditRow[]> {
  const { rows } = await raw<AuditRow>`
    SELECT item.clause AS blocked, CASE WHEN item.ruling ->> 'outcome' = 'deny' THEN item.ruling ->> 'clause' END AS denied,
           item.probability
      FROM darkroom.review_item AS item JOIN darkroom.tenant ON tenant.id = item.tenant_id
     WHERE item.kind = 'audit' AND item.state = 'closed' AND item.probability IS NOT NULL AND tenant.audit_consent
       AND item.ruling ->> 'outcome' IN ('allow', 'deny') AND item.closed_at >= ${from} AND item.closed_at < ${to}
     ORDER BY item.closed_at DESC, item.id LIMIT ${MOST_AUDITS}`.execute(sql)
  return rows
}

const DAY_MS = 86_400_000
const USUAL_DAYS = 90
const MOST_DAYS = 366

/** Both days included; absent: the 90 days that end today. Fault: invalid_request (field from or to). */
export async function periodOf(
  sql: Sql,
  asked: { from?: string | undefined; to?: string | undefined },
): Promise<Period> {
  const { rows } = await raw<{ today: string }>`SELECT to_char(${TODAY}, 'YYYY-MM-DD') AS today`.execute(sql)
  const last = dayOf(asked.to ?? rows[0]?.today ?? '', 'to')
  const first = asked.from === undefined ? last - (USUAL_DAYS - 1) * DAY_MS : dayOf(asked.from, 'from')
  if (first > last) throw new Fault('invalid_request', { field: 'from', detail: 'from is after to' })
  if (last - first >= MOST_DAYS * DAY_MS)
    throw new Fault('invalid_request', { field: 'from', detail: `ask for ${MOST_DAYS} days at most` })
  return { from: new Date(first), to: new Date(last + DAY_MS) }
}

function dayOf(text: string, field: string): number {
  const ms = /^[12]\d{3}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN
  if (Number.isNaN(ms) || new Date(ms).toISOString().slice(0, 10) !== text)
    throw new Fault('invalid_request', { field, detail: `${field} is a day such as 2026-11-01` })
  return ms
}
