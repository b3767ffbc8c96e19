// The moderate stage when its classifiers are missing, fail or disagree: the image is held for a person, with the reason in its record
// and in the log; never failed, never cleared, never denied. The records, the tasks and the policy are real.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { sql as raw } from 'kysely'
import sharp from 'sharp'
import { openJudge } from '../../src/commands/judge.ts'
import { sha256 } from '../../src/kernel/canonical.ts'
import { Fault } from '../../src/kernel/fault.ts'
import type { Classify } from '../../src/kernel/model.ts'
import { generatedKey } from '../../src/kernel/quarantine.ts'
import { addTask } from '../../src/kernel/tasks.ts'
import { holdUnexamined, type Moderation, moderateStage } from '../../src/moderate/moderate.ts'
import { loadModerationPolicy } from '../../src/policy/load.ts'
import { loadReviewRules } from '../../src/policy/review-rules.ts'
import { mayRetry, runTask } from '../../workers/run-task.ts'
import { openWorld, queueRequest, type World } from '../support/world.ts'

let world: World
let judge: Moderation['judge']
let review: Moderation['review']
before(async () => {
  world = await openWorld()
  const policy = await loadModerationPolicy('policies/moderation.yaml')
  judge = openJudge(policy, 30)
  review = { policy, rules: await loadReviewRules('policies/review.yaml'), draw: () => 0.999 }
})
after(() => world[Symbol.asyncDispose]())

const CLEAN = { weapons: 0.01, 'violence/graphic': 0.01 }
const REF = { version: '1.0.0', digest: 'e'.repeat(64) }
const gone = () => new Fault('model_error', { retry: 'later', facts: { crashed: true } })

/** An image that was rendered, and the task to look at it. */
async function generated(): Promise<{ imageId: string; taskId: string }> {
  const { ground, tenants } = world
  const { requestId, imageIds } = await queueRequest(world, tenants[0])
  const imageId = imageIds[0] ?? ''
  const bytes = await sharp({ create: { width: 8, height: 8, channels: 3, background: '#369' } })
    .png()
    .toBuffer()
  await ground.quarantine.putIfAbsent(generatedKey(imageId), { bytes, contentType: 'image/png' })
  const { id } = await ground.database.transact(async (tx) => {
    await raw`DELETE FROM darkroom.task WHERE subject_id = ${requestId}`.execute(tx)
    await raw`UPDATE darkroom.request SET state = 'generating', attempt = 1 WHERE id = ${requestId}`.execute(tx)
    await raw`UPDATE darkroom.image SET state = 'generated', generated_digest = ${sha256(bytes)}
               WHERE id = ${imageId}`.execute(tx)
    return addTask(tx, { tenantId: tenants[0].id, subject: 'image', subjectId: imageId, stage: 'moderate' })
  })
  return { imageId, taskId: id }
}

/** Runs the task as the gpu role does, again and again until it is gone; how often that took. */
async function moderate(taskId: string, classifiers: readonly string[], classify: Classify): Promise<number> {
  const { ground } = world
  const moderation: Moderation = {
    classifiersOf: () => classifiers,
    classify,
    judge,
    review,
    mayRetry: (claim, error) => mayRetry(ground, claim, error),
  }
  const left = () =>
    ground.database.sql.selectFrom('darkroom.task').select('id').where('id', '=', taskId).executeTakeFirst()
  for (let tries = 1; tries < 20; tries++) {
    await raw`UPDATE darkroom.task SET runnable_at = darkroom.now() WHERE id = ${taskId}`.execute(ground.database.sql)
    await runTask(
      ground,
      taskId,
      (claim) => moderateStage(ground, moderation, claim),
      (claim) => holdUnexamined(ground, moderation, claim),
    )
    if ((await left()) === undefined) return tries
  }
  return assert.fail('the task never ends')
}

async function outcomeOf(imageId: string) {
  const { sql } = world.ground.database
  const image = await sql
    .selectFrom('darkroom.image')
    .select(['state', 'verdict', 'failure'])
    .where('id', '=', imageId)
    .executeTakeFirstOrThrow()
  const move = await sql
    .selectFrom('darkroom.move')
    .select('facts')
    .where('subject_id', '=', imageId)
    .where('to_state', '=', image.state)
    .executeTakeFirstOrThrow()
  return { state: image.state, failure: image.failure, verdict: Object(image.verdict), facts: Object(move.facts) }
}

const answer: Classify = async () => ({ ...REF, categories: { ...CLEAN } })
const failing = (fault: () => Fault): Classify => {
  return async (id, picture) => {
    if (id !== 'broken') return answer(id, picture)
    throw fault()
  }
}

const TROUBLE: readonly (readonly [what: string, fault: () => Fault, reason: string, tries: number])[] = [
  ['is not installed', () => new Fault('model_unknown', {}), 'classifier_missing', 1],
  ['is missing a file', () => new Fault('pack_missing', {}), 'classifier_missing', 1],
  ['is not what its manifest says', () => new Fault('pack_corrupt', {}), 'classifier_missing', 1],
  ['answers what is no number', () => new Fault('nan', {}), 'classifier_failed', 1],
  ['kills its child each time', gone, 'classifier_failed', 3],
  ['hangs each time', () => new Fault('timeout', { retry: 'later' }), 'classifier_failed', 5],
]
for (const [what, fault, reason, tries] of TROUBLE)
  test(`an image is held when a classifier ${what}`, async () => {
    const { imageId, taskId } = await generated()
    const taken = await moderate(taskId, ['eye', 'broken'], failing(fault))
    const { state, failure, verdict, facts } = await outcomeOf(imageId)
    assert.deepEqual([state, failure, verdict.reason, facts.reason], ['held', null, reason, reason])
    assert.equal(taken, tries === 5 ? world.ground.config.tasks.maxAttempts : tries)
    const silent = reason === 'classifier_missing' ? 'missing' : 'failed'
    assert.deepEqual(verdict.opinions, [
      { id: 'eye', categories: CLEAN },
      { id: 'broken', silent },
    ])
  })

test('a classifier that fails once is asked again, and its image is cleared', async () => {
  const { imageId, taskId } = await generated()
  let asked = 0
  const once: Classify = async (id, picture) => (asked++ === 0 ? Promise.reject(gone()) : answer(id, picture))
  assert.equal(await moderate(taskId, ['eye'], once), 2)
  assert.equal((await outcomeOf(imageId)).state, 'cleared')
})

test('a task that keeps ending its worker is held, and no classifier is asked again', async () => {
  const { imageId, taskId } = await generated()
  await raw`UPDATE darkroom.task SET crashes = 3 WHERE id = ${taskId}`.execute(world.ground.database.sql)
  await moderate(taskId, ['eye'], async () => assert.fail('asked again'))
  const { state, verdict } = await outcomeOf(imageId)
  assert.deepEqual([state, verdict.reason], ['held', 'classifier_failed'])
})

test('an image that its classifiers do not agree on is held, with what each of them said', async () => {
  const { imageId, taskId } = await generated()
  const differ: Classify = async (id) => ({
    ...REF,
    categories: { ...CLEAN, 'violence/graphic': id === 'eye' ? 0.02 : 0.98 },
  })
  await moderate(taskId, ['eye', 'other'], differ)
  const { state, verdict, facts } = await outcomeOf(imageId)
  assert.deepEqual([state, verdict.reason, facts.reason], ['held', 'disagree', 'disagree'])
  assert.deepEqual(
    verdict.opinions.map((one: { categories: Record<string, number> }) => one.categories['violence/graphic']),
    [0.02, 0.98],
  )
})
