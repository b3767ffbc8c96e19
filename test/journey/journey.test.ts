// Properties of the journey, against the real writer of state on a real database.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { advance, note } from '../../src/advance.ts'
import {
  BIRTH,
  type ImageState,
  isTerminal,
  mayMove,
  movesFrom,
  needsStatement,
  outcomeOf,
  type RequestState,
  type Subject,
  statesOf,
} from '../../src/journey.ts'
import { leafHash } from '../../src/kernel/canonical.ts'
import { isFault } from '../../src/kernel/fault.ts'
import { newId } from '../../src/kernel/ids.ts'
import { leafOf } from '../../src/kernel/leaf.ts'
import { openWorld, queueRequest, type World } from '../support/world.ts'

let world: World
before(async () => {
  world = await openWorld()
})
after(() => world[Symbol.asyncDispose]())

const SUBJECTS: Subject[] = ['request', 'image', 'appeal']

test('every state is reachable from its birth, and every move leads to a known state', () => {
  for (const subject of SUBJECTS) {
    const reached = new Set<string>([BIRTH[subject]])
    for (const state of reached) for (const next of movesFrom(subject, state as never)) reached.add(next)
    assert.deepEqual([...reached].sort(), [...statesOf(subject)].sort())
  }
})

test('no path leads an image to publication around moderation or marking', () => {
  const pathsTo = (state: ImageState, path: ImageState[], found: ImageState[][]) => {
    for (const next of movesFrom('image', state)) {
      if (path.includes(next)) continue
      if (next === 'published') found.push([...path, next])
      pathsTo(next, [...path, next], found)
    }
    return found
  }
  const paths = pathsTo('planned', ['planned'], [])
  assert.ok(paths.length > 0)
  for (const path of paths) {
    assert.ok(path.indexOf('generated') < path.indexOf('cleared'), path.join(' '))
    assert.ok(path.indexOf('cleared') < path.indexOf('marked'), path.join(' '))
    assert.equal(path.indexOf('marked') + 1, path.indexOf('published'), path.join(' '))
  }
})

test('a terminal state has no moves and an outcome is one of the known words', () => {
  assert.ok(isTerminal('request', 'done'))
  assert.ok(!isTerminal('image', 'denied'), 'a denied image can still be released by an appeal')
  assert.equal(outcomeOf(['published', 'denied']), 'partly_published')
  assert.equal(outcomeOf(['denied', 'failed']), 'denied')
  assert.equal(outcomeOf(['held', 'denied']), 'held')
  assert.equal(outcomeOf(['failed', 'cancelled']), 'failed')
  assert.equal(outcomeOf(['cancelled']), 'cancelled')
})

test('whatever moves are tried, no image is published unmoderated or unmarked', async () => {
  const states = statesOf('image')
  const attempt = fc.record({
    to: fc.constantFrom(...states),
    judged: fc.boolean(),
    marked: fc.boolean(),
    keyed: fc.boolean(),
    stated: fc.boolean(),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(attempt, { minLength: 1, maxLength: 12 }), async (attempts) => {
      const { imageIds } = await queueRequest(world, world.tenants[0])
      const id = imageIds[0] ?? ''
      const passed: string[] = ['planned']
      for (const one of attempts) {
        const row = await readImage(id)
        const moved = await world.ground.database
          .transact((tx) =>
            advance(tx, {
              subject: 'image',
              id,
              tenantId: world.tenants[0].id,
              from: row.state,
              version: row.version,
              to: one.to,
              facts: {},
              set: {
                ...(one.judged ? { verdict: '{"verdict":"allow"}' } : {}),
                ...(one.marked ? { marked: '{}', manifest_id: `urn:c2pa:${id}` } : {}),
                ...(one.keyed ? { object_key: id, published_at: new Date() } : {}),
                ...(one.to === 'failed' ? { failure: 'nan' } : {}),
              },
              ...(one.stated
                ? { statement: { id: newId('sor'), appealUntil: new Date(Date.now() + 1e9), record: {} } }
                : {}),
            }),
          )
          .then(
            () => true,
            () => false,
          )
        if (moved) passed.push(one.to)
      }
      const row = await readImage(id)
      assert.equal(row.state, passed.at(-1))
      if (passed.includes('published')) {
        assert.ok(passed.includes('cleared') && passed.includes('marked'), passed.join(' '))
        assert.ok(row.verdict !== null && row.marked !== null && row.manifest_id !== null)
      }
      for (let i = 1; i < passed.length; i++)
        assert.ok(mayMove('image', passed[i - 1] ?? '', passed[i] ?? ''), passed.join(' '))
    }),
    { numRuns: 60 },
  )
})

test('a refusal without its statement does not happen, and leaves no trace', async () => {
  const { imageIds } = await queueRequest(world, world.tenants[0])
  const id = imageIds[0] ?? ''
  const before = await countMoves()
  await assert.rejects(
    world.ground.database.transact(async (tx) => {
      const move = { subject: 'image' as const, id, tenantId: world.tenants[0].id, facts: {} }
      await advance(tx, { ...move, from: 'planned', version: 0, to: 'generated' })
      await advance(tx, { ...move, from: 'generated', version: 1, to: 'denied', set: { verdict: '{}' } })
    }),
    (error) => isFault(error, 'statement_incomplete'),
  )
  assert.equal((await readImage(id)).state, 'planned')
  assert.equal(await countMoves(), before)
  assert.ok(needsStatement('request', 'refused') && needsStatement('image', 'denied'))
})

test('a denied image is cleared only when an appeal is named', async () => {
  const { imageIds } = await queueRequest(world, world.tenants[0])
  const move = { subject: 'image' as const, id: imageIds[0] ?? '', tenantId: world.tenants[0].id, facts: {} }
  const statement = { id: newId('sor'), appealUntil: new Date(Date.now() + 1e9), record: {} }
  await world.ground.database.transact(async (tx) => {
    await advance(tx, { ...move, from: 'planned', version: 0, to: 'generated' })
    await advance(tx, { ...move, from: 'generated', version: 1, to: 'denied', set: { verdict: '{}' }, statement })
  })
  const clear = { ...move, from: 'denied' as const, version: 2, to: 'cleared' as const }
  await assert.rejects(
    world.ground.database.transact((tx) => advance(tx, clear)),
    /appeal/,
  )
  await world.ground.database.transact((tx) => advance(tx, { ...clear, appealId: newId('apl') }))
})

test('of two moves from one version, one wins and the other is told of the conflict', async () => {
  const { requestId } = await queueRequest(world, world.tenants[0])
  const move = (to: RequestState) =>
    world.ground.database.transact((tx) =>
      advance(tx, {
        subject: 'request',
        id: requestId,
        tenantId: world.tenants[0].id,
        from: 'queued',
        version: 0,
        to,
        facts: {},
      }),
    )
  const results = await Promise.allSettled([move('generating'), move('cancelled')])
  assert.deepEqual(results.map((result) => result.status).sort(), ['fulfilled', 'rejected'])
  const lost = results.find((result) => result.status === 'rejected')
  assert.ok(isFault(lost?.reason, 'conflict'))
})

test('another tenant cannot move what is not theirs', async () => {
  const { requestId } = await queueRequest(world, world.tenants[0])
  await assert.rejects(
    world.ground.database.transact((tx) =>
      advance(tx, {
        subject: 'request',
        id: requestId,
        tenantId: world.tenants[1].id,
        from: 'queued',
        version: 0,
        to: 'cancelled',
        facts: {},
      }),
    ),
    (error) => isFault(error, 'conflict'),
  )
})

test("each tenant's moves form an unbroken chain of leaves that anybody can compute again", async () => {
  await queueRequest(world, world.tenants[1], { n: 3 })
  await world.ground.database.transact((tx) =>
    note(tx, world.tenants[1].id, 'policy.activated', 'policy', { digest: 'f'.repeat(64), threshold: 0.1, at: 1e-7 }),
  )
  for (const tenant of world.tenants) {
    const moves = await world.ground.database.sql
      .selectFrom('darkroom.move')
      .selectAll()
      .where('tenant_id', '=', tenant.id)
      .orderBy('tenant_sequence')
      .execute()
    let head = '0'.repeat(64)
    for (const [index, move] of moves.entries()) {
      assert.equal(Number(move.tenant_sequence), index + 1)
      assert.equal(move.previous_leaf, head)
      assert.equal(move.leaf_hash, leafHash(leafOf(move)))
      head = move.leaf_hash
    }
    assert.ok(moves.length > 0)
  }
})

test('a move cannot be altered or deleted afterwards', async () => {
  const { sql } = world.ground.database
  await assert.rejects(sql.deleteFrom('darkroom.move').execute(), /append-only/)
  await assert.rejects(sql.updateTable('darkroom.move').set({ kind: 'other' }).execute(), /append-only/)
})

function readImage(id: string) {
  return world.ground.database.sql
    .selectFrom('darkroom.image')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirstOrThrow()
}

async function countMoves(): Promise<string> {
  const { count } = await world.ground.database.sql
    .selectFrom('darkroom.move')
    .select((e) => e.fn.countAll<string>().as('count'))
    .executeTakeFirstOrThrow()
  return count
}
