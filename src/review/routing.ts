// Routing: where an item goes when it comes, by an ordered list of rules. The first that matches decides, beside the defaults: it can only
// add verdicts, hasten, and narrow who may have the item. Pure. Gold questions are never routed, and what is restricted stays with
// those who may see it: of a rule's effects only a head start and `lead_only` count there.
import type { ReviewKind } from '../kernel/review-tables.ts'
import type { RoutingRule } from './routing-rules.ts'

/** What rules can see of an item. */
export type Arrival = {
  readonly kind: ReviewKind
  readonly category: string | null
  readonly severity: number
  readonly language: string | null
  readonly tenantId: string
  readonly restricted: boolean
}

export type Route = {
  /** Where in the list the rule stands that decided; null: none matched. */
  readonly rule: number | null
  readonly leadOnly: boolean
  /** At least so many are needed. */
  readonly verdicts: number
  readonly headStartMinutes: number
  /** The only ones who may have it; null: whoever could. */
  readonly people: readonly string[] | null
}

const UNROUTED: Route = { rule: null, leadOnly: false, verdicts: 1, headStartMinutes: 0, people: null }

export function routeOf(rules: readonly RoutingRule[], item: Arrival): Route {
  const rule = item.kind === 'gold' ? -1 : rules.findIndex(({ when }) => matches(when, item))
  const then = rules[rule]?.then
  if (then === undefined) return UNROUTED
  const { lead_only: leadOnly = false, verdicts = 1, head_start_minutes: headStartMinutes = 0, people = null } = then
  const anyway = { rule, leadOnly, headStartMinutes }
  return item.restricted ? { ...UNROUTED, ...anyway } : { ...anyway, verdicts, people }
}

function matches(when: RoutingRule['when'], { kind, category, severity, language, tenantId }: Arrival): boolean {
  return (
    isIn(when.kinds, kind) &&
    isIn(when.categories, category) &&
    isIn(when.languages, language) &&
    isIn(when.tenants, tenantId) &&
    severity >= (when.min_severity ?? 0) &&
    severity <= (when.max_severity ?? 100) &&
    (when.has_language === undefined || when.has_language === (language !== null))
  )
}

/** A condition that is not there holds of everything; one that is, of nothing unknown. */
function isIn(asked: readonly string[] | undefined, value: string | null): boolean {
  return asked === undefined || (value !== null && asked.includes(value))
}

/** Whether two routes do the same to an item, whichever rule says so. */
export function doTheSame(one: Route, other: Route): boolean {
  const people = ({ people }: Route) => people?.toSorted().join() ?? null
  return (
    one.leadOnly === other.leadOnly &&
    one.verdicts === other.verdicts &&
    one.headStartMinutes === other.headStartMinutes &&
    people(one) === people(other)
  )
}
