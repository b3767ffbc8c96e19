// Sandbox prompts: for a tenant that may rehearse, each verdict and failure can be forced; for everybody else they are prompts.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { openJudge } from '../../src/commands/judge.ts'
import { generateStage } from '../../src/generate/generate.ts'
import { FAILURES } from '../../src/journey.ts'
import { claimTask } from '../../src/kernel/tasks.ts'
import { moderateStage } from '../../src/moderate/moderate.ts'
import { json, openService, type Service } from './service.ts'

let service: Service
before(async () => {
  service = await openService()
  const { sql } = service.ground.database
  const me = await (await service.call('/v1/me')).json()
  await sql.updateTable('darkroom.tenant').set({ sandbox: true }).where('id', '=', me.tenant.id).execute()
})
after(() => service[Symbol.asyncDispose]())

const post = (prompt: string, as = 'client', more: object = {}) =>
  service.call('/v1/generations', { ...json({ prompt, n: 2, steps: 2, ...more }), as })
const order = async (prompt: string, as = 'client') => (await post(prompt, as)).json()
const read = async (id: string, as = 'client') => (await service.call(`/v1/generations/${id}`, { as })).json()
const never = async () => assert.fail('a rehearsal needs no model')

/** The generate and moderate stages, as the workers run them, for every task that is there. */
async function work(): Promise<void> {
  const { sql } = service.ground.database
  const tools = { classifiersOf: never, classify: never, judge: openJudge(service.policy, 30), mayRetry: () => false }
  const moderation = { ...tools, classifiersOf: () => ['storybook-eye'], review: service.admission.review }
  for (const stage of ['generate', 'moderate'] as const)
    for (const { id } of await sql.selectFrom('darkroom.task').select('id').where('stage', '=', stage).execute()) {
      const claim = await claimTask(sql, id, 60_000)
      assert.ok(claim)
      const { signal } = new AbortController()
      if (stage === 'generate') await generateStage(service.ground, never, claim, signal)
      else await moderateStage(service.ground, moderation, claim)
    }
}

test('each verdict is forced by its prompt, by the real way, and marked as a rehearsal', async () => {
  const refused = await order('sandbox:refused')
  assert.deepEqual([refused.state, refused.sandbox, refused.statement.stage], ['refused', true, 'input'])
  assert.equal((await service.call(refused.statement.url)).status, 200)

  for (const [scenario, state, outcome] of [
    ['denied', 'denied', 'denied'],
    ['held', 'held', 'held'],
    ['published', 'cleared', null],
  ]) {
    const { id, sandbox } = await order(`sandbox:${scenario}`)
    assert.equal(sandbox, true)
    await work()
    const now = await read(id)
    const states = now.images.map((image: { state: string }) => image.state)
    assert.deepEqual([states, now.outcome], [[state, state], outcome], scenario ?? '')
    if (scenario === 'denied') assert.equal(now.images[0].statement.stage, 'output')
  }
})

test('every typed failure can be forced', async () => {
  for (const reason of FAILURES) {
    const { id } = await order(`sandbox:failed:${reason}`)
    await work()
    const { images, outcome } = await read(id)
    assert.deepEqual([images[0].failure, images[1].failure, outcome], [reason, reason, 'failed'])
  }
})

test('a scenario that there is not is refused and the scenarios are listed', async () => {
  const response = await post('sandbox:lost')
  const problem = await response.json()
  assert.deepEqual([response.status, problem.field], [400, 'prompt'])
  assert.match(problem.detail, /published, refused, denied, held, slow, failed:nan/)
})

test('for another tenant the same words are an ordinary prompt', async () => {
  const { id, state, sandbox } = await order('sandbox:refused', 'second_client')
  assert.deepEqual([state, sandbox], ['queued', false])
  await service.call(`/v1/generations/${id}/cancel`, { method: 'POST', as: 'second_client' })
})

test('a rehearsal is never charged', async () => {
  const { id } = await order('sandbox:published')
  await service.develop(id, ['published', 'published'])
  const charge = await service.ground.database.sql
    .selectFrom('darkroom.charge')
    .select(['images', 'gpu_ms'])
    .where('request_id', '=', id)
    .executeTakeFirstOrThrow()
  assert.deepEqual([charge.images, Number(charge.gpu_ms)], [0, 0])
})
