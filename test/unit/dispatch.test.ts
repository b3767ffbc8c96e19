// The dispatcher on real records: fair order, bounded slots, one leader, nothing lost when it changes.
import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { sql as raw } from 'kysely'
import { meterTurn } from '../../src/kernel/charge.ts'
import { backlogOf } from '../../src/schedule/backlog.ts'
import { announceDevice } from '../../src/schedule/devices.ts'
import { dispatchPass, resignLead } from '../../src/schedule/dispatch.ts'
import { openLine } from '../../src/schedule/position.ts'
import { openWorld, queueRequest, type World } from '../support/world.ts'

let world: World
before(async () => {
  world = await openWorld()
})
after(() => world[Symbol.asyncDispose]())
beforeEach(async () => {
  for (const table of ['task', 'fair_share', 'dispatched', 'device', 'dispatcher'])
    await raw`DELETE FROM ${raw.table(`darkroom.${table}`)}`.execute(world.ground.database.sql)
})

const options = (holder: string, slots: number | null = 1) => ({ pool: 'default', holder, leaseMs: 5000, slots })

async function drain(count: number): Promise<string[]> {
  const order: string[] = []
  for (let i = 0; i < count; i++) {
    const due = await dispatchPass(world.ground.database, options('one'))
    for (const { id } of due ?? []) {
      order.push(id)
      await meterTurn(world.ground.database.sql, id, 1000, true)
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

const later = (ms: number) =>
  raw`UPDATE darkroom.clock_offset SET by = by + ${ms} * interval '1 millisecond'`.execute(world.ground.database.sql)
const devices = async () => (await backlogOf(world.ground.database.sql, 1000)).devices

async function untilAnnounced(count: number): Promise<void> {
  while ((await devices()) !== count) await new Promise((resolve) => setTimeout(resolve, 5))
}

test('slots follow the devices that are alive: they add up, and leave with who says goodbye or falls silent', async () => {
  for (let i = 0; i < 9; i++) await queueRequest(world, world.tenants[0])
  const pass = async () => (await dispatchPass(world.ground.database, options('one', null)))?.length
  assert.equal(await pass(), 2, 'two wait at a closed door')
  const first = announceDevice(world.ground, { slots: 2, provider: 'cpu' })
  const second = announceDevice(world.ground, { slots: 3, provider: 'cuda' })
  await untilAnnounced(2)
  assert.equal(await pass(), 3)
  await first[Symbol.asyncDispose]()
  await untilAnnounced(1)
  await raw`DELETE FROM darkroom.task WHERE dispatched_at IS NOT NULL`.execute(world.ground.database.sql)
  assert.equal(await pass(), 3)
  await later(20_001)
  assert.equal(await devices(), 0, 'a device that is silent is not counted')
  await second[Symbol.asyncDispose]()
})

test('a tenant whose requests take longer than estimated waits longer for the next: device time is shared, not estimates', async () => {
  const { sql } = world.ground.database
  const [slow, quick] = world.tenants
  for (const tenant of [slow, quick]) for (let i = 0; i < 40; i++) await queueRequest(world, tenant)
  const spent = new Map<string, number>()
  for (let i = 0; i < 40; i++) {
    const [due] = (await dispatchPass(world.ground.database, options('one'))) ?? []
    assert.ok(due)
    const { tenant_id: tenantId } = await sql
      .selectFrom('darkroom.task')
      .select('tenant_id')
      .where('id', '=', due.id)
      .executeTakeFirstOrThrow()
    const ms = tenantId === slow.id ? 3000 : 1000
    spent.set(tenantId, (spent.get(tenantId) ?? 0) + ms)
    await meterTurn(sql, due.id, ms, true)
    await sql.deleteFrom('darkroom.task').where('id', '=', due.id).execute()
  }
  const [a = 0, b = 0] = [spent.get(slow.id), spent.get(quick.id)]
  assert.ok(Math.abs(a - b) <= 6000, `slow ${a} ms, quick ${b} ms`)
})

test('what was dispatched and never rendered is given back to its tenant', async () => {
  const { sql } = world.ground.database
  const [cancelling, other] = world.tenants
  for (const tenant of [cancelling, other]) for (let i = 0; i < 6; i++) await queueRequest(world, tenant)
  const served: string[] = []
  for (let i = 0; i < 6; i++) {
    const [due] = (await dispatchPass(world.ground.database, options('one'))) ?? []
    const task = await sql
      .selectFrom('darkroom.task')
      .selectAll()
      .where('id', '=', due?.id ?? '')
      .executeTakeFirstOrThrow()
    if (task.tenant_id === other.id) {
      await meterTurn(sql, task.id, 1000, true)
      served.push(task.id)
    }
    await sql.deleteFrom('darkroom.task').where('id', '=', task.id).execute()
  }
  const shares = await sql.selectFrom('darkroom.fair_share').selectAll().execute()
  const tagOf = (id: string) => shares.find((share) => share.tenant_id === id)?.finish_tag ?? 0
  assert.ok(served.length <= 2, 'cancelled turns cost nothing, so the one who cancels stays in front')
  assert.ok(tagOf(cancelling.id) <= tagOf(other.id) + 1)
})

test('the backlog is told in seconds of the devices that are alive, at the pace they were measured at', async () => {
  const { sql } = world.ground.database
  let last = ''
  for (let i = 0; i < 4; i++) last = (await queueRequest(world, world.tenants[0], { cost: 2 })).requestId
  assert.equal((await openLine(sql)(last))?.etaSeconds, null, 'nobody is told an estimate that was not measured')
  assert.deepEqual(await backlogOf(sql, 500), { tasks: 4, costUnits: 8, estimatedSeconds: 4, devices: 0 })
  const [due] = (await dispatchPass(world.ground.database, options('one'))) ?? []
  await meterTurn(sql, due?.id ?? '', 500, true)
  await sql
    .deleteFrom('darkroom.task')
    .where('id', '=', due?.id ?? '')
    .execute()
  await dispatchPass(world.ground.database, options('one'))
  assert.deepEqual(await backlogOf(sql, 9999), { tasks: 3, costUnits: 6, estimatedSeconds: 1.5, devices: 0 })
  assert.equal((await openLine(sql)(last))?.etaSeconds, 2, 'who is last in the line waits for all of it')
})
