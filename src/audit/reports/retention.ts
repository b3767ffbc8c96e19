// What was erased in a period, by whom and why, what is kept although its time is over, and what quarantine still holds. What is kept by a
// legal hold or as a restricted case is counted, and told no further.
import { sql as raw } from 'kysely'
import type { Tx } from '../../kernel/database.ts'
import { RESTRICTED_REQUESTS } from '../restricted.ts'
import { type Counted, count, difference, type Figure, type Given, table } from './report.ts'

/** What the janitor does once a minute and has not done for so long is late. */
const LATE_SECONDS = 3600

type Period = Given['period']
type Ended = {
  by_owner: number
  pictures_by_time: number
  requests_by_time: number
  later: number
  holds_placed: number
  holds_lifted: number
  preservations_ended: number
}

export async function retentionReport(tx: Tx, given: Given): Promise<Counted> {
  const { period } = given
  const ended = await readEnded(tx, period)
  return {
    figures: [...endedFigures(ended), ...(await standingFigures(tx, given))],
    tables: [
      table(
        [
          'quarantine',
          'What quarantine holds',
          'Pictures and refused orders whose content lies sealed when this was counted, by their state and by how long ago they came. Restricted cases and what a legal hold keeps are not among them.',
        ],
        {
          class: 'Class',
          under_day: 'Under 1 d',
          under_week: '1 to 7 d',
          under_month: '7 to 30 d',
          under_half_year: '30 to 180 d',
          older: 'Over 180 d',
          total: 'All',
        },
        ['under_day', 'under_week', 'under_month', 'under_half_year', 'older', 'total'],
        await readQuarantine(tx),
      ),
      table(
        ['exports', 'Exports of the log', 'Exports that are kept when this was counted, by their state.'],
        { state: 'State', exports: 'Exports', bytes: 'Bytes' },
        ['exports', 'bytes'],
        await readExports(tx),
      ),
    ],
    differences: await heldAgainst(tx, period, ended),
  }
}

async function readEnded(tx: Tx, { from, to }: Period): Promise<Ended> {
  const { rows } = await raw<Ended>`
    SELECT count(*) FILTER (WHERE kind = 'generation.erased' AND facts ? 'by')::int AS by_owner,
           count(*) FILTER (WHERE kind = 'generation.erased' AND NOT facts ? 'by')::int AS later,
           count(*) FILTER (WHERE kind = 'image.retention_ended')::int AS pictures_by_time,
           count(*) FILTER (WHERE kind = 'request.retention_ended')::int AS requests_by_time,
           count(*) FILTER (WHERE kind = 'legal_hold.placed')::int AS holds_placed,
           count(*) FILTER (WHERE kind = 'legal_hold.lifted')::int AS holds_lifted,
           count(*) FILTER (WHERE kind IN ('image.preservation_ended', 'request.preservation_ended'))::int AS preservations_ended
      FROM darkroom.move WHERE at >= ${from} AND at < ${to}`.execute(tx)
  const [ended] = rows
  if (ended === undefined) throw new TypeError('a count has one row')
  return ended
}

function endedFigures(ended: Ended): Figure[] {
  return [
    count(
      [
        'erased_by_owner',
        'Erased by owners',
        'Generations that their owners erased in the period, those among them that something keeps sealed included.',
      ],
      ended.by_owner,
    ),
    count(
      [
        'pictures_by_time',
        'Pictures erased by time',
        'Denied and withdrawn pictures that were erased in the period because the time to appeal was over.',
      ],
      ended.pictures_by_time,
    ),
    count(
      [
        'requests_by_time',
        'Refused orders erased by time',
        'Refused orders whose prompt and uploads were erased in the period because the time to appeal was over.',
      ],
      ended.requests_by_time,
    ),
    count(
      [
        'erased_later',
        'Erased once nothing kept them',
        'Generations that were erased by their owners, kept sealed, and erased for good in the period.',
      ],
      ended.later,
    ),
    count(['holds_placed', 'Legal holds placed', 'Legal holds that were placed in the period.'], ended.holds_placed),
    count(['holds_lifted', 'Legal holds lifted', 'Legal holds that were lifted in the period.'], ended.holds_lifted),
    count(
      [
        'preservations_ended',
        'Preservations ended',
        'Restricted cases whose preservation a person ended in the period.',
      ],
      ended.preservations_ended,
    ),
  ]
}

async function standingFigures(tx: Tx, { countDue }: Given): Promise<Figure[]> {
  const { rows } = await raw<{ holds: number; held: number; preserved: number; to_decide: number }>`
    SELECT (SELECT count(*)::int FROM darkroom.legal_hold WHERE lifted_at IS NULL) AS holds,
           (SELECT count(*)::int FROM darkroom.held_erasure) AS held,
           count(*)::int AS preserved, count(preservation_due_at)::int AS to_decide
      FROM darkroom.statement
     WHERE record->'redress'->>'kind' = 'restricted' AND preservation_ended_at IS NULL AND replaced_by IS NULL`.execute(
    tx,
  )
  const { holds = 0, held = 0, preserved = 0, to_decide = 0 } = rows[0] ?? {}
  const { due, overdue } = await countDue(tx, LATE_SECONDS)
  return [
    count(['holds', 'Legal holds standing', 'Legal holds that stand when this was counted.'], holds),
    count(
      [
        'held',
        'Erased and kept sealed',
        'Generations that their owners erased and that a legal hold or a restricted case keeps sealed when this was counted.',
      ],
      held,
    ),
    count(
      ['preserved', 'Restricted cases preserved', 'Restricted cases that are preserved when this was counted.'],
      preserved,
    ),
    count(
      [
        'preservations_due',
        'Preservations to decide',
        'Of these: those whose time is over, so that a person must decide.',
      ],
      to_decide,
    ),
    count(
      [
        'due',
        'Sweeps due',
        'What has its time over and is not erased yet, or is erased and not out of the stores yet, when this was counted. The janitor takes these once a minute.',
      ],
      due,
    ),
    count(['overdue', 'Sweeps overdue', 'Of these: those that have been due for more than an hour.'], overdue),
  ]
}

type Held = {
  class: string
  under_day: number
  under_week: number
  under_month: number
  under_half_year: number
  older: number
  total: number
}

/** A published picture has an original in there until that is given up. */
async function readQuarantine(tx: Tx): Promise<Held[]> {
  const { rows } = await raw<Held>`
    WITH kept AS (
      SELECT id FROM ${RESTRICTED_REQUESTS} AS restricted
       UNION SELECT request_id FROM darkroom.legal_hold WHERE lifted_at IS NULL),
    held AS (
      SELECT 'picture ' || state AS class, darkroom.now() - created_at AS age
        FROM darkroom.image
       WHERE erased_at IS NULL AND request_id NOT IN (SELECT id FROM kept)
         AND (state IN ('generated', 'cleared', 'held', 'denied', 'marked', 'withdrawn')
              OR state = 'published' AND originals_removed_at IS NULL)
       UNION ALL
      SELECT 'order refused', darkroom.now() - created_at FROM darkroom.request
       WHERE state = 'refused' AND erased_at IS NULL AND id NOT IN (SELECT id FROM kept))
    SELECT class, count(*) FILTER (WHERE age < interval '1 day')::int AS under_day,
           count(*) FILTER (WHERE age >= interval '1 day' AND age < interval '7 days')::int AS under_week,
           count(*) FILTER (WHERE age >= interval '7 days' AND age < interval '30 days')::int AS under_month,
           count(*) FILTER (WHERE age >= interval '30 days' AND age < interval '180 days')::int AS under_half_year,
           count(*) FILTER (WHERE age >= interval '180 days')::int AS older, count(*)::int AS total
      FROM held GROUP BY class ORDER BY class`.execute(tx)
  return rows
}

async function readExports(tx: Tx): Promise<{ state: string; exports: number; bytes: number }[]> {
  const { rows } = await raw<{ state: string; exports: number; bytes: string }>`
    SELECT state, count(*)::int AS exports, coalesce(sum(size_bytes), 0)::text AS bytes
      FROM darkroom.audit_export WHERE state <> 'removing' GROUP BY state ORDER BY state`.execute(tx)
  return rows.map((row) => ({ ...row, bytes: Number(row.bytes) }))
}

/** Moves of the period against the rows that they left, and rows of the period against moves. */
async function heldAgainst(tx: Tx, { from, to }: Period, ended: Ended) {
  const { rows } = await raw<Record<'gone' | 'pictures' | 'erased' | 'told' | 'placed' | 'noted', number>>`
    SELECT (SELECT count(*)::int FROM darkroom.move JOIN darkroom.request AS request ON request.id = move.subject_id
             WHERE ${ERASES} AND at >= ${from} AND at < ${to} AND request.erased_at IS NOT NULL) AS gone,
           (SELECT count(*)::int FROM darkroom.move JOIN darkroom.image AS image ON image.id = move.subject_id
             WHERE kind = 'image.retention_ended' AND at >= ${from} AND at < ${to} AND image.erased_at IS NOT NULL) AS pictures,
           (SELECT count(*)::int FROM darkroom.request WHERE erased_at >= ${from} AND erased_at < ${to}) AS erased,
           (SELECT count(*)::int FROM darkroom.request AS request WHERE erased_at >= ${from} AND erased_at < ${to}
               AND EXISTS (SELECT FROM darkroom.move WHERE subject_id = request.id AND ${ERASES})) AS told,
           (SELECT count(*)::int FROM darkroom.legal_hold WHERE placed_at >= ${from} AND placed_at < ${to}) AS placed,
           (SELECT count(*)::int FROM darkroom.legal_hold AS hold WHERE placed_at >= ${from} AND placed_at < ${to}
               AND EXISTS (SELECT FROM darkroom.move WHERE subject_id = hold.request_id AND kind = 'legal_hold.placed'
                              AND facts ->> 'hold' = hold.id)) AS noted`.execute(tx)
  const { gone = 0, pictures = 0, erased = 0, told = 0, placed = 0, noted = 0 } = rows[0] ?? {}
  const moved = ended.by_owner + ended.requests_by_time
  return [
    difference('erasures_done', 'moves that erase an order, and those whose row is erased', moved, gone),
    difference(
      'pictures_done',
      'moves that erase a picture by time, and those whose row is erased',
      ended.pictures_by_time,
      pictures,
    ),
    difference(
      'erasures_told',
      'orders that were erased in the period, and those with a move that says so',
      erased,
      told,
    ),
    difference('holds_told', 'legal holds placed in the period, and those with a move that says so', placed, noted),
  ]
}

const ERASES = raw`(kind = 'request.retention_ended' OR kind = 'generation.erased' AND facts ? 'by')`
