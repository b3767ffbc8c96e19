// Asking for more than the blurred picture: each time it is written down who looked at what and when, and only then may it be
// fetched. The record stays; it says nothing of the content. Of pictures a day has a share: who saw as many is shown no more until then.
import { sql as raw } from 'kysely'
import type { Database, Tx } from '../kernel/database.ts'
import { Fault } from '../kernel/fault.ts'
import type { ReviewRules } from '../policy/review-rules.ts'
import { requireContent, type Seen } from './access.ts'
import { readContent } from './content.ts'
import { VIEWS } from './picture.ts'
import type { Reviewer } from './reviewer.ts'
import { lockShift, readShare } from './shift-records.ts'
import { picturePath, type What } from './view.ts'
import { exposureReached } from './wellbeing.ts'

export type Revealed = {
  what: What
  /** Where each view of the picture is now; null: it was not the picture. */
  pictures: Record<string, string> | null
  prompt: { text: string | null; negative: string | null } | null
}

/** Faults: forbidden (no longer this person's to see), not_found (there is no such thing), gone, exposure_reached. */
export async function reveal(
  database: Database,
  rules: ReviewRules,
  reviewer: Reviewer,
  item: Seen,
  what: What,
): Promise<Revealed> {
  requireContent(item, reviewer)
  const content = await readContent(database.sql, item)
  if (content.erased) throw new Fault('gone', { detail: 'this was erased; there is nothing left to look at' })
  const there = {
    picture: content.subject === 'image',
    prompt: content.prompt !== null,
    input: content.inputKey !== null,
  }
  if (!there[what]) throw new Fault('not_found', { field: 'what', detail: `this item has no ${what}` })
  await database.transact(async (tx) => {
    // Before the person's row, as whoever decides locks them.
    await tx.selectFrom('darkroom.review_item').select('id').where('id', '=', item.id).forKeyShare().execute()
    if (what !== 'prompt') await requireShare(tx, rules, reviewer, item, what)
    await tx
      .insertInto('darkroom.review_reveal')
      .values({ item_id: item.id, person_id: reviewer.personId, what })
      .execute()
  })
  const of = what === 'input' ? '&of=input' : ''
  const pictures = VIEWS.map((view) => [view, `${picturePath(item.id)}?view=${view}${of}`])
  return {
    what,
    pictures: what === 'prompt' ? null : Object.fromEntries(pictures),
    prompt: what === 'prompt' ? { text: content.prompt, negative: content.negativePrompt } : null,
  }
}

/** A picture that was uncovered within the day is no new one. */
async function requireShare(
  tx: Tx,
  { wellbeing }: ReviewRules,
  { personId }: Reviewer,
  item: Seen,
  what: What,
): Promise<void> {
  const { now } = await lockShift(tx, personId)
  const { cap, nextAt } = await readShare(tx, wellbeing, personId, 'reveals')
  if (nextAt === null) return
  const again = await tx
    .selectFrom('darkroom.review_reveal')
    .select('id')
    .where('item_id', '=', item.id)
    .where('person_id', '=', personId)
    .where('what', '=', what)
    .where('at', '>', raw<Date>`darkroom.now() - interval '24 hours'`)
    .limit(1)
    .executeTakeFirst()
  if (again === undefined) throw exposureReached(`you have uncovered ${cap} pictures within 24 hours`, nextAt, now)
}
