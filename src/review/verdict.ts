// A verdict as a reviewer gives it, checked before it is taken: a denial names a clause of the policy with every finding that the
// clause's statement needs, and where a second look is asked for, allowing names its reason. Free text is a note for colleagues and
// reaches no statement. Pure.
import { Fault } from '../kernel/fault.ts'
import type { ClauseStatement, ModerationPolicy } from '../policy/policy.ts'
import type { ReviewRules } from '../policy/review-rules.ts'
import type { ItemRow } from './item.ts'

export type Verdict = {
  readonly outcome: 'allow' | 'deny' | 'omit'
  readonly clause: string | null
  /** The chosen phrase by each place of the clause's template. */
  readonly findings: Readonly<Record<string, string>>
  readonly reason: string | null
  readonly note: string | null
}

/** `upload`: it is about a picture that was refused when it was handed in. */
type Judged = Pick<ItemRow, 'kind' | 'image_id' | 'restricted'> & { upload?: boolean }

const SECOND_LOOKS: readonly ItemRow['kind'][] = ['appeal', 'audit', 'gold']

/** Fault: decision_incomplete, whose field names what is missing or does not fit. */
export function checkVerdict(policy: ModerationPolicy, rules: ReviewRules, item: Judged, verdict: Verdict): void {
  switch (verdict.outcome) {
    case 'allow':
      if (verdict.clause !== null) throw incomplete('clause', 'allowing names no clause')
      if (SECOND_LOOKS.includes(item.kind) || verdict.reason !== null)
        requireKey(rules.allowReasons, verdict.reason, 'reason')
      return
    case 'omit':
      if (item.kind !== 'appeal' && item.kind !== 'report')
        throw incomplete('outcome', 'only an appeal or a report can be left undecided')
      requireKey(rules.omitReasons, verdict.reason, 'reason')
      return
    case 'deny':
      checkDenial(policy, item, verdict)
      return
    default:
      verdict.outcome satisfies never
  }
}

function checkDenial(policy: ModerationPolicy, item: Judged, { clause: cited, findings }: Verdict): void {
  if (cited === null) throw incomplete('clause', 'denying names the clause that applies')
  const clause = policy.clauses.get(cited)
  const { statement } = clause ?? {}
  if (clause === undefined || !statement) throw incomplete('clause', 'there is no such clause that could be stated')
  if ((statement.redress === 'restricted') !== item.restricted)
    throw incomplete(
      'clause',
      item.restricted ? 'this item is for a restricted clause' : 'escalate it: this clause is restricted',
    )
  const needed = findingsFor(statement, item)
  if (needed === null) throw incomplete('clause', 'this clause does not speak of such content')
  for (const [place, phrases] of needed) {
    const chosen = findings[place]
    if (chosen === undefined || !phrases.includes(chosen))
      throw incomplete(`findings.${place}`, `choose one of: ${phrases.join('; ')}`)
  }
  const known = needed.map(([place]) => place)
  const unknown = Object.keys(findings).find((place) => !known.includes(place))
  if (unknown !== undefined) throw incomplete(`findings.${unknown}`, 'the clause has no such finding')
}

/** The phrases to choose from by their places; null where the clause does not speak of such content. */
export function findingsFor(
  { facts, findings }: ClauseStatement,
  { image_id, upload }: Pick<Judged, 'image_id' | 'upload'>,
): (readonly [string, readonly string[]])[] | null {
  // A picture is described as one wherever it came from.
  if (image_id === null && upload !== true) return facts.input === null ? null : []
  if (facts.review !== null) return [...findings]
  return facts.output === null ? null : []
}

function requireKey(reasons: ReadonlyMap<string, string>, key: string | null, field: string): void {
  if (key !== null && reasons.has(key)) return
  throw incomplete(field, `choose one of: ${[...reasons.keys()].join(', ')}`)
}

function incomplete(field: string, detail: string): Fault {
  return new Fault('decision_incomplete', { field, detail })
}
