// Random audits of what software decided by itself: a share of what it blocked, and of what it allowed where the tenant consents, is
// looked at by a person who does not know what software said. An audit moves nothing. It estimates how often software errs
// (quality.ts), weighted by the probability with which each was drawn; and what should not have been published goes to be decided
// as a report is. An audit's clause is the one that software blocked under; none where it allowed.
import { note } from '../advance.ts'
import type { ImageState } from '../journey.ts'
import type { Json } from '../kernel/canonical.ts'
import type { Tx } from '../kernel/database.ts'
import { addItem, type ItemRow, type ReviewTools } from './item.ts'
import type { Ruling } from './ruling.ts'
import type { Effect } from './settle.ts'

/** What software alone made of a picture. */
export type Automatic = {
  readonly tenantId: string
  readonly requestId: string
  readonly imageId: string
  readonly outcome: 'allowed' | 'blocked'
  readonly category: string | null
  /** Under which it was blocked. */
  readonly clause: string | null
  readonly prompt: string | null
}

/** Draws; returns the audit's id, or null where it was not drawn or may not be. In the transaction of the picture's own move. */
export async function auditItem(tx: Tx, tools: ReviewTools, automatic: Automatic): Promise<string | null> {
  const { outcome, tenantId, requestId, imageId, category, prompt } = automatic
  const clause = outcome === 'blocked' ? automatic.clause : null
  if (outcome === 'blocked' && clause === null) throw new TypeError('what software blocks, it blocks under a clause')
  // What only a few people may ever see is not shown for statistics.
  const redress = clause === null ? 'full' : tools.policy.clauses.get(clause)?.statement?.redress
  if (redress !== 'full') return null
  const probability = tools.rules.auditRates[outcome]
  if (probability === 0 || tools.draw() >= probability) return null
  if (outcome === 'allowed' && !(await consents(tx, tenantId))) return null
  return addItem(tx, tools, { kind: 'audit', tenantId, requestId, imageId, category, clause, prompt, probability })
}

async function consents(tx: Tx, tenantId: string): Promise<boolean> {
  const tenant = await tx
    .selectFrom('darkroom.tenant')
    .select('audit_consent')
    .where('id', '=', tenantId)
    .executeTakeFirstOrThrow()
  return tenant.audit_consent
}

/** Published, or about to be. */
const GOES_OUT: readonly ImageState[] = ['cleared', 'marked', 'published']

/** An audit's ruling: noted beside what software said; what should not be public goes to be decided by somebody else. */
export function auditEffect(tools: ReviewTools): Effect {
  return async (item, ruling) => async (tx) => {
    const image = await tx
      .selectFrom('darkroom.image')
      .select(['state', 'verdict'])
      .where('id', '=', item.image_id ?? '')
      .executeTakeFirst()
    const goesOut = image !== undefined && GOES_OUT.includes(image.state) && ruling.outcome === 'deny'
    const report = goesOut ? await askToWithdraw(tx, tools, item, ruling) : null
    await note(tx, item.tenant_id, 'review.audited', item.id, {
      request: item.request_id,
      image: item.image_id,
      software: item.clause === null ? 'allowed' : 'blocked',
      software_clause: item.clause,
      outcome: ruling.outcome,
      clause: ruling.clause,
      probability: item.probability,
      classifiers: classifiersOf(image?.verdict ?? null),
      report,
    })
    return []
  }
}

/** A withdrawal is a decision of its own, with its statement: somebody who did not audit it takes it. */
async function askToWithdraw(
  tx: Tx,
  tools: ReviewTools,
  item: ItemRow,
  { clause, reviewers }: Ruling,
): Promise<string> {
  return addItem(tx, tools, {
    kind: 'report',
    tenantId: item.tenant_id,
    requestId: item.request_id,
    imageId: item.image_id,
    category: clause === null ? item.category : (tools.policy.clauses.get(clause)?.category ?? item.category),
    clause,
    exclude: reviewers.map((personId) => ({ personId, reason: 'first_decider' })),
  })
}

/** Ids and versions as the picture's own verdict pinned them. */
function classifiersOf(verdict: Json | null): Json {
  if (verdict === null || typeof verdict !== 'object' || Array.isArray(verdict)) return []
  return verdict.classifiers ?? []
}
