// What the statements' routes take and answer.
import { Type } from '@fastify/type-provider-typebox'
import { statesOf } from '../journey.ts'
import type { StatementJson } from '../statement/outputs.ts'
import { SPEECHES } from '../statement/speech/languages.ts'
import { type AppealState, LISTED } from '../statement/standing.ts'
import { strict } from './validation.ts'

export const PAGE = { usual: 20, most: 100 }

export type StatementResource = StatementJson & {
  /** What it is said in, whether that is a translation, and which of its sentences stand as they were decided all the same. */
  language: string
  translated: boolean
  quoted: string[]
  appeal_url: string | null
  /** Told to the tenant, to hand on. */
  public_url?: string | null
  appeal: AppealState | null
  replaced_by: string | null
  /** Its page, with its own secret: whoever bears this link is concerned by that one too. */
  replaced_by_url: string | null
}

const nullable = (schema: Parameters<typeof Type.Union>[0][number]) => Type.Union([schema, Type.Null()])
const Moment = Type.String({ format: 'date-time' })

const Appeal = nullable(
  Type.Object({
    id: Type.String(),
    state: Type.Enum(statesOf('appeal')),
    created_at: Moment,
    reviewing_at: nullable(Moment),
    due_at: nullable(Type.String({ format: 'date-time', description: 'By when it is to be decided.' })),
    ended_at: nullable(Moment),
    answer: nullable(Type.Object({ text: Type.String(), outcome: Type.String(), decided_at: Type.String() })),
    result: nullable(
      Type.Object(
        {
          kind: Type.Enum(['request', 'image']),
          id: Type.String(),
          state: Type.String(),
          generation_id: Type.String(),
        },
        { description: 'What a reversal gave back.' },
      ),
    ),
  }),
)

const common = {
  id: Type.String(),
  object: Type.Literal('statement'),
  category: nullable(Type.String({ description: 'Null where the owner of a picture took it back.' })),
  clause: nullable(Type.String()),
  redress: Type.Object(
    { kind: Type.Enum(['full', 'final', 'restricted', 'none']) },
    { additionalProperties: true, description: '`full`: an appeal is open until `appeal_until`.' },
  ),
  appeal: Appeal,
  replaced_by: nullable(Type.String({ description: 'The statement that an appeal put in its place.' })),
}
const publicUrl = (more: string) =>
  nullable(Type.String({ description: `Its page for people without an account${more}` }))

export const StatementSchema = Type.Unsafe<StatementResource>(
  Type.Object(
    {
      ...common,
      stage: Type.Enum(['input', 'output']),
      categories: Type.Array(Type.String()),
      rule: nullable(Type.String()),
      restriction: Type.Object(
        { kind: Type.Enum(['request_refused', 'image_withheld', 'image_withdrawn']) },
        { additionalProperties: true },
      ),
      facts: Type.String(),
      source: Type.Enum(['own_initiative', 'notice', 'owner']),
      automated_detection: Type.Boolean(),
      automated_decision: Type.Boolean(),
      notice: Type.Object({ title: Type.String(), sentences: Type.Array(Type.String()) }),
      language: Type.String({ description: 'Of the sentences, as BCP 47 names it.' }),
      translated: Type.Boolean({
        description:
          'Whether this is a translation. The sentences as they were decided, without `lang`, are what counts.',
      }),
      quoted: Type.Array(Type.String({ description: 'A field that has no translation and stands as it was decided.' })),
      appeal_url: nullable(Type.String()),
      public_url: Type.Optional(publicUrl('. Only the tenant is told.')),
      replaced_by_url: nullable(Type.String({ description: 'Its page, for whoever may read this one.' })),
    },
    { additionalProperties: true },
  ),
)

export const LanguageQuery = Type.Object(
  { lang: Type.Optional(Type.Enum(SPEECHES.map((speech) => speech.language))) },
  strict,
)

/** `LISTED` as a list tells of each. */
export const StatementRow = Type.Object({
  ...common,
  subject: Type.Object({ kind: Type.Enum(['request', 'image']), id: Type.String() }),
  category_name: nullable(Type.String()),
  restriction: Type.Enum(['request_refused', 'image_withheld', 'image_withdrawn']),
  decided_at: Moment,
  decided_by: Type.Enum(['automated', 'person', 'owner']),
  redress: Type.Object({
    kind: Type.Enum(['full', 'final', 'restricted', 'none']),
    appeal_until: nullable(Moment),
  }),
  public_url: publicUrl(', to hand on.'),
})

export const StatementPage = Type.Object({
  object: Type.Literal('list'),
  data: Type.Array(StatementRow),
  has_more: Type.Boolean(),
  next: nullable(Type.String()),
})

export const StatementQuery = Type.Object(
  {
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: PAGE.most, default: PAGE.usual })),
    after: Type.Optional(Type.String({ maxLength: 300, description: '`next` of the page before.' })),
    state: Type.Optional(
      Type.Enum(LISTED, { description: '`appealable`: can be appealed now. Otherwise the state of the appeal.' }),
    ),
    about: Type.Optional(
      Type.String({ minLength: 1, maxLength: 100, description: 'The id of a statement, a request or a picture.' }),
    ),
  },
  strict,
)
