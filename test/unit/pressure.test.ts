// Backpressure: what waits is told in time, and a process whose loop or database line is full says so.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { excessOf, openPressure } from '../../src/http/pressure.ts'
import { isFault } from '../../src/kernel/fault.ts'
import { openWorld } from '../support/world.ts'

const LIMITS = { backlogTasks: 100, backlogSeconds: 600 }
const backlog = (tasks: number, estimatedSeconds: number) => ({ tasks, estimatedSeconds, costUnits: 0, devices: 1 })

test('a backlog at its limits still takes one more, and over them tells how long the excess takes to drain', () => {
  assert.equal(excessOf(backlog(0, 0), LIMITS), null)
  assert.equal(excessOf(backlog(99, 600), LIMITS), null)
  assert.equal(excessOf(backlog(100, 500), LIMITS), 5000, 'one task too many, at five seconds each')
  assert.equal(excessOf(backlog(50, 660), LIMITS), 60_000)
  assert.equal(excessOf(backlog(99, 1e6), LIMITS), 300_000, 'nobody is sent away for longer than five minutes')
  assert.equal(excessOf(backlog(100, 0.01), LIMITS), 1000)
})

test('a process whose event loop is late, or whose line for the database is long, takes nothing on', async () => {
  await using world = await openWorld({ env: { DARKROOM_EVENT_LOOP_DELAY_LIMIT_MS: '200' } })
  const { config, database } = world.ground
  const waiting = { ...database, waiting: () => config.pressure.databaseWaiting + 1 }
  using full = openPressure({ config, database: waiting })
  await assert.rejects(full.check(), (error) => isFault(error, 'overloaded') && error.facts.what === 'database')
  using pressure = openPressure({ config, database })
  await pressure.check()
  await pause(1100)
  for (let i = 0; i < 3; i++) {
    const end = performance.now() + 700
    while (performance.now() < end);
    await pause(1)
  }
  const seen: unknown[] = []
  for (let i = 0; i < 60 && seen.length === 0; i++) {
    await pressure.check().catch((error: unknown) => seen.push(error))
    await pause(20)
  }
  assert.ok(isFault(seen[0], 'overloaded') && seen[0].facts.what === 'event_loop')
  await pause(2200)
  await pressure.check()
})

test('the line for the one connection of an embedded database is counted', async () => {
  await using world = await openWorld()
  const { database } = world.ground
  assert.equal(database.waiting(), 0)
  const [begun, ended] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const holder = database.transact(async () => {
    begun.resolve()
    await ended.promise
  })
  await begun.promise
  const queries = Array.from({ length: 5 }, () => database.check())
  await pause(20)
  assert.equal(database.waiting(), 5)
  ended.resolve()
  await Promise.all([holder, ...queries])
  assert.equal(database.waiting(), 0)
})
