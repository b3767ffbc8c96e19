// How quality is answered: the shapes, and how what review/quality.ts found becomes them. Names of measures say their estimator.
import { type Static, Type } from '@fastify/type-provider-typebox'
import { REVIEW_KINDS } from '../kernel/review-tables.ts'
import { type Agreement, KAPPA } from '../review/agreement.ts'
import type { Errors, PersonQuality, Quality } from '../review/quality.ts'
import type { Period } from '../review/quality-rows.ts'
import { INTERVAL_FROM, RESAMPLES, SHARE_FROM, type Share } from '../review/rates.ts'

const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Union([schema, Type.Null()])
const Kind = Type.Enum([...REVIEW_KINDS])

const ShareSchema = Type.Object(
  {
    standing: Type.Enum(['insufficient', 'interval_only', 'enough']),
    n: Type.Integer(),
    value: Nullable(Type.Number()),
    interval_95: Nullable(Type.Object({ low: Type.Number(), high: Type.Number() })),
  },
  {
    description: `Under n = ${INTERVAL_FROM} nothing is said, under ${SHARE_FROM} the interval alone. Of a weighted share n is the effective size.`,
  },
)

const AgreementSchema = Type.Object(
  { n: Type.Integer(), raw: ShareSchema, kappa: ShareSchema, ac1: ShareSchema },
  {
    description: `Of the first two verdicts, both blind, on items drawn at random for a second look. kappa: ${KAPPA}; it is null where everything fell into one category. ac1: Gwet's AC1. Intervals: Wilson's for raw, percentiles of ${RESAMPLES} resamples of items for the others.`,
  },
)

const ErrorsSchema = Type.Object(
  { audited: Type.Integer(), false_positive_rate: ShareSchema, false_negative_rate: ShareSchema },
  {
    description:
      'What software decides alone, from random audits weighted by their probability, of tenants that let released pictures be audited; never from appeals. What people decided is not in it.',
  },
)

const PersonSchema = Type.Object({
  person_id: Type.String(),
  standing: Type.Enum(['insufficient', 'enough']),
  verdicts: Type.Integer(),
  agreement: Nullable(ShareSchema),
  gold: Nullable(ShareSchema),
  overturned: Nullable(ShareSchema),
})

const periodFields = { from: Type.String({ format: 'date-time' }), to: Type.String({ format: 'date-time' }) }

export const OwnQualitySchema = Type.Object({
  object: Type.Literal('review_quality_person'),
  ...periodFields,
  ...PersonSchema.properties,
})

export const QualitySchema = Type.Object({
  object: Type.Literal('review_quality'),
  ...periodFields,
  agreement: Type.Object({ outcome: AgreementSchema, clause: AgreementSchema }),
  overturned: ShareSchema,
  time_to_decision: Type.Array(
    Type.Object({ kind: Kind, n: Type.Integer(), median_hours: Type.Number(), p90_hours: Type.Number() }),
  ),
  deadline_breached: Type.Array(Type.Object({ kind: Kind, share: ShareSchema })),
  gold: ShareSchema,
  software: ErrorsSchema,
  categories: Type.Array(
    Type.Object({
      category: Type.String(),
      agreement: AgreementSchema,
      overturned: ShareSchema,
      software: ErrorsSchema,
    }),
  ),
  people: Type.Array(PersonSchema, { description: 'Those whom you lead, in the order of their ids; else empty.' }),
})

export function qualityResource(
  quality: Quality,
  people: readonly PersonQuality[],
  period: Period,
): Static<typeof QualitySchema> {
  return {
    object: 'review_quality',
    ...periodJson(period),
    agreement: { outcome: agreementJson(quality.agreement.outcome), clause: agreementJson(quality.agreement.clause) },
    overturned: shareJson(quality.overturned),
    time_to_decision: [...quality.durations],
    deadline_breached: quality.breached.map(({ kind, share }) => ({ kind, share: shareJson(share) })),
    gold: shareJson(quality.gold),
    software: errorsJson(quality.software),
    categories: quality.categories.map(({ category, agreement, overturned, software }) => ({
      category,
      agreement: agreementJson(agreement),
      overturned: shareJson(overturned),
      software: errorsJson(software),
    })),
    people: people.map(personJson),
  }
}

export function ownQualityResource(person: PersonQuality, period: Period): Static<typeof OwnQualitySchema> {
  return { object: 'review_quality_person', ...periodJson(period), ...personJson(person) }
}

function personJson({ personId, standing, verdicts, shares }: PersonQuality): Static<typeof PersonSchema> {
  return {
    person_id: personId,
    standing,
    verdicts,
    agreement: shares && shareJson(shares.agreement),
    gold: shares && shareJson(shares.gold),
    overturned: shares && shareJson(shares.overturned),
  }
}

function periodJson({ from, to }: Period) {
  return { from: from.toISOString(), to: to.toISOString() }
}

function shareJson({ standing, n, value, interval }: Share): Static<typeof ShareSchema> {
  return { standing, n, value, interval_95: interval }
}

function agreementJson({ n, raw, kappa, ac1 }: Agreement): Static<typeof AgreementSchema> {
  return { n, raw: shareJson(raw), kappa: shareJson(kappa), ac1: shareJson(ac1) }
}

function errorsJson({ audited, falsePositive, falseNegative }: Errors): Static<typeof ErrorsSchema> {
  return {
    audited,
    false_positive_rate: shareJson(falsePositive),
    false_negative_rate: shareJson(falseNegative),
  }
}
