// Who is refused too often is slowed, whatever it sends next: a key that probes the filter learns nothing from the answers.
import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { sql as raw } from 'kysely'
import type { Overrides } from '../../src/policy/quotas.ts'
import { authenticate } from '../../src/tenant/caller.ts'
import { ALLOWED, FORBIDDEN, json, openService, type Service } from './service.ts'

let service: Service
let tenantId: string
before(async () => {
  service = await openService()
  tenantId = (await authenticate(service.ground, service.key('client'))).tenantId
})
after(() => service[Symbol.asyncDispose]())
beforeEach(async () => {
  const { sql } = service.ground.database
  await raw`DELETE FROM darkroom.rate`.execute(sql)
  await raw`DELETE FROM darkroom.usage`.execute(sql)
  await raw`DELETE FROM darkroom.task`.execute(sql)
  await raw`UPDATE darkroom.request SET state = 'cancelled' WHERE state IN ('queued', 'generating')`.execute(sql)
  await setLimits({})
})

const setLimits = (quota: Overrides, plan = 'default') =>
  service.ground.database.sql
    .updateTable('darkroom.tenant')
    .set({ plan, quota: JSON.stringify(quota) })
    .where('id', '=', tenantId)
    .execute()
const later = (ms: number) =>
  raw`UPDATE darkroom.clock_offset SET by = by + ${ms} * interval '1 millisecond'`.execute(service.ground.database.sql)
const order = () => service.call('/v1/generations', json({ prompt: ALLOWED }))
const openaiOrder = () => service.call('/v1/images/generations', json({ prompt: ALLOWED, model: 'storybook' }))
const forbidden = (as: 'client' | 'second_client' = 'client') =>
  service.call('/v1/generations', { ...json({ prompt: FORBIDDEN }), as })

test('a key that is refused too often is turned away whatever it sends, until that refills', async () => {
  await setLimits({ refusals: { per_minute: 6, burst: 3 } })
  for (const _ of [1, 2, 3]) assert.equal((await forbidden()).status, 202)
  const answers = [await forbidden(), await order()]
  const bodies = await Promise.all(answers.map((answer) => answer.json()))
  for (const [at, answer] of answers.entries()) {
    assert.equal(answer.status, 429)
    assert.equal(bodies[at].code, 'rate_limited')
    assert.equal(bodies[at].detail, bodies[0].detail, 'the answer tells nothing of the prompt')
  }
  const waitMs = Number(answers[0]?.headers.get('retry-after-ms'))
  assert.ok(waitMs > 0 && waitMs <= 10_000, String(waitMs))
  const openai = await openaiOrder()
  assert.deepEqual([openai.status, (await openai.json()).error.code], [429, 'rate_limit_exceeded'])
  assert.ok(Number(openai.headers.get('retry-after')) >= 1)
  assert.equal((await service.call('/v1/moderations', json({ input: ALLOWED }))).status, 429)
  assert.equal((await service.call('/v1/usage', {})).status, 200, 'what is not screened goes on')
  assert.equal(
    (await service.call('/v1/generations', { ...json({ prompt: ALLOWED }), as: 'second_client' })).status,
    202,
  )
  await later(waitMs)
  assert.equal((await order()).status, 202)
})

test('flagged texts of a moderation call count one by one, and many at once leave a debt', async () => {
  await setLimits({ refusals: { per_minute: 6, burst: 3 } })
  const moderate = (input: string[]) => service.call('/v1/moderations', json({ input }))
  assert.equal((await moderate([ALLOWED, ALLOWED, ALLOWED, ALLOWED])).status, 200)
  assert.equal((await moderate([FORBIDDEN, FORBIDDEN, ALLOWED])).status, 200)
  assert.equal((await moderate(Array(9).fill(FORBIDDEN))).status, 200)
  const slowed = await moderate([ALLOWED])
  assert.equal(slowed.status, 429)
  const waitMs = Number(slowed.headers.get('retry-after-ms'))
  assert.ok(waitMs > 80_000 && waitMs <= 90_000, `eleven of six a minute, three free: ${waitMs}`)
})

test('without a limit of refusals none is counted, and what is allowed counts for nothing', async () => {
  await setLimits({ refusals: { per_minute: 1, burst: 1 } })
  for (const _ of [1, 2, 3]) assert.equal((await order()).status, 202)
  await setLimits({ refusals: null })
  for (const _ of [1, 2, 3]) assert.equal((await forbidden()).status, 202)
  await setLimits({ refusals: { per_minute: 1, burst: 1 } })
  assert.equal((await order()).status, 202)
})
