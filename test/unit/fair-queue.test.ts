// Start-time fair queueing: shares follow weights whatever the sizes, and an idle tenant neither saves up nor owes.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { correct, costOf, dispatchNext, type FairState, forgetIdle, type Head } from '../../src/schedule/fair-queue.ts'

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

test('however wrong the estimates, measured service is shared by weight', () => {
  const factor = fc.double({ min: 0.2, max: 5, noNaN: true })
  fc.assert(
    fc.property(
      fc.tuple(factor, factor),
      fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 })),
      (wrong, weights) => {
        const tenants = ['a', 'b'] as const
        let state = FRESH
        const served = { a: 0, b: 0 }
        for (let turn = 0; turn < 400; turn++) {
          const heads = tenants.map(
            (tenantId, i): Head => ({ tenantId, taskId: tenantId, cost: 10, weight: weights[i] ?? 1 }),
          )
          const next = dispatchNext(state, heads)
          assert.ok(next)
          const { head } = next
          const measured = 10 * (wrong[head.tenantId === 'a' ? 0 : 1] ?? 1)
          served[head.tenantId === 'a' ? 'a' : 'b'] += measured
          state = correct(next.state, { ...head, cost: measured - head.cost })
        }
        // Each may be ahead by what one turn of either takes, estimated or measured.
        const bound = 10 * (Math.max(1, wrong[0]) / weights[0] + Math.max(1, wrong[1]) / weights[1])
        assert.ok(Math.abs(served.a / weights[0] - served.b / weights[1]) <= bound + 1e-6)
      },
    ),
    { numRuns: 60 },
  )
})

test('the tags of tenants with work in hand are kept for their correction', () => {
  const state: FairState = {
    virtualTime: 100,
    finishTags: new Map([
      ['idle', 90],
      ['busy', 95],
      ['ahead', 110],
    ]),
  }
  assert.deepEqual([...forgetIdle(state, new Set(['busy'])).finishTags.keys()], ['busy', 'ahead'])
})
