// Verdicts: stored with a lease's token, taking effect only after their undo time (settle.ts). Until then the one who gave a verdict
// may take it back and has the item again. `escalate` hands an item up to the leads; `decideAlike` gives one verdict on identical
// held items, never on anything else.
import { randomBytes } from 'node:crypto'
import { sql as raw } from 'kysely'
import type { Database, Sql } from '../kernel/database.ts'
import { Fault } from '../kernel/fault.ts'
import { newId } from '../kernel/ids.ts'
import type { ReviewRules } from '../policy/review-rules.ts'
import { conflictOfInterest, hashOf, isHeldBy, type Lease, leaseExpired } from './claim.ts'
import { IS_UPLOAD, type ItemRow, type ReviewTools } from './item.ts'
import { asWho, ELIGIBLE, isFree, type Reviewer } from './reviewer.ts'
import { actOf } from './shift-records.ts'
import { checkVerdict, type Verdict } from './verdict.ts'

export type Decided = { verdictId: string; effectAt: Date }

type Held = Pick<ItemRow, 'id' | 'kind' | 'image_id' | 'restricted' | 'content_digest' | 'clause' | 'tenant_id'> & {
  upload: boolean
  eligible: boolean
}

/**
 * The same verdict sent again with the same claim is answered as it was, since its answer may have been lost.
 * Faults: lease_expired, decision_incomplete (with its field), conflict_of_interest, forbidden (omitting is a lead's).
 */
export async function decide(
  database: Database,
  { policy, rules }: ReviewTools,
  reviewer: Reviewer,
  itemId: string,
  token: string,
  verdict: Verdict,
): Promise<Decided> {
  const item = await findHeld(database.sql, reviewer, itemId, token)
  if (item === null) return readGiven(database.sql, reviewer, itemId, token, verdict)
  requireRight(reviewer, verdict)
  checkVerdict(policy, rules, item, verdict)
  const [decided] = await store(database.sql, rules, reviewer, [itemId], heldBy(reviewer, token), verdict)
  if (decided === undefined) return readGiven(database.sql, reviewer, itemId, token, verdict)
  return { verdictId: decided.id, effectAt: decided.effect_at }
}

/** This very verdict, if it was given with this claim and stands. Fault: lease_expired. */
async function readGiven(
  sql: Sql,
  { personId }: Reviewer,
  itemId: string,
  token: string,
  { outcome, clause, findings, reason, note }: Verdict,
): Promise<Decided> {
  const { rows } = await raw<{ id: string; effect_at: Date }>`
    SELECT id, effect_at FROM darkroom.review_verdict
     WHERE item_id = ${itemId} AND person_id = ${personId} AND lease_hash = ${hashOf(token)} AND undone_at IS NULL
       AND outcome = ${outcome} AND clause IS NOT DISTINCT FROM ${clause} AND findings = ${JSON.stringify(findings)}::jsonb
       AND reason IS NOT DISTINCT FROM ${reason} AND note IS NOT DISTINCT FROM ${note}`.execute(sql)
  const [given] = rows
  if (given === undefined) throw leaseExpired(itemId)
  return { verdictId: given.id, effectAt: given.effect_at }
}

/**
 * One verdict on an item that is held and on others that are identical to it: held items of one tenant with the same picture under the
 * same clause, which nobody has. All or none. Faults: as decide, and invalid_request (field `items`), conflict.
 */
export async function decideAlike(
  database: Database,
  { policy, rules }: ReviewTools,
  reviewer: Reviewer,
  itemId: string,
  token: string,
  others: readonly string[],
  verdict: Verdict,
): Promise<{ decided: number; effectAt: Date }> {
  const item = await findHeld(database.sql, reviewer, itemId, token)
  if (item === null) throw leaseExpired(itemId)
  if (item.kind !== 'hold' || item.content_digest === null || item.restricted)
    throw notAlike('only held pictures are decided together')
  requireRight(reviewer, verdict)
  checkVerdict(policy, rules, item, verdict)
  const ids = [...new Set([itemId, ...others])]
  return database.transact(async (tx) => {
    const { rows } = await raw<{ id: string; alike: boolean; free: boolean }>`
      SELECT item.id, ${ELIGIBLE} AND item.kind = 'hold' AND item.tenant_id = ${item.tenant_id}
               AND item.content_digest = ${item.content_digest} AND item.clause IS NOT DISTINCT FROM ${item.clause}
               AND NOT item.restricted AS alike,
             item.state = 'open' AND (item.lease_hash = ${hashOf(token)} OR ${isFree(reviewer.personId)}) AS free
        FROM darkroom.review_item AS item JOIN darkroom.active_reviewer AS who ON who.person_id = ${reviewer.personId}
       WHERE item.id = ANY (${ids}) ORDER BY item.id FOR UPDATE OF item`.execute(tx)
    const strange = ids.filter((id) => !rows.some((row) => row.id === id && row.alike))
    if (strange.length > 0) throw notAlike(`not identical to the one you hold: ${strange.join(', ')}`)
    const taken = rows.filter((row) => !row.free).map((row) => row.id)
    if (taken.length > 0)
      throw new Fault('conflict', { field: 'items', detail: `somebody has these already: ${taken.join(', ')}` })
    const stored = await store(tx, rules, reviewer, ids, lockedBy(token), verdict)
    const [first] = stored
    if (first === undefined || stored.length !== ids.length) throw leaseExpired(itemId)
    return { decided: stored.length, effectAt: first.effect_at }
  })
}

/** Takes one's own verdict back before it takes effect; the item is held again. Faults: not_found, conflict (too late). */
export async function undo(
  database: Database,
  { rules }: ReviewTools,
  reviewer: Reviewer,
  itemId: string,
): Promise<Lease> {
  const token = randomBytes(24).toString('base64url')
  // The item is locked before the verdict is touched: it is settled or taken back, never both.
  const { rows } = await raw<{ lease_until: Date }>`
    WITH mine AS (
      SELECT id FROM darkroom.review_item WHERE id = ${itemId} AND state = 'decided' AND effect_at > darkroom.now() FOR UPDATE),
    undone AS (
      UPDATE darkroom.review_verdict AS verdict SET undone_at = darkroom.now()
        FROM mine
       WHERE verdict.item_id = mine.id AND verdict.person_id = ${reviewer.personId}
         AND verdict.undone_at IS NULL AND verdict.counted_at IS NULL
      RETURNING verdict.item_id)
    UPDATE darkroom.review_item AS item
       SET state = 'open', effect_at = NULL, fence = item.fence + 1, lease_person = ${reviewer.personId},
           lease_hash = ${hashOf(token)}, leased_at = darkroom.now(),
           lease_until = darkroom.now() + ${rules.leaseMs} * interval '1 millisecond'
      FROM undone
     WHERE item.id = undone.item_id
    RETURNING item.lease_until`.execute(database.sql)
  const row = rows[0]
  if (row !== undefined) return { itemId, token, until: row.lease_until }
  const given = await database.sql
    .selectFrom('darkroom.review_verdict')
    .select('id')
    .where('item_id', '=', itemId)
    .where('person_id', '=', reviewer.personId)
    .executeTakeFirst()
  if (given === undefined) throw new Fault('not_found', { facts: { item: itemId } })
  throw new Fault('conflict', { detail: 'it is too late: the verdict has taken effect, or was taken back already' })
}

/** Hands an item up to the leads; who did so does not get it back. Faults: lease_expired, conflict (a lead has nobody above). */
export async function escalate(
  sql: Sql,
  reviewer: Reviewer,
  itemId: string,
  token: string,
  note: string,
): Promise<void> {
  if (reviewer.lead) throw new Fault('conflict', { detail: 'a lead has nobody to hand it up to: release it instead' })
  const { numAffectedRows } = await raw`
    WITH handed AS (
      UPDATE darkroom.review_item
         SET lead_only = true, handover_note = ${note}, lease_person = NULL, lease_hash = NULL, lease_until = NULL, leased_at = NULL
       WHERE id = ${itemId} AND ${isHeldBy(reviewer, token)}
      RETURNING id)
    INSERT INTO darkroom.review_exclusion (item_id, person_id, reason)
    SELECT id, ${reviewer.personId}, 'escalated' FROM handed
    ON CONFLICT (item_id, person_id) DO UPDATE SET reason = excluded.reason`.execute(sql)
  if (numAffectedRows !== 1n) throw leaseExpired(itemId)
}

/** Null: the claim is not this person's, or has ended. Fault: conflict_of_interest. */
async function findHeld(sql: Sql, reviewer: Reviewer, itemId: string, token: string): Promise<Held | null> {
  const { rows } = await raw<Held>`/* prepared: review_held */
    SELECT item.id, item.kind, item.image_id, item.restricted, item.content_digest, item.clause, item.tenant_id,
           ${IS_UPLOAD} AS upload, ${ELIGIBLE} AS eligible
      FROM darkroom.review_item AS item CROSS JOIN ${asWho(reviewer.personId)}
     WHERE item.id = ${itemId} AND ${isHeldBy(reviewer, token)}`.execute(sql)
  const item = rows[0]
  if (item === undefined) return null
  // Something may have happened since the claim, such as a verdict on a sibling.
  if (!item.eligible) throw conflictOfInterest(itemId)
  return item
}

/** On what an item takes a verdict, and what the statement is called for the server to plan it once: another condition, another name. */
type Condition = { readonly name: string; readonly holds: ReturnType<typeof isHeldBy>; readonly token: string }
const heldBy = (reviewer: Reviewer, token: string): Condition => ({
  name: '/* prepared: review_verdict */',
  holds: isHeldBy(reviewer, token),
  token,
})
/** Locked and looked at in the same transaction. */
const lockedBy = (token: string): Condition => ({
  name: '/* prepared: review_verdicts */',
  holds: raw<boolean>`state = 'open'`,
  token,
})

/** Stores one verdict on each item in one statement: an item without its verdict, or the other way round, cannot be. */
async function store(
  sql: Sql,
  { undoMs, wellbeing }: ReviewRules,
  { personId }: Reviewer,
  itemIds: readonly string[],
  { name, holds, token }: Condition,
  { outcome, clause, findings, reason, note }: Verdict,
): Promise<{ id: string; effect_at: Date }[]> {
  const ids = itemIds.map(() => newId('vrd'))
  const { rows } = await raw<{ id: string; effect_at: Date }>`${raw.raw(name)}
    WITH given AS (SELECT * FROM unnest(${itemIds}::text[], ${ids}::text[]) AS given (item_id, verdict_id)),
    held AS (
      SELECT id, leased_at FROM darkroom.review_item WHERE id = ANY (${itemIds}) AND ${holds} FOR UPDATE),
    decided AS (
      UPDATE darkroom.review_item AS item
         SET state = 'decided', effect_at = darkroom.now() + ${undoMs} * interval '1 millisecond',
             lease_person = NULL, lease_hash = NULL, lease_until = NULL, leased_at = NULL
        FROM held WHERE item.id = held.id
      RETURNING item.id, item.effect_at, held.leased_at)
    , written AS (
      INSERT INTO darkroom.review_verdict
        (id, item_id, person_id, outcome, clause, findings, reason, note, lease_hash, effect_at, blind, took_ms, at)
      SELECT given.verdict_id, decided.id, ${personId}, ${outcome}, ${clause}, ${JSON.stringify(findings)}::jsonb, ${reason},
             ${note}, ${hashOf(token)}, decided.effect_at,
             NOT EXISTS (SELECT FROM darkroom.review_verdict AS earlier
                          WHERE earlier.item_id = decided.id AND earlier.person_id = ${personId}),
             coalesce(extract(epoch FROM darkroom.now() - decided.leased_at) * 1000, 0)::bigint, darkroom.now()
        FROM decided JOIN given ON given.item_id = decided.id
      RETURNING id, item_id),
    acted AS (${actOf(personId, wellbeing, 'decided')})
    SELECT written.id, decided.effect_at FROM written JOIN decided ON decided.id = written.item_id`.execute(sql)
  return rows
}

/** Fault: forbidden (omitting is a lead's). */
export function requireRight(reviewer: Reviewer, verdict: Verdict): void {
  if (verdict.outcome === 'omit' && !reviewer.lead)
    throw new Fault('forbidden', { field: 'outcome', detail: 'only a lead leaves something undecided: escalate it' })
}

function notAlike(detail: string): Fault {
  return new Fault('invalid_request', { field: 'items', detail })
}
