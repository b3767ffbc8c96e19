// What people are asked to look at: an item for each hold, appeal, audit, report, escalation and gold question. An item is written in
// the transaction of the move that made it necessary. Harm buys a head start in the queue, waiting does the rest: `rank_at` is the
// one order. Where an item goes beside that is routing.ts's to say. claim.ts hands items out, decide.ts takes verdicts, settle.ts lets
// them take effect.
import { randomInt } from 'node:crypto'
import { sql as raw, type Selectable } from 'kysely'
import type { Tx } from '../kernel/database.ts'
import { newId } from '../kernel/ids.ts'
import type { ReviewExclusionTable, ReviewItemTable, ReviewKind } from '../kernel/review-tables.ts'
import type { ModerationPolicy } from '../policy/policy.ts'
import type { ReviewRules } from '../policy/review-rules.ts'
import { languageOf } from './language.ts'
import { routeOf } from './routing.ts'
import { routingInForce } from './routing-records.ts'

export type ItemRow = Selectable<ReviewItemTable>

/** What review needs to know beside the records. */
export type ReviewTools = {
  readonly policy: ModerationPolicy
  readonly rules: ReviewRules
  /** Evenly in [0, 1); which items a random sample takes. */
  readonly draw: () => number
}

export type NewItem = {
  kind: ReviewKind
  tenantId: string
  requestId: string
  imageId?: string | null
  appealId?: string | null
  reportId?: string | null
  category: string | null
  clause: string | null
  /** For matching a reviewer's languages; nothing of it is kept but the language. */
  prompt?: string | null
  contentDigest?: string | null
  restricted?: boolean
  /** With which an item of a random sample was drawn. */
  probability?: number
  exclude?: readonly { personId: string; reason: ReviewExclusionTable['reason'] }[]
  expected?: { outcome: 'allow' | 'deny'; clause: string | null }
}

/** Of what no category is known yet: in the middle. */
const UNKNOWN_SEVERITY = 50
const HOUR_MS = 3_600_000
const MINUTE_MS = 60_000

/** Writes an item; returns its id. In the caller's transaction. */
export async function addItem(tx: Tx, { policy, rules, draw }: ReviewTools, item: NewItem): Promise<string> {
  const id = newId('rvw')
  const { severity, rank_at, deadline_at } = urgencyOf(policy, rules, item.kind, item.category)
  const overlap = item.kind === 'hold' && draw() < rules.overlapRate
  const language = item.prompt ? languageOf(item.prompt) : null
  const restricted = item.restricted === true
  const routing = await routingInForce(tx)
  const route = routeOf(routing.rules, { ...item, severity, language, restricted })
  await tx
    .insertInto('darkroom.review_item')
    .values({
      id,
      tenant_id: item.tenantId,
      kind: item.kind,
      request_id: item.requestId,
      image_id: item.imageId ?? null,
      appeal_id: item.appealId ?? null,
      report_id: item.reportId ?? null,
      restricted,
      category: item.category,
      clause: item.clause,
      severity,
      language,
      content_digest: item.contentDigest ?? null,
      rank_at: raw<Date>`${rank_at} - ${route.headStartMinutes * MINUTE_MS} * interval '1 millisecond'`,
      deadline_at,
      needs: Math.max(route.verdicts, verdictsNeeded(rules, item.kind, overlap)),
      overlap,
      lead_only: route.leadOnly,
      people: route.people === null ? null : [...route.people],
      routing_version: route.rule === null ? null : routing.version,
      routing_rule: route.rule,
      probability: overlap ? rules.overlapRate : (item.probability ?? null),
      expected: item.expected === undefined ? null : JSON.stringify(item.expected),
    })
    .execute()
  const excluded = [...new Map((item.exclude ?? []).map((one) => [one.personId, one])).values()]
  if (excluded.length > 0)
    await tx
      .insertInto('darkroom.review_exclusion')
      .values(excluded.map(({ personId, reason }) => ({ item_id: id, person_id: personId, reason })))
      .execute()
  return id
}

/** Before any routing. `overlap`: whether it was drawn for a second look. */
export function verdictsNeeded(rules: ReviewRules, kind: ReviewKind, overlap: boolean): number {
  const { reviewers } = rules.kinds[kind]
  return overlap ? Math.max(2, reviewers) : reviewers
}

/** Whether `item` (a row of review_item) is about a picture that was refused when it was handed in, as SQL. */
export const IS_UPLOAD = raw<boolean>`(item.image_id IS NULL AND EXISTS (
  SELECT FROM darkroom.request JOIN darkroom.statement ON statement.id = request.statement_id
   WHERE request.id = item.request_id AND statement.record ->> 'inputKind' = 'image'))`
/** Where an item of this category stands in the queue, and by when it is due, if it came now. */
function urgencyOf(policy: ModerationPolicy, rules: ReviewRules, kind: ReviewKind, category: string | null) {
  const severity = policy.categories.find((one) => one.id === category)?.severity ?? UNKNOWN_SEVERITY
  const [mild, grave] = rules.kinds[kind].deadlineHours
  const deadlineMs = (mild + ((grave - mild) * severity) / 100) * HOUR_MS
  return {
    severity,
    rank_at: raw<Date>`darkroom.now() - ${severity * rules.headStartMsPerSeverity} * interval '1 millisecond'`,
    deadline_at: raw<Date>`darkroom.now() + ${deadlineMs} * interval '1 millisecond'`,
  }
}

/**
 * More was said of an item's subject: where that is graver, the item goes ahead by as much, and keeps what routing gave it. Never less
 * urgent than before, nor than one that comes now.
 */
export async function raiseItem(
  tx: Tx,
  { policy, rules }: ReviewTools,
  itemId: string,
  category: string | null,
): Promise<void> {
  const { severity, rank_at, deadline_at } = urgencyOf(policy, rules, 'report', category)
  const headStart = raw`(${severity} - severity) * ${rules.headStartMsPerSeverity} * interval '1 millisecond'`
  await tx
    .updateTable('darkroom.review_item')
    .set({
      severity,
      category,
      rank_at: raw<Date>`least(rank_at - ${headStart}, ${rank_at})`,
      deadline_at: raw<Date>`least(deadline_at, ${deadline_at})`,
    })
    .where('id', '=', itemId)
    .where('severity', '<', severity)
    .where('kind', '=', 'report')
    .execute()
}

/** Evenly in [0, 1), from the system's own randomness: nobody can foresee what is sampled. */
export function drawAtRandom(): number {
  return randomInt(2 ** 40) / 2 ** 40
}

/** Closes what nobody needs to look at any more, because its subject is gone or its appeal was withdrawn. Lock its request first. */
export async function closeItems(
  tx: Tx,
  by: { requestId: string; unless?: 'restricted' } | { appealId: string } | { imageId: string; unless?: 'restricted' },
  ruling: { outcome: 'omit'; reason: string },
): Promise<void> {
  await tx
    .updateTable('darkroom.review_item')
    .set({
      state: 'closed',
      closed_at: raw<Date>`darkroom.now()`,
      effect_at: null,
      lease_person: null,
      lease_hash: null,
      lease_until: null,
      ruling: JSON.stringify(ruling),
    })
    .where('state', '<>', 'closed')
    .$if('requestId' in by, (query) => query.where('request_id', '=', 'requestId' in by ? by.requestId : ''))
    .$if('unless' in by, (query) => query.where('restricted', '=', false))
    .$if('imageId' in by, (query) => query.where('image_id', '=', 'imageId' in by ? by.imageId : ''))
    .$if('appealId' in by, (query) => query.where('appeal_id', '=', 'appealId' in by ? by.appealId : ''))
    .execute()
}
