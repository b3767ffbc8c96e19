// Many reviewers at once on a real PostgreSQL, from two processes' pools: nobody shares an item, and each is decided once.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Database, openDatabase } from '../../src/kernel/database.ts'
import { isFault } from '../../src/kernel/fault.ts'
import { newId } from '../../src/kernel/ids.ts'
import { loadModerationPolicy } from '../../src/policy/load.ts'
import { loadReviewRules } from '../../src/policy/review-rules.ts'
import { claimNext, type Lease } from '../../src/review/claim.ts'
import { decide, undo } from '../../src/review/decide.ts'
import { addItem, type ReviewTools } from '../../src/review/item.ts'
import type { Reviewer } from '../../src/review/reviewer.ts'
import { settleDue } from '../../src/review/settle.ts'
import { withPostgres } from '../support/postgres.ts'
import { suiteOn } from '../support/services.ts'
import { openWorld, queueRequest, type World } from '../support/world.ts'

const REVIEWERS = 50
const file = (name: string) => new URL(`../../policies/${name}.yaml`, import.meta.url).pathname
const tools: ReviewTools = {
  policy: await loadModerationPolicy(file('moderation')),
  rules: await loadReviewRules(file('review')),
  draw: () => 0.999,
}
const ALLOW = { outcome: 'allow', clause: null, findings: {}, reason: null, note: null } as const

async function addReviewers({ ground, tenants }: World): Promise<Reviewer[]> {
  const [, operator] = tenants
  const people = Array.from({ length: REVIEWERS }, () => newId('per'))
  await ground.database.sql
    .insertInto('darkroom.person')
    .values(people.map((id) => ({ id, tenant_id: operator.id, name: 'a reviewer', roles: ['reviewer'] })))
    .execute()
  return people.map((personId) => ({ personId, lead: false }))
}

async function addItems(world: World, count: number): Promise<void> {
  const [tenant] = world.tenants
  const { requestId, imageIds } = await queueRequest(world, tenant, { n: count })
  await world.ground.database.transact(async (tx) => {
    for (const imageId of imageIds)
      await addItem(tx, tools, {
        ...{ kind: 'hold', tenantId: tenant.id, requestId, imageId },
        ...{ category: 'weapons', clause: 'weapons/2' },
      })
  })
}

suiteOn('review on PostgreSQL', await withPostgres(), (postgres) => {
  async function openTwo() {
    const { url } = await postgres.database()
    const one = await openDatabase({ url, home: null })
    const two = await openDatabase({ url, home: null })
    const world = await openWorld({ database: one })
    const close = async () => {
      await one[Symbol.asyncDispose]()
      await two[Symbol.asyncDispose]()
    }
    return { one, two, world, [Symbol.asyncDispose]: close }
  }
  const poolOf = (index: number, one: Database, two: Database) => (index % 2 === 0 ? one : two)

  test('fifty reviewers who ask at once get fifty different items, and the last ones nothing', async () => {
    await using here = await openTwo()
    const { one, two, world } = here
    const reviewers = await addReviewers(world)
    await addItems(world, REVIEWERS + 20)
    const claims: Lease[] = []
    for (let round = 0; round < 2; round++) {
      const got = await Promise.all(
        reviewers.map((reviewer, index) => claimNext(poolOf(index, one, two), tools.rules, reviewer)),
      )
      claims.push(...got.filter((lease) => lease !== null))
    }
    assert.equal(claims.length, REVIEWERS + 20)
    assert.equal(new Set(claims.map((lease) => lease.itemId)).size, REVIEWERS + 20)
  })

  test('one question that is asked many times at once by one token claims one item', async () => {
    await using here = await openTwo()
    const { one, two, world } = here
    const [reviewer] = await addReviewers(world)
    assert.ok(reviewer)
    await addItems(world, 10)
    const token = 'b'.repeat(32)
    const leases = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        claimNext(poolOf(index, one, two), tools.rules, reviewer, undefined, token),
      ),
    )
    assert.equal(new Set(leases.map((lease) => lease?.itemId)).size, 1)
    const held = await one.sql
      .selectFrom('darkroom.review_item')
      .select('id')
      .where('lease_hash', 'is not', null)
      .execute()
    assert.equal(held.length, 1)
  })

  test('of one claim’s many verdicts at once exactly one is stored, and the same ones are answered as it was', async () => {
    await using here = await openTwo()
    const { one, two, world } = here
    const [reviewer] = await addReviewers(world)
    assert.ok(reviewer)
    await addItems(world, 1)
    const lease = await claimNext(one, tools.rules, reviewer)
    assert.ok(lease)
    const tries = await Promise.allSettled(
      Array.from({ length: 20 }, (_, index) => {
        const verdict = index < 10 ? ALLOW : { ...ALLOW, note: 'another' }
        return decide(poolOf(index, one, two), tools, reviewer, lease.itemId, lease.token, verdict)
      }),
    )
    const refused = tries.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []))
    assert.equal(refused.length, 10)
    for (const error of refused) assert.ok(isFault(error, 'lease_expired'), String(error))
    const verdicts = await one.sql.selectFrom('darkroom.review_verdict').select('id').execute()
    assert.equal(verdicts.length, 1)
    const answers = tries.flatMap((one) => (one.status === 'fulfilled' ? [one.value.verdictId] : []))
    assert.deepEqual(new Set(answers), new Set(verdicts.map(({ id }) => id)))
  })

  test('whether a verdict is taken back or takes effect, it is one of the two, when both come at the same moment', async () => {
    await using here = await openTwo()
    const { one, two, world } = here
    const reviewers = await addReviewers(world)
    await addItems(world, REVIEWERS)
    const soon = { ...tools, rules: { ...tools.rules, undoMs: 400 } }
    const ids = await Promise.all(
      reviewers.map(async (reviewer, index) => {
        const pool = poolOf(index, one, two)
        const lease = await claimNext(pool, soon.rules, reviewer)
        assert.ok(lease)
        await decide(pool, soon, reviewer, lease.itemId, lease.token, ALLOW)
        return lease.itemId
      }),
    )
    const effect = async () => async () => []
    const effects = { hold: effect, appeal: effect, audit: effect, report: effect, gold: effect, escalation: effect }
    const until = Date.now() + 1500
    const settling = (async () => {
      while (Date.now() < until) await settleDue(world.ground, soon, effects)
    })()
    const undone = await Promise.allSettled(
      reviewers.map(async (reviewer, index) => {
        await new Promise((resolve) => setTimeout(resolve, index * 12))
        return undo(two, soon, reviewer, ids[index] ?? '')
      }),
    )
    await settling
    const failed = undone.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []))
    for (const error of failed) assert.ok(isFault(error, 'conflict'), String(error))
    const items = await one.sql
      .selectFrom('darkroom.review_item as item')
      .innerJoin('darkroom.review_verdict as verdict', 'verdict.item_id', 'item.id')
      .select(['item.state', 'verdict.undone_at', 'verdict.counted_at'])
      .execute()
    assert.equal(items.length, REVIEWERS)
    for (const { state, undone_at, counted_at } of items)
      assert.ok(
        (state === 'closed' && counted_at !== null && undone_at === null) ||
          (state === 'open' && counted_at === null && undone_at !== null),
        JSON.stringify({ state, undone_at, counted_at }),
      )
    assert.equal(items.filter((item) => item.undone_at !== null).length, REVIEWERS - failed.length)
  })
})
