// Binds the stages to review: the tools that queue items, and what a ruling of each kind does. A stage never imports another; what one
// needs of another is handed to it here.
import { join } from 'node:path'
import { readingsOf } from '../../models/prompts/readings.ts'
import { prepareReadmission, type ReadmitTools } from '../admit/readmit.ts'
import { appealEffect } from '../appeal/effect.ts'
import type { Config } from '../kernel/config.ts'
import type { Ground } from '../kernel/ground.ts'
import { MARK_ID_BITS } from '../mark/watermark/code.ts'
import type { ModerationPolicy } from '../policy/policy.ts'
import { loadReviewRules } from '../policy/review-rules.ts'
import { reportEffect } from '../publish/report-effect.ts'
import { auditEffect } from '../review/audits.ts'
import { escalationEffect } from '../review/escalations.ts'
import { goldEffect } from '../review/gold.ts'
import { holdEffect } from '../review/holds.ts'
import { drawAtRandom, type ReviewTools } from '../review/item.ts'
import type { Effects } from '../review/settle.ts'

/** Fault: policy_invalid. */
export async function openReview({ policiesDir }: Config, policy: ModerationPolicy): Promise<ReviewTools> {
  const rules = await loadReviewRules(join(policiesDir, 'review.yaml'))
  return { policy, rules, draw: drawAtRandom }
}

export function openEffects(ground: Ground, tools: ReviewTools): Effects {
  const { appealWindowDays } = ground.config
  const readmission: ReadmitTools = {
    policy: tools.policy,
    readWeighted: readingsOf,
    markIdBits: MARK_ID_BITS,
    review: tools,
  }
  return {
    hold: holdEffect(tools, appealWindowDays),
    appeal: appealEffect(ground, {
      review: tools,
      readmit: (refused) => prepareReadmission(ground, readmission, refused),
    }),
    escalation: escalationEffect(),
    audit: auditEffect(tools),
    report: reportEffect(tools, appealWindowDays),
    gold: goldEffect,
  }
}
