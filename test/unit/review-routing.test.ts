// Routing rules by themselves: the first that matches decides, and what none matches is as if there were no rules.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Arrival, doTheSame, type Route, routeOf } from '../../src/review/routing.ts'
import type { RoutingRule } from '../../src/review/routing-rules.ts'
import { arrival, rule, someRules } from '../review/routing-rules.ts'

const ITEM: Arrival = {
  kind: 'hold',
  category: 'weapons',
  severity: 20,
  language: 'de',
  tenantId: 'ten_a',
  restricted: false,
}
const unrouted: Route = { rule: null, leadOnly: false, verdicts: 1, headStartMinutes: 0, people: null }
const catches = (when: RoutingRule['when'], item: Partial<Arrival> = {}) =>
  routeOf([rule('it', when, { lead_only: true })], { ...ITEM, ...item }).leadOnly

test('the first rule that matches decides: those before it match nothing of it, and those after it change nothing', () => {
  fc.assert(
    fc.property(someRules, someRules, arrival, (rules, later, item) => {
      const route = routeOf(rules, item)
      if (route.rule === null) {
        assert.deepEqual(route, unrouted)
        for (const one of rules) assert.equal(routeOf([one], item).rule, null)
        return
      }
      const alone = rules[route.rule]
      assert.ok(alone)
      assert.deepEqual({ ...routeOf([alone], item), rule: route.rule }, route)
      for (const one of rules.slice(0, route.rule)) assert.equal(routeOf([one], item).rule, null)
      assert.deepEqual(routeOf([...rules, ...later], item), route)
    }),
    { numRuns: 2000 },
  )
})

test('no rule takes verdicts away or widens who may have an item; a gold question is never routed', () => {
  fc.assert(
    fc.property(someRules, arrival, (rules, item) => {
      const route = routeOf(rules, item)
      assert.ok(route.verdicts >= 1 && route.headStartMinutes >= 0)
      assert.ok(route.people === null || route.people.length > 0)
      if (item.kind === 'gold') assert.deepEqual(route, unrouted)
      if (item.restricted) assert.deepEqual([route.verdicts, route.people], [1, null])
    }),
    { numRuns: 2000 },
  )
})

test('each condition holds of what it says and of nothing unknown, and all of them must', () => {
  assert.ok(catches({ kinds: ['report', 'hold'] }))
  assert.ok(!catches({ kinds: ['report'] }))
  assert.ok(catches({ categories: ['weapons'] }))
  assert.ok(!catches({ categories: ['weapons'] }, { category: null }))
  assert.ok(catches({ languages: ['de'] }))
  assert.ok(!catches({ languages: ['de'] }, { language: null }))
  assert.ok(catches({ tenants: ['ten_a'] }))
  assert.ok(!catches({ tenants: ['ten_b'] }))
  assert.ok(catches({ has_language: true }))
  assert.ok(!catches({ has_language: true }, { language: null }))
  assert.ok(catches({ has_language: false }, { language: null }))
  assert.ok(!catches({ has_language: false }))
  assert.ok(catches({ min_severity: 20, max_severity: 20 }))
  assert.ok(!catches({ min_severity: 21 }))
  assert.ok(!catches({ max_severity: 19 }))
  assert.ok(!catches({ kinds: ['hold'], categories: ['hate'] }))
})

test('two routes do the same whichever rule says so and in whichever order it names people', () => {
  const route: Route = { ...unrouted, rule: 1, people: ['per_a', 'per_b'] }
  assert.ok(doTheSame(route, { ...route, rule: 3, people: ['per_b', 'per_a'] }))
  const others: Partial<Route>[] = [{ people: ['per_a'] }, { people: null }, { leadOnly: true }, { verdicts: 2 }]
  for (const other of [...others, { headStartMinutes: 5 }]) assert.ok(!doTheSame(route, { ...route, ...other }))
})
