// Whether an order is a rehearsal. Only tenants that are marked for it rehearse; for all others the same words are a prompt.
// A scenario's verdict is given, never seen: what follows from it is the journey of any order. The words are in kernel/sandbox.ts.
import type { Sql } from '../kernel/database.ts'
import { Fault } from '../kernel/fault.ts'
import { isSandboxPrompt, type Scenario, scenarioOf } from '../kernel/sandbox.ts'
import { type ModerationPolicy, policyRef } from '../policy/policy.ts'
import type { Refusal } from './screen.ts'

/** Null: an ordinary order. Fault: invalid_request, when a tenant that rehearses names no scenario there is. */
export async function readScenario(sql: Sql, tenantId: string, prompt: string): Promise<Scenario | null> {
  if (!isSandboxPrompt(prompt)) return null
  const tenant = await sql.selectFrom('darkroom.tenant').select('sandbox').where('id', '=', tenantId).executeTakeFirst()
  return tenant?.sandbox === true ? scenarioOf(prompt) : null
}

/** A refusal by the first clause of the policy that refuses prompts and can be appealed. Fault: policy_invalid, when none does. */
export function forcedRefusal(policy: ModerationPolicy): Refusal {
  for (const { id, category, input, statement } of policy.clauses.values()) {
    const lists = input?.when.lists ?? []
    if (input?.action !== 'deny' || lists.length === 0 || statement?.redress !== 'full') continue
    if (statement.facts.input === null) continue
    const facts = { lists, phrases: 1, languages: ['en'], contexts: [], purpose: 'none', escalate: false }
    const ref = policyRef(policy)
    const cited = { clause: id, clauses: [id], category, categories: [category] }
    return { verdict: 'refuse', ...cited, band: 'matched', facts, policy: ref }
  }
  throw new Fault('policy_invalid', { detail: 'the policy refuses no prompt that could be rehearsed' })
}
