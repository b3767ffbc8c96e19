// 200 reviewers at once on one queue: never two with the same item, and every item decided exactly once. Needs PostgreSQL 15.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql as raw } from 'kysely'
import { openDatabase } from '../../src/kernel/database.ts'
import { isFault } from '../../src/kernel/fault.ts'
import { claimItem, claimNext, releaseItem } from '../../src/review/claim.ts'
import { decide } from '../../src/review/decide.ts'
import { settleDue } from '../../src/review/settle.ts'
import { withPostgres } from '../support/postgres.ts'
import { suiteOn } from '../support/services.ts'
import { ALLOW, addReviewer, addSubject, deny, openEngine, pass, putItem, recorder } from './engine.ts'

const ITEMS = 400
const PEOPLE = 200

suiteOn('review under contention', await withPostgres(), (postgres) => {
  test('200 reviewers at once never share an item, and each is decided and has its effect exactly once', async () => {
    await using place = await postgres.database()
    await using engine = await openEngine({
      database: await openDatabase({ url: place.url, home: null, poolSize: 30 }),
    })
    const { ground, tools } = engine
    const { database } = ground
    const { imageIds, ...subject } = await addSubject(engine, { n: ITEMS })
    for (const imageId of imageIds) await putItem(engine, { ...subject, imageId, category: 'weapons' })
    const people = await Promise.all(Array.from({ length: PEOPLE }, () => addReviewer(engine)))
    const held = new Set<string>()
    const decided = new Map<string, number>()
    const shared: string[] = []
    const work = async (reviewer: (typeof people)[number], place: number) => {
      for (let turn = 0; ; turn++) {
        const lease = await claimNext(database, tools.rules, reviewer)
        if (lease === null) return
        const { itemId, token } = lease
        if (held.has(itemId) || decided.has(itemId)) shared.push(itemId)
        held.add(itemId)
        // Somebody else tries the very item that is held.
        if (turn % 2 === 0) {
          const other = people[(place + 1) % PEOPLE] ?? reviewer
          await assert.rejects(claimItem(database, tools.rules, other, itemId), { code: 'conflict' })
        }
        if (turn % 5 === 4) {
          held.delete(itemId)
          await releaseItem(database.sql, tools.rules, reviewer, itemId, token, { note: null, to: null })
          continue
        }
        // The same verdict is sent twice at once: one counts, and both are answered as it was.
        const verdict = turn % 3 === 0 ? deny(tools) : ALLOW
        const twice = [1, 2].map(() => decide(database, tools, reviewer, itemId, token, verdict))
        const given = await Promise.allSettled(twice)
        const refused = given.filter((one) => one.status === 'rejected')
        assert.ok(
          refused.every((one) => isFault(one.reason, 'lease_expired') || isFault(one.reason, 'conflict_of_interest')),
        )
        const verdicts = given.flatMap((one) => (one.status === 'fulfilled' ? [one.value.verdictId] : []))
        decided.set(itemId, (decided.get(itemId) ?? 0) + new Set(verdicts).size)
        held.delete(itemId)
      }
    }
    await Promise.all(people.map(work))
    assert.deepEqual(shared, [])
    assert.equal(decided.size, ITEMS)
    assert.deepEqual(new Set(decided.values()), new Set([1]))

    await pass(engine, 61)
    const { applied, effects } = recorder()
    // Three processes settle the same items; some do the outside part in vain, none has its effect twice.
    const passes = async () => {
      for (let idle = 0; idle < 3; ) idle = (await settleDue(ground, tools, effects)) === 0 ? idle + 1 : 0
    }
    await Promise.all([passes(), passes(), passes()])
    assert.equal(applied.length, ITEMS)
    assert.equal(new Set(applied.map((one) => one.itemId)).size, ITEMS)
    const { rows } = await raw<{ left: number }>`
      SELECT count(*)::int AS left FROM darkroom.review_item WHERE state <> 'closed'`.execute(database.sql)
    assert.equal(rows[0]?.left, 0)
  })
})
