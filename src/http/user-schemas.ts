// What is answered about one user of a tenant: everything that is stored about them, page by page, and what is left out, in the same
// words for everybody.
import { type Static, Type } from '@fastify/type-provider-typebox'
import type { StatementJson } from '../statement/outputs.ts'
import { AppealSchema } from './routes/appeals.ts'
import { GenerationSchema } from './schemas.ts'
import { strict } from './validation.ts'

export const PAGE = { usual: 20, most: 100 }
const Time = Type.String({ format: 'date-time' })
const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Union([schema, Type.Null()])

export const UserParams = Type.Object(
  {
    user: Type.String({
      minLength: 1,
      description: 'As your orders named them in `user` or `safety_identifier`, percent-encoded.',
    }),
  },
  strict,
)

export const UserQuery = Type.Object(
  {
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: PAGE.most, default: PAGE.usual })),
    after: Type.Optional(Type.String({ maxLength: 300, description: '`next` of the page before.' })),
  },
  strict,
)

const StatementBody = Type.Unsafe<StatementJson>(
  Type.Object(
    { id: Type.String(), object: Type.Literal('statement'), decided_at: Time },
    { additionalProperties: true, description: 'As `GET /v1/statements/{id}` has it.' },
  ),
)

const UserGeneration = Type.Object({
  generation: GenerationSchema,
  prompt: Nullable(Type.String()),
  negative_prompt: Nullable(Type.String()),
  uploads: Type.Array(
    Type.Object({
      kind: Type.Enum(['image', 'mask']),
      width: Type.Integer(),
      height: Type.Integer(),
      created_at: Time,
    }),
  ),
  statements: Type.Array(StatementBody, { description: 'Every decision against it, those that were replaced too.' }),
  appeals: Type.Array(
    Type.Object({
      ...AppealSchema.properties,
      text: Nullable(Type.String({ description: 'What the appellant wrote.' })),
    }),
  ),
  log: Type.Array(
    Type.Object({
      subject_id: Type.String(),
      kind: Type.String(),
      at: Time,
      index: Nullable(Type.Integer({ description: 'Its place in the log; null while it waits for one.' })),
    }),
    { description: 'What the log has of it, and keeps for good: ids, times and digests, no content.' },
  ),
})

export const UserErasureSchema = Type.Object({
  object: Type.Literal('user_erasure'),
  state: Type.Literal('erasing'),
  asked_at: Time,
})

export const UserDataSchema = Type.Object({
  object: Type.Literal('user_data'),
  user: Type.String(),
  read_at: Time,
  erasing_since: Nullable(Type.String({ format: 'date-time', description: 'An erasure of the user is under way.' })),
  generations: Type.Array(UserGeneration, { description: 'Newest first.' }),
  has_more: Type.Boolean(),
  next: Nullable(Type.String({ description: 'Pass it as `after` for the next page.' })),
  not_included: Type.Array(Type.Object({ what: Type.String(), why: Type.String() })),
})
export type UserData = Static<typeof UserDataSchema>

/** The same in every answer, whatever there is: none of it tells whether there is anything of its kind. */
export const NOT_INCLUDED: UserData['not_included'] = [
  {
    what: 'The scores and thresholds of the classifiers.',
    why: 'Whoever knew them could evade the checks that protect others. Each statement says the rule, the band and the versions that decided.',
  },
  {
    what: 'Which people of the service looked at something or decided about it.',
    why: 'They have rights of their own. Each statement and answer says whether people decided, and how many.',
  },
  {
    what: 'Pictures that were withheld or that wait for a person, and the files of uploads.',
    why: 'They lie sealed, so that an appeal can be decided, and are erased with their generation.',
  },
  {
    what: 'Records of which the law forbids to tell, or may restrict access.',
    why: 'This sentence is in every answer, and says nothing of whether there are any.',
  },
  {
    what: 'Reports about published pictures, and what was said of answers of the public check.',
    why: 'They come without the name of a user, so nothing of them can be found by it.',
  },
  {
    what: 'What was erased before, and the statements about it.',
    why: 'The link to the user was erased with it. The log keeps what was decided, without content and without the user.',
  },
]
