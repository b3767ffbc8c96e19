// A dry run: what rules would have made of the items that came lately, beside what the rules in force make of them. Nothing is written.
// Of what is restricted only those hear who may see it. Who is away counts for nobody, as in watch.ts; what people have done
// with an item since it came does not count.
import { sql as raw } from 'kysely'
import type { Sql } from '../kernel/database.ts'
import { type ReviewTools, verdictsNeeded } from './item.ts'
import { listReviewers } from './people.ts'
import { seesRestricted } from './queue.ts'
import { type Reviewer, WAS_ELIGIBLE } from './reviewer.ts'
import { type Arrival, doTheSame, type Route, routeOf } from './routing.ts'
import { routingInForce } from './routing-records.ts'
import { type RoutingRule, requireSense } from './routing-rules.ts'
import { needsTwo } from './ruling.ts'

/** The newest so many are looked at. */
export const MOST_TRIED = 2000
const EXAMPLES = 5

export type RuleTrial = {
  index: number
  name: string
  /** For how many it is the first that matches. */
  matched: number
  /** For how many the rules in force do something else. */
  changed: number
  /** How many nobody could have had. */
  nobody: number
  /** How many fewer people could have had than it takes to release them; those of `nobody` too. */
  too_few: number
  examples: string[]
}
export type Trial = {
  from: Date
  to: Date
  items: number
  truncated: boolean
  rules: RuleTrial[]
  unmatched: number
  /** How many of the items each could have had, by the rules in force and by those that are tried. */
  by_person: { person_id: string; name: string; could_have_now: number; could_have_then: number }[]
  /** How many more (or fewer) than by the rules in force. */
  later: { more_verdicts: number; lead_only: number }
}

/** `hours`: how far back. Fault: invalid_request (as requireSense). */
export async function tryRouting(
  sql: Sql,
  { policy, rules: reviewRules }: ReviewTools,
  lead: Reviewer,
  { rules, hours }: { rules: readonly RoutingRule[]; hours: number },
): Promise<Trial> {
  await requireSense(sql, policy, rules)
  const { from, to, items, truncated } = await readArrivals(sql, await seesRestricted(sql, lead), hours)
  const inForce = (await routingInForce(sql)).rules
  const tried = items.map((item) => {
    const needs = verdictsNeeded(reviewRules, item.kind, item.overlap)
    const releasing = needsTwo(item, reviewRules) ? 2 : 1
    return { id: item.id, needs, releasing, before: routeOf(inForce, item), after: routeOf(rules, item) }
  })
  const couldHaveNow = await couldHave(
    sql,
    tried.map(({ id, before }) => ({ id, route: before })),
  )
  const couldHaveThen = await couldHave(
    sql,
    tried.map(({ id, after }) => ({ id, route: after })),
  )
  const [now, then] = [loadsOf(couldHaveNow), loadsOf(couldHaveThen)]
  const matchedBy = Map.groupBy(tried, ({ after }) => after.rule)
  return {
    from,
    to,
    items: items.length,
    truncated,
    rules: rules.map(({ name }, index) => {
      const matched = matchedBy.get(index) ?? []
      const left = (id: string) => couldHaveThen.get(id)?.length ?? 0
      return {
        index,
        name,
        matched: matched.length,
        changed: matched.filter(({ before, after }) => !doTheSame(before, after)).length,
        nobody: matched.filter(({ id }) => left(id) === 0).length,
        too_few: matched.filter(
          ({ id, needs, releasing, after }) => left(id) < Math.max(needs, releasing, after.verdicts),
        ).length,
        examples: matched.slice(0, EXAMPLES).map(({ id }) => id),
      }
    }),
    unmatched: matchedBy.get(null)?.length ?? 0,
    by_person: (await listReviewers(sql)).map(({ person_id, name }) => ({
      person_id,
      name,
      could_have_now: now.get(person_id) ?? 0,
      could_have_then: then.get(person_id) ?? 0,
    })),
    later: {
      more_verdicts: tried.reduce(
        (sum, { needs, before, after }) => sum + Math.max(needs, after.verdicts) - Math.max(needs, before.verdicts),
        0,
      ),
      lead_only: tried.reduce((sum, { before, after }) => sum + Number(after.leadOnly) - Number(before.leadOnly), 0),
    },
  }
}

type Came = Arrival & { readonly id: string; readonly overlap: boolean }

/** Newest first. Gold questions are never routed. */
async function readArrivals(sql: Sql, sees: boolean, hours: number) {
  const span = await raw<{ from: Date; to: Date }>`
    SELECT "to" - ${hours} * interval '1 hour' AS "from", "to"
      FROM (SELECT date_trunc('milliseconds', darkroom.now()) AS "to") AS asked`.execute(sql)
  const [asked] = span.rows
  if (asked === undefined) throw new TypeError('the database tells the time')
  const { rows } = await raw<Came>`
    SELECT id, kind, category, severity, language, tenant_id AS "tenantId", restricted, overlap
      FROM darkroom.review_item
     WHERE created_at > ${asked.from} AND kind <> 'gold' AND (${sees} OR NOT restricted)
     ORDER BY created_at DESC, id DESC LIMIT ${MOST_TRIED + 1}`.execute(sql)
  return { ...asked, items: rows.slice(0, MOST_TRIED), truncated: rows.length > MOST_TRIED }
}

/** By item: everybody who could have had it, were it routed so. */
async function couldHave(
  sql: Sql,
  routed: readonly { id: string; route: Route }[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const ids = routed.map(({ id }) => id)
  const leadOnly = routed.map(({ route }) => route.leadOnly)
  // An array of arrays of different lengths is none in SQL.
  const people = routed.map(({ route }) => route.people?.join() ?? null)
  const { rows } = await raw<{ id: string; people: string[] }>`
    SELECT item.id, array_agg(who.person_id) AS people
      FROM (SELECT came.id, came.kind, came.request_id, came.tenant_id, came.category, came.language, came.severity,
                   came.restricted, came.created_at, route.lead_only, string_to_array(route.people, ',') AS people
              FROM unnest(${ids}::text[], ${leadOnly}::boolean[], ${people}::text[]) AS route (id, lead_only, people)
              JOIN darkroom.review_item AS came ON came.id = route.id) AS item
      JOIN darkroom.active_reviewer AS who ON ${WAS_ELIGIBLE}
     WHERE who.away_until IS NULL OR who.away_until <= (SELECT darkroom.now())
     GROUP BY item.id`.execute(sql)
  return new Map(rows.map((row) => [row.id, row.people]))
}

/** Of how many items each person is among those who could have had it. */
function loadsOf(couldHave: ReadonlyMap<string, readonly string[]>): ReadonlyMap<string, number> {
  const loads = new Map<string, number>()
  for (const personId of [...couldHave.values()].flat()) loads.set(personId, (loads.get(personId) ?? 0) + 1)
  return loads
}
