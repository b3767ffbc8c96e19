// Kill -9 during each stage: of the whole service, of the inference child, and (on PostgreSQL) of a worker process. Every
// acknowledged request must end in one terminal state, every released image be stored once and read back, and the log be whole.
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { STAGES, type Stage } from '../../src/journey.ts'
import { leafHash } from '../../src/kernel/canonical.ts'
import { openDatabase } from '../../src/kernel/database.ts'
import { leafOf } from '../../src/kernel/leaf.ts'
import { withPostgres } from '../support/postgres.ts'
import {
  client,
  type GenerationJson,
  type LogLine,
  readKeys,
  type ServiceProcess,
  startServe,
  startWorker,
  untilEnded,
} from '../support/service-process.ts'
import { suiteOn } from '../support/services.ts'

const FAST = {
  DARKROOM_TASK_LEASE_MS: '2000',
  DARKROOM_TASK_BACKOFF_MS: '100',
  DARKROOM_TASK_SWEEP_MS: '250',
  DARKROOM_PROVIDER: 'cpu',
  DARKROOM_THREADS: '1',
}
const ORDER = { prompt: 'a red boat on the sea', n: 2, quality: 'low', seed: 7 }
const LIMIT_MS = 90_000

type Victim = 'service' | 'inference child'

suite('embedded', () => {
  for (const victim of ['service', 'inference child'] as const)
    for (const stage of STAGES)
      if (victim === 'service' || stage === 'generate' || stage === 'moderate')
        test(`killing the ${victim} during ${stage} loses nothing and does nothing twice`, () =>
          killDuring(victim, stage))
})

async function killDuring(victim: Victim, stage: Stage): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), 'darkroom-kill-'))
  const env = { ...FAST, DARKROOM_HOME: home }
  try {
    let service = await startServe(env)
    const key = readKeys(home).client
    const orders = { acknowledged: 0 }
    const struck = strike(service, stage, victim === 'service' ? service.pid : null, orders)
    const ids = await submit(service, key, 3, orders)
    await struck
    if (victim === 'service') {
      await service.kill()
      service = await startServe(env)
    }
    const ended = await untilEnded(client(service.url, key), ids, LIMIT_MS)
    await checkReleased(service, key, ended)
    await service.kill()
    assertStoredOnce(home, ended)
    await using database = await openDatabase({ url: null, home })
    await assertHistory(database, ended)
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}

/** Orders that the service has answered for so far. */
type Orders = { acknowledged: number }

/** Kills `pid` (null: the inference child) a moment after a claim of `stage`, once an order is acknowledged. */
function strike(service: ServiceProcess, stage: Stage, pid: number | null, orders: Orders): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  let child = service.lines.find((line) => typeof line.inferencePid === 'number')?.inferencePid ?? 0
  service.onLine = (line: LogLine) => {
    if (typeof line.inferencePid === 'number') child = line.inferencePid
    if (line.msg !== 'a task is claimed' || line.stage !== stage || orders.acknowledged === 0) return
    service.onLine = () => undefined
    sleep(Math.random() * 30)
      .then(() => {
        process.kill(pid ?? child, 'SIGKILL')
        resolve()
      })
      .catch(reject)
  }
  return promise
}

async function submit(service: ServiceProcess, key: string, count: number, orders: Orders): Promise<string[]> {
  const order = async () => {
    const answer = await client(service.url, key).submit(ORDER)
    if (answer !== null) orders.acknowledged++
    return answer
  }
  const answers = await Promise.all(Array.from({ length: count }, order))
  return answers.filter((answer) => answer !== null).map((answer) => answer.id)
}

async function checkReleased(service: ServiceProcess, key: string, ended: GenerationJson[]): Promise<void> {
  assert.ok(ended.length > 0, 'at least one request was acknowledged')
  for (const request of ended) {
    assert.equal(request.state, 'done', JSON.stringify(request))
    for (const image of request.images) {
      if (image.state !== 'published') assert.ok(['held', 'denied'].includes(image.state), JSON.stringify(image))
      else assert.ok((await client(service.url, key).bytes(image.url ?? '')).length > 1000)
    }
  }
}

function assertStoredOnce(home: string, ended: GenerationJson[]): void {
  const published = ended.flatMap((request) => request.images.filter((image) => image.state === 'published'))
  const stored = readdirSync(join(home, 'objects', 'images')).filter((name) => name.startsWith('img_'))
  assert.deepEqual(stored.map((name) => name.slice(0, name.indexOf('.'))).sort(), published.map(({ id }) => id).sort())
}

type Database = Awaited<ReturnType<typeof openDatabase>>

async function assertHistory({ sql }: Database, ended: GenerationJson[]): Promise<void> {
  const moves = await sql
    .selectFrom('darkroom.move')
    .selectAll()
    .orderBy('tenant_id')
    .orderBy('tenant_sequence')
    .execute()
  const heads = new Map<string, string>()
  for (const move of moves) {
    assert.equal(move.previous_leaf, heads.get(move.tenant_id) ?? '0'.repeat(64))
    assert.equal(move.leaf_hash, leafHash(leafOf(move)))
    heads.set(move.tenant_id, move.leaf_hash)
  }
  for (const request of ended) {
    const ends = moves.filter((move) => move.subject_id === request.id && move.to_state === request.state)
    assert.equal(ends.length, 1, `${request.id} ended once`)
    for (const image of request.images)
      for (const state of ['planned', 'generated', 'cleared', 'marked', 'published'])
        assert.ok(moves.filter((move) => move.subject_id === image.id && move.to_state === state).length <= 1)
  }
  assert.deepEqual(await sql.selectFrom('darkroom.task').select('id').execute(), [], 'no task is left over')
}

suiteOn('on PostgreSQL, with workers in processes of their own', await withPostgres(), (postgres) => {
  const home = mkdtempSync(join(tmpdir(), 'darkroom-kill-'))
  let service: ServiceProcess
  let env: Record<string, string>
  before(async () => {
    env = { ...FAST, DARKROOM_HOME: home, DATABASE_URL: postgres.url }
    service = await startServe(env, ['--without-workers'])
  })
  after(async () => {
    await service?.kill()
    rmSync(home, { recursive: true, force: true })
  })

  for (const stage of STAGES)
    test(`killing the worker during ${stage} loses nothing and does nothing twice`, async () => {
      const key = readKeys(home).client
      const first = await startWorker(env, [])
      const orders = { acknowledged: 0 }
      const struck = strike(first, stage, first.pid, orders)
      const ids = await submit(service, key, 3, orders)
      await struck
      await first.kill()
      await using _second = await startWorker(env, [])
      const ended = await untilEnded(client(service.url, key), ids, LIMIT_MS)
      await checkReleased(service, key, ended)
      await using database = await openDatabase({ url: postgres.url, home: null })
      await assertHistory(database, ended)
    })
})
