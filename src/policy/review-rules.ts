// How people review, from policies/review.yaml: verdicts that a decision needs, deadlines, samples, reasons, and what an answer says.
// Strict like every policy file: a mistake refuses the file as a whole, with line and reason. Immutable once loaded.
import Type, { type Static } from 'typebox'
import { sha256 } from '../kernel/canonical.ts'
import { REVIEW_KINDS, type ReviewKind } from '../kernel/review-tables.ts'
import { parseDocumentOf, type Report, readPolicyFile } from './document.ts'
import type { PolicyRef, Template } from './policy.ts'

const strict = { additionalProperties: false } as const
const Sentence = Type.String({ minLength: 3, maxLength: 2000 })
const Seconds = (most: number) => Type.Integer({ minimum: 0, maximum: most })
const Hours = Type.Number({ exclusiveMinimum: 0, maximum: 8760 })
const Rate = Type.Number({ minimum: 0, maximum: 1 })
const Kind = Type.Object(
  { reviewers: Type.Integer({ minimum: 1, maximum: 3 }), deadline_hours: Type.Tuple([Hours, Hours]) },
  strict,
)
const Reasons = Type.Record(Type.String({ pattern: '^[a-z][a-z_]{1,40}$' }), Sentence, {
  additionalProperties: false,
  minProperties: 1,
})
const Limit = (most: number) => Type.Union([Type.Integer({ minimum: 1, maximum: most }), Type.Null()])
const Wellbeing = Type.Object(
  {
    reveals_per_day: Limit(100_000),
    grave_from: Type.Integer({ minimum: 0, maximum: 100 }),
    grave_per_day: Limit(100_000),
    break_after_minutes: Limit(1440),
    break_latest_minutes: Limit(1440),
    break_minutes: Type.Integer({ minimum: 1, maximum: 240 }),
    pass_hours: Type.Integer({ minimum: 1, maximum: 720 }),
    passes_per_day: Limit(100_000),
    handover_hours: Type.Integer({ minimum: 1, maximum: 720 }),
  },
  strict,
)
const ANSWERED = ['upheld', 'overturned', 'partial', 'omitted'] as const
export type Answered = (typeof ANSWERED)[number]
/** What an answer says: of each outcome; `refused_anew` of a partial one whose second reason software gave. */
export type AnswerText = Answered | 'refused_anew'

const ReviewSchema = Type.Object(
  {
    id: Type.Literal('review'),
    version: Type.String({ pattern: '^\\d+\\.\\d+\\.\\d+$' }),
    effective: Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}$' }),
    owner: Sentence,
    undo_seconds: Seconds(3600),
    lease_seconds: Type.Integer({ minimum: 1, maximum: 86_400 }),
    reserve_seconds: Seconds(604_800),
    head_start_seconds_per_severity: Seconds(86_400),
    kinds: Type.Object({ hold: Kind, appeal: Kind, audit: Kind, report: Kind, gold: Kind, escalation: Kind }, strict),
    two_person_severity: Type.Integer({ minimum: 1, maximum: 101 }),
    overlap_rate: Rate,
    audit_rates: Type.Object({ allowed: Rate, blocked: Rate }, strict),
    wellbeing: Wellbeing,
    allow_reasons: Reasons,
    omit_reasons: Reasons,
    answers: Type.Object(
      { upheld: Sentence, overturned: Sentence, partial: Sentence, refused_anew: Sentence, omitted: Sentence },
      strict,
    ),
  },
  strict,
)
type ReviewDocument = Static<typeof ReviewSchema>

/** What the people who look are spared; null: that limit is off. */
export type Wellbeing = {
  readonly revealsPerDay: number | null
  readonly graveFrom: number
  readonly gravePerDay: number | null
  readonly breakAfterMs: number | null
  readonly breakLatestMs: number | null
  readonly breakMs: number
  readonly passMs: number
  readonly passesPerDay: number | null
  readonly handoverMs: number
}

export type ReviewRules = PolicyRef & {
  readonly undoMs: number
  readonly leaseMs: number
  readonly reserveMs: number
  readonly headStartMsPerSeverity: number
  readonly kinds: Readonly<Record<ReviewKind, { readonly reviewers: number; readonly deadlineHours: [number, number] }>>
  readonly twoPersonSeverity: number
  readonly overlapRate: number
  readonly auditRates: { readonly allowed: number; readonly blocked: number }
  readonly wellbeing: Wellbeing
  readonly allowReasons: ReadonlyMap<string, string>
  readonly omitReasons: ReadonlyMap<string, string>
  readonly answers: Readonly<Record<AnswerText, Template>>
}

/** The places that each answer can fill; those of `needs` must stand in it, or it would not be reasoned. */
const PLACES: Readonly<Record<AnswerText, { known: readonly string[]; needs: readonly string[] }>> = {
  upheld: { known: ['clause', 'rule', 'facts', 'reviewers', 'found'], needs: ['clause', 'facts'] },
  overturned: { known: ['clause', 'rule', 'reason', 'reviewers', 'found'], needs: ['clause', 'reason'] },
  partial: {
    known: ['clause', 'rule', 'new_clause', 'new_rule', 'facts', 'reviewers', 'found'],
    needs: ['clause', 'new_clause', 'facts'],
  },
  refused_anew: {
    known: ['clause', 'rule', 'reason', 'new_clause', 'new_rule', 'facts', 'reviewers', 'found'],
    needs: ['clause', 'reason', 'new_clause', 'facts'],
  },
  omitted: { known: ['clause', 'rule', 'reason'], needs: ['reason'] },
}

/** Fault: policy_invalid, whose detail lists every problem with line and column. */
export async function loadReviewRules(file: string): Promise<ReviewRules> {
  const { bytes, name } = await readPolicyFile(file)
  return parseReviewRules(bytes, name)
}

export function parseReviewRules(bytes: Uint8Array, name: string): ReviewRules {
  return parseDocumentOf(bytes, name, {
    schema: ReviewSchema,
    compile: (document, report) => Object.freeze(compileRules(document, sha256(bytes), report)),
  })
}

function compileRules(document: ReviewDocument, digest: string, report: Report): ReviewRules {
  for (const kind of REVIEW_KINDS) {
    const [mild, grave] = document.kinds[kind].deadline_hours
    if (grave > mild) report(['kinds', kind, 'deadline_hours'], 'graver items may not have longer than milder ones')
  }
  if (document.kinds.appeal.reviewers < 2)
    report(['kinds', 'appeal', 'reviewers'], 'an appeal is decided by at least two people')
  for (const key of ['content_erased', 'withdrawn_content'])
    if (!document.omit_reasons[key]) report(['omit_reasons'], `lacks ${key}, which the service itself gives`)
  return {
    id: document.id,
    version: document.version,
    digest,
    undoMs: document.undo_seconds * 1000,
    leaseMs: document.lease_seconds * 1000,
    reserveMs: document.reserve_seconds * 1000,
    headStartMsPerSeverity: document.head_start_seconds_per_severity * 1000,
    kinds: {
      hold: kindOf(document.kinds.hold),
      appeal: kindOf(document.kinds.appeal),
      audit: kindOf(document.kinds.audit),
      report: kindOf(document.kinds.report),
      gold: kindOf(document.kinds.gold),
      escalation: kindOf(document.kinds.escalation),
    },
    twoPersonSeverity: document.two_person_severity,
    overlapRate: document.overlap_rate,
    auditRates: document.audit_rates,
    wellbeing: wellbeingOf(document.wellbeing, report),
    allowReasons: new Map(Object.entries(document.allow_reasons)),
    omitReasons: new Map(Object.entries(document.omit_reasons)),
    answers: {
      upheld: readAnswer('upheld', document, report),
      overturned: readAnswer('overturned', document, report),
      partial: readAnswer('partial', document, report),
      refused_anew: readAnswer('refused_anew', document, report),
      omitted: readAnswer('omitted', document, report),
    },
  }
}

const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000

function wellbeingOf(limits: Static<typeof Wellbeing>, report: Report): Wellbeing {
  const { break_after_minutes: after, break_latest_minutes: latest } = limits
  if (latest !== null && (after ?? latest) > latest)
    report(['wellbeing', 'break_latest_minutes'], 'a break may not be required before it is due')
  if (latest !== null && limits.break_minutes > latest)
    report(['wellbeing', 'break_minutes'], 'a break may not be longer than the work that it interrupts')
  return Object.freeze({
    revealsPerDay: limits.reveals_per_day,
    graveFrom: limits.grave_from,
    gravePerDay: limits.grave_per_day,
    breakAfterMs: after === null ? null : after * MINUTE_MS,
    breakLatestMs: latest === null ? null : latest * MINUTE_MS,
    breakMs: limits.break_minutes * MINUTE_MS,
    passMs: limits.pass_hours * HOUR_MS,
    passesPerDay: limits.passes_per_day,
    handoverMs: limits.handover_hours * HOUR_MS,
  })
}

function kindOf({ reviewers, deadline_hours }: Static<typeof Kind>) {
  return { reviewers, deadlineHours: deadline_hours }
}

function readAnswer(name: AnswerText, { answers }: ReviewDocument, report: Report): Template {
  const text = answers[name].trim()
  const { known, needs } = PLACES[name]
  const parts = text
    .split(/(\{[a-z_]+\})/)
    .filter((part) => part !== '')
    .map((part) => (/^\{.*\}$/.test(part) ? { place: part.slice(1, -1) } : part))
  const places = parts.flatMap((part) => (typeof part === 'string' ? [] : [part.place]))
  const at = ['answers', name]
  for (const place of places)
    if (!known.includes(place)) report(at, `{${place}} is unknown here (known: ${known.join(', ')})`)
  for (const place of needs)
    if (!places.includes(place)) report(at, `lacks {${place}}: the answer would give no reason`)
  if (parts.some((part) => typeof part === 'string' && /[{}]/.test(part))) report(at, 'a brace is not closed')
  return { text, parts }
}
