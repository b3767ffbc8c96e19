// Routing rules as tests write them, and random ones with random items for them to match.
import fc from 'fast-check'
import type { Arrival } from '../../src/review/routing.ts'
import { ROUTED_KINDS, type RoutingRule } from '../../src/review/routing-rules.ts'

export function rule(name: string, when: RoutingRule['when'], effects: RoutingRule['then']): RoutingRule {
  // biome-ignore lint/suspicious/noThenProperty: the word of the rules.
  return { name, when, then: effects }
}

const LANGUAGES = ['de', 'en', 'fr']
const CATEGORIES = ['weapons', 'hate', 'violence/graphic']
const TENANTS = ['ten_a', 'ten_b']
const PEOPLE = ['per_a', 'per_b', 'per_c']
const some = <T>(values: readonly T[]) => fc.subarray([...values], { minLength: 1 })
const severity = fc.integer({ min: 0, max: 100 })

const when = fc.record(
  {
    kinds: some(ROUTED_KINDS),
    categories: some(CATEGORIES),
    languages: some(LANGUAGES),
    tenants: some(TENANTS),
    has_language: fc.boolean(),
    min_severity: severity,
    max_severity: severity,
  },
  { requiredKeys: [] },
)
const effects = fc.record(
  {
    lead_only: fc.constant(true as const),
    verdicts: fc.integer({ min: 1, max: 5 }),
    head_start_minutes: fc.integer({ min: 0, max: 10_080 }),
    people: some(PEOPLE),
  },
  { requiredKeys: [] },
)
export const someRules: fc.Arbitrary<RoutingRule[]> = fc.array(
  fc.record({ when, effects }).map((made) => rule('one of many', made.when, made.effects)),
  { maxLength: 8 },
)

export const arrival: fc.Arbitrary<Arrival> = fc.record({
  kind: fc.constantFrom(...ROUTED_KINDS, 'gold' as const),
  category: fc.option(fc.constantFrom(...CATEGORIES)),
  severity,
  language: fc.option(fc.constantFrom(...LANGUAGES)),
  tenantId: fc.constantFrom(...TENANTS),
  restricted: fc.boolean(),
})
