// What a routing rule may say: its shape with its bounds, and whether what it names exists. At least one condition and one effect; what a
// rule does not say stays as it is by default. routing.ts applies rules, routing-records.ts keeps them.
import Type, { type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import type { Sql, Tx } from '../kernel/database.ts'
import { Fault } from '../kernel/fault.ts'
import { REVIEW_KINDS } from '../kernel/review-tables.ts'
import type { ModerationPolicy } from '../policy/policy.ts'
import { knownTenants, listReviewers } from './people.ts'

/** Gold questions look like anything else, and go to whom they are for. */
export const ROUTED_KINDS = REVIEW_KINDS.filter((kind) => kind !== 'gold')
export const MOST_RULES = 50
/** A week: more would say no more than "before all else". */
export const MOST_HEAD_START_MINUTES = 10_080
export const MOST_VERDICTS = 5
/** Of each list of a condition or an effect. */
const MOST_NAMED = 100

const strict = { additionalProperties: false } as const
/** Something to read in one line. */
const LINE = '^[^\\u0000-\\u001F\\u007F]*[^\\s\\u0000-\\u001F\\u007F][^\\u0000-\\u001F\\u007F]*$'
const list = { minItems: 1, maxItems: MOST_NAMED, uniqueItems: true }
const Severity = Type.Integer({ minimum: 0, maximum: 100 })

export const RuleSchema = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 80, pattern: LINE, description: 'Text in one line.' }),
    when: Type.Object(
      {
        kinds: Type.Optional(Type.Array(Type.Enum([...ROUTED_KINDS]), list)),
        categories: Type.Optional(Type.Array(Type.String({ maxLength: 100 }), list)),
        min_severity: Type.Optional(Severity),
        max_severity: Type.Optional(Severity),
        languages: Type.Optional(
          Type.Array(Type.String({ pattern: '^[a-z]{2,3}$', description: 'Two or three small letters, such as de.' }), {
            ...list,
            description: 'Of the prompt, as ISO 639 names them.',
          }),
        ),
        tenants: Type.Optional(
          Type.Array(Type.String({ pattern: '^ten_[0-9a-z]{26}$', description: 'The id of a customer.' }), list),
        ),
        has_language: Type.Optional(Type.Boolean({ description: 'Whether the language of the prompt is known.' })),
      },
      { ...strict, description: 'All of these hold. At least one.' },
    ),
    // biome-ignore lint/suspicious/noThenProperty: the word of the rules, and an object that nobody can await.
    then: Type.Object(
      {
        lead_only: Type.Optional(Type.Literal(true)),
        verdicts: Type.Optional(
          Type.Integer({ minimum: 1, maximum: MOST_VERDICTS, description: 'At least so many are needed.' }),
        ),
        head_start_minutes: Type.Optional(
          Type.Integer({
            minimum: 0,
            maximum: MOST_HEAD_START_MINUTES,
            description: 'It goes ahead of what came so much earlier.',
          }),
        ),
        people: Type.Optional(
          Type.Array(Type.String({ pattern: '^per_[0-9a-z]{26}$', description: 'The id of a person.' }), {
            ...list,
            description: 'The only ones who may have it. All else that keeps somebody from an item still does.',
          }),
        ),
      },
      { ...strict, description: 'At least one. Of a restricted item only `lead_only` and `head_start_minutes` count.' },
    ),
  },
  strict,
)
export const RulesSchema = Type.Array(RuleSchema, {
  maxItems: MOST_RULES,
  description: 'The first that matches decides.',
})
export type RoutingRule = Static<typeof RuleSchema>

export const RuleShape = Compile(RuleSchema)
export const RulesShape = Compile(Type.Array(RuleSchema))

/** Fault: invalid_request, with the field of the first thing that makes no sense, such as `rules[2].when.categories[0]`. */
export async function requireSense(
  sql: Sql | Tx,
  policy: ModerationPolicy,
  rules: readonly RoutingRule[],
): Promise<void> {
  const named = [...new Set(rules.flatMap(({ when }) => when.tenants ?? []))]
  const known: Known = {
    categories: new Set(policy.categories.map(({ id }) => id)),
    tenants: new Set(named.length === 0 ? [] : await knownTenants(sql, named)),
    people: new Set((await listReviewers(sql)).map(({ person_id }) => person_id)),
  }
  for (const [index, rule] of rules.entries()) {
    const wrong = flawOf(rule, known)
    if (wrong === null) continue
    const field = `rules[${index}].${wrong.at}`
    throw new Fault('invalid_request', { field, detail: `${field}: ${wrong.why}` })
  }
}

type Known = Readonly<Record<'categories' | 'tenants' | 'people', ReadonlySet<string>>>
type Flaw = { readonly at: string; readonly why: string }

function flawOf({ when, then }: RoutingRule, known: Known): Flaw | null {
  if (Object.keys(when).length === 0) return { at: 'when', why: 'a rule needs at least one condition' }
  if (Object.keys(then).length === 0) return { at: 'then', why: 'a rule needs at least one effect' }
  const { min_severity: min = 0, max_severity: max = 100 } = when
  if (min > max) return { at: 'when.min_severity', why: 'it is above max_severity, so that nothing would match' }
  if (when.has_language === false && when.languages !== undefined)
    return {
      at: 'when.has_language',
      why: 'what has no known language is in none of languages, so that nothing would match',
    }
  const { people, verdicts = 1 } = then
  if (people !== undefined && people.length < verdicts)
    return {
      at: 'then.verdicts',
      why: `${verdicts} people would have to judge it, and the rule lets ${people.length} have it: name more people, or ask for fewer verdicts`,
    }
  return (
    strangeIn('when.categories', when.categories, known.categories, (id) => `no such category: ${id}`) ??
    strangeIn('when.tenants', when.tenants, known.tenants, (id) => `no such customer: ${id}`) ??
    strangeIn('then.people', people, known.people, (id) => `nobody who reviews: ${id}`)
  )
}

function strangeIn(
  at: string,
  ids: readonly string[] = [],
  known: ReadonlySet<string>,
  say: (id: string) => string,
): Flaw | null {
  const index = ids.findIndex((id) => !known.has(id))
  const id = ids[index]
  return id === undefined ? null : { at: `${at}[${index}]`, why: say(id) }
}
