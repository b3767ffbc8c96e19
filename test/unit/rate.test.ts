// GCRA, in the records and in memory: a bucket's worth at once, then one an interval, whoever asks how.
import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import fc from 'fast-check'
import { sql as raw } from 'kysely'
import { openTurnstiles, takeTurn } from '../../src/tenant/rate.ts'
import { openWorld, type World } from '../support/world.ts'

let world: World
before(async () => {
  world = await openWorld()
})
after(() => world[Symbol.asyncDispose]())
beforeEach(async () => {
  await raw`DELETE FROM darkroom.rate`.execute(world.ground.database.sql)
})

const later = (ms: number) =>
  raw`UPDATE darkroom.clock_offset SET by = by + ${ms} * interval '1 millisecond'`.execute(world.ground.database.sql)
// An interval of 100 seconds, so that the time that the test itself takes does not count.
const PACE = { per_minute: 0.6, burst: 2 }
const take = () => takeTurn(world.ground.database.sql, world.tenants[0].id, 'requests', PACE)

test('a row holds the pace: the burst, then nothing, then one after each interval', async () => {
  const first = await take()
  assert.deepEqual([first.allowed, first.remaining, Math.round(first.resetMs / 1000)], [true, 1, 100])
  const second = await take()
  assert.deepEqual([second.allowed, second.remaining], [true, 0])
  const third = await take()
  assert.equal(third.allowed, false)
  assert.ok(third.retryMs > 95_000 && third.retryMs <= 100_000, String(third.retryMs))
  await later(third.retryMs - 5000)
  assert.equal((await take()).allowed, false)
  await later(5000)
  assert.equal((await take()).allowed, true)
  assert.equal((await take()).allowed, false)
  await later(1e9)
  const full = await take()
  assert.deepEqual([full.allowed, full.remaining], [true, 1], 'an idle tenant saves up its burst and no more')
})

test('a clock that goes back locks nobody out', async () => {
  await later(86_400_000)
  await take()
  await take()
  await later(-86_400_000)
  assert.deepEqual([(await take()).allowed, (await take()).allowed, (await take()).allowed], [true, true, false])
})

test('asking too early writes nothing, so it makes nobody wait longer', async () => {
  await take()
  await take()
  const read = () => world.ground.database.sql.selectFrom('darkroom.rate').selectAll().execute()
  const kept = await read()
  for (let i = 0; i < 5; i++) assert.equal((await take()).allowed, false)
  assert.deepEqual(await read(), kept)
})

test('buckets and tenants do not touch each other', async () => {
  await take()
  await take()
  const { sql } = world.ground.database
  assert.equal((await takeTurn(sql, world.tenants[0].id, 'moderations', PACE)).allowed, true)
  assert.equal((await takeTurn(sql, world.tenants[1].id, 'requests', PACE)).allowed, true)
})

test('in no window do more pass than the burst and what the pace refills, and no wait is told too short', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 600 }),
      fc.integer({ min: 1, max: 20 }),
      fc.array(fc.integer({ min: 0, max: 30_000 }), { minLength: 1, maxLength: 120 }),
      (per_minute, burst, gaps) => {
        let now = 0
        const turnstiles = openTurnstiles({ per_minute, burst }, 10, () => now)
        const passed: number[] = []
        for (const gap of gaps) {
          now += gap
          const { allowed, retryMs } = turnstiles.take('a')
          if (allowed) passed.push(now)
          else {
            now += retryMs
            assert.equal(turnstiles.take('a').allowed, true, 'who waits as told passes')
            passed.push(now)
          }
        }
        for (const [i, start] of passed.entries())
          for (const [j, end] of passed.entries())
            if (j >= i) assert.ok(j - i + 1 <= burst + ((end - start) * per_minute) / 60_000 + 1e-3)
      },
    ),
    { numRuns: 60 },
  )
})

test('strangers are forgotten longest-quiet first, so that memory has a bound', () => {
  let now = 0
  const turnstiles = openTurnstiles({ per_minute: 1, burst: 1 }, 3, () => now)
  for (const key of ['a', 'b', 'c']) {
    now++
    assert.equal(turnstiles.take(key).allowed, true)
  }
  assert.equal(turnstiles.take('a').allowed, false)
  turnstiles.take('d')
  assert.equal(turnstiles.size, 3)
  assert.equal(turnstiles.take('b').allowed, false)
  assert.equal(turnstiles.take('a').allowed, true, 'the one that passed longest ago was forgotten')
  assert.equal(turnstiles.peek('z').allowed, true)
  assert.equal(turnstiles.size, 3, 'looking remembers nobody')
})
