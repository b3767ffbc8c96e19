// The statement of a picture that its owner took back. Nobody judged it, so it cites no clause and there is nothing to appeal; it says
// who acted, what follows from it and when, like every other statement.
import { OWN } from './own-words.ts'
import { type CitedPolicy, circumstances, type Statement } from './statement.ts'
import { incomplete, instant, required } from './wording.ts'

export type OwnerWithdrawal = {
  readonly id: string
  readonly policy: CitedPolicy
  readonly imageId: string
  readonly decidedAt: Date
  readonly contentDate?: Date | null
}

/** Fault: statement_incomplete. */
export function writeOwnerStatement(withdrawal: OwnerWithdrawal): Statement {
  const { id, policy, imageId, decidedAt, contentDate = null } = withdrawal
  if (contentDate !== null && !(contentDate.getTime() <= decidedAt.getTime())) throw incomplete('contentDate')
  return {
    id: required(id, 'id'),
    stage: 'output',
    inputKind: 'image',
    subject: { kind: 'image', id: required(imageId, 'subject.id') },
    decidedAt: instant(decidedAt, 'decidedAt'),
    contentDate: contentDate === null ? null : instant(contentDate, 'contentDate'),
    category: null,
    categoryName: null,
    categories: [],
    clause: null,
    rule: null,
    band: null,
    restriction: 'image_withdrawn',
    scope: OWN.ownerScope,
    duration: OWN.ownerDuration,
    facts: OWN.ownerFacts,
    ground: {
      kind: 'owner',
      text: OWN.ownerGround,
      explanation: OWN.ownerExplanation,
    },
    detection: 'manual',
    decidedBy: 'owner',
    source: 'owner',
    classifiers: [],
    charged: true,
    ...circumstances(policy),
    redress: { kind: 'none', text: OWN.ownerRedress },
  }
}
