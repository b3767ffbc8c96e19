// The review engine under long random sequences of everything that people and time do, judged after every step by a model with an oracle
// of its own (model.ts). At the end everybody keeps working until nothing is left that anybody may have.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { REVIEW_KINDS } from '../../src/kernel/review-tables.ts'
import type { Effect } from '../../src/review/settle.ts'
import { ALLOW, addReviewer, addSubject, deny, openEngine, type Profile, putItem, recorder } from './engine.ts'
import { type Action, act, judgeRecords, type Model, mayHave, type Person, readRecords } from './model.ts'

const RUNS = 4
const STEPS = 110

const index = fc.nat(1000)
const verdict = fc.boolean()
type Wish = Exclude<Action, { do: 'decide' }> | { do: 'decide'; lease: number; allow: boolean }
/** The newest leases are those that live, so that most of what is done has an effect. */
const recent = fc.oneof({ weight: 3, arbitrary: fc.constant(-1) }, { weight: 2, arbitrary: index })
const wish: fc.Arbitrary<Wish> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('next' as const), person: index }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('claim' as const), person: index, item: index }) },
  { weight: 7, arbitrary: fc.record({ do: fc.constant('decide' as const), lease: recent, allow: verdict }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('renew' as const, 'escalate' as const), lease: recent }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('release' as const),
      lease: recent,
      to: fc.option(index, { freq: 2 }),
      aside: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('undo' as const), person: index, item: index }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('pass' as const), seconds: fc.constantFrom(7, 62, 65, 610, 3700) }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('settle' as const) }) },
)
const item = fc.record({
  kind: fc.constantFrom(...REVIEW_KINDS),
  category: fc.constantFrom('weapons', 'violence', 'hate', 'self-harm'),
  subject: fc.nat(4),
  excluded: fc.subarray([0, 1, 2, 3, 4, 5, 6], { maxLength: 2 }),
})

async function openModel(
  items: readonly (typeof item extends fc.Arbitrary<infer T> ? T : never)[],
  draws: () => number,
) {
  const engine = await openEngine({ draw: draws })
  const [one, other] = engine.tenants
  const profiles: Profile[] = [
    {},
    {},
    { categories: ['weapons', 'hate'] },
    { max_severity: 60 },
    { conflicts: [one.id] },
    { tenants: [other.id] },
    {},
  ]
  const people: Person[] = []
  for (const [place, profile] of profiles.entries())
    people.push({ ...(await addReviewer(engine, { lead: place >= 5, profile })), profile })
  const subjects: Awaited<ReturnType<typeof addSubject>>[] = []
  for (let place = 0; place < 5; place++) {
    // An image is held once.
    const n = 1 + items.filter(({ kind, subject }) => kind === 'hold' && subject === place).length
    subjects.push(await addSubject(engine, { tenant: place % 2 === 0 ? one : other, n }))
  }
  for (const { kind, category, subject, excluded } of items) {
    const { tenantId, requestId, imageIds } = subjects[subject] ?? { tenantId: '', requestId: '', imageIds: [] }
    const exclude = excluded.map((place) => ({ personId: people[place]?.personId ?? '', reason: 'conflict' as const }))
    const imageId = (kind === 'hold' ? imageIds.pop() : imageIds[0]) ?? null
    const expected = kind === 'gold' ? { expected: { outcome: 'allow' as const, clause: null } } : {}
    await putItem(engine, { kind, category, tenantId, requestId, imageId, exclude, ...expected })
  }
  const { applied, effects: recorded } = recorder()
  // Every third item's effect fails once, before its transaction or in it.
  const failed = new Set<string>()
  const failing: Effect = async (one, ruling) => {
    const fails = Number.parseInt(one.id.slice(-1), 32) % 3 === 0 && !failed.has(one.id)
    failed.add(one.id)
    const apply = await recorded[one.kind](one, ruling)
    if (fails && ruling.outcome === 'allow') throw new Error('the outside world is away')
    return async (tx) => {
      if (fails) throw new Error('the records are away')
      return apply(tx)
    }
  }
  const effects = {
    hold: failing,
    appeal: failing,
    audit: failing,
    report: failing,
    gold: failing,
    escalation: failing,
  }
  const model: Model = { engine, people, effects, applied, leases: [], last: new Map(), lawful: new Set() }
  return model
}

/** Everybody takes what they get and decides it, until a round changes nothing. */
async function drain(model: Model, allows: () => boolean): Promise<void> {
  for (let round = 0, idle = 0; idle < 2; round++) {
    assert.ok(round < 200, 'the queue does not drain')
    const before = model.lawful.size + model.applied.length
    await act(model, { do: 'pass', seconds: 3700 })
    await act(model, { do: 'settle' })
    for (let person = 0; person < model.people.length; person++) {
      const had = model.leases.length
      await act(model, { do: 'next', person })
      if (model.leases.length > had)
        await act(model, {
          do: 'decide',
          lease: model.leases.length - 1,
          verdict: allows() ? ALLOW : deny(model.engine.tools),
        })
    }
    idle = model.lawful.size + model.applied.length === before ? idle + 1 : 0
  }
}

test('whatever people and time do, an item is one person’s at a time, each verdict is lawful, and each effect comes once', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(item, { minLength: 8, maxLength: 14 }),
      fc.array(wish, { minLength: STEPS, maxLength: STEPS }),
      fc.integer(),
      async (items, wishes, seed) => {
        let state = seed >>> 0
        const draws = () => {
          state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
          return state / 2 ** 32
        }
        const model = await openModel(items, draws)
        await using _engine = model.engine
        for (const one of wishes) {
          await act(model, asAction(model, one))
          await judgeRecords(model)
        }
        await drain(model, () => draws() < 0.6)
        const records = await judgeRecords(model)
        for (const left of records.items.filter((one) => one.state !== 'closed')) {
          assert.equal(left.state, 'open')
          assert.ok(!model.people.some((person) => mayHave(records, person, left)), 'somebody could have gone on')
        }
        assert.equal((await readRecords(model)).items.length, items.length)
      },
    ),
    { numRuns: RUNS, endOnFailure: true },
  )
})

function asAction(model: Model, one: Wish): Action {
  const place = 'lease' in one && one.lease === -1 ? Math.max(0, model.leases.length - 1) : null
  const named = place === null ? one : { ...one, lease: place }
  if (named.do !== 'decide') return named
  return { do: 'decide', lease: named.lease, verdict: named.allow ? ALLOW : deny(model.engine.tools) }
}
