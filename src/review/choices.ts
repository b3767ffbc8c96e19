// What a verdict may say, offered before it is given: the clauses that may be cited with the phrases of their findings, and the reasons
// for allowing. The same for every item of one kind of content, so it tells nothing; verdict.ts accepts what is offered here
// and refuses everything else.
import type { ModerationPolicy } from '../policy/policy.ts'
import type { ReviewRules } from '../policy/review-rules.ts'
import type { ItemRow } from './item.ts'
import { laneOf } from './lane.ts'
import { findingsFor } from './verdict.ts'

export type ClauseChoice = {
  id: string
  category_name: string
  rule: string
  /** By place, the phrases of which one is chosen. */
  findings: Record<string, readonly string[]>
}
export type Choices = { clauses: ClauseChoice[]; allow_reasons: ReasonChoice[]; omit_reasons: ReasonChoice[] }
type ReasonChoice = { key: string; text: string }

type Judged = Pick<ItemRow, 'kind' | 'image_id' | 'restricted'> & { upload: boolean }

/** `lead`: omitting is offered only to whom it is allowed, and in no lane where none of its items can be left undecided. */
export function choicesFor(policy: ModerationPolicy, rules: ReviewRules, item: Judged, lead: boolean): Choices {
  const clauses = policy.categories.flatMap(({ name, clauses: own }) =>
    own.flatMap(({ id, rule, statement }): ClauseChoice[] => {
      if (statement === null || (statement.redress === 'restricted') !== item.restricted) return []
      const findings = findingsFor(statement, item)
      return findings === null ? [] : [{ id, category_name: name, rule, findings: Object.fromEntries(findings) }]
    }),
  )
  return {
    clauses,
    allow_reasons: reasons(rules.allowReasons),
    omit_reasons: lead && laneOf(item) !== 'first_look' ? reasons(rules.omitReasons) : [],
  }
}

function reasons(known: ReadonlyMap<string, string>): ReasonChoice[] {
  return [...known].map(([key, text]) => ({ key, text }))
}
