// The shapes of routing: what leads set, and what a dry run answers. What a rule may say is review/routing-rules.ts's.
import { type Static, Type } from '@fastify/type-provider-typebox'
import { MOST_TENANTS, type RoutingChoices } from '../review/routing-choices.ts'
import type { Routing } from '../review/routing-records.ts'
import { RuleSchema, RulesSchema } from '../review/routing-rules.ts'
import { MOST_TRIED, type Trial } from '../review/routing-trial.ts'
import { strict } from './validation.ts'

const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Union([schema, Type.Null()])
const Time = Type.String({ format: 'date-time' })
const Count = Type.Integer({ minimum: 0 })
const choice = { id: Type.String(), name: Type.String() }

export const RoutingBody = Type.Object(
  {
    version: Type.Integer({ minimum: 0, description: 'The one that these rules were made from.' }),
    rules: RulesSchema,
  },
  strict,
)
export const TrialBody = Type.Object(
  {
    rules: RulesSchema,
    hours: Type.Optional(Type.Integer({ minimum: 1, maximum: 168, default: 24, description: 'How far back.' })),
  },
  strict,
)

const routingFields = {
  object: Type.Literal('review_routing'),
  version: Type.Integer({ minimum: 0, description: '0: nobody has set any rules yet.' }),
  rules: Type.Array(RuleSchema),
  changed_at: Nullable(Time),
  changed_by: Nullable(Type.Object({ person_id: Type.String(), name: Type.String() })),
}
export const RoutingSchema = Type.Object(routingFields)
export const RoutingInForceSchema = Type.Object({
  ...routingFields,
  choices: Type.Object(
    {
      kinds: Type.Array(Type.String()),
      categories: Type.Array(Type.Object(choice)),
      languages: Type.Array(Type.String()),
      tenants: Type.Array(Type.Object(choice), { description: `The first ${MOST_TENANTS} by name.` }),
      people: Type.Array(
        Type.Object({
          ...choice,
          lead: Type.Boolean(),
          reviews: Type.Boolean({ description: 'False of somebody whom a rule names and who reviews no more.' }),
        }),
      ),
    },
    { description: 'What a rule may name.' },
  ),
})
export const RoutingVersions = Type.Object({
  object: Type.Literal('list'),
  data: Type.Array(RoutingSchema),
  has_more: Type.Boolean(),
  next: Nullable(Type.String({ description: 'Pass it as `after` for the next page.' })),
})

const RuleTrialSchema = Type.Object({
  index: Count,
  name: Type.String(),
  matched: Type.Integer({ description: 'For so many it is the first that matches.' }),
  changed: Type.Integer({ description: 'For so many of them the rules in force do something else.' }),
  nobody: Type.Integer({ description: 'So many of them nobody could have had.' }),
  too_few: Type.Integer({ description: 'So many of them fewer people could have had than it takes to release them.' }),
  examples: Type.Array(Type.String(), { description: 'Ids of items.' }),
})
export const TrialSchema = Type.Object({
  object: Type.Literal('review_routing_trial'),
  from: Time,
  to: Time,
  items: Type.Integer({ description: 'That came within that time, gold questions aside.' }),
  truncated: Type.Boolean({ description: `Whether more came than the ${MOST_TRIED} newest that were looked at.` }),
  rules: Type.Array(RuleTrialSchema),
  unmatched: Count,
  by_person: Type.Array(
    Type.Object({
      person_id: Type.String(),
      name: Type.String(),
      could_have_now: Type.Integer({ description: 'By the rules in force.' }),
      could_have_then: Type.Integer({ description: 'By those that were tried.' }),
    }),
  ),
  later: Type.Object(
    { more_verdicts: Type.Integer(), lead_only: Type.Integer() },
    { description: 'How many more than by the rules in force; fewer are negative.' },
  ),
})
export type RoutingResource = Static<typeof RoutingSchema>
export type RoutingInForce = Static<typeof RoutingInForceSchema>
export type TrialResource = Static<typeof TrialSchema>

export function routingResource({ version, rules, changed }: Routing): RoutingResource {
  return {
    object: 'review_routing',
    version,
    rules: [...rules],
    changed_at: changed?.at.toISOString() ?? null,
    changed_by: changed === null ? null : { person_id: changed.personId, name: changed.name },
  }
}

export function routingInForceResource(routing: Routing, choices: RoutingChoices): RoutingInForce {
  return { ...routingResource(routing), choices }
}

export function trialResource({ from, to, ...rest }: Trial): TrialResource {
  return { object: 'review_routing_trial', from: from.toISOString(), to: to.toISOString(), ...rest }
}
