// Start-time fair queueing: shares follow weights whatever the sizes, and an idle tenant neither saves up nor owes.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { costOf, dispatchNext, type FairState, forgetIdle, type Head } from '../../src/schedule/fair-queue.ts'

const FRESH: FairState = { virtualTime: 0, finishTags: new Map() }
type Line = { tenantId: string; weight: number; costs: number[] }

function serve(lines: Line[], until: number, start: FairState = FRESH) {
  const served = new Map<string, number>()
  const order: string[] = []
  let state = start
  let total = 0
  const rest = lines.map((line) => ({ ...line, costs: [...line.costs] }))
  while (total < until) {
    const heads = rest.flatMap(({ tenantId, weight, costs }, index): Head[] => {
      const cost = costs[0]
      return cost === undefined ? [] : [{ tenantId, weight, cost, taskId: `${index}-${costs.length}` }]
    })
    const next = dispatchNext(state, heads)
    if (next === null) break
    state = next.state
    rest.find((line) => line.tenantId === next.head.tenantId)?.costs.shift()
    served.set(next.head.tenantId, (served.get(next.head.tenantId) ?? 0) + next.head.cost)
    order.push(next.head.tenantId)
    total += next.head.cost
  }
  return { served, order, state }
}

test('while two tenants are backlogged, their weighted service differs by at most the largest piece of each', () => {
  const line = fc.record({ weight: fc.integer({ min: 1, max: 5 }), cost: fc.integer({ min: 1, max: 40 }) })
  fc.assert(
    fc.property(
      line,
      line,
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 200, maxLength: 200 }),
      (a, b, mix) => {
        const lines = [
          { tenantId: 'a', weight: a.weight, costs: mix.map((cost) => Math.min(cost, a.cost)) },
          { tenantId: 'b', weight: b.weight, costs: mix.map((cost) => Math.min(cost, b.cost)) },
        ]
        // Stop before either line could run dry, so that both are backlogged throughout.
        const sums = lines.map((one) => one.costs.reduce((x, y) => x + y, 0) / one.weight)
        const { served } = serve(lines, Math.min(...sums))
        const share = (tenant: 'a' | 'b', weight: number) => (served.get(tenant) ?? 0) / weight
        const bound = a.cost / a.weight + b.cost / b.weight
        assert.ok(Math.abs(share('a', a.weight) - share('b', b.weight)) <= bound + 1e-9)
      },
    ),
  )
})

test('one small request does not wait behind a flood', () => {
  const flood = { tenantId: 'flood', weight: 1, costs: Array.from({ length: 100 }, () => 10) }
  const busy = serve([flood], 300)
  const { order } = serve(
    [
      { ...flood, costs: flood.costs.slice(30) },
      { tenantId: 'small', weight: 1, costs: [1] },
    ],
    30,
    busy.state,
  )
  assert.ok(order.indexOf('small') <= 1, order.join(' '))
})

test('a tenant that was idle gains nothing from it', () => {
  const state: FairState = { virtualTime: 1000, finishTags: new Map([['busy', 1010]]) }
  const lines = ['idle', 'busy'].map((tenantId) => ({
    tenantId,
    weight: 1,
    costs: Array.from({ length: 50 }, () => 10),
  }))
  const { served } = serve(lines, 200, state)
  assert.ok(Math.abs((served.get('idle') ?? 0) - (served.get('busy') ?? 0)) <= 20)
})

test('forgetting idle tenants changes no later decision', () => {
  const lines = ['a', 'b', 'c'].map((tenantId, i) => ({
    tenantId,
    weight: i + 1,
    costs: Array.from({ length: 30 }, () => 7),
  }))
  const { state } = serve(lines, 200)
  const later = [{ tenantId: 'd', weight: 1, costs: [3, 3, 3] }, ...lines]
  assert.deepEqual(serve(later, 300, forgetIdle(state)).order, serve(later, 300, state).order)
})

test('cost grows with steps, pixels and images', () => {
  assert.equal(costOf({ steps: 20, width: 1000, height: 1000, n: 2 }), 40)
})
