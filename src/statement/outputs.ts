// What is made from one statement: the notice a person reads, the API's JSON, and OpenAI's moderation_details.
// All are made from the record alone, so they can never disagree. Nothing here is decided or looked up.
import { EN } from './speech/en.ts'
import type { NoticeWords, Speech } from './speech/speech.ts'
import type { Statement } from './statement.ts'

/** A short title and plain sentences, ready to show; the caller adds links to the statement and the appeal page. */
export type UserNotice = { readonly title: string; readonly sentences: readonly string[] }

/** In English unless said; the statement's own sentences are said as they are. */
export function userNotice(statement: Statement, { notice, language }: Speech = EN): UserNotice {
  const { clause, categoryName, rule } = statement
  return {
    title: notice.titles[happening(statement)],
    sentences: [
      notice.happened[statement.decidedBy === 'owner' ? 'takenBack' : happening(statement)](statement.subject.id),
      statement.facts,
      ...(clause === null || rule === null ? [] : [notice.rule(clause, categoryName ?? '', rule)]),
      statement.ground.explanation,
      ...howDecided(statement, notice),
      statement.duration,
      ...(statement.charged ? [] : [notice.notCharged]),
      ...redressSentences(statement, notice, language),
      notice.quote(statement.id),
    ],
  }
}

function happening({ restriction, inputKind }: Statement): keyof NoticeWords['titles'] {
  switch (restriction) {
    case 'request_refused':
      return inputKind === 'prompt' ? 'prompt' : 'upload'
    case 'image_withheld':
      return 'withheld'
    case 'image_withdrawn':
      return 'withdrawn'
    default:
      return restriction satisfies never
  }
}

function howDecided({ detection, decidedBy }: Statement, notice: NoticeWords): string[] {
  if (decidedBy === 'owner') return []
  return [decidedBy === 'automated' ? notice.bySoftware : notice.decided[detection]]
}

function redressSentences({ redress }: Statement, notice: NoticeWords, language: string): string[] {
  switch (redress.kind) {
    case 'full':
      return [notice.until(redress.appeal, dayOf(redress.appealUntil, language)), redress.outOfCourt, redress.courts]
    case 'final':
      return [redress.text, redress.outOfCourt, redress.courts]
    case 'restricted':
    case 'none':
      return [redress.text]
    default:
      return redress satisfies never
  }
}

/** In UTC; English, which programs read too, writes it as ISO 8601 does. */
function dayOf(instant: string, language: string): string {
  if (language === EN.language) return instant.slice(0, 10)
  return new Intl.DateTimeFormat(language, { dateStyle: 'long', timeZone: 'UTC' }).format(new Date(instant))
}

export type StatementJson = ReturnType<typeof statementJson>

/** The body of `GET /v1/statements/{id}`, of the record or of what translate.ts made of it. */
export function statementJson(statement: Statement, speech: Speech = EN) {
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
    notice: userNotice(statement, speech),
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
