// A picture and the log: none is handed out whose leaf is in no signed tree, the sequencer hears that one waits, and a log that stands
// still loses nothing.
import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { after, before, beforeEach, mock, test } from 'node:test'
import { sql as raw } from 'kysely'
import { advance } from '../../src/advance.ts'
import { sha256 } from '../../src/kernel/canonical.ts'
import { isFault } from '../../src/kernel/fault.ts'
import { type Ground, LOG_DUE_TOPIC, LOG_GROWN_TOPIC } from '../../src/kernel/ground.ts'
import { addTask, claimTask } from '../../src/kernel/tasks.ts'
import { publishStage } from '../../src/publish/release.ts'
import { runTask } from '../../workers/run-task.ts'
import { startSequencer } from '../../workers/sequencer.ts'
import { memoryStore, openWorld, queueMarked, type World } from '../support/world.ts'

const FILE = { bytes: Buffer.from('the marked file'), contentType: 'image/png' }
const unstopped = new AbortController().signal

let world: World
before(async () => {
  world = await openWorld({ env: { DARKROOM_TASK_MAX_ATTEMPTS: '1' } })
})
after(() => world[Symbol.asyncDispose]())

let images: ReturnType<typeof memoryStore>
let ears: EventEmitter
let ground: Ground
beforeEach(() => {
  images = memoryStore()
  ears = new EventEmitter()
})

/** The ground with ears, whose pictures wait so long. */
function grounded(logWaitMs: number): Ground {
  const { config, bell } = world.ground
  ground = {
    ...world.ground,
    images,
    config: { ...config, tasks: { ...config.tasks, logWaitMs } },
    bell: {
      ...bell,
      tell: (topic, message) => void ears.emit(topic, message),
      hear: (topic, listener) => {
        ears.on(topic, listener)
        return () => ears.off(topic, listener)
      },
    },
  }
  return ground
}

const sql = () => world.ground.database.sql
const stateOf = async (id: string) =>
  (await sql().selectFrom('darkroom.image').select('state').where('id', '=', id).executeTakeFirstOrThrow()).state

/** A marked image whose leaf is in no signed tree: the log says nothing of its newest marking. */
async function unlogged(of: World = world) {
  const queued = await queueMarked(of, of.tenants[0], of.ground.quarantine, FILE)
  await markAgain(of, queued.imageId)
  return queued
}

/** Another leaf of its marking, as after an appeal against its withdrawal. */
async function markAgain({ ground: { database } }: World, imageId: string): Promise<void> {
  await database.transact(async (tx) => {
    await raw`UPDATE darkroom.image SET state = 'cleared' WHERE id = ${imageId}`.execute(tx)
    const row = await tx
      .selectFrom('darkroom.image')
      .select(['version', 'tenant_id'])
      .where('id', '=', imageId)
      .executeTakeFirstOrThrow()
    const image = { subject: 'image', id: imageId, tenantId: row.tenant_id, from: 'cleared' } as const
    await advance(tx, { ...image, version: row.version, to: 'marked', facts: {} })
  })
}

async function released() {
  const waiting = await unlogged()
  await raw`DELETE FROM darkroom.task WHERE id = ${waiting.claim.taskId}`.execute(sql())
  const [{ id: tenantId }] = world.tenants
  const task = { tenantId, subject: 'image', subjectId: waiting.imageId, stage: 'publish' } as const
  const { id: taskId } = await world.ground.database.transact((tx) => addTask(tx, task))
  return { ...waiting, taskId }
}

test('a picture whose leaf is in no signed tree is not handed out', async () => {
  const { imageId, claim } = await unlogged()
  await assert.rejects(publishStage(grounded(0), claim, unstopped), (error) => isFault(error, 'log_behind'))
  assert.deepEqual([...images.objects], [])
  assert.equal(await stateOf(imageId), 'marked')
})

test('an index is not enough: the tree that has it must be signed', async () => {
  const { claim, imageId } = await unlogged()
  await raw`UPDATE darkroom.move SET log_index = (SELECT max(log_index) + 1 FROM darkroom.move)
             WHERE id = (SELECT max(id) FROM darkroom.move WHERE subject_id = ${imageId})`.execute(sql())
  await assert.rejects(publishStage(grounded(0), claim, unstopped), (error) => isFault(error, 'log_behind'))
  await world.growLog()
  await publishStage(ground, claim, unstopped)
  assert.equal(await stateOf(imageId), 'published')
})

test('who waits has the sequencer told, and goes on when a tree was signed, with no clock to help', async () => {
  const { claim, imageId, key } = await unlogged()
  grounded(60_000)
  let told = 0
  ears.on(LOG_DUE_TOPIC, async () => {
    told++
    await world.growLog()
    ears.emit(LOG_GROWN_TOPIC, {})
  })
  mock.timers.enable({ apis: ['setTimeout'] })
  try {
    await publishStage(ground, claim, unstopped)
  } finally {
    mock.timers.reset()
  }
  assert.equal(told, 1)
  assert.equal(await stateOf(imageId), 'published')
  assert.equal(sha256(images.objects.get(key)?.bytes ?? Buffer.alloc(0)), sha256(FILE.bytes))
  assert.equal(ears.listenerCount(LOG_GROWN_TOPIC), 0)
})

test('without a message the row is read all the same', async () => {
  const { claim, imageId } = await unlogged()
  grounded(60_000)
  ears.once(LOG_DUE_TOPIC, () => void world.growLog())
  await publishStage(ground, claim, unstopped)
  assert.equal(await stateOf(imageId), 'published')
})

test('a log that stands still uses up no tries, and the picture comes once it grows', async () => {
  const { taskId, imageId } = await released()
  const publish = () => runTask(grounded(0), taskId, (claim, signal) => publishStage(ground, claim, signal))
  for (let tries = 1; tries <= 3; tries++) {
    await publish()
    const row = await sql().selectFrom('darkroom.task').selectAll().where('id', '=', taskId).executeTakeFirstOrThrow()
    assert.deepEqual([row.attempt, row.waits, row.crashes], [tries, tries, 0])
    await raw`UPDATE darkroom.task SET runnable_at = darkroom.now() WHERE id = ${taskId}`.execute(sql())
  }
  assert.equal(await stateOf(imageId), 'marked')
  await world.growLog()
  await publish()
  assert.equal(await stateOf(imageId), 'published')
})

test('a worker that is told to stop gives a picture that waits back at once, and nothing is counted', async () => {
  const { taskId, imageId } = await released()
  const drain = new AbortController()
  grounded(60_000)
  ears.once(LOG_DUE_TOPIC, () => drain.abort())
  await runTask(ground, taskId, (claim) => publishStage(ground, claim, drain.signal))
  const claim = await claimTask(sql(), taskId, 1000)
  assert.deepEqual([claim?.attempt, claim?.waits], [2, 1])
  assert.equal(await stateOf(imageId), 'marked')
})

test('the sequencer hears of who waits long before its next round, and goes round once for many', async () => {
  await using own = await openWorld({ env: { DARKROOM_LOG_ROUND_MS: '60000' } })
  const { claim, imageId } = await unlogged(own)
  const idle = Promise.withResolvers<void>()
  let rounds = 0
  const { bell } = grounded(60_000)
  ears.on(LOG_GROWN_TOPIC, () => {
    rounds++
    idle.resolve()
  })
  const sequencer = startSequencer({ ...own.ground, bell }, own.transparency)
  await idle.promise
  await markAgain(own, imageId)
  for (let asked = 0; asked < 50; asked++) ears.emit(LOG_DUE_TOPIC, {})
  await publishStage({ ...own.ground, bell }, claim, unstopped)
  await sequencer[Symbol.asyncDispose]()
  assert.equal(rounds, 2)
  assert.equal(ears.listenerCount(LOG_DUE_TOPIC), 0)
})
