// The production form end to end: PostgreSQL, Redis and S3, the service and its workers in processes of their own, each with an own
// empty home and the same secrets. Then each backend goes away and comes back: readiness names it, nothing is lost.
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Production, withProduction } from '../support/production.ts'
import {
  client,
  readKeys,
  type ServiceProcess,
  startServe,
  startWorker,
  untilEnded,
} from '../support/service-process.ts'
import { suiteOn } from '../support/services.ts'

const ORDER = { prompt: 'a red boat on the sea', n: 1, quality: 'low', seed: 7 }
const LIMIT_MS = 90_000
const FAST = { DARKROOM_PROVIDER: 'cpu', DARKROOM_THREADS: '1', DARKROOM_TASK_LEASE_MS: '3000' }

suiteOn('the production form', await withProduction(), (production) => {
  const [home, workerHome] = ['service', 'worker'].map((name) => mkdtempSync(join(tmpdir(), `darkroom-${name}-`)))
  assert.ok(home !== undefined && workerHome !== undefined)
  let service: ServiceProcess
  let worker: ServiceProcess
  before(async () => {
    service = await startServe({ ...production.env, ...FAST, DARKROOM_HOME: home }, ['--without-workers'])
    worker = await startWorker({ ...production.env, ...FAST, DARKROOM_HOME: workerHome }, [])
  })
  after(async () => {
    await Promise.all([service?.kill(), worker?.kill()])
    for (const directory of [home, workerHome]) rmSync(directory, { recursive: true, force: true })
  })
  const asker = () => client(service.url, readKeys(home).client)
  const readiness = async () => {
    const answer = await fetch(`${service.url}/readyz`)
    const { checks }: { checks: Record<string, string> } = await answer.json()
    return { status: answer.status, checks }
  }

  test('a worker with a home of its own finishes requests, and puts nothing into that home', async () => {
    const request = await asker().submit(ORDER)
    assert.ok(request)
    const [ended] = await untilEnded(asker(), [request.id], LIMIT_MS)
    assert.equal(ended?.outcome, 'published')
    assert.deepEqual(readdirSync(workerHome), [])
  })

  test('a released picture is reached by a link of the store, whose tampered forms grant nothing', async () => {
    const request = await asker().submit(ORDER)
    assert.ok(request)
    const [ended] = await untilEnded(asker(), [request.id], LIMIT_MS)
    const authorization = `Bearer ${readKeys(home).client}`
    const content = new URL(ended?.images[0]?.url ?? '', service.url)
    const answer = await fetch(content, { headers: { authorization }, redirect: 'manual' })
    assert.equal(answer.status, 302)
    const link = answer.headers.get('location') ?? ''
    assert.ok(link.startsWith(`${production.s3.url}/${production.buckets.images}/`), link)
    assert.equal((await fetch(link)).headers.get('content-type'), 'image/png')
    assert.equal((await fetch(link.replace(production.buckets.images, production.buckets.quarantine))).status, 403)
    assert.equal((await fetch(link.split('?')[0] ?? '')).status, 403)
  })

  test('the console may show pictures from the store, and from nowhere else', async () => {
    const policy = (await fetch(`${service.url}/`)).headers.get('content-security-policy') ?? ''
    assert.ok(policy.includes(`img-src 'self' blob: data: ${production.s3.url};`), policy)
  })

  test('every part is named when the service is ready', async () => {
    assert.deepEqual(await readiness(), {
      status: 200,
      checks: { records: 'ok', doorbell: 'ok', objects: 'ok' },
    })
  })

  for (const [check, backend] of [
    ['records', (one: Production) => one.postgres],
    ['doorbell', (one: Production) => one.redis],
    ['objects', (one: Production) => one.s3],
  ] as const)
    test(`when the ${check} are away for a while, readiness says so, no process dies and every request ends`, async () => {
      const before = await Promise.all([asker().submit(ORDER), asker().submit(ORDER)])
      await backend(production).kill()
      await sleep(300)
      const away = await readiness()
      // Without the doorbell orders are taken and wait.
      assert.equal(away.status, check === 'doorbell' ? 200 : 503)
      assert.equal(away.checks[check], 'failed')
      const answer = await fetch(`${service.url}/v1/generations`, {
        method: 'POST',
        headers: { authorization: `Bearer ${readKeys(home).client}`, 'content-type': 'application/json' },
        body: JSON.stringify(ORDER),
      })
      const admitted: { id: string; code?: string } = await answer.json()
      if (check === 'records') assert.deepEqual([answer.status, admitted.code], [503, 'database_failed'])
      else assert.equal(answer.status, 202, JSON.stringify(admitted))
      await sleep(4000)
      await backend(production).start()
      const ids = [...before.map((request) => request?.id), answer.status === 202 ? admitted.id : undefined]
      const known = ids.filter((id) => id !== undefined)
      await untilReady()
      for (const ended of await untilEnded(asker(), known, LIMIT_MS)) {
        assert.equal(ended.state, 'done', JSON.stringify(ended))
        assert.equal(ended.outcome, 'published', JSON.stringify(ended))
      }
    })

  async function untilReady(): Promise<void> {
    const deadline = Date.now() + 30_000
    while ((await readiness()).status !== 200) {
      assert.ok(Date.now() < deadline, 'ready again')
      await sleep(200)
    }
  }

  test('at last both stop when they are asked to, within seconds', async () => {
    const from = Date.now()
    await Promise.all([service.stop(), worker.stop()])
    assert.ok(Date.now() - from < 15_000, `it took ${Date.now() - from} ms`)
  })
})
