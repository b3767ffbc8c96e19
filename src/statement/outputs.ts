// What is made from one statement: the notice a person reads, the API's JSON, and OpenAI's moderation_details.
// All are made from the record alone, so they can never disagree. Nothing here is decided or looked up.
import type { Statement } from './statement.ts'

/** A short title and plain sentences, ready to show; the caller adds links to the statement and the appeal page. */
export type UserNotice = { readonly title: string; readonly sentences: readonly string[] }

export function userNotice(statement: Statement): UserNotice {
  const { clause, categoryName, rule } = statement
  return {
    title: titleOf(statement),
    sentences: [
      whatHappened(statement),
      statement.facts,
      ...(clause === null || rule === null ? [] : [`Rule ${clause} (${categoryName}): ${rule}`]),
      statement.ground.explanation,
      ...howDecided(statement),
      statement.duration,
      ...(statement.charged ? [] : ['You were not charged.']),
      ...redressSentences(statement),
      `Quote ${statement.id} when you write to us.`,
    ],
  }
}

function titleOf({ restriction, inputKind }: Statement): string {
  switch (restriction) {
    case 'request_refused':
      return inputKind === 'prompt' ? 'This prompt was not accepted' : 'This picture was not accepted'
    case 'image_withheld':
      return 'This image was withheld'
    case 'image_withdrawn':
      return 'This image was withdrawn'
    default:
      return restriction satisfies never
  }
}

function whatHappened({ restriction, subject, inputKind, decidedBy }: Statement): string {
  switch (restriction) {
    case 'request_refused': {
      const because = inputKind === 'prompt' ? '' : ', because of the picture that you sent with it,'
      return `Your request ${subject.id} was refused${because} before anything was generated.`
    }
    case 'image_withheld':
      return `The image ${subject.id} was generated and then withheld.`
    case 'image_withdrawn':
      return decidedBy === 'owner'
        ? `The image ${subject.id} was published, and its owner took it back.`
        : `The image ${subject.id} was published and then withdrawn.`
    default:
      return restriction satisfies never
  }
}

function howDecided({ detection, decidedBy }: Statement): string[] {
  if (decidedBy === 'owner') return []
  if (decidedBy === 'automated') return ['Software found this, and software decided; no person has looked at it.']
  const found = {
    automated: 'Software found this, and a person decided.',
    manual: 'A person found this, and a person decided.',
    notice: 'Somebody told us of this, and a person decided.',
  }
  return [found[detection]]
}

function redressSentences({ redress }: Statement): string[] {
  switch (redress.kind) {
    case 'full':
      return [
        `${redress.appeal} You can appeal until ${redress.appealUntil.slice(0, 10)}.`,
        redress.outOfCourt,
        redress.courts,
      ]
    case 'final':
      return [redress.text, redress.outOfCourt, redress.courts]
    case 'restricted':
    case 'none':
      return [redress.text]
    default:
      return redress satisfies never
  }
}

export type StatementJson = ReturnType<typeof statementJson>

/** The body of `GET /v1/statements/{id}`. */
export function statementJson(statement: Statement) {
  return {
    id: statement.id,
    object: 'statement' as const,
    stage: statement.stage,
    input_kind: statement.inputKind,
    subject: { kind: statement.subject.kind, id: statement.subject.id },
    decided_at: statement.decidedAt,
    content_date: statement.contentDate,
    category: statement.category,
    category_name: statement.categoryName,
    categories: [...statement.categories],
    clause: statement.clause,
    rule: statement.rule,
    band: statement.band,
    restriction: { kind: statement.restriction, scope: statement.scope, duration: statement.duration },
    facts: statement.facts,
    ground: { kind: statement.ground.kind, text: statement.ground.text, explanation: statement.ground.explanation },
    source: statement.source,
    detection: statement.detection,
    decided_by: statement.decidedBy,
    automated_detection: statement.detection === 'automated',
    automated_decision: statement.decidedBy === 'automated',
    policy: { ...statement.policy },
    classifiers: statement.classifiers.map((classifier) => ({ ...classifier })),
    audience: statement.audience,
    territory: [...statement.territory],
    charged: statement.charged,
    redress: redressJson(statement.redress),
    notice: userNotice(statement),
  }
}

function redressJson(redress: Statement['redress']) {
  switch (redress.kind) {
    case 'full':
      return {
        kind: redress.kind,
        appeal: redress.appeal,
        appeal_until: redress.appealUntil,
        out_of_court: redress.outOfCourt,
        courts: redress.courts,
      }
    case 'final':
      return { kind: redress.kind, text: redress.text, out_of_court: redress.outOfCourt, courts: redress.courts }
    case 'restricted':
    case 'none':
      return { kind: redress.kind, text: redress.text }
    default:
      return redress satisfies never
  }
}

/** The `moderation_details` of OpenAI's error with code moderation_blocked. */
export function moderationDetails(statement: Statement): {
  moderation_stage: 'input' | 'output'
  categories: string[]
} {
  return { moderation_stage: statement.stage, categories: [...statement.categories] }
}
