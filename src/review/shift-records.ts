// The rows of a person's working day: how long they have been at it, how much of each day's share is used, and what they are spared for
// now. wellbeing.ts says what follows from them.
import { sql as raw, type Selectable } from 'kysely'
import type { Sql, Tx } from '../kernel/database.ts'
import type { ReviewShiftTable } from '../kernel/review-tables.ts'
import type { Wellbeing } from '../policy/review-rules.ts'
import { type Share, shareOf, type Work } from './wellbeing.ts'

type ShiftRow = Selectable<ReviewShiftTable>

/** A claim or verdict, as one more statement of the one that takes it: `from` names its rows, none where it took nothing. */
export function actOf(personId: string, { breakMs }: Wellbeing, from: 'claimed' | 'decided') {
  return raw`
    INSERT INTO darkroom.review_shift AS shift (person_id, work_since, acted_at)
    SELECT ${personId}, moment.at, moment.at
      FROM (SELECT FROM ${raw.ref(from)} LIMIT 1) AS act CROSS JOIN (SELECT darkroom.now() AS at OFFSET 0) AS moment
    ON CONFLICT (person_id) DO UPDATE
       SET work_since = CASE WHEN excluded.acted_at - shift.acted_at < ${breakMs} * interval '1 millisecond'
                             THEN shift.work_since ELSE excluded.work_since END,
           acted_at = excluded.acted_at, break_from = NULL, break_until = NULL`
}

/** A person's row, locked until the transaction ends; made where there is none. Lock items first. */
export async function lockShift(tx: Tx, personId: string): Promise<ShiftRow & { now: Date }> {
  return tx
    .insertInto('darkroom.review_shift')
    .values({ person_id: personId })
    .onConflict((on) => on.column('person_id').doUpdateSet({ person_id: personId }))
    .returningAll()
    .returning(raw<Date>`darkroom.now()`.as('now'))
    .executeTakeFirstOrThrow()
}

export function workOf(row: Pick<ShiftRow, 'work_since' | 'acted_at' | 'break_from' | 'break_until'>): Work {
  return { since: row.work_since, actedAt: row.acted_at, breakFrom: row.break_from, breakUntil: row.break_until }
}

const WITHIN_A_DAY = raw<boolean>`at > (SELECT darkroom.now()) - interval '24 hours'`

/** When each happened within the last 24 hours, of what a day has a share of. */
const TIMES = {
  /** Pictures that were uncovered, each when it was so last. */
  reveals: (personId: string) => raw`
    SELECT max(at) AS at FROM darkroom.review_reveal
     WHERE person_id = ${personId} AND what <> 'prompt' AND ${WITHIN_A_DAY} GROUP BY item_id, what`,
  grave: (personId: string, { graveFrom }: Wellbeing) => raw`
    SELECT verdict.at FROM (
        SELECT item_id, at FROM darkroom.review_verdict
         WHERE person_id = ${personId} AND undone_at IS NULL AND ${WITHIN_A_DAY}) AS verdict
      JOIN darkroom.review_item AS item ON item.id = verdict.item_id AND item.severity >= ${graveFrom}`,
  passes: (personId: string) => raw`
    SELECT at FROM darkroom.review_skip WHERE person_id = ${personId} AND passed AND ${WITHIN_A_DAY}`,
}

const CAP_OF = {
  reveals: (limits: Wellbeing) => limits.revealsPerDay,
  grave: (limits: Wellbeing) => limits.gravePerDay,
  passes: (limits: Wellbeing) => limits.passesPerDay,
}

export async function readShare(
  sql: Sql | Tx,
  limits: Wellbeing,
  personId: string,
  of: keyof typeof TIMES,
): Promise<Share> {
  const cap = CAP_OF[of](limits)
  const { rows } = await raw<{ used: string; freeing: Date | null }>`
    WITH times AS (${TIMES[of](personId, limits)})
    SELECT count(*) AS used, (SELECT at FROM times ORDER BY at DESC OFFSET ${(cap ?? 1) - 1} LIMIT 1) AS freeing
      FROM times`.execute(sql)
  const { used = '0', freeing = null } = rows[0] ?? {}
  return shareOf(cap, Number(used), freeing)
}

/** What handing out goes by. `skipped`: categories that this person is given nothing of for now; empty text: what has none. */
export type Exposure = {
  readonly now: Date
  readonly work: Work
  readonly grave: Share
  readonly skipped: string[]
  /** Whether this person holds the item that they ask for. */
  readonly holds: boolean
}

export async function readExposure(
  sql: Sql,
  limits: Wellbeing,
  personId: string,
  itemId: string | null,
): Promise<Exposure> {
  const cap = limits.gravePerDay
  const { rows } = await raw<Row>`/* prepared: review_exposure */
    SELECT moment.now, shift.work_since, shift.acted_at, shift.break_from, shift.break_until,
           ARRAY (SELECT DISTINCT category FROM darkroom.review_skip
                   WHERE person_id = ${personId} AND until > moment.now) AS skipped,
           EXISTS (SELECT FROM darkroom.review_item
                    WHERE id = ${itemId}::text AND state = 'open' AND lease_person = ${personId} AND lease_until > moment.now) AS holds,
           (SELECT at FROM (${TIMES.grave(personId, limits)}) AS times ORDER BY at DESC
             OFFSET ${(cap ?? 1) - 1}::bigint LIMIT ${cap === null ? 0 : 1}::bigint) AS freeing
      FROM (SELECT darkroom.now() AS now OFFSET 0) AS moment
      LEFT JOIN darkroom.review_shift AS shift ON shift.person_id = ${personId}`.execute(sql)
  const [row] = rows
  if (row === undefined) throw new TypeError('one row is asked for')
  const grave = shareOf(cap, row.freeing === null ? 0 : (cap ?? 0), row.freeing)
  const { now, skipped, holds } = row
  return { now, work: workOf(row), grave, skipped, holds }
}

type Row = Pick<ShiftRow, 'work_since' | 'acted_at' | 'break_from' | 'break_until'> & {
  now: Date
  skipped: string[]
  holds: boolean
  freeing: Date | null
}
