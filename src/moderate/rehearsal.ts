// The evidence of a rehearsal: scores that lead the policy in force to the verdict that a sandbox prompt names, so that everything
// after the classifiers is the real thing.
import { Fault } from '../kernel/fault.ts'
import { parseScenario } from '../kernel/sandbox.ts'
import type { ModerationPolicy } from '../policy/policy.ts'

type Rehearsed = {
  categories: Record<string, number>
  classifiers: { id: string; version: string; digest: string }[]
  opinions: []
}

const REHEARSAL = { id: 'sandbox', version: '1', digest: '0'.repeat(64) }

/** Fault: policy_invalid, when no category of the policy gives the verdict. */
export function rehearsedEvidence(policy: ModerationPolicy, scenario: string): Rehearsed {
  const scored = policy.categories.flatMap(({ id, image }) => (image === null ? [] : [{ id, image }]))
  const categories: Record<string, number> = Object.fromEntries(scored.map(({ id }) => [id, 0]))
  const kind = parseScenario(scenario)?.kind
  if (kind === 'denied' || kind === 'held') {
    const decisive = scored.find(({ image }) => {
      const reasons = policy.clauses.get(image.clause)?.statement
      const appealable = reasons?.redress === 'full' && reasons.facts.output !== null
      return kind === 'held' || (image.denyFrom !== null && appealable)
    })
    if (decisive === undefined)
      throw new Fault('policy_invalid', { detail: 'the policy has no category that could be rehearsed' })
    categories[decisive.id] = kind === 'denied' ? 1 : decisive.image.holdFrom
  }
  return { categories, classifiers: [REHEARSAL], opinions: [] }
}
