// Cancelling a render that runs in another process, on the production form: by the message, and by the row when the message is
// lost. The device is free for the next request within seconds, where the render had many more to go.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { openDatabase } from '../../src/kernel/database.ts'
import { cancelRequest } from '../../src/outcome.ts'
import { withProduction } from '../support/production.ts'
import { client, readKeys, type ServiceProcess, startServe, startWorker } from '../support/service-process.ts'
import { suiteOn } from '../support/services.ts'
import { openWorld } from '../support/world.ts'

/** Ten pictures of 150 steps: far longer than the bound below. */
const LONG = { prompt: 'a red boat on the sea', n: 10, steps: 150 }
const SHORT = { prompt: 'a red boat on the sea', n: 1, steps: 1 }
const FREE_WITHIN_MS = 4000
const LIMIT_MS = 30_000

suiteOn('a render in another process', await withProduction(), (production) => {
  const home = mkdtempSync(join(tmpdir(), 'darkroom-cancel-'))
  const env = { ...production.env, DARKROOM_PROVIDER: 'cpu', DARKROOM_THREADS: '1', DARKROOM_LOG_LEVEL: 'info' }
  let serve: ServiceProcess
  let worker: ServiceProcess
  before(async () => {
    serve = await startServe({ ...env, DARKROOM_HOME: join(home, 'serve') }, ['--without-workers'])
    const roles = ['gpu', 'finish', 'dispatcher', 'janitor']
    worker = await startWorker({ ...env, DARKROOM_HOME: join(home, 'worker') }, roles)
  })
  after(async () => {
    for (const one of [serve, worker]) await one?.kill()
    rmSync(home, { recursive: true, force: true })
  })

  type Rendering = { state: string; progress?: { step: number } | null }
  const ask = async (method: string, path: string): Promise<Rendering> => {
    const headers = { authorization: `Bearer ${readKeys(join(home, 'serve')).client}` }
    const response = await fetch(`${serve.url}${path}`, { method, headers })
    assert.ok(response.ok, await response.clone().text())
    return await response.json()
  }

  async function until(reached: () => Promise<boolean>): Promise<void> {
    const deadline = Date.now() + LIMIT_MS
    while (!(await reached())) {
      assert.ok(Date.now() < deadline, 'it takes too long')
      await sleep(20)
    }
  }

  /** A long render that is under way, and another request behind it. */
  async function busy() {
    const api = client(serve.url, readKeys(join(home, 'serve')).client)
    const long = await api.submit(LONG)
    assert.ok(long)
    await until(async () => ((await ask('GET', `/v1/generations/${long.id}`)).progress?.step ?? 0) > 0)
    const short = await api.submit(SHORT)
    assert.ok(short)
    return { long: long.id, short: short.id }
  }

  async function freeAfter(short: string): Promise<number> {
    const begun = performance.now()
    await until(async () => (await ask('GET', `/v1/generations/${short}`)).state !== 'queued')
    return performance.now() - begun
  }

  test('stops at a step when it is cancelled over HTTP', async (context) => {
    const { long, short } = await busy()
    await ask('POST', `/v1/generations/${long}/cancel`)
    const ms = await freeAfter(short)
    context.diagnostic(`the device was free after ${ms.toFixed(0)} ms`)
    assert.ok(ms < FREE_WITHIN_MS, `${ms} ms`)
    assert.equal((await ask('GET', `/v1/generations/${long}`)).state, 'cancelled')
  })

  test('stops as soon when the message is lost, because its task is gone', async (context) => {
    const { long, short } = await busy()
    const database = await openDatabase({ url: production.databaseUrl, home: null })
    // A bell that nobody hears: what a lost message is.
    await using world = await openWorld({ database })
    const { tenant_id } = await database.sql
      .selectFrom('darkroom.request')
      .select('tenant_id')
      .where('id', '=', long)
      .executeTakeFirstOrThrow()
    await cancelRequest(world.ground, tenant_id, long)
    const ms = await freeAfter(short)
    context.diagnostic(`the device was free after ${ms.toFixed(0)} ms`)
    assert.ok(ms < FREE_WITHIN_MS, `${ms} ms`)
  })
})
