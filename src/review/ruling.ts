// From verdicts to a ruling. Verdicts are independent; as many as the item needs must agree, and where two disagree one more decides.
// Releasing what was held in a severe category needs two people, whatever the item says; refusing it needs one. Pure.
import type { Selectable } from 'kysely'
import type { ReviewVerdictTable } from '../kernel/review-tables.ts'
import type { ReviewRules } from '../policy/review-rules.ts'
import type { ItemRow } from './item.ts'

export type VerdictRow = Pick<
  Selectable<ReviewVerdictTable>,
  'id' | 'person_id' | 'outcome' | 'clause' | 'reason' | 'counted_at'
> & { findings: Readonly<Record<string, string>> }

export type Ruling = {
  readonly outcome: 'allow' | 'deny' | 'omit'
  /** Of a denial. */
  readonly clause: string | null
  readonly findings: Readonly<Record<string, string>>
  readonly reason: string | null
  /** How many of the verdicts were of this outcome. */
  readonly agreed: number
  /** Everybody whose verdict counted, and the verdicts. */
  readonly reviewers: readonly string[]
  readonly verdicts: readonly string[]
}

/** `needs`: how many verdicts it now takes in all. */
export type Ruled = { readonly ruling: Ruling } | { readonly needs: number }

type Judged = Pick<ItemRow, 'kind' | 'needs' | 'clause' | 'severity'>

/** Whether one person alone may refuse this, but not release it. */
export function needsTwo({ kind, severity }: Pick<Judged, 'kind' | 'severity'>, rules: ReviewRules): boolean {
  return kind === 'hold' && severity >= rules.twoPersonSeverity
}

/** `verdicts`: those that stand, in the order in which they were given. */
export function ruleOn(item: Judged, verdicts: readonly VerdictRow[], rules: ReviewRules): Ruled {
  const left = verdicts.find((one) => one.outcome === 'omit')
  if (left !== undefined)
    return { ruling: { ...asRuling(verdicts, left), outcome: 'omit', clause: null, findings: {} } }
  const allowing = verdicts.filter((one) => one.outcome === 'allow')
  const denying = verdicts.filter((one) => one.outcome === 'deny')
  const needs = Math.max(item.needs, needsTwo(item, rules) && denying.length === 0 ? 2 : 1)
  if (verdicts.length < needs) return { needs }
  if (allowing.length === denying.length) return { needs: verdicts.length + 1 }
  const stronger = allowing.length > denying.length ? allowing : denying
  // Two against one decide; with more needed, a majority of them all.
  if (stronger.length < Math.ceil((needs + 1) / 2)) return { needs: verdicts.length + 1 }
  const cited = stronger === denying ? citedBy(denying, item.clause) : stronger[0]
  if (cited === undefined) return { needs: verdicts.length + 1 }
  return { ruling: asRuling(verdicts, cited) }
}

/** The denial to go by: the contested clause where at least half of those who deny cite it, else the one that most cite. */
function citedBy(denying: readonly VerdictRow[], contested: string | null): VerdictRow | undefined {
  const same = denying.filter((one) => one.clause === contested)
  if (same.length * 2 >= denying.length && same[0] !== undefined) return same[0]
  const cites = (clause: string | null) => denying.filter((one) => one.clause === clause).length
  return denying.toSorted((a, b) => cites(b.clause) - cites(a.clause))[0]
}

/** As `decisive` has it, whatever the others say. */
export function asRuling(verdicts: readonly VerdictRow[], decisive: VerdictRow): Ruling {
  return {
    outcome: decisive.outcome,
    clause: decisive.clause,
    findings: decisive.findings,
    reason: decisive.reason,
    agreed: verdicts.filter((one) => one.outcome === decisive.outcome).length,
    reviewers: verdicts.map((one) => one.person_id),
    verdicts: verdicts.map((one) => one.id),
  }
}
