// Tasks: one claim, leases, fences, retries and sweeping.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { sql as raw } from 'kysely'
import { Fault, isFault } from '../../src/kernel/fault.ts'
import { claimTask, completeTask, endLeases, renewLease, retryTask, sweepTasks } from '../../src/kernel/tasks.ts'
import { mayRetry, runTask } from '../../workers/run-task.ts'
import { openWorld, queueRequest, type World } from '../support/world.ts'

let world: World
before(async () => {
  world = await openWorld()
})
after(() => world[Symbol.asyncDispose]())

const LEASE_MS = 10_000
const sql = () => world.ground.database.sql

async function newTask(): Promise<string> {
  await raw`DELETE FROM darkroom.task`.execute(sql())
  return (await queueRequest(world, world.tenants[0])).taskId
}

/** Moves the database's clock; nothing sleeps. */
async function pass(ms: number): Promise<void> {
  await raw`UPDATE darkroom.clock_offset SET by = by + ${ms} * interval '1 millisecond'`.execute(sql())
}

test('of many claims at once exactly one succeeds', async () => {
  const id = await newTask()
  const claims = await Promise.all(Array.from({ length: 8 }, () => claimTask(sql(), id, LEASE_MS)))
  assert.equal(claims.filter((claim) => claim !== null).length, 1)
})

test('a lease that ran out can be claimed again, counts as a crash, and the first holder is fenced off', async () => {
  const id = await newTask()
  const first = await claimTask(sql(), id, LEASE_MS)
  assert.ok(first)
  await pass(LEASE_MS - 100)
  assert.equal(await claimTask(sql(), id, LEASE_MS), null, 'not before it ran out')
  await pass(200)
  const second = await claimTask(sql(), id, LEASE_MS)
  assert.ok(second)
  assert.equal(second.attempt, 2)
  assert.equal(second.crashes, 1)
  assert.equal(await renewLease(sql(), first, LEASE_MS), false)
  await assert.rejects(
    world.ground.database.transact((tx) => completeTask(tx, first)),
    (error) => isFault(error, 'lease_lost'),
  )
  assert.equal(await retryTask(sql(), first, 0), null)
  await world.ground.database.transact((tx) => completeTask(tx, second))
})

test('a renewed lease lasts', async () => {
  const id = await newTask()
  const claim = await claimTask(sql(), id, LEASE_MS)
  assert.ok(claim)
  await pass(LEASE_MS - 100)
  assert.equal(await renewLease(sql(), claim, LEASE_MS), true)
  await pass(LEASE_MS - 100)
  assert.equal(await claimTask(sql(), id, LEASE_MS), null)
})

test('a retried task is due only after its delay, under the next ring, and is no crash unless it was one', async () => {
  const id = await newTask()
  const claim = await claimTask(sql(), id, LEASE_MS)
  assert.ok(claim)
  assert.deepEqual(await retryTask(sql(), claim, 5000), { id, stage: 'generate', ring: 1, delayMs: 5000 })
  assert.equal(await claimTask(sql(), id, LEASE_MS), null)
  await pass(5001)
  const again = await claimTask(sql(), id, LEASE_MS)
  assert.equal(again?.crashes, 0)
  assert.ok(again)
  await retryTask(sql(), again, 0, { crashed: true })
  assert.equal((await claimTask(sql(), id, LEASE_MS))?.crashes, 1)
})

test('an outage uses up no tries: after one that outlasts them all, a passing fault has as many as ever', async () => {
  const { ground } = world
  const { maxAttempts } = ground.config.tasks
  const id = await newTask()
  const meet = async (fault: Fault) => {
    await runTask(ground, id, async (claim) => {
      assert.equal(mayRetry(ground, claim, fault), true)
      throw fault
    })
    await pass(60_000)
  }
  for (let away = 0; away < maxAttempts + 3; away++) await meet(new Fault('database_failed', { retry: 'later' }))
  for (let tries = 1; tries < maxAttempts; tries++) await meet(new Fault('model_error', { retry: 'later' }))
  const last = await claimTask(sql(), id, LEASE_MS)
  assert.ok(last)
  assert.deepEqual([last.waits, last.attempt - last.waits], [maxAttempts + 3, maxAttempts])
  assert.equal(mayRetry(ground, last, new Fault('model_error', { retry: 'later' })), false)
})

test('the sweeper rings for dispatched work that nobody holds, and leaves the fair backlog alone', async () => {
  const id = await newTask()
  await pass(60_000)
  assert.deepEqual(await sweepTasks(sql(), 1000), [], 'it waits for the dispatcher')
  await raw`UPDATE darkroom.task SET dispatched_at = darkroom.now()`.execute(sql())
  assert.deepEqual(await sweepTasks(sql(), 1000), [{ id, stage: 'generate', ring: 1, delayMs: 0 }])
  assert.deepEqual(await sweepTasks(sql(), 1000), [], 'it was rung a moment ago')
  await pass(1001)
  assert.deepEqual(await sweepTasks(sql(), 1000), [], 'each ring doubles the quiet')
  await pass(1000)
  assert.equal((await sweepTasks(sql(), 1000))[0]?.ring, 2)
  assert.ok(await claimTask(sql(), id, LEASE_MS))
  await pass(4001)
  assert.deepEqual(await sweepTasks(sql(), 1000), [], 'somebody holds it')
})

test('a subject has one task a stage, however often it is asked for', async () => {
  await newTask()
  const { count } = await sql()
    .selectFrom('darkroom.task')
    .select((e) => e.fn.countAll<string>().as('count'))
    .executeTakeFirstOrThrow()
  assert.equal(count, '1')
  const row = await sql().selectFrom('darkroom.task').selectAll().executeTakeFirstOrThrow()
  await assert.rejects(
    sql()
      .insertInto('darkroom.task')
      .values({ id: 'x', tenant_id: row.tenant_id, subject: 'request', subject_id: row.subject_id, stage: 'generate' })
      .execute(),
  )
})

test('a process that is alone ends the leases of the dead: each is due again at once and one crash, once', async () => {
  const id = await newTask()
  assert.ok(await claimTask(sql(), id, LEASE_MS))
  await endLeases(sql())
  await endLeases(sql())
  assert.equal((await claimTask(sql(), id, LEASE_MS))?.crashes, 1)
})
