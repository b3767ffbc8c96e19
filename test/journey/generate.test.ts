// The generate stage with a device that the test plays: whatever the device leaves undone, no image is left waiting for ever.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { generateStage } from '../../src/generate/generate.ts'
import { Fault, isFault } from '../../src/kernel/fault.ts'
import type { Generate, SampleOrder } from '../../src/kernel/model.ts'
import { type Claim, claimTask } from '../../src/kernel/tasks.ts'
import { runTask } from '../../workers/run-task.ts'
import { openWorld, queueRequest, type World } from '../support/world.ts'

let world: World
before(async () => {
  world = await openWorld()
})
after(() => world[Symbol.asyncDispose]())

const picture = (sample: SampleOrder) => ({
  width: sample.width,
  height: sample.height,
  rgb: new Uint8Array(sample.width * sample.height * 3).fill(sample.seed % 256),
})
const made = { truncated: false, provider: 'cpu' }
const LEASE_MS = 60_000

async function claimed(n: number) {
  const queued = await queueRequest(world, world.tenants[0], { n })
  const claim = await claimTask(world.ground.database.sql, queued.taskId, LEASE_MS)
  assert.ok(claim)
  return { ...queued, claim }
}

const run = (generate: Generate, claim: Claim) =>
  generateStage(world.ground, generate, claim, new AbortController().signal)

const states = async (requestId: string) =>
  (
    await world.ground.database.sql
      .selectFrom('darkroom.image')
      .select('state')
      .where('request_id', '=', requestId)
      .orderBy('position')
      .execute()
  ).map(({ state }) => state)

const tasksOf = (subjectId: string) =>
  world.ground.database.sql.selectFrom('darkroom.task').selectAll().where('subject_id', '=', subjectId).execute()

test('a device that returns without a picture leaves the task to be tried again', async () => {
  const { claim, requestId } = await claimed(2)
  const half: Generate = async (_model, samples, { onPicture }) => {
    const [first] = samples
    assert.ok(first)
    await onPicture(first.id, picture(first), made)
  }
  await assert.rejects(run(half, claim), (error) => isFault(error, 'model_error') && error.retry === 'later')
  assert.deepEqual(await states(requestId), ['generated', 'planned'])
  assert.equal((await tasksOf(requestId)).length, 1)
})

test('a retry renders only what is missing, with the seeds that admission planned', async () => {
  const { claim, requestId } = await claimed(3)
  const one: Generate = async (_model, [first], { onPicture }) => {
    if (first) await onPicture(first.id, picture(first), made)
    throw new Fault('model_error', { retry: 'later', facts: { crashed: true } })
  }
  await assert.rejects(run(one, claim))
  const seeds: number[] = []
  const rest: Generate = async (_model, samples, { onPicture }) => {
    for (const sample of samples) {
      seeds.push(sample.seed)
      await onPicture(sample.id, picture(sample), made)
    }
  }
  await run(rest, claim)
  assert.deepEqual(seeds, [2, 3])
  assert.deepEqual(await states(requestId), ['generated', 'generated', 'generated'])
  assert.deepEqual(await tasksOf(requestId), [])
})

test('what the order asks of sampling reaches the model, and the recipe of its picture keeps it', async () => {
  const { sql } = world.ground.database
  const asked = [
    [
      { prompt_syntax: 'weighted', guidance_rescale: 0.7 },
      { promptSyntax: 'weighted', guidanceRescale: 0.7 },
    ],
    [{ timesteps: [999, 500, 1] }, { custom: { timesteps: [999, 500, 1] } }],
    [{ scheduler_options: { use_karras_sigmas: true } }, { schedulerOptions: { use_karras_sigmas: true } }],
    [
      { true_guidance_scale: 4, sigmas: [1, 0.5] },
      { trueGuidanceScale: 4, custom: { sigmas: [1, 0.5] } },
    ],
    [null, {}],
  ] as const
  for (const [stored, reached] of asked) {
    const queued = await queueRequest(world, world.tenants[0])
    const sampling = stored === null ? null : JSON.stringify(stored)
    await sql.updateTable('darkroom.request').set({ sampling }).where('id', '=', queued.requestId).execute()
    const claim = await claimTask(sql, queued.taskId, LEASE_MS)
    assert.ok(claim)
    const device: Generate = async (_model, samples, { onPicture }) => {
      for (const sample of samples) {
        const { schedulerOptions, promptSyntax, guidanceRescale, trueGuidanceScale, custom } = sample
        const told = Object.entries({ schedulerOptions, promptSyntax, guidanceRescale, trueGuidanceScale, custom })
        assert.deepEqual(Object.fromEntries(told.filter(([, value]) => value !== undefined)), reached)
        await onPicture(sample.id, picture(sample), made)
      }
    }
    await run(device, claim)
    const [image] = await sql
      .selectFrom('darkroom.image')
      .select('recipe')
      .where('request_id', '=', queued.requestId)
      .execute()
    assert.deepEqual(Object(image?.recipe).sampling, stored)
  }
})

test('a sample that fails alone fails its image alone', async () => {
  const { claim, requestId } = await claimed(2)
  const sick: Generate = async (_model, [first, second], { onPicture, onFailure }) => {
    if (first) onFailure(first.id, new Fault('nan'))
    if (second) await onPicture(second.id, picture(second), made)
  }
  await run(sick, claim)
  assert.deepEqual(await states(requestId), ['failed', 'generated'])
})

test('when all tries are spent, what was rendered goes on and only the rest has failed', async () => {
  const queued = await queueRequest(world, world.tenants[0], { n: 2 })
  const flaky: Generate = async (_model, samples, { onPicture }) => {
    const [first] = samples
    if (first && samples.length === 2) await onPicture(first.id, picture(first), made)
    throw new Fault('out_of_memory')
  }
  await runTask(world.ground, queued.taskId, (claim) => run(flaky, claim))
  assert.deepEqual(await states(queued.requestId), ['generated', 'failed'])
  assert.deepEqual(await tasksOf(queued.requestId), [])
  const request = await world.ground.database.sql
    .selectFrom('darkroom.request')
    .select('state')
    .where('id', '=', queued.requestId)
    .executeTakeFirstOrThrow()
  assert.equal(request.state, 'generating', 'it waits for the image that is on its way')
})

test('a render that is stopped for a drain is given back at once and is no crash', async () => {
  const { taskId, requestId } = await queueRequest(world, world.tenants[0])
  const stopped: Generate = async () => {
    throw new Fault('cancelled')
  }
  await runTask(world.ground, taskId, (claim) => run(stopped, claim))
  const [task] = await tasksOf(requestId)
  assert.equal(task?.crashes, 0)
  assert.equal(task?.lease_until, null)
  assert.equal(task?.dispatched_at, null)
})

test('a worker that was frozen since its claim does not send back what another has begun', async () => {
  const { claim, taskId, requestId } = await claimed(1)
  const { sql } = world.ground.database
  await sql
    .updateTable('darkroom.task')
    .set({ lease_until: new Date(0) })
    .where('id', '=', taskId)
    .execute()
  const successor = await claimTask(sql, taskId, LEASE_MS)
  assert.ok(successor)
  const render: Generate = async (_model, samples, { onPicture }) => {
    await assert.rejects(run(render, claim), (error) => isFault(error, 'lease_lost'))
    for (const sample of samples) await onPicture(sample.id, picture(sample), made)
  }
  await run(render, successor)
  const moves = await sql
    .selectFrom('darkroom.move')
    .select('kind')
    .where('subject_id', '=', requestId)
    .where('kind', 'in', ['request.queued', 'request.generating'])
    .execute()
  assert.deepEqual(moves, [{ kind: 'request.generating' }])
})
