// How an appeal ends: decided (effect.ts), taken back by whoever filed it, or omitted because what it is about was erased.
import { sql as raw } from 'kysely'
import { type AppealMove, advance } from '../advance.ts'
import { isTerminal, type StateOf } from '../journey.ts'
import { asJson } from '../kernel/canonical.ts'
import type { Tx } from '../kernel/database.ts'
import { Fault } from '../kernel/fault.ts'
import type { Ground } from '../kernel/ground.ts'
import { WEBHOOK_TOPIC } from '../kernel/outbox.ts'
import type { Due } from '../kernel/tasks.ts'
import { lockRequest } from '../outcome.ts'
import type { Answered } from '../policy/review-rules.ts'
import { closeItems, type ReviewTools } from '../review/item.ts'
import { answerOf } from './answer.ts'

type AppealRow = { id: string; tenant_id: string; state: StateOf<'appeal'>; version: number }
type Ending = Pick<AppealMove, 'set' | 'facts'>

const OMITTED = { outcome: 'omit', reason: 'content_erased' } as const

/** Moves an appeal to its end; one that nobody had claimed yet passes through `reviewing` where the journey asks for it. */
export async function endAppeal(
  tx: Tx,
  { id, tenant_id: tenantId, state, version }: AppealRow,
  to: Answered | 'withdrawn',
  { set, facts }: Ending,
): Promise<Due[]> {
  const move = { subject: 'appeal', id, tenantId } as const
  const through = state === 'open' && to !== 'omitted' && to !== 'withdrawn'
  if (through) await advance(tx, { ...move, from: 'open', version, to: 'reviewing', facts: {} })
  const from = through ? 'reviewing' : state
  return advance(tx, { ...move, from, version: through ? version + 1 : version, to, facts, ...(set ? { set } : {}) })
}

/** Takes an appeal back; the decision stands and cannot be appealed again. Faults: not_found, conflict (it has ended). */
export async function withdrawAppeal(ground: Ground, tenantId: string, appealId: string): Promise<void> {
  await ground.database.transact(async (tx) => {
    const found = await readAppeal(tx, tenantId, appealId)
    await lockRequest(tx, found.request_id)
    await closeItems(tx, { appealId }, { outcome: 'omit', reason: 'withdrawn' })
    const appeal = await readAppeal(tx, tenantId, appealId)
    if (isTerminal('appeal', appeal.state))
      throw new Fault('conflict', { detail: `the appeal is ${appeal.state} already`, facts: { appeal: appealId } })
    await endAppeal(tx, appeal, 'withdrawn', { facts: {} })
  })
  ground.bell.tell(WEBHOOK_TOPIC, {})
}

/**
 * What an erasure does to the appeals of its request: the open ones are omitted with an answer that says so, and what appellants wrote
 * goes with its salt. In the erasure's transaction, under the request's lock.
 */
export async function omitAppeals(tx: Tx, { policy, rules }: ReviewTools, requestId: string): Promise<void> {
  const appeals = await tx
    .selectFrom('darkroom.appeal')
    .select(['id', 'tenant_id', 'state', 'version', 'clause'])
    .select(raw<Date>`darkroom.now()`.as('now'))
    .where('request_id', '=', requestId)
    .forUpdate()
    .execute()
  for (const { now, clause, ...appeal } of appeals) {
    await tx.updateTable('darkroom.appeal').set({ text: null, salt: null }).where('id', '=', appeal.id).execute()
    if (isTerminal('appeal', appeal.state) || clause === null) continue
    const ruling = { reason: OMITTED.reason, reviewers: [], agreed: 0 }
    const nothing = { facts: null, newClause: null, refusedAnew: false, newStatementId: null }
    const answer = answerOf(policy, rules, { outcome: 'omitted', ruling, clause, decidedAt: now, ...nothing })
    await endAppeal(tx, appeal, 'omitted', {
      set: { answer: JSON.stringify(asJson(answer)), decided_at: now },
      facts: { reason: OMITTED.reason },
    })
  }
}

async function readAppeal(tx: Tx, tenantId: string, appealId: string): Promise<AppealRow & { request_id: string }> {
  const appeal = await tx
    .selectFrom('darkroom.appeal')
    .select(['id', 'tenant_id', 'state', 'version', 'request_id'])
    .where('id', '=', appealId)
    .where('tenant_id', '=', tenantId)
    .executeTakeFirst()
  if (appeal === undefined || appeal.request_id === null) throw new Fault('not_found', { facts: { id: appealId } })
  return { ...appeal, request_id: appeal.request_id }
}
