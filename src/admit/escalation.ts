// A refusal that calls a person: the people who may see such cases look at what software made of it. Restricted clauses go to the
// restricted lane, which has no way to release anything.
import type { Tx } from '../kernel/database.ts'
import { addItem, type ReviewTools } from '../review/item.ts'
import type { UploadRefusal } from './inputs.ts'
import type { Refusal } from './screen.ts'

type Escalated = { tenantId: string; requestId: string; prompt: string; refusal: Refusal | UploadRefusal }

/** In the transaction of the refusal; does nothing for one that calls nobody. */
export async function queueEscalation(tx: Tx, tools: ReviewTools, escalated: Escalated): Promise<void> {
  const { tenantId, requestId, prompt, refusal } = escalated
  if ('input' in refusal ? refusal.reason !== 'escalated' : !refusal.facts.escalate) return
  const { clause, category } = refusal
  const restricted = tools.policy.clauses.get(clause)?.statement?.redress === 'restricted'
  await addItem(tx, tools, { kind: 'escalation', tenantId, requestId, category, clause, prompt, restricted })
}
