// Who is refused too often is slowed, whatever it sends next: a key that probes the filter learns nothing from the answers.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openMetered } from './metered.ts'
import { ALLOWED, FORBIDDEN, json } from './service.ts'

const { service, setLimits, later, order, openaiOrder } = await openMetered()

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
