// What is made from one statement: the notice a person reads, the API's JSON, and OpenAI's moderation_details.
// All are made from the record alone, so they can never disagree. Nothing here is decided or looked up.
import type { Statement } from './statement.ts'

/** A short title and plain sentences, ready to show; the caller adds links to the statement and the appeal page. */
export type UserNotice = { readonly title: string; readonly sentences: readonly string[] }

export function userNotice(statement: Statement): UserNotice {
  const refused = statement.restriction === 'request_refused'
  return {
    title: titleOf(statement),
    sentences: [
      refused
        ? `Your request ${statement.subject.id} was refused${becauseOf(statement)} before anything was generated.`
        : `The image ${statement.subject.id} was generated and then withheld.`,
      statement.facts,
      `Rule ${statement.clause} (${statement.categoryName}): ${statement.rule}`,
      statement.ground.explanation,
      howDecided(statement),
      statement.duration,
      'You were not charged.',
      ...redressSentences(statement),
      `Quote ${statement.id} when you write to us.`,
    ],
  }
}

function titleOf({ restriction, inputKind }: Statement): string {
  if (restriction === 'image_withheld') return 'This image was withheld'
  return inputKind === 'prompt' ? 'This prompt was not accepted' : 'This picture was not accepted'
}

function becauseOf({ inputKind }: Statement): string {
  return inputKind === 'prompt' ? '' : ', because of the picture that you sent with it,'
}

function howDecided({ detection, decidedBy }: Statement): string {
  const found = detection === 'automated' ? 'Software found this' : 'A person found this'
  if (decidedBy === 'person') return `${found}, and a person decided.`
  return `${found}, and software decided; no person has looked at it.`
}

function redressSentences({ redress }: Statement): string[] {
  if (redress.kind === 'restricted') return [redress.text]
  return [
    `${redress.appeal} You can appeal until ${redress.appealUntil.slice(0, 10)}.`,
    redress.outOfCourt,
    redress.courts,
  ]
}

export type StatementJson = ReturnType<typeof statementJson>

/** The body of `GET /v1/statements/{id}`. */
export function statementJson(statement: Statement) {
  const { redress } = statement
  return {
    id: statement.id,
    object: 'statement' as const,
    stage: statement.stage,
    input_kind: statement.inputKind,
    subject: { kind: statement.subject.kind, id: statement.subject.id },
    decided_at: statement.decidedAt,
    category: statement.category,
    category_name: statement.categoryName,
    categories: [...statement.categories],
    clause: statement.clause,
    rule: statement.rule,
    band: statement.band,
    restriction: { kind: statement.restriction, scope: statement.scope, duration: statement.duration },
    facts: statement.facts,
    ground: { kind: statement.ground.kind, text: statement.ground.text, explanation: statement.ground.explanation },
    automated_detection: statement.detection === 'automated',
    automated_decision: statement.decidedBy === 'automated',
    policy: { ...statement.policy },
    classifiers: statement.classifiers.map((classifier) => ({ ...classifier })),
    audience: statement.audience,
    territory: [...statement.territory],
    charged: statement.charged,
    redress:
      redress.kind === 'restricted'
        ? { kind: redress.kind, text: redress.text }
        : {
            kind: redress.kind,
            appeal: redress.appeal,
            appeal_until: redress.appealUntil,
            out_of_court: redress.outOfCourt,
            courts: redress.courts,
          },
    notice: userNotice(statement),
  }
}

/** The `moderation_details` of OpenAI's error with code moderation_blocked. */
export function moderationDetails(statement: Statement): {
  moderation_stage: 'input' | 'output'
  categories: string[]
} {
  return { moderation_stage: statement.stage, categories: [...statement.categories] }
}
