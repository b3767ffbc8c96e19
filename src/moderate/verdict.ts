// From a classifier's calibrated scores to allow, hold or deny. Whatever is not known holds the image for a person.
// A deny always names a clause whose statement can be filled; a score near a threshold, or one that the classifiers do not agree on,
// is a person's to judge.
// An `allow` clause may lift its category's hold, never a deny. Pure; statement/statement.ts writes the reasons.
import {
  type Category,
  type ModerationPolicy,
  type OutputFeatures,
  type PolicyRef,
  policyRef,
} from '../policy/policy.ts'
import { bandsIn } from '../policy/thresholds.ts'
import type { Band } from '../statement/statement.ts'

export type ClassifierRef = { readonly id: string; readonly version: string; readonly digest: string }
/** Probabilities in [0, 1] by category, and the pinned classifiers that gave them. */
export type ImageEvidence = {
  readonly categories: Readonly<Record<string, number>>
  readonly classifiers: readonly ClassifierRef[]
  /** Each classifier's own scores, and which that the model names gave none. */
  readonly opinions: readonly Opinion[]
}
export type Opinion =
  | { readonly id: string; readonly categories: Readonly<Record<string, number>> }
  | { readonly id: string; readonly silent: 'missing' | 'failed' }
export type ImageContext = {
  readonly tenant: string
  readonly purpose?: string
  readonly contexts?: readonly string[]
  /** Clauses by which the prompt was let through for a person to judge the picture; the first is the gravest. */
  readonly hold?: { readonly clause: string; readonly category: string; readonly categories: readonly string[] } | null
}

export type VerdictReason =
  | 'clear'
  | 'lifted'
  | 'near_hold'
  | 'hold_band'
  | 'near_deny'
  | 'deny_band'
  | 'rule'
  | 'escalated'
  | 'asked'
  | 'disagree'
  | 'no_classifier'
  | 'classifier_missing'
  | 'classifier_failed'
  | 'score_invalid'
  | 'score_missing'
  | 'category_unknown'

export type ImageVerdict = {
  readonly verdict: 'allow' | 'hold' | 'deny'
  readonly category: string | null
  readonly score: number | null
  readonly band: Band
  /** The clause that a refusal would cite; null when no category decided. */
  readonly clause: string | null
  readonly reason: VerdictReason
  /** Every category that denies (or else holds) the image, gravest first. */
  readonly categories: readonly string[]
  readonly scores: Readonly<Record<string, number>>
  readonly classifiers: readonly ClassifierRef[]
  readonly opinions: readonly Opinion[]
  readonly policy: PolicyRef
}

type Finding = Pick<ImageVerdict, 'verdict' | 'category' | 'score' | 'band' | 'clause' | 'reason'>

/** `evidence` null: the model names no calibrated classifier. Fault: policy_invalid (a condition failed). */
export function judgeImage(
  policy: ModerationPolicy,
  evidence: ImageEvidence | null,
  context: ImageContext,
): ImageVerdict {
  const rest = {
    scores: evidence === null ? {} : finiteOnly(evidence.categories),
    classifiers: evidence?.classifiers ?? [],
    opinions: (evidence?.opinions ?? []).map(writable),
    policy: policyRef(policy),
  }
  const silent = evidence?.opinions.flatMap((one) => ('silent' in one ? [one.silent] : [])) ?? []
  if (silent.length > 0) {
    const reason = silent.includes('missing') ? 'classifier_missing' : 'classifier_failed'
    return { ...unknown(reason, null), categories: [], ...rest }
  }
  if (evidence === null || evidence.classifiers.length === 0)
    return { ...unknown('no_classifier', null), categories: [], ...rest }
  const flaw = flawOf(policy, evidence.categories)
  if (flaw !== null) return { ...flaw, categories: flaw.category === null ? [] : [flaw.category], ...rest }
  const scores = new Map(Object.entries(evidence.categories))
  const features: OutputFeatures = {
    prompt: { contexts: context.contexts ?? [] },
    scores,
    tenant: context.tenant,
    purpose: context.purpose ?? 'none',
  }
  // Also beside a category that all agree to deny: whom to believe is a person's to say.
  const disputed = policy.categories.flatMap((category) => disagreement(category, evidence.opinions, features))
  if (disputed[0] !== undefined)
    return { ...disputed[0], categories: disputed.flatMap((f) => (f.category === null ? [] : [f.category])), ...rest }

  const findings = policy.categories.flatMap((category) => {
    const score = scores.get(category.id)
    return score === undefined ? [] : [judgeCategory(category, score, features)]
  })
  // Categories come gravest first, so the first of the strongest verdict is the one to cite.
  const decisive =
    findings.find((f) => f.verdict === 'deny') ??
    findings.find((f) => f.verdict === 'hold') ??
    findings.toSorted((a, b) => (b.score ?? 0) - (a.score ?? 0))[0]
  if (decisive === undefined) return { ...unknown('score_missing', null), categories: [], ...rest }
  const agreeing = findings.filter((f) => f.verdict === decisive.verdict && f.verdict !== 'allow')
  if (context.hold && decisive.verdict === 'allow') {
    const { clause, category, categories } = context.hold
    const scored = findings.find((f) => f.category === category) ?? unknown('asked', category)
    return { ...scored, verdict: 'hold', clause, reason: 'asked', categories, ...rest }
  }
  return { ...decisive, categories: agreeing.flatMap((f) => (f.category === null ? [] : [f.category])), ...rest }
}

/** What makes the evidence unfit to judge by. One broken score discredits its neighbours too, so none of them denies. */
function flawOf(policy: ModerationPolicy, categories: Readonly<Record<string, number>>): Finding | null {
  for (const [id, score] of Object.entries(categories))
    if (typeof score !== 'number' || !(score >= 0 && score <= 1)) return unknown('score_invalid', id)
  for (const { id, image } of policy.categories)
    if (image?.required === true && !Object.hasOwn(categories, id)) return unknown('score_missing', id)
  for (const id of Object.keys(categories))
    if (!policy.categories.some((category) => category.id === id && category.image !== null))
      return unknown('category_unknown', id)
  return null
}

function unknown(reason: VerdictReason, category: string | null): Finding {
  return { verdict: 'hold', category, score: null, band: 'unscored', clause: null, reason }
}

/** One classifier would allow and another would not, by so much that the higher score is not simply the better one. */
function disagreement(category: Category, opinions: readonly Opinion[], features: OutputFeatures): Finding[] {
  if (category.image === null) return []
  const given = opinions.flatMap((one) => {
    const score = 'silent' in one ? undefined : one.categories[category.id]
    return score === undefined ? [] : [score]
  })
  if (given.length < 2) return []
  const [lowest, highest] = [Math.min(...given), Math.max(...given)]
  const { contexts } = featuresFor(category, highest, features).prompt
  const at = (score: number) => judgeScore(category, score, contexts).verdict
  const parted = at(lowest) === 'allow' && at(highest) !== 'allow'
  // 0.7 and 0.4 differ by 0.3, though not in binary.
  if (!parted || Math.round((highest - lowest) * 1e6) / 1e6 < category.image.disagreeFrom) return []
  const { clause } = category.image
  return [{ verdict: 'hold', category: category.id, score: highest, band: 'borderline', clause, reason: 'disagree' }]
}

const STRENGTH = { allow: 0, hold: 1, deny: 2 } as const

export function judgeCategory(category: Category, score: number, features: OutputFeatures): Finding {
  return judgeIn(category, score, featuresFor(category, score, features))
}

/** What the category is read by. Where a tenant ignores contexts, they count only as far as they make the verdict stricter. */
export function featuresFor(category: Category, score: number, features: OutputFeatures): OutputFeatures {
  if (!category.ignoreContexts) return features
  const without = { ...features, prompt: { contexts: [] } }
  const [bare, usual] = [judgeIn(category, score, without).verdict, judgeIn(category, score, features).verdict]
  return STRENGTH[usual] > STRENGTH[bare] ? features : without
}

function judgeIn(category: Category, score: number, features: OutputFeatures): Finding {
  const byScore = judgeScore(category, score, features.prompt.contexts)
  for (const clause of category.clauses) {
    if (clause.output === null || !clause.output.when.evaluate(features)) continue
    const action = clause.output.action
    switch (action) {
      case 'allow':
        return byScore.verdict === 'hold' && byScore.reason !== 'near_deny'
          ? { ...byScore, verdict: 'allow', reason: 'lifted' }
          : byScore
      case 'deny':
        return { ...byScore, verdict: 'deny', clause: clause.id, reason: 'rule' }
      case 'hold':
      case 'escalate': {
        if (byScore.verdict === 'deny') return byScore
        return { ...byScore, verdict: 'hold', clause: clause.id, reason: action === 'hold' ? 'rule' : 'escalated' }
      }
      default:
        return action satisfies never
    }
  }
  return byScore
}

function judgeScore(category: Category, score: number, contexts: readonly string[]): Finding {
  const image = category.image
  if (image === null) return unknown('category_unknown', category.id)
  const found = { category: category.id, score, clause: image.clause }
  const { denyFrom, nearDenyFrom, holdFrom, nearHoldFrom } = bandsIn(image, contexts)
  if (denyFrom !== null && score >= denyFrom) return { ...found, verdict: 'deny', band: 'high', reason: 'deny_band' }
  if (nearDenyFrom !== null && score >= nearDenyFrom)
    return { ...found, verdict: 'hold', band: 'borderline', reason: 'near_deny' }
  if (score >= holdFrom) return { ...found, verdict: 'hold', band: 'elevated', reason: 'hold_band' }
  if (score >= nearHoldFrom) return { ...found, verdict: 'hold', band: 'borderline', reason: 'near_hold' }
  return { ...found, verdict: 'allow', band: 'low', reason: 'clear' }
}

function writable(one: Opinion): Opinion {
  return 'silent' in one ? one : { id: one.id, categories: finiteOnly(one.categories) }
}

/** Canonical JSON has no NaN: what is written down leaves it out, and the reason says that it was there. */
function finiteOnly(categories: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(categories).filter(([, score]) => Number.isFinite(score)))
}
