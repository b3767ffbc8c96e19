// What a person asks to be given nothing of for a while: categories that they choose from the policy's, and the category of an item that
// they pass. Which that was they are not told, then or later, nor whether two that they passed are of one. handout.ts heeds both.
import { sql as raw } from 'kysely'
import type { Database, Sql } from '../kernel/database.ts'
import { Fault } from '../kernel/fault.ts'
import { isHeldBy, leaseExpired } from './claim.ts'
import type { ReviewTools } from './item.ts'
import type { Reviewer } from './reviewer.ts'
import { lockShift, readShare } from './shift-records.ts'

/** Whether `who` (a row of active_reviewer) is spared the category of `item` for now, as SQL. Who may have an item goes by none of it. */
export const IS_SKIPPED = raw<boolean>`EXISTS (
  SELECT FROM darkroom.review_skip AS skip
   WHERE skip.person_id = who.person_id AND skip.category = coalesce(item.category, '')
     AND skip.until > (SELECT darkroom.now()))`

/** Both null: the category of an item that was passed. */
export type Skip = { category: string | null; category_name: string | null; until: string }

export async function listSkips(sql: Sql, { policy }: ReviewTools, { personId }: Reviewer): Promise<Skip[]> {
  const rows = await sql
    .selectFrom('darkroom.review_skip')
    .select(['category', 'passed', 'until'])
    .where('person_id', '=', personId)
    .where('until', '>', raw<Date>`(SELECT darkroom.now())`)
    .orderBy('until')
    .orderBy('id')
    .execute()
  return rows.map(({ category, passed, until }) => {
    const known = passed ? undefined : policy.categories.find(({ id }) => id === category)
    return {
      category: passed ? null : category,
      category_name: known?.name ?? null,
      until: until.toISOString(),
    }
  })
}

/** Chooses categories in place of those chosen before; none: no longer any. Fault: invalid_request (field `categories`). */
export async function chooseSkips(
  database: Database,
  { policy }: ReviewTools,
  { personId }: Reviewer,
  categories: readonly string[],
  hours: number,
): Promise<void> {
  const strange = categories.find((id) => !policy.categories.some((category) => category.id === id))
  if (strange !== undefined)
    throw new Fault('invalid_request', { field: 'categories', detail: `the policy has no category ${strange}` })
  await database.transact(async (tx) => {
    await lockShift(tx, personId)
    await tx.deleteFrom('darkroom.review_skip').where('person_id', '=', personId).where('passed', '=', false).execute()
    if (categories.length === 0) return
    const until = raw<Date>`darkroom.now() + ${hours} * interval '1 hour'`
    await tx
      .insertInto('darkroom.review_skip')
      .values(categories.map((category) => ({ person_id: personId, category, passed: false, until })))
      .execute()
  })
}

/**
 * Gives an item back, and nothing of its category comes to this person for a while.
 * Faults: lease_expired, conflict (a day's share of this is used up).
 */
export async function passItem(
  database: Database,
  { rules }: ReviewTools,
  reviewer: Reviewer,
  itemId: string,
  token: string,
): Promise<void> {
  const { personId } = reviewer
  const { wellbeing } = rules
  await database.transact(async (tx) => {
    const { rows } = await raw<{ category: string }>`
      UPDATE darkroom.review_item SET lease_person = NULL, lease_hash = NULL, lease_until = NULL, leased_at = NULL
       WHERE id = ${itemId} AND ${isHeldBy(reviewer, token)}
      RETURNING coalesce(category, '') AS category`.execute(tx)
    const [passed] = rows
    if (passed === undefined) throw leaseExpired(itemId)
    await lockShift(tx, personId)
    const { cap, nextAt } = await readShare(tx, wellbeing, personId, 'passes')
    if (nextAt !== null)
      throw new Fault('conflict', {
        detail: `you have passed ${cap} items within 24 hours, and can pass the next at ${nextAt.toISOString()}; until then release it, or speak with your lead`,
      })
    await tx
      .insertInto('darkroom.review_skip')
      .values({
        person_id: personId,
        category: passed.category,
        passed: true,
        until: raw<Date>`darkroom.now() + ${wellbeing.passMs} * interval '1 millisecond'`,
      })
      .execute()
  })
}
