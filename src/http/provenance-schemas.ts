// The answers of the public check, as /openapi.json describes them.
import { type TSchema, Type } from '@fastify/type-provider-typebox'
import { FEEDBACK_CHARACTERS } from '../mark/feedback.ts'
import { VERDICTS } from '../mark/verdict.ts'
import { strict } from './validation.ts'

const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()])
const Band = Type.Enum(['high', 'medium', 'low', 'none'])
export const VerdictSchema = Type.Enum([...VERDICTS])

const Picture = Type.String({ format: 'binary', description: 'A picture.' })
const Address = Type.String({ description: 'http or https, public, of a picture; it is fetched once.' })

/** One or the other. */
const PictureForm = Type.Object(
  { file: Type.Optional(Picture), url: Type.Optional(Address) },
  { ...strict, minProperties: 1, maxProperties: 1 },
)

export const NewVerification = {
  content: {
    'multipart/form-data': { schema: PictureForm },
    'application/json': { schema: Type.Object({ url: Address }, strict) },
  },
}

export const DetailQuery = Type.Object(
  { detail: Type.Optional(Type.Enum(['full'], { description: 'Scores; for the role compliance.' })) },
  strict,
)

const DetailSchema = Type.Object({
  watermark: Nullable(
    Type.Object({
      z: Type.Number(),
      p_value: Type.Number({
        description:
          'The most that the chance may be of finding this in an unmarked picture: of the pilots, or of them with the payload, whichever is less; all looks counted.',
      }),
      agreement: Nullable(Type.Number()),
      epoch: Nullable(Type.Integer()),
      scale: Type.Number(),
      quarter_turns: Type.Integer(),
      degrees: Type.Number({ description: 'Clockwise, beside the quarter turns.' }),
      mirrored: Type.Boolean(),
      cut_short: Type.Boolean(),
      map: Type.Null({ description: 'Which parts carry the mark is not measured.' }),
    }),
  ),
  fingerprint: Type.Object({ distance: Nullable(Type.Integer()) }),
  manifest: Type.Object({ signed_by: Nullable(Type.String()) }),
})

export const ProvenanceSchema = Type.Object({
  verdict: VerdictSchema,
  manifest: Type.Object({
    found: Type.Boolean(),
    state: Nullable(Type.Enum(['Trusted', 'Valid', 'Invalid'])),
    signed_by: Nullable(Type.String({ description: 'Only where it is this service: others may be people.' })),
    generator: Nullable(Type.String()),
    problems: Type.Array(Type.String()),
    recovered: Nullable(Type.String({ description: 'The manifest that belongs to it: GET /c2pa/manifests/{id}.' })),
  }),
  watermark: Type.Object({
    found: Type.Boolean(),
    confidence: Band,
    read: Type.Boolean(),
    copy: Nullable(Type.String()),
    trustmark: Nullable(Type.String({ description: 'The second mark, where it led to the record.' })),
  }),
  fingerprint: Type.Object({
    algorithm: Type.String(),
    bits: Type.Integer(),
    code: Type.String(),
    weak: Type.Boolean(),
    compared: Type.Boolean(),
    match: Nullable(Type.Enum(['close', 'near', 'far'])),
  }),
  record: Nullable(
    Type.Object({
      image_id: Type.String(),
      created_at: Type.String({ format: 'date-time' }),
      system: Type.String(),
      version: Type.String(),
      log_index: Nullable(Type.Integer()),
    }),
  ),
  layers: Type.Array(
    Type.Object({
      layer: Type.Enum(['manifest', 'watermark', 'fingerprint', 'record']),
      confidence: Band,
      shows: Type.String(),
      does_not_show: Type.String(),
    }),
  ),
  notes: Type.Array(Type.String()),
  detail: Type.Optional(DetailSchema),
})

export const NewFeedback = Type.Object(
  {
    agrees: Type.Boolean({ description: 'Whether the answer was right.' }),
    verdict: VerdictSchema,
    text: Type.Optional(
      Nullable(
        Type.String({ minLength: 1, maxLength: FEEDBACK_CHARACTERS, description: 'Why; nothing personal, please.' }),
      ),
    ),
  },
  strict,
)
export const FeedbackTaken = Type.Object({
  object: Type.Literal('provenance_feedback'),
  erased_after_days: Type.Integer(),
})
export const FeedbackSchema = Type.Object({
  object: Type.Literal('provenance_feedback_list'),
  counts: Type.Array(Type.Object({ verdict: VerdictSchema, agrees: Type.Boolean(), count: Type.Integer() })),
  newest: Type.Array(
    Type.Object({
      agrees: Type.Boolean(),
      verdict: VerdictSchema,
      text: Nullable(Type.String()),
      created_at: Type.String({ format: 'date-time' }),
    }),
  ),
})
