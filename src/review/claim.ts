// Claims: the next item of the queue's order, or a named one, under a lease with a random fencing token. A token is shown once and kept
// as a hash; each claim has its own, so that two tabs of one person are two claims. Whoever asks may bring the token: asked once more with
// it, because the answer was lost, the same claim is answered. A lease that ran out is nobody's, and its token decides nothing any more.
// One statement each: two reviewers never get the same item. handout.ts says what a person is spared.
import { createHash, randomBytes } from 'node:crypto'
import { sql as raw } from 'kysely'
import { advance } from '../advance.ts'
import type { Database, Sql } from '../kernel/database.ts'
import { Fault } from '../kernel/fault.ts'
import type { ReviewRules } from '../policy/review-rules.ts'
import { LANE, type Lane } from './lane.ts'
import { asWho, ELIGIBLE, isFree, type Reviewer } from './reviewer.ts'
import { actOf } from './shift-records.ts'
import { exposureReached } from './wellbeing.ts'

export type Lease = { readonly itemId: string; readonly token: string; readonly until: Date }

const TOKEN_BYTES = 24

/** What is kept from somebody for a while although they may have it; handout.ts says why. */
export type Spared = {
  /** Of all lanes unless one is asked for. */
  readonly lane?: Lane | null
  /** Only what is milder than this, and until when. */
  readonly below: number
  readonly belowUntil: Date | null
  /** Nothing of these categories; empty text: of what has none. */
  readonly skipped: readonly string[]
}
const NOTHING_SPARED: Spared = { below: 101, belowUntil: null, skipped: [] }

/** Whether `item` is none of what is spared, as SQL. */
function isUnspared({ below, skipped }: Spared) {
  return raw<boolean>`(item.severity < ${below} AND coalesce(item.category, '') <> ALL (${[...skipped]}::text[]))`
}

export function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}

/** As CASE, since the planner would take few items to be of a lane, and sort them all instead of going through them in order. */
function isOfLane(lane: Lane | null) {
  return raw<boolean>`CASE WHEN ${lane}::text IS NULL THEN true ELSE ${LANE} = ${lane} END`
}

type Claimed = { id: string; lease_until: Date; appeal_id: string | null }

/**
 * The first item that this person may have, or the one that they hold by `token` already; null when there is none. The lease has that token
 * unless a claim that ran out still has it.
 */
export async function claimNext(
  database: Database,
  rules: ReviewRules,
  reviewer: Reviewer,
  spared: Spared = NOTHING_SPARED,
  token = newToken(),
): Promise<Lease | null> {
  // Taken by the same question, asked twice at once, which the second try is answered with; or by a claim that ran out.
  for (const each of [token, token, newToken()]) {
    const row = await claimFirst(database.sql, rules, reviewer, spared, each).catch(unlessTaken)
    if (row !== TAKEN) return begin(database, row, each)
  }
  throw new TypeError('a token that was just drawn is nobody’s')
}

const TAKEN = Symbol('taken')

function unlessTaken(error: unknown): typeof TAKEN {
  if (error instanceof Error && 'constraint' in error && error.constraint === 'review_item_lease_hash') return TAKEN
  throw error
}

async function claimFirst(
  sql: Sql,
  rules: ReviewRules,
  reviewer: Reviewer,
  spared: Spared,
  token: string,
): Promise<Claimed | undefined> {
  const { lane = null } = spared
  const { rows } = await raw<Claimed>`/* prepared: review_next */
    WITH held AS (
      SELECT id, lease_until, appeal_id FROM darkroom.review_item WHERE ${isHeldBy(reviewer, token)}),
    claimed AS (
      UPDATE darkroom.review_item AS claimed
         SET fence = claimed.fence + 1, lease_person = ${reviewer.personId}, lease_hash = ${hashOf(token)},
             leased_at = darkroom.now(), lease_until = darkroom.now() + ${rules.leaseMs} * interval '1 millisecond',
             reserved_for = NULL, reserved_until = NULL
       WHERE claimed.id = (
         SELECT item.id
           FROM darkroom.review_item AS item
           CROSS JOIN ${asWho(reviewer.personId)}
          WHERE NOT EXISTS (SELECT FROM held)
            AND item.state = 'open' AND ${isFree(reviewer.personId)} AND (NOT item.lead_only OR ${reviewer.lead})
            AND (item.aside_by IS DISTINCT FROM ${reviewer.personId} OR item.aside_until <= (SELECT darkroom.now()))
            AND ${isOfLane(lane)} AND ${isUnspared(spared)} AND ${ELIGIBLE}
          ORDER BY item.rank_at, item.id
          LIMIT 1
            FOR UPDATE OF item SKIP LOCKED)
      RETURNING claimed.id, claimed.lease_until, claimed.appeal_id),
    acted AS (${actOf(reviewer.personId, rules.wellbeing, 'claimed')})
    SELECT * FROM held UNION ALL SELECT * FROM claimed`.execute(sql)
  return rows[0]
}

function newToken(): string {
  return randomBytes(TOKEN_BYTES).toString('base64url')
}

/**
 * Claims a named item. One that this person holds already, in another tab or one that is gone, is taken over: only the new token holds it
 * from then on. Faults: not_found, conflict (it is held, decided, reserved or skipped), conflict_of_interest, exposure_reached.
 */
export async function claimItem(
  database: Database,
  rules: ReviewRules,
  reviewer: Reviewer,
  itemId: string,
  spared: Spared = NOTHING_SPARED,
): Promise<Lease> {
  const token = newToken()
  const { rows } = await raw<Claimed>`/* prepared: review_claim */
    WITH claimed AS (
      UPDATE darkroom.review_item AS item
         SET fence = item.fence + 1, lease_person = ${reviewer.personId}, lease_hash = ${hashOf(token)},
             leased_at = darkroom.now(), lease_until = darkroom.now() + ${rules.leaseMs} * interval '1 millisecond',
             reserved_for = NULL, reserved_until = NULL
        FROM ${asWho(reviewer.personId)}
       WHERE item.id = ${itemId} AND item.state = 'open'
         AND (item.lease_person = ${reviewer.personId} AND item.lease_until > (SELECT darkroom.now())
              OR ${isFree(reviewer.personId)})
         AND (NOT item.lead_only OR ${reviewer.lead}) AND ${isUnspared(spared)} AND ${ELIGIBLE}
      RETURNING item.id, item.lease_until, item.appeal_id),
    acted AS (${actOf(reviewer.personId, rules.wellbeing, 'claimed')})
    SELECT * FROM claimed`.execute(database.sql)
  const lease = await begin(database, rows[0], token)
  if (lease === null) throw await whyNot(database.sql, reviewer, itemId, spared)
  return lease
}

/** Extends a lease that has not run out. `opened`: only now is it looked at, and its time counts from here. Fault: lease_expired. */
export async function renewLease(
  sql: Sql,
  rules: ReviewRules,
  reviewer: Reviewer,
  itemId: string,
  token: string,
  opened = false,
): Promise<Date> {
  const { rows } = await raw<{ lease_until: Date }>`
    UPDATE darkroom.review_item
       SET lease_until = darkroom.now() + ${rules.leaseMs} * interval '1 millisecond',
           leased_at = CASE WHEN ${opened} THEN darkroom.now() ELSE leased_at END
     WHERE id = ${itemId} AND ${isHeldBy(reviewer, token)}
    RETURNING lease_until`.execute(sql)
  const row = rows[0]
  if (row === undefined) throw leaseExpired(itemId)
  return row.lease_until
}

/** `aside`: for as long as a claim lasts, `claimNext` does not hand it to this person again. */
export type HandOver = { note: string | null; to: string | null; aside?: boolean }

/**
 * Gives an item back to the queue, to a named person first if asked for.
 * Faults: lease_expired, invalid_request (field `to`: nobody who could have it).
 */
export async function releaseItem(
  sql: Sql,
  rules: ReviewRules,
  reviewer: Reviewer,
  itemId: string,
  token: string,
  { note, to, aside = false }: HandOver,
): Promise<void> {
  if (to !== null) await requireEligible(sql, itemId, to)
  const { numAffectedRows } = await raw`
    UPDATE darkroom.review_item
       SET lease_person = NULL, lease_hash = NULL, lease_until = NULL, leased_at = NULL,
           aside_by = CASE WHEN ${aside} THEN ${reviewer.personId} END,
           aside_until = CASE WHEN ${aside} THEN darkroom.now() + ${rules.leaseMs} * interval '1 millisecond' END,
           handover_note = coalesce(${note}, handover_note), reserved_for = ${to},
           reserved_until = CASE WHEN ${to}::text IS NULL THEN NULL
                                 ELSE darkroom.now() + ${rules.reserveMs} * interval '1 millisecond' END
     WHERE id = ${itemId} AND ${isHeldBy(reviewer, token)}`.execute(sql)
  if (numAffectedRows !== 1n) throw leaseExpired(itemId)
}

/** Whether the row's lease is this token's and this person's, and has not run out. A token that somebody else has is nobody's. */
export function isHeldBy({ personId }: Reviewer, token: string) {
  return raw<boolean>`(state = 'open' AND lease_person = ${personId} AND lease_hash = ${hashOf(token)}
                       AND lease_until > (SELECT darkroom.now()))`
}

export function leaseExpired(itemId: string): Fault {
  return new Fault('lease_expired', {
    detail:
      'This claim has run out, was given back or has been used already, so nothing was changed. Claim the item again if it is still there.',
    facts: { item: itemId },
  })
}

/** An appeal is being reviewed from its first claim on. Who comes after a crash between the two statements moves it. */
async function begin(database: Database, row: Claimed | undefined, token: string): Promise<Lease | null> {
  if (row === undefined) return null
  const { appeal_id: appealId } = row
  if (appealId !== null)
    await database.transact(async (tx) => {
      const appeal = await tx
        .selectFrom('darkroom.appeal')
        .select(['id', 'tenant_id', 'state', 'version'])
        .where('id', '=', appealId)
        .forUpdate()
        .executeTakeFirstOrThrow()
      if (appeal.state !== 'open') return
      const { id, tenant_id: tenantId, version } = appeal
      await advance(tx, { subject: 'appeal', id, tenantId, from: 'open', version, to: 'reviewing', facts: {} })
    })
  return { itemId: row.id, token, until: row.lease_until }
}

async function requireEligible(sql: Sql, itemId: string, personId: string): Promise<void> {
  const { rows } = await raw`
    SELECT FROM darkroom.review_item AS item JOIN darkroom.active_reviewer AS who ON who.person_id = ${personId}
     WHERE item.id = ${itemId} AND ${ELIGIBLE}`.execute(sql)
  if (rows.length === 0)
    throw new Fault('invalid_request', { field: 'to', detail: 'this person may not have the item, or is no reviewer' })
}

async function whyNot(sql: Sql, reviewer: Reviewer, itemId: string, spared: Spared): Promise<Fault> {
  const { rows } = await raw<{
    state: string
    restricted: boolean
    eligible: boolean
    lead_only: boolean
    severity: number
    now: Date
  }>`
    SELECT item.state, item.restricted AND NOT who.restricted AS restricted, ${ELIGIBLE} AS eligible, item.lead_only,
           item.severity, darkroom.now() AS now
      FROM darkroom.review_item AS item JOIN darkroom.active_reviewer AS who ON who.person_id = ${reviewer.personId}
     WHERE item.id = ${itemId}`.execute(sql)
  const row = rows[0]
  // What is restricted does not exist for others.
  if (row === undefined || row.restricted) return new Fault('not_found', { facts: { item: itemId } })
  if (row.state !== 'open' && row.state !== 'awaiting_reviewer')
    return new Fault('conflict', { detail: `this item is ${row.state} already`, facts: { item: itemId } })
  if (!row.eligible || (row.lead_only && !reviewer.lead)) return conflictOfInterest(itemId)
  if (spared.belowUntil !== null && row.severity >= spared.below)
    return exposureReached(
      'you have judged as much that is grave as one day may ask of you',
      spared.belowUntil,
      row.now,
    )
  // One sentence for all: which it is would tell of what category an item is that was passed.
  return new Fault('conflict', {
    detail: 'somebody else has this item, it is kept for somebody, or you are given nothing of its kind for now',
    facts: { item: itemId },
  })
}

export function conflictOfInterest(itemId: string): Fault {
  return new Fault('conflict_of_interest', {
    detail: 'you took part in this or in something it belongs to, or it is not among what you review',
    facts: { item: itemId },
  })
}
