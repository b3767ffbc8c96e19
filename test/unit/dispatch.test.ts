// The dispatcher on real records: fair order, bounded slots, one leader, nothing lost when it changes.
import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { sql as raw } from 'kysely'
import { dispatchPass, resignLead } from '../../src/schedule/dispatch.ts'
import { openWorld, queueRequest, type World } from '../support/world.ts'

let world: World
before(async () => {
  world = await openWorld()
})
after(() => world[Symbol.asyncDispose]())
beforeEach(async () => {
  for (const table of ['task', 'fair_share', 'dispatcher'])
    await raw`DELETE FROM ${raw.table(`darkroom.${table}`)}`.execute(world.ground.database.sql)
})

const options = (holder: string, slots = 1) => ({ pool: 'default', holder, leaseMs: 5000, slots })

async function drain(count: number): Promise<string[]> {
  const order: string[] = []
  for (let i = 0; i < count; i++) {
    const due = await dispatchPass(world.ground.database, options('one'))
    for (const { id } of due ?? []) {
      order.push(id)
      await raw`DELETE FROM darkroom.task WHERE id = ${id}`.execute(world.ground.database.sql)
    }
  }
  return order
}

test('requests of two tenants alternate, although one tenant asked for all of its own first', async () => {
  const flood: string[] = []
  for (let i = 0; i < 4; i++) flood.push((await queueRequest(world, world.tenants[0])).taskId)
  const other: string[] = []
  for (let i = 0; i < 2; i++) other.push((await queueRequest(world, world.tenants[1])).taskId)
  const order = await drain(6)
  assert.equal(order.length, 6)
  assert.deepEqual([...order.slice(0, 4)].sort(), [...flood.slice(0, 2), ...other].sort())
  assert.deepEqual(order.slice(4), flood.slice(2))
})

test('no more is dispatched than the slots that are free', async () => {
  for (let i = 0; i < 5; i++) await queueRequest(world, world.tenants[0])
  assert.equal((await dispatchPass(world.ground.database, options('one', 2)))?.length, 2)
  assert.deepEqual(await dispatchPass(world.ground.database, options('one', 2)), [])
  assert.equal((await dispatchPass(world.ground.database, options('one', 3)))?.length, 1)
})

test('only the leader dispatches; another takes over when it resigns or its lease runs out, under a new epoch', async () => {
  await queueRequest(world, world.tenants[0])
  assert.deepEqual((await dispatchPass(world.ground.database, options('one')))?.length, 1)
  assert.equal(await dispatchPass(world.ground.database, options('two')), null)
  await resignLead(world.ground.database, options('one'))
  assert.deepEqual(await dispatchPass(world.ground.database, options('two')), [])
  await raw`UPDATE darkroom.clock_offset SET by = by + interval '5001 milliseconds'`.execute(world.ground.database.sql)
  assert.deepEqual(await dispatchPass(world.ground.database, options('three')), [])
  const { epoch } = await world.ground.database.sql
    .selectFrom('darkroom.dispatcher')
    .select('epoch')
    .executeTakeFirstOrThrow()
  assert.equal(epoch, '3')
})
