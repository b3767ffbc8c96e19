// The shapes of review: what is taken and what is answered. The routes are routes/review-*.ts; what a person is shown is
// review/view.ts's to say.
import { type Static, Type } from '@fastify/type-provider-typebox'
import { REVIEW_KINDS } from '../kernel/review-tables.ts'
import type { Lease } from '../review/claim.ts'
import { LANES } from '../review/lane.ts'
import type { Verdict } from '../review/verdict.ts'
import type { ItemView } from '../review/view.ts'
import { optional, strict } from './validation.ts'

const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Union([schema, Type.Null()])
const Time = Type.String({ format: 'date-time' })
const OPEN = { additionalProperties: true } as const

export const LaneSchema = Type.Enum([...LANES])
export const KindSchema = Type.Enum([...REVIEW_KINDS])
export const PersonIdSchema = Type.String({ pattern: '^per_[0-9a-z]{26}$', description: 'The id of a person.' })
export const ItemIdSchema = Type.String({ pattern: '^rvw_[0-9a-z]{26}$', description: 'The id of a review item.' })

/** Who holds the token holds the claim. */
export const LeaseField = Type.String({
  minLength: 20,
  maxLength: 100,
  description: 'The token that the claim was answered with.',
})
/** 192 random bits. */
export const NewTokenField = Type.String({
  pattern: '^[A-Za-z0-9_-]{32}$',
  description: 'The token that the claim is to have: 24 random bytes in base64url, new for every claim.',
})
export const NoteField = Type.String({
  minLength: 1,
  maxLength: 2000,
  description: 'For colleagues. It reaches no statement.',
})

export const verdictFields = {
  lease: LeaseField,
  outcome: Type.Enum(['allow', 'deny', 'omit'], { description: '`omit` leaves undecided; leads only.' }),
  clause: optional(Type.String({ maxLength: 200, description: 'Of a denial: the clause that applies.' })),
  findings: optional(
    Type.Record(Type.String({ maxLength: 100 }), Type.String({ maxLength: 2000 }), {
      maxProperties: 50,
      description: 'Of a denial: for each place of the clause, one of its phrases.',
    }),
  ),
  reason: optional(Type.String({ maxLength: 100, description: 'The key of a reason.' })),
  note: optional(NoteField),
}
export const VerdictBody = Type.Object(verdictFields, strict)

type Given = Omit<Static<typeof VerdictBody>, 'lease'>

export function verdictOf({ outcome, clause, findings, reason, note }: Given): Verdict {
  return { outcome, clause: clause ?? null, findings: findings ?? {}, reason: reason ?? null, note: note ?? null }
}

export const LeaseSchema = Type.Object({ token: Type.String({ description: 'Shown once.' }), until: Time })

const ReasonSchema = Type.Object({ key: Type.String(), text: Type.String() })
const ClauseSchema = Type.Object({
  id: Type.String(),
  category_name: Type.String(),
  rule: Type.String(),
  findings: Type.Record(Type.String(), Type.Array(Type.String())),
})

export const ItemSchema = Type.Unsafe<ItemView>(
  Type.Object({
    id: Type.String(),
    object: Type.Literal('review_item'),
    lane: LaneSchema,
    language: Nullable(Type.String()),
    waiting_since: Time,
    deadline_at: Type.String({
      format: 'date-time',
      description: 'When the most urgent item of the lane that came then is due. Its own would tell its category.',
    }),
    subject: Type.Object({
      kind: Type.Enum(['image', 'prompt']),
      width: Nullable(Type.Integer()),
      height: Nullable(Type.Integer()),
    }),
    purpose: Nullable(Type.String({ description: 'As declared with the request.' })),
    prompt: Type.Object({ shown: Type.Boolean(), text: Nullable(Type.String()), negative: Nullable(Type.String()) }),
    picture: Nullable(Type.String({ description: 'Where the blurred picture is.' })),
    has_input: Type.Boolean({ description: 'Whether the request started from a picture, which can be asked for.' }),
    erased: Type.Boolean(),
    report: Nullable(Type.Object({ category: Type.String(), text: Nullable(Type.String()) })),
    handover_note: Nullable(Type.String()),
    alike: Type.Array(Type.String(), { description: 'Identical held items that may be given the same verdict.' }),
    lease: Nullable(Type.Object({ until: Time })),
    choices: Type.Object({
      clauses: Type.Array(ClauseSchema),
      allow_reasons: Type.Array(ReasonSchema),
      omit_reasons: Type.Array(ReasonSchema, { description: 'Of a lead alone, and not of a first look.' }),
    }),
    undo_seconds: Type.Number(),
    disclosed: Nullable(
      Type.Object(
        { kind: KindSchema, category: Nullable(Type.String()), clause: Nullable(Type.String()) },
        { ...OPEN, description: 'All that is withheld until your own verdict is stored, or the item is closed.' },
      ),
    ),
  }),
)

export const ClaimedSchema = Type.Object({ item: ItemSchema, lease: LeaseSchema })

export function leaseResource({ token, until }: Lease): Static<typeof LeaseSchema> {
  return { token, until: until.toISOString() }
}
