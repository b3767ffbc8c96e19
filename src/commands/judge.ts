// Binds the moderation policy to the moderate stage: what the prompt was about, the verdict, and the statement of a denial.
import { readingsOf } from '../../models/prompts/readings.ts'
import { screenPrompt } from '../admit/screen.ts'
import { asJson } from '../kernel/canonical.ts'
import { isFault } from '../kernel/fault.ts'
import { newId } from '../kernel/ids.ts'
import type { Judge } from '../moderate/moderate.ts'
import { rehearsedEvidence } from '../moderate/rehearsal.ts'
import { type ImageVerdict, judgeImage } from '../moderate/verdict.ts'
import type { ModerationPolicy } from '../policy/policy.ts'
import { policyOf } from '../policy/settings.ts'
import { writeStatement } from '../statement/statement.ts'

const DAY_MS = 86_400_000

export function openJudge(inForce: ModerationPolicy, appealWindowDays: number): Judge {
  return (
    found,
    { tenantId, settings, purpose, prompt, negativePrompt, promptSyntax, skipClauses = [], sandbox = null },
  ) => {
    const policy = policyOf(inForce, settings)
    const evidence = sandbox === null ? found : rehearsedEvidence(policy, sandbox)
    const asked = {
      tenant: tenantId,
      // A purpose that the policy has not any more opens nothing.
      ...(purpose === null || !policy.purposes.includes(purpose) ? {} : { purpose }),
      ...(negativePrompt === null ? {} : { negativePrompt }),
      ...(promptSyntax === 'plain' ? {} : { readWeighted: readingsOf }),
    }
    const screened = prompt === null ? null : screenPrompt(policy, { prompt, ...asked, skipClauses })
    const allowed = screened?.verdict === 'allow' ? screened : { contexts: [], hold: null }
    const verdict = judgeImage(policy, evidence, { contexts: allowed.contexts, hold: allowed.hold, ...asked })
    return {
      verdict: verdict.verdict,
      record: recordOf(verdict),
      facts: factsOf(verdict),
      state: (of) => stateReasons(policy, verdict, of, appealWindowDays),
    }
  }
}

type Stated = Parameters<ReturnType<Judge>['state']>[0]

function stateReasons(
  policy: ModerationPolicy,
  verdict: ImageVerdict,
  { imageId, contentDate, decidedAt }: Stated,
  appealWindowDays: number,
) {
  const id = newId('sor')
  const appealUntil = new Date(decidedAt.getTime() + appealWindowDays * DAY_MS)
  try {
    const record = writeStatement({
      id,
      policy,
      stage: 'output',
      subject: { kind: 'image', id: imageId },
      decision: verdict,
      detection: 'automated',
      decidedBy: 'automated',
      classifiers: verdict.classifiers,
      contentDate,
      decidedAt,
      appealUntil,
    })
    return { statement: { id, appealUntil, record: asJson(record) } }
  } catch (error) {
    if (isFault(error, 'statement_incomplete')) return { hold: 'statement_incomplete' as const }
    throw error
  }
}

function recordOf(verdict: ImageVerdict) {
  return {
    ...factsOf(verdict),
    categories: [...verdict.categories],
    scores: { ...verdict.scores },
    opinions: verdict.opinions.map((one) => ({ ...one })),
  }
}

function factsOf({ verdict, category, band, clause, reason, policy, classifiers }: ImageVerdict) {
  return {
    verdict,
    category,
    band,
    clause,
    reason,
    policy: { ...policy },
    classifiers: classifiers.map((one) => ({ ...one })),
  }
}
