// What a routing rule may name, for whoever writes one; and what the rules in force name that is no longer there, so that they can be read.
import type { Sql } from '../kernel/database.ts'
import type { ModerationPolicy } from '../policy/policy.ts'
import { LANGUAGES } from './language.ts'
import { listReviewers } from './people.ts'
import { ROUTED_KINDS, type RoutingRule } from './routing-rules.ts'

/** The first so many customers by name; any other can be named by its id. */
export const MOST_TENANTS = 500

export type Choice = { id: string; name: string }
export type RoutingChoices = {
  kinds: string[]
  categories: Choice[]
  /** Those that prompts are told apart by. */
  languages: string[]
  tenants: Choice[]
  /** `reviews`: false of somebody whom a rule names and who reviews no more. */
  people: (Choice & { lead: boolean; reviews: boolean })[]
}

export async function routingChoices(
  sql: Sql,
  policy: ModerationPolicy,
  rules: readonly RoutingRule[],
): Promise<RoutingChoices> {
  const reviewers = (await listReviewers(sql)).map(({ person_id: id, name, lead }) => ({
    id,
    name,
    lead,
    reviews: true,
  }))
  const gone = rules.flatMap((rule) => rule.then.people ?? []).filter((id) => !reviewers.some((one) => one.id === id))
  const others = await namesOf(sql, 'darkroom.person', gone)
  const tenants = await sql
    .selectFrom('darkroom.tenant')
    .select(['id', 'name'])
    .where('operator', '=', false)
    .orderBy('name')
    .orderBy('id')
    .limit(MOST_TENANTS)
    .execute()
  const beyond = rules.flatMap(({ when }) => when.tenants ?? []).filter((id) => !tenants.some((one) => one.id === id))
  return {
    kinds: [...ROUTED_KINDS],
    categories: policy.categories.map(({ id, name }) => ({ id, name })),
    languages: [...LANGUAGES],
    tenants: [...tenants, ...(await namesOf(sql, 'darkroom.tenant', beyond))],
    people: [...reviewers, ...others.map((one) => ({ ...one, lead: false, reviews: false }))],
  }
}

async function namesOf(
  sql: Sql,
  table: 'darkroom.person' | 'darkroom.tenant',
  ids: readonly string[],
): Promise<Choice[]> {
  if (ids.length === 0) return []
  return sql
    .selectFrom(table)
    .select(['id', 'name'])
    .where('id', 'in', [...new Set(ids)])
    .orderBy('name')
    .execute()
}
