// Breaks, and the end of a shift. Both give back what the person holds. What is left to colleagues is a note in the person's own words,
// which is shown and kept for a while only; the log says that a shift ended, and nothing of the note.
import { sql as raw } from 'kysely'
import { note } from '../advance.ts'
import type { Database, Sql, Tx } from '../kernel/database.ts'
import { Fault } from '../kernel/fault.ts'
import { newId } from '../kernel/ids.ts'
import type { ReviewRules } from '../policy/review-rules.ts'
import { lockOperator } from '../tenant/administered.ts'
import type { Reviewer } from './reviewer.ts'
import { lockShift, workOf } from './shift-records.ts'
import { breakOf, isRequired } from './wellbeing.ts'

/** Begins a break; one that goes on already stays as it is. */
export async function startBreak(database: Database, { wellbeing }: ReviewRules, reviewer: Reviewer): Promise<void> {
  await database.transact(async (tx) => {
    await giveBack(tx, reviewer)
    const { now, ...row } = await lockShift(tx, reviewer.personId)
    if (breakOf(wellbeing, workOf(row), now).state === 'on_break') return
    await tx
      .updateTable('darkroom.review_shift')
      .set({ break_from: now, break_until: new Date(now.getTime() + wellbeing.breakMs) })
      .where('person_id', '=', reviewer.personId)
      .execute()
  })
}

/** Ends a break before its time; where none goes on nothing changes. Fault: conflict (it is required). */
export async function resumeWork(
  database: Database,
  { wellbeing }: ReviewRules,
  { personId }: Reviewer,
): Promise<void> {
  await database.transact(async (tx) => {
    const { now, ...row } = await lockShift(tx, personId)
    const work = workOf(row)
    const { state, until } = breakOf(wellbeing, work, now)
    if (state === 'none' || state === 'due') return
    if (isRequired(wellbeing, work, now))
      throw new Fault('conflict', {
        detail: `this break is required: nothing is handed out before ${until?.toISOString() ?? 'it was taken'}`,
      })
    await tx
      .updateTable('darkroom.review_shift')
      .set({ break_from: null, break_until: null })
      .where('person_id', '=', personId)
      .execute()
  })
}

/** Gives back all that the person holds and leaves a note to colleagues, if there is one. Returns how many items were given back. */
export async function endShift(database: Database, reviewer: Reviewer, text: string | null): Promise<number> {
  const { personId } = reviewer
  return database.transact(async (tx) => {
    const items = await giveBack(tx, reviewer)
    if (text !== null)
      await tx
        .insertInto('darkroom.review_handover')
        .values({ id: newId('hov'), person_id: personId, note: text, items })
        .execute()
    await note(tx, await lockOperator(tx), 'review.shift_ended', personId, { items })
    return items
  })
}

async function giveBack(tx: Tx, { personId }: Reviewer): Promise<number> {
  const { numAffectedRows } = await raw`
    WITH held AS (
      SELECT id FROM darkroom.review_item
       WHERE lease_person = ${personId} AND state = 'open' AND lease_until > (SELECT darkroom.now())
       ORDER BY id FOR UPDATE)
    UPDATE darkroom.review_item AS item SET lease_person = NULL, lease_hash = NULL, lease_until = NULL, leased_at = NULL
      FROM held WHERE item.id = held.id`.execute(tx)
  return Number(numAffectedRows ?? 0n)
}

export type Handover = { id: string; from: 'you' | 'a colleague'; note: string; at: string; items: number }

const SHOWN = 50

/** What was left lately, newest first; nobody has a name here. */
export async function listHandovers(sql: Sql, { wellbeing }: ReviewRules, { personId }: Reviewer): Promise<Handover[]> {
  const rows = await sql
    .selectFrom('darkroom.review_handover')
    .selectAll()
    .where('at', '>', raw<Date>`(SELECT darkroom.now()) - ${wellbeing.handoverMs} * interval '1 millisecond'`)
    .orderBy('at', 'desc')
    .orderBy('id', 'desc')
    .limit(SHOWN)
    .execute()
  return rows.map(({ id, person_id, note: text, at, items }) => ({
    id,
    from: person_id === personId ? ('you' as const) : ('a colleague' as const),
    note: text,
    at: at.toISOString(),
    items,
  }))
}
