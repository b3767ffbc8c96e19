// The shape of policies/moderation.yaml. Strict: a key that is not here is refused, so a typo never weakens a rule.
// What a shape cannot say (names that must exist, thresholds in order, statements that can be filled) is in compile.ts.
import Type, { type Static } from 'typebox'

const strict = { additionalProperties: false } as const
const Sentence = Type.String({ minLength: 3, maxLength: 2000 })
const Sentences = Type.Array(Sentence, { minItems: 1 })
const Name = Type.String({ pattern: '^[a-z][a-z0-9_]{1,40}$' })
const Phrases = Type.Record(
  Type.String({ pattern: '^[a-z]{2,3}$' }),
  Type.Array(Type.String({ minLength: 1 }), { minItems: 1 }),
  {
    minProperties: 1,
    additionalProperties: false,
  },
)
const Words = Type.Object({ phrases: Phrases, except: Type.Optional(Phrases) }, strict)

const List = Type.Object({ name: Sentence, ...Words.properties }, strict)
const Context = Type.Object({ name: Sentence, purposes: Type.Array(Name), ...Words.properties }, strict)

const Statement = Type.Object(
  {
    ground: Type.String({ minLength: 3, maxLength: 500 }),
    explanation: Sentence,
    redress: Type.Enum(['full', 'restricted']),
    facts: Type.Object(
      { input: Type.Optional(Sentence), output: Type.Optional(Sentence), review: Type.Optional(Sentence) },
      { ...strict, minProperties: 1 },
    ),
    findings: Type.Optional(
      Type.Record(Name, Type.Array(Type.String()), { additionalProperties: false, minProperties: 1 }),
    ),
  },
  strict,
)

const Clause = Type.Object(
  {
    id: Type.String(),
    rule: Sentence,
    input: Type.Optional(
      Type.Object({ when: Type.String(), action: Type.Enum(['allow', 'hold', 'deny', 'escalate']) }, strict),
    ),
    output: Type.Optional(
      Type.Object({ when: Type.String(), action: Type.Enum(['allow', 'hold', 'deny', 'escalate']) }, strict),
    ),
    statement: Type.Optional(Statement),
  },
  strict,
)

const Probability = Type.Number({ minimum: 0, maximum: 1 })
const Image = Type.Object(
  {
    clause: Type.String(),
    required: Type.Boolean(),
    hold: Probability,
    deny: Type.Optional(Probability),
    margin: Probability,
    contexts: Type.Optional(
      Type.Array(
        Type.Object(
          { context: Type.String(), hold: Probability, deny: Type.Optional(Probability), margin: Probability },
          strict,
        ),
        { minItems: 1 },
      ),
    ),
    loosest: Type.Optional(
      Type.Object(
        { hold: Type.Optional(Probability), deny: Type.Optional(Probability) },
        { ...strict, minProperties: 1 },
      ),
    ),
    disagree: Type.Optional(Probability),
  },
  strict,
)

const Category = Type.Object(
  {
    id: Type.String({ pattern: '^[a-z][a-z-]*(/[a-z][a-z-]*)?$' }),
    name: Sentence,
    severity: Type.Integer({ minimum: 1, maximum: 100 }),
    should_not: Sentences,
    can: Sentences,
    image: Type.Optional(Image),
    clauses: Type.Array(Clause, { minItems: 1 }),
  },
  strict,
)

export const PolicySchema = Type.Object(
  {
    id: Name,
    version: Type.String({ pattern: '^\\d+\\.\\d+\\.\\d+$' }),
    effective: Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}$' }),
    owner: Sentence,
    audience: Sentence,
    territory: Type.Array(Type.String({ minLength: 2 }), { minItems: 1 }),
    purposes: Type.Array(Name, { minItems: 1 }),
    statement: Type.Object(
      {
        scope: Sentence,
        duration: Type.Object({ input: Sentence, output: Sentence }, strict),
        redress: Type.Object(
          {
            full: Type.Object({ appeal: Sentence, out_of_court: Sentence, courts: Sentence }, strict),
            restricted: Sentence,
          },
          strict,
        ),
      },
      strict,
    ),
    /** Groups of words that phrases name (@person), by language. */
    words: Type.Optional(Type.Record(Name, Phrases, { additionalProperties: false })),
    /** Words that nothing innocent is spelled like: a word one letter off is read as them. */
    unmistakable: Type.Optional(Phrases),
    /** Words that are innocent as written, though without their accents they would be others (Polish góry, mountains). */
    as_written: Type.Optional(Phrases),
    contexts: Type.Record(Name, Context, { additionalProperties: false }),
    lists: Type.Record(Name, List, { additionalProperties: false }),
    categories: Type.Array(Category, { minItems: 1 }),
  },
  strict,
)

export type PolicyDocument = Static<typeof PolicySchema>
export type CategoryDocument = PolicyDocument['categories'][number]
export type ClauseDocument = CategoryDocument['clauses'][number]
export type StatementDocument = NonNullable<ClauseDocument['statement']>
export type ImageDocument = NonNullable<CategoryDocument['image']>
