// Limits over HTTP: each holds at its edge, says how much is left and when to come back, in both dialects. The clock is the records'
// own, so that tests move it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql as raw } from 'kysely'
import sharp from 'sharp'
import { meterDevice } from '../../src/kernel/charge.ts'
import { openMetered } from './metered.ts'
import { ALLOWED, FORBIDDEN, json } from './service.ts'

const { service, tenantId, setLimits, later, order, openaiOrder } = await openMetered({
  DARKROOM_BACKLOG_LIMIT_TASKS: '40',
})

const statuses = (responses: Response[]) => responses.map((response) => response.status).sort()

test('a tenant may send its burst at once and then one an interval; the headers say how much is left', async () => {
  await setLimits({ requests: { per_minute: 6, burst: 3 } })
  const first = await order()
  assert.equal(first.status, 202)
  assert.equal(first.headers.get('ratelimit-policy'), '"generations";q=3;w=30')
  assert.equal(first.headers.get('ratelimit'), '"generations";r=2;t=10')
  assert.deepEqual([(await order()).status, (await order()).status], [202, 202])
  const fourth = await order()
  assert.equal(fourth.status, 429)
  const { code } = await fourth.json()
  assert.equal(code, 'rate_limited')
  const waitMs = Number(fourth.headers.get('retry-after-ms'))
  assert.ok(waitMs > 0 && waitMs <= 10_000)
  assert.equal(fourth.headers.get('retry-after'), String(Math.ceil(waitMs / 1000)))
  assert.equal(fourth.headers.get('ratelimit'), `"generations";r=0;t=${Math.ceil(waitMs / 1000)}`)
  await later(waitMs)
  assert.equal((await order()).status, 202)
  assert.equal((await order()).status, 429)
})

test('OpenAI’s clients read the same limit in their own words', async () => {
  await setLimits({ requests: { per_minute: 1, burst: 1 } })
  await order()
  const response = await openaiOrder()
  assert.equal(response.status, 429)
  const { error } = await response.json()
  assert.deepEqual([error.type, error.code, error.param], ['requests', 'rate_limit_exceeded', null])
  assert.ok(Number(response.headers.get('retry-after')) >= 59)
})

test('one tenant’s pace is not another’s', async () => {
  await setLimits({ requests: { per_minute: 1, burst: 1 } })
  await order()
  assert.equal((await order()).status, 429)
  const other = await service.call('/v1/generations', { ...json({ prompt: ALLOWED }), as: 'second_client' })
  assert.equal(other.status, 202)
})

test('of many orders at once exactly as many pass as the quota has left', async () => {
  await setLimits({ requests_per_day: 5 })
  const responses = await Promise.all(Array.from({ length: 12 }, () => order()))
  assert.deepEqual(statuses(responses), [...Array(5).fill(202), ...Array(7).fill(429)])
  const refused = responses.find((response) => response.status === 429)
  const { code, field } = (await refused?.json()) ?? {}
  assert.deepEqual([code, field], ['quota_exceeded', 'requests_per_day'])
  const seconds = Number(refused?.headers.get('retry-after'))
  assert.ok(seconds > 0 && seconds <= 86_400)
  await later(seconds * 1000 + 1000)
  assert.equal((await order()).status, 202, 'the next day starts again')
})

test('the requests of a tenant without limits are counted all the same', async () => {
  await setLimits({}, 'unlimited')
  const responses = await Promise.all(Array.from({ length: 3 }, () => order()))
  assert.deepEqual(statuses(responses), [202, 202, 202])
  const today = service.ground.database.sql.selectFrom('darkroom.usage').select('requests')
  assert.equal(Number((await today.where('tenant_id', '=', tenantId).executeTakeFirstOrThrow()).requests), 3)
})

test('images in the making count, and those that failed or were withheld are given back', async () => {
  await setLimits({ images_per_day: 4 })
  const { requestId } = await service.admit({ prompt: ALLOWED, n: 3 })
  assert.equal((await order({ n: 2 })).status, 429)
  assert.equal((await order({ n: 1 })).status, 202)
  await service.develop(requestId, ['published', 'held', { failed: 'nan' }])
  assert.equal((await order({ n: 3 })).status, 429)
  assert.equal((await order({ n: 2 })).status, 202)
  assert.equal((await order()).status, 429)
})

test('GPU seconds count when measured, and are estimated until then', async () => {
  await setLimits({ gpu_seconds_per_day: 10 })
  const { requestId } = await service.admit({ prompt: ALLOWED })
  await service.ground.database.transact((tx) => meterDevice(tx, requestId, 'tsk_none', 9_600))
  await service.develop(requestId, ['published'])
  const refused = await order({ steps: 40 })
  assert.equal(refused.status, 429, '9.6 s used and 0.66 s to come are more than 10')
  assert.equal((await refused.json()).field, 'gpu_seconds_per_day')
  assert.equal((await order({ steps: 20 })).status, 202)
})

test('a tenant’s own backlog has a cap, and a place comes free when a request ends', async () => {
  await setLimits({ concurrent_requests: 2 })
  const responses = await Promise.all(Array.from({ length: 5 }, () => order()))
  assert.deepEqual(statuses(responses), [202, 202, 429, 429, 429])
  const admitted = await responses.find((response) => response.status === 202)?.json()
  await service.develop(admitted.id, ['published'])
  assert.equal((await order()).status, 202)
})

test('a refusal takes a request and nothing else, and is answered while other quotas are used up', async () => {
  await setLimits({ images_per_day: 0, concurrent_requests: 0, requests_per_day: 1 })
  assert.equal((await order({ prompt: FORBIDDEN })).status, 202)
  assert.equal((await order({ prompt: FORBIDDEN })).status, 429)
})

test('what is stored has a limit that waiting does not lift', async () => {
  await setLimits({ stored_bytes: 1500 })
  const one = await service.admit({ prompt: ALLOWED, n: 2 })
  await service.develop(one.requestId, ['published', 'published'])
  const full = await openaiOrder()
  assert.equal(full.status, 429)
  assert.equal(full.headers.get('retry-after'), null)
  const { error } = await full.json()
  assert.deepEqual([error.type, error.code, error.param], ['insufficient_quota', 'insufficient_quota', 'stored_bytes'])
})

test('an order handed in again under its key is answered although the quota is used up', async () => {
  await setLimits({ requests_per_day: 1 })
  const again = () => service.call('/v1/generations', json({ prompt: ALLOWED }, { 'idempotency-key': 'edge' }))
  const responses = await Promise.all([again(), again(), again()])
  assert.deepEqual(statuses(responses), [202, 202, 202])
})

test('bytes that are handed in have a quota of their own', async () => {
  const picture = await sharp({ create: { width: 128, height: 128, channels: 3, background: { r: 9, g: 9, b: 200 } } })
    .png()
    .toBuffer()
  await setLimits({ upload_bytes_per_day: picture.length })
  const edit = () => {
    const form = new FormData()
    for (const [name, value] of Object.entries({ prompt: ALLOWED, model: 'storybook' })) form.append(name, value)
    form.append('image', new Blob([picture]), 'picture.png')
    return service.call('/v1/images/edits', { method: 'POST', body: form })
  }
  const [first] = await Promise.all([edit(), service.developNext(['published'])])
  assert.equal(first.status, 200, 'exactly what is left passes')
  const second = await edit()
  assert.equal(second.status, 429)
  assert.equal((await second.json()).error.param, 'upload_bytes_per_day')
  assert.equal(second.headers.get('x-should-retry'), 'false')
})

test('a tenant follows so many streams at once, and a place comes free when one is left', async () => {
  await setLimits({ listeners: 1 })
  const { requestId } = await service.admit({ prompt: ALLOWED })
  const path = `/v1/generations/${requestId}/events`
  const leave = new AbortController()
  assert.equal((await service.call(path, { signal: leave.signal })).status, 200)
  const second = await service.call(path)
  assert.equal(second.status, 429)
  assert.equal((await second.json()).field, 'listeners')
  leave.abort()
  const again = new AbortController()
  for (let status = 429; status !== 200; ) {
    await new Promise((resolve) => setTimeout(resolve, 20))
    status = (await service.call(path, { signal: again.signal })).status
  }
  again.abort()
})

test('when too much waits, everybody is told when it is worth coming back', async () => {
  const { sql } = service.ground.database
  const { requestId } = await service.admit({ prompt: ALLOWED })
  await raw`
    INSERT INTO darkroom.task (id, tenant_id, subject, subject_id, stage, cost)
    SELECT 'tsk_' || i, ${tenantId}, 'request', ${requestId} || i, 'generate', 2 FROM generate_series(1, 50) AS i`.execute(
    sql,
  )
  await new Promise((resolve) => setTimeout(resolve, 550))
  const response = await openaiOrder()
  assert.equal(response.status, 503)
  const seconds = Number(response.headers.get('retry-after'))
  assert.ok(seconds >= 20 && seconds <= 30, `11 of 51 tasks too many, 2 s each: ${seconds} s`)
  await raw`DELETE FROM darkroom.task WHERE id LIKE 'tsk\_%' AND length(id) < 8`.execute(sql)
  await new Promise((resolve) => setTimeout(resolve, 550))
  assert.equal((await order()).status, 202)
})

test('usage shows the days, what is left and when it starts again', async () => {
  await setLimits({ images_per_day: 10, requests_per_day: null })
  const { requestId } = await service.admit({ prompt: ALLOWED, n: 2 })
  await service.develop(requestId, ['published', 'denied'])
  await service.admit({ prompt: ALLOWED, n: 3 })
  await service.admit({ prompt: FORBIDDEN })
  const response = await service.call('/v1/usage')
  assert.equal(response.status, 200)
  const usage = await response.json()
  assert.equal(usage.days.length, 30)
  const today = usage.days.at(-1)
  assert.deepEqual([today.requests, today.images, today.refusals], [3, 1, 1])
  const images = usage.limits.find((limit: { quota: string }) => limit.quota === 'images_per_day')
  assert.deepEqual([images.limit, images.used, images.remaining], [10, 4, 6])
  assert.match(images.resets_at, /T00:00:00\.000Z$/)
  const requests = usage.limits.find((limit: { quota: string }) => limit.quota === 'requests_per_day')
  assert.deepEqual([requests.limit, requests.remaining], [null, null])
  const other = await (await service.call('/v1/usage', { as: 'second_client' })).json()
  assert.equal(other.days.at(-1).requests, 0)
})

test('a period that no calendar has is refused by its field', async () => {
  for (const [query, field] of [
    ['from=2026-02-31', 'from'],
    ['to=tomorrow', 'to'],
    ['from=2026-11-02&to=2026-11-01', 'from'],
    ['from=2020-01-01&to=2026-11-01', 'from'],
    ['since=2026-01-01', 'since'],
  ]) {
    const response = await service.call(`/v1/usage?${query}`)
    assert.equal(response.status, 400, query)
    assert.equal((await response.json()).field, field)
  }
  const leap = await service.call('/v1/usage?from=2028-02-29&to=2028-02-29')
  assert.equal((await leap.json()).days.length, 1)
})

test('the document names 429 on every route that can answer it', async () => {
  const { paths } = await (await service.call('/openapi.json', { as: null })).json()
  for (const [path, method] of [
    ['/v1/generations', 'post'],
    ['/v1/images/generations', 'post'],
    ['/v1/provenance/verify', 'post'],
    ['/session', 'post'],
    ['/v1/usage', 'get'],
  ] as const)
    assert.ok(paths[path][method].responses['429'], `${method} ${path}`)
})
