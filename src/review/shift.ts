// A reviewer's own day, as they see it: how much they did and saw, whether a break is due, what they are spared, how they like to see
// pictures, and what colleagues left. Nobody else is shown it.
import { sql as raw } from 'kysely'
import type { Sql } from '../kernel/database.ts'
import { type Handover, listHandovers } from './breaks.ts'
import type { ReviewTools } from './item.ts'
import type { Reviewer } from './reviewer.ts'
import { readShare, workOf } from './shift-records.ts'
import { listSkips, type Skip } from './skips.ts'
import { type Break, breakOf, type Share } from './wellbeing.ts'

export type Preferences = { grey: boolean; size: 's' | 'm' | 'l'; blur_again_seconds: number | null }
export type Used = { used: number; cap: number | null }

export type Shift = {
  decided_today: number
  reveals: Used
  break: { state: Break['state']; since: string | null; due_at: string | null; until: string | null }
  passes: Used
  skips: Skip[]
  /** Of the policy, to choose from. */
  categories: { id: string; name: string }[]
  preferences: Preferences
  handovers: Handover[]
}

export async function readShift(sql: Sql, tools: ReviewTools, reviewer: Reviewer): Promise<Shift> {
  const { policy, rules } = tools
  const { personId } = reviewer
  const { decided, now, ...row } = await readRow(sql, personId)
  const pause = breakOf(rules.wellbeing, workOf(row), now)
  return {
    decided_today: Number(decided),
    reveals: usedOf(await readShare(sql, rules.wellbeing, personId, 'reveals')),
    break: {
      state: pause.state,
      since: pause.since?.toISOString() ?? null,
      due_at: pause.dueAt?.toISOString() ?? null,
      until: pause.until?.toISOString() ?? null,
    },
    passes: usedOf(await readShare(sql, rules.wellbeing, personId, 'passes')),
    skips: await listSkips(sql, tools, reviewer),
    categories: policy.categories.map(({ id, name }) => ({ id, name })),
    preferences: { grey: row.grey, size: row.size, blur_again_seconds: row.blur_again_seconds },
    handovers: await listHandovers(sql, rules, reviewer),
  }
}

function usedOf({ used, cap }: Share): Used {
  return { used, cap }
}

type Row = Preferences & Parameters<typeof workOf>[0] & { decided: string; now: Date }

/** `decided`: verdicts of this day of UTC that stand. */
async function readRow(sql: Sql, personId: string): Promise<Row> {
  const { rows } = await raw<Row>`
    SELECT moment.now, shift.work_since, shift.acted_at, shift.break_from, shift.break_until,
           coalesce(shift.grey, false) AS grey, coalesce(shift.size, 'm') AS size, shift.blur_again_seconds,
           (SELECT count(*) FROM darkroom.review_verdict
             WHERE person_id = ${personId} AND undone_at IS NULL AND at >= date_trunc('day', moment.now, 'UTC')) AS decided
      FROM (SELECT darkroom.now() AS now OFFSET 0) AS moment
      LEFT JOIN darkroom.review_shift AS shift ON shift.person_id = ${personId}`.execute(sql)
  const [row] = rows
  if (row === undefined) throw new TypeError('one row is asked for')
  return row
}

export async function setPreferences(sql: Sql, { personId }: Reviewer, preferences: Preferences): Promise<void> {
  await sql
    .insertInto('darkroom.review_shift')
    .values({ person_id: personId, ...preferences })
    .onConflict((on) => on.column('person_id').doUpdateSet(preferences))
    .execute()
}

/** Erases what its time is over of; returns how many rows. A pass counts for a day, however short it holds. */
export async function forgetShifts(sql: Sql, { wellbeing }: ReviewTools['rules']): Promise<number> {
  const handovers = await raw`
    DELETE FROM darkroom.review_handover
     WHERE at <= (SELECT darkroom.now()) - ${wellbeing.handoverMs} * interval '1 millisecond'`.execute(sql)
  const skips = await raw`
    DELETE FROM darkroom.review_skip
     WHERE until <= (SELECT darkroom.now()) AND (NOT passed OR at <= (SELECT darkroom.now()) - interval '24 hours')`.execute(
    sql,
  )
  return Number((handovers.numAffectedRows ?? 0n) + (skips.numAffectedRows ?? 0n))
}
