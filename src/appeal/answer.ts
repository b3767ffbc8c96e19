// The reasoned answer to an appeal, from the templates of policies/review.yaml: fixed sentences whose places are clauses, rules and
// findings of the policy, never a reviewer's or an appellant's own words. Pure.
import { Fault } from '../kernel/fault.ts'
import type { ModerationPolicy, Template } from '../policy/policy.ts'
import type { Answered, ReviewRules } from '../policy/review-rules.ts'
import type { Ruling } from '../review/ruling.ts'
import { OWN } from '../statement/own-words.ts'
import { EN } from '../statement/speech/en.ts'

/** JSON as it is; what the API, the page and the webhook show. */
export type Answer = {
  readonly outcome: Answered
  readonly text: string
  readonly clause: string | null
  /** The clause that took its place, where the restriction stands for another reason. */
  readonly new_clause: string | null
  readonly reason: string | null
  readonly decided_at: string
  /** How many people decided the appeal, and how many of them so; software took no part in that. */
  readonly reviewers: number
  readonly agreed: number
  readonly automated: false
  readonly statement_id: string | null
  readonly policy: { readonly id: string; readonly version: string; readonly digest: string }
  readonly redress: { readonly out_of_court: string; readonly courts: string }
}

export type Decided = {
  outcome: Answered
  ruling: Pick<Ruling, 'reason' | 'reviewers' | 'agreed'>
  /** The contested clause. */
  clause: string
  /** What the reviewers found, or the software that refused anew, as a statement's facts say it; for a restriction that stands. */
  facts: string | null
  newClause: string | null
  /** Software found `newClause`, as it screened the request that the people let in; else they did. */
  refusedAnew: boolean
  newStatementId: string | null
  decidedAt: Date
}

/** Fault: statement_incomplete, when the policy has no words for a place: an answer without reasons is never given. */
export function answerOf(policy: ModerationPolicy, rules: ReviewRules, decided: Decided): Answer {
  const { outcome, ruling, clause, facts, newClause, refusedAnew, newStatementId, decidedAt } = decided
  const reasons = outcome === 'omitted' ? rules.omitReasons : rules.allowReasons
  const places: Places = {
    clause,
    rule: policy.clauses.get(clause)?.rule ?? OWN.earlierRule,
    new_clause: newClause,
    new_rule: newClause === null ? null : policy.clauses.get(newClause)?.rule,
    facts,
    reason: ruling.reason === null ? null : reasons.get(ruling.reason),
    reviewers: EN.people(ruling.reviewers.length),
    found: EN.found(ruling.agreed, ruling.reviewers.length - ruling.agreed),
  }
  const { outOfCourt, courts } = policy.redress.full
  return {
    outcome,
    text: fill(rules.answers[refusedAnew ? 'refused_anew' : outcome], places),
    clause,
    new_clause: newClause,
    reason: ruling.reason,
    decided_at: decidedAt.toISOString(),
    reviewers: ruling.reviewers.length,
    agreed: ruling.agreed,
    automated: false,
    statement_id: newStatementId,
    policy: { id: rules.id, version: rules.version, digest: rules.digest },
    redress: { out_of_court: outOfCourt, courts },
  }
}

type Places = Readonly<Record<string, string | null | undefined>>

function fill({ parts }: Template, places: Places): string {
  return parts
    .map((part) => {
      if (typeof part === 'string') return part
      const value = places[part.place]
      if (!value)
        throw new Fault('statement_incomplete', { field: part.place, detail: `the answer lacks ${part.place}` })
      return value
    })
    .join('')
}
