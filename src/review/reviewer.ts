// Who reviews, and what each may be given. People, not keys: whoever decided before, decided about a sibling picture, has to do with
// the tenant or has given a verdict already is kept from an item, whichever key they use. ELIGIBLE is the one condition, for
// handing out, for deciding, and for finding items that nobody is left for.
import { sql as raw } from 'kysely'
import { Fault } from '../kernel/fault.ts'
import type { Caller } from '../tenant/caller.ts'

export type Reviewer = { readonly personId: string; readonly lead: boolean }

/** Faults: forbidden (a key that belongs to nobody, or without the role). */
export function reviewerOf(caller: Caller): Reviewer {
  const lead = caller.roles.includes('lead')
  if (!lead && !caller.roles.includes('reviewer'))
    throw new Fault('forbidden', { detail: 'this needs a key with the role reviewer or lead' })
  if (caller.personId === null)
    throw new Fault('forbidden', { detail: 'people review, and this key belongs to nobody: use a key of a person' })
  return { personId: caller.personId, lead }
}

/** Whether `item` is among what `who` reviews, and `who` among those whom it is for; as ELIGIBLE, as SQL. */
const SUITS = raw<boolean>`item.severity <= who.max_severity
  AND (NOT item.lead_only OR who.lead)
  AND (NOT item.restricted OR who.restricted)
  AND item.tenant_id <> who.tenant_id AND item.tenant_id <> ALL (who.conflicts)
  AND (who.tenants IS NULL OR item.tenant_id = ANY (who.tenants))
  AND (who.categories IS NULL OR item.category IS NULL OR item.category = ANY (who.categories))
  AND (who.languages IS NULL OR item.language IS NULL OR item.language = ANY (who.languages))
  AND (item.people IS NULL OR who.person_id = ANY (item.people))`

/**
 * Whether `who` (a row of active_reviewer) may have `item` (a row of review_item), as SQL. What everybody took part in stays out:
 * of an appeal or a gold question, whoever gave a verdict on anything else of the same request. OFFSET 0 keeps each look-up one
 * probe of an index, made only for an item that all the rest lets through; as joins they would read everything that this person
 * was ever kept from.
 */
export const ELIGIBLE = raw<boolean>`(
  ${SUITS}
  AND NOT EXISTS (SELECT FROM darkroom.review_exclusion
                   WHERE review_exclusion.item_id = item.id AND review_exclusion.person_id = who.person_id OFFSET 0)
  AND NOT EXISTS (SELECT FROM darkroom.review_verdict
                   WHERE review_verdict.item_id = item.id AND review_verdict.person_id = who.person_id
                     AND review_verdict.undone_at IS NULL OFFSET 0)
  AND (item.kind NOT IN ('appeal', 'gold') OR NOT EXISTS (
        SELECT FROM darkroom.review_item AS other
          JOIN darkroom.review_verdict ON review_verdict.item_id = other.id
         WHERE other.request_id = item.request_id AND other.id <> item.id
           AND review_verdict.person_id = who.person_id AND review_verdict.undone_at IS NULL OFFSET 0)))`

/** The same of when `item` came, before anybody had done anything with it. */
export const WAS_ELIGIBLE = raw<boolean>`(
  ${SUITS}
  AND NOT EXISTS (SELECT FROM darkroom.review_exclusion
                   WHERE review_exclusion.item_id = item.id AND review_exclusion.person_id = who.person_id
                     AND review_exclusion.reason <> 'escalated' OFFSET 0)
  AND (item.kind <> 'appeal' OR NOT EXISTS (
        SELECT FROM darkroom.review_item AS other
          JOIN darkroom.review_verdict ON review_verdict.item_id = other.id
         WHERE other.request_id = item.request_id AND other.id <> item.id
           AND review_verdict.person_id = who.person_id AND review_verdict.undone_at IS NULL
           AND review_verdict.at <= item.created_at OFFSET 0)))`

/**
 * One person's row of active_reviewer, for ELIGIBLE's `who`. OFFSET 0 has it read once, before any item: only then is all of ELIGIBLE one
 * filter, whose look-ups come last.
 */
export function asWho(personId: string) {
  return raw`(SELECT * FROM darkroom.active_reviewer WHERE person_id = ${personId} OFFSET 0) AS who`
}

/** Whether nobody holds `item` just now, and it is reserved for nobody else. */
export function isFree(personId: string) {
  return raw<boolean>`(
    (item.lease_until IS NULL OR item.lease_until <= (SELECT darkroom.now()))
    AND (item.reserved_for IS NULL OR item.reserved_for = ${personId} OR item.reserved_until <= (SELECT darkroom.now())))`
}
