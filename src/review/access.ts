// Who may see an item at all: whoever holds it, whoever has given a verdict on it, and leads. What is restricted does not exist for
// anybody without that permission. How much they see is view.ts's to say.
import { sql as raw } from 'kysely'
import type { Sql, Tx } from '../kernel/database.ts'
import { Fault } from '../kernel/fault.ts'
import { leaseExpired } from './claim.ts'
import { IS_UPLOAD, type ItemRow } from './item.ts'
import type { Reviewer } from './reviewer.ts'

/** An item with what one person has to do with it. */
export type Seen = ItemRow & {
  readonly upload: boolean
  /** Whether this person's lease on it runs. */
  readonly held: boolean
  /** Whether this person's verdict on it stands: then nothing is withheld any more. */
  readonly judged: boolean
  /** Whether that verdict can still be taken back. */
  readonly undoable: boolean
}

/** Faults: not_found, lease_expired (it was this person's claim), forbidden (it is nobody's to see before it is claimed). */
export async function seeItem(sql: Sql | Tx, reviewer: Reviewer, itemId: string): Promise<Seen> {
  const { personId } = reviewer
  const { rows } = await raw<Seen>`
    SELECT item.*, ${IS_UPLOAD} AS upload,
           coalesce(item.state = 'open' AND item.lease_person = ${personId} AND item.lease_until > darkroom.now(), false) AS held,
           verdict.id IS NOT NULL AS judged,
           coalesce(verdict.counted_at IS NULL AND item.state = 'decided' AND item.effect_at > darkroom.now()
                    AND verdict.id IS NOT NULL, false) AS undoable
      FROM darkroom.review_item AS item
      JOIN darkroom.active_reviewer AS who ON who.person_id = ${personId}
      LEFT JOIN darkroom.review_verdict AS verdict
        ON verdict.item_id = item.id AND verdict.person_id = who.person_id AND verdict.undone_at IS NULL
     WHERE item.id = ${itemId} AND (who.restricted OR NOT item.restricted)`.execute(sql)
  const item = rows[0]
  if (item === undefined) throw new Fault('not_found', { facts: { item: itemId } })
  if (item.held || item.judged || reviewer.lead) return item
  if (item.lease_person === personId) throw leaseExpired(itemId)
  throw new Fault('forbidden', {
    detail: 'claim the item first: it is seen by who holds it, by who judged it and by leads',
  })
}

/** Whether the content itself may be looked at: while one has it or can take one's verdict back, and by leads. Fault: forbidden. */
export function requireContent(item: Seen, reviewer: Reviewer): void {
  if (item.held || item.undoable || reviewer.lead) return
  throw new Fault('forbidden', { detail: 'your verdict has taken effect: the content is no longer shown to you' })
}
