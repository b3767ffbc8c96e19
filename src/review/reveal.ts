// Asking for more than the blurred picture: each time it is written down who looked at what and when, and only then may it be
// fetched. The record stays; it says nothing of the content.
import type { Sql } from '../kernel/database.ts'
import { Fault } from '../kernel/fault.ts'
import { requireContent, type Seen } from './access.ts'
import { readContent } from './content.ts'
import { VIEWS } from './picture.ts'
import type { Reviewer } from './reviewer.ts'
import { picturePath, type What } from './view.ts'

export type Revealed = {
  what: What
  /** Where each view of the picture is now; null: it was not the picture. */
  pictures: Record<string, string> | null
  prompt: { text: string | null; negative: string | null } | null
}

/** Faults: forbidden (no longer this person's to see), not_found (there is no such thing), gone. */
export async function reveal(sql: Sql, reviewer: Reviewer, item: Seen, what: What): Promise<Revealed> {
  requireContent(item, reviewer)
  const content = await readContent(sql, item)
  if (content.erased) throw new Fault('gone', { detail: 'this was erased; there is nothing left to look at' })
  const there = {
    picture: content.subject === 'image',
    prompt: content.prompt !== null,
    input: content.inputKey !== null,
  }
  if (!there[what]) throw new Fault('not_found', { field: 'what', detail: `this item has no ${what}` })
  await sql
    .insertInto('darkroom.review_reveal')
    .values({ item_id: item.id, person_id: reviewer.personId, what })
    .execute()
  const of = what === 'input' ? '&of=input' : ''
  const pictures = VIEWS.map((view) => [view, `${picturePath(item.id)}?view=${view}${of}`])
  return {
    what,
    pictures: what === 'prompt' ? null : Object.fromEntries(pictures),
    prompt: what === 'prompt' ? { text: content.prompt, negative: content.negativePrompt } : null,
  }
}
