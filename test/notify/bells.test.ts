// Whoever ends something that a tenant may hear of rings for its webhooks, instead of leaving them to the next poll.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Fault } from '../../src/kernel/fault.ts'
import { WEBHOOK_TOPIC } from '../../src/kernel/outbox.ts'
import { publishStage } from '../../src/publish/release.ts'
import { runTask } from '../../workers/run-task.ts'
import { ALLOWED, FORBIDDEN, json, openService, type Service } from '../http/service.ts'
import { openWorld, queueMarked } from '../support/world.ts'

let service: Service
before(async () => {
  service = await openService({ DARKROOM_TASK_MAX_ATTEMPTS: '1' })
})
after(() => service[Symbol.asyncDispose]())

async function rings(work: () => Promise<unknown>): Promise<number> {
  let count = 0
  const unhear = service.ground.bell.hear(WEBHOOK_TOPIC, () => count++)
  await work()
  unhear()
  return count
}
const order = (prompt: string) => service.call('/v1/generations', json({ prompt }))

test('a queued order rings for no webhook', async () => {
  assert.equal(await rings(() => order(ALLOWED)), 0)
})

test('a refused, a cancelled and a failed one ring', async () => {
  assert.equal(await rings(() => order(FORBIDDEN)), 1)
  const { id } = await (await order(ALLOWED)).json()
  const cancel = { ...json({}), method: 'POST' }
  assert.equal(await rings(() => service.call(`/v1/generations/${id}/cancel`, cancel)), 1)
  const failing: { id: string } = await (await order(ALLOWED)).json()
  const task = await service.ground.database.sql
    .selectFrom('darkroom.task')
    .select('id')
    .where('subject_id', '=', failing.id)
    .executeTakeFirstOrThrow()
  const fails = () => Promise.reject(new Fault('nan'))
  assert.equal(await rings(() => runTask(service.ground, task.id, fails)), 1)
})

test('a published one rings', async () => {
  await using world = await openWorld()
  const file = { bytes: Buffer.from('the marked file'), contentType: 'image/png' }
  const { claim } = await queueMarked(world, world.tenants[0], world.ground.quarantine, file)
  await publishStage(world.ground, claim, new AbortController().signal)
  assert.equal(world.told.filter(({ topic }) => topic === WEBHOOK_TOPIC).length, 1)
})
