// Thresholds of a category's scores and the bands made of them, in every context and for every tenant by the same arithmetic.
// Within `margin` of a threshold a person judges. compile.ts reports the flaws of a policy, settings.ts those of a tenant.
import type { Bands, ImageRule, Thresholds } from './policy.ts'

export type ThresholdFlaw = { readonly key: 'hold' | 'deny' | 'margin'; readonly reason: string }

export function bandsOf({ hold, deny, margin }: Thresholds): Bands {
  return {
    nearHoldFrom: rounded(hold - margin),
    holdFrom: rounded(hold + margin),
    nearDenyFrom: deny === null ? null : rounded(deny - margin),
    denyFrom: deny === null ? null : rounded(deny + margin),
  }
}

/** Why no picture could be judged sensibly by these; none when all is well. */
export function flawsOfThresholds(thresholds: Thresholds): ThresholdFlaw[] {
  const { hold, deny, margin } = thresholds
  const { nearHoldFrom, holdFrom, nearDenyFrom, denyFrom } = bandsOf(thresholds)
  const flaws: ThresholdFlaw[] = []
  if (deny !== null && hold >= deny)
    flaws.push({ key: 'deny', reason: `unreachable: hold (${hold}) is not below deny (${deny})` })
  else if (nearDenyFrom !== null && holdFrom > nearDenyFrom)
    flaws.push({
      key: 'margin',
      reason: `ambiguous: the margins (${margin}) about hold (${hold}) and deny (${deny}) overlap`,
    })
  if (nearHoldFrom <= 0)
    flaws.push({ key: 'hold', reason: `hold less margin is ${nearHoldFrom}: every image would be held` })
  if (holdFrom > 1) flaws.push({ key: 'hold', reason: 'unreachable: hold plus margin is over 1' })
  if (denyFrom !== null && denyFrom > 1)
    flaws.push({ key: 'deny', reason: `unreachable: deny plus margin is ${denyFrom}` })
  return flaws
}

/** The bands that count in these contexts: of the first that the rule names, else its own. */
export function bandsIn(
  rule: ImageRule,
  contexts: readonly string[],
): Bands & { readonly context?: string; readonly thresholds: Thresholds } {
  return rule.contexts.find(({ context }) => contexts.includes(context)) ?? rule
}

/** So that 0.8 + 0.03 is 0.83 and a score of exactly 0.83 is on the side that the policy says. */
function rounded(threshold: number): number {
  return Math.round(threshold * 1e6) / 1e6
}
