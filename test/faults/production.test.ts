// The kill matrix on the production form: five roles in processes of their own over PostgreSQL, Redis and S3, and requests that go on
// while each of them is killed or frozen past its lease, Redis is wiped, servers restart, half of S3's calls fail and COMMITs
// break before and after they persist. Then the history checker reads what is left.
// The whole of it, two thousand requests in some ten minutes on two cores, its counts printed:
//   DARKROOM_FAULT_REQUESTS=2000 npm test -- faults/production
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import pg from 'pg'
import { withProduction } from '../support/production.ts'
import { type Keys, readKeys, type ServiceProcess, startServe, startWorker } from '../support/service-process.ts'
import { freePort, suiteOn } from '../support/services.ts'
import { type FaultyObjects, openFaultyObjects } from './faulty-objects.ts'
import { type FaultyRecords, openFaultyRecords } from './faulty-records.ts'
import { checkHistory } from './history.ts'
import { openReceiver, type Receiver } from './receiver.ts'

const REQUESTS = Number(process.env.DARKROOM_FAULT_REQUESTS ?? 300)
const LEASE_MS = 2000
/** Longer than any lease: of tasks, and of the dispatcher. */
const FROZEN_MS = 6500
const ROLES = ['serve', 'gpu', 'finish', 'dispatcher', 'janitor'] as const
type Role = (typeof ROLES)[number]
const SETTLE_MS = 60_000 + REQUESTS * 300
const AT_ONCE = 16

/** Of twenty orders: two that a model draws, three drawn without one, and every other end that there is. */
const PROMPTS = [
  'a red boat on the sea',
  'a house on a hill at night',
  ...Array<string>(3).fill('sandbox:published'),
  ...Array<string>(3).fill('sandbox:denied'),
  ...Array<string>(3).fill('sandbox:held'),
  ...Array<string>(3).fill('sandbox:refused'),
  ...Array<string>(3).fill('sandbox:failed:nan'),
  ...Array<string>(3).fill('sandbox:failed:out_of_memory'),
] as const
/** Takes ten seconds, so that a fault finds it on the device. */
const SLOW_EVERY = 400
const CANCELLED_EVERY = 40

suiteOn('the production form under faults', await withProduction(), (production) => {
  const random = seeded(20_261_123)
  const home = mkdtempSync(join(tmpdir(), 'darkroom-matrix-'))
  const processes = new Map<Role, ServiceProcess>()
  const acknowledged = new Map<string, string>()
  let records: FaultyRecords
  let objects: FaultyObjects
  let receiver: Receiver
  let env: Record<string, string>
  let url = ''
  let keys: Keys
  let sent = 0

  const start = async (role: Role): Promise<void> => {
    const own = { ...env, DARKROOM_HOME: join(home, role) }
    processes.set(
      role,
      role === 'serve' ? await startServe(own, ['--without-workers']) : await startWorker(own, [role]),
    )
  }
  const running = (role: Role): ServiceProcess => processes.get(role) ?? assert.fail(`${role} is not running`)
  const restart = async (role: Role): Promise<void> => {
    await running(role).kill()
    await start(role)
  }

  before(async () => {
    records = await openFaultyRecords(production.databaseUrl, random)
    objects = await openFaultyObjects(production.s3.url, random)
    receiver = await openReceiver(random)
    const port = await freePort()
    url = `http://127.0.0.1:${port}`
    env = {
      ...production.env,
      DATABASE_URL: records.url,
      AWS_ENDPOINT_URL_S3: objects.url,
      PORT: String(port),
      DARKROOM_TASK_LEASE_MS: String(LEASE_MS),
      DARKROOM_TASK_BACKOFF_MS: '100',
      DARKROOM_TASK_SWEEP_MS: '250',
      DARKROOM_TASK_MAX_ATTEMPTS: '50',
      DARKROOM_PROVIDER: 'cpu',
      DARKROOM_THREADS: '1',
      DARKROOM_LOG_LEVEL: 'info',
      DARKROOM_WEBHOOK_ALLOW_CIDRS: '127.0.0.1/32',
      DARKROOM_WEBHOOK_HTTP_HOSTS: '127.0.0.1',
      DARKROOM_WEBHOOK_PORTS: '1024-65535',
      DARKROOM_WEBHOOK_POLL_MS: '250',
    }
    for (const role of ROLES) await start(role)
    keys = readKeys(join(home, 'serve'))
    await allowRehearsals(production.databaseUrl)
    const response = await ask('/v1/webhooks', { url: receiver.url, events: ['*'] })
    assert.equal(response.status, 201, await response.clone().text())
    receiver.secret = ((await response.json()) as { secret: string }).secret
  })
  after(async () => {
    for (const one of processes.values()) await one.kill()
    for (const one of [records, objects, receiver]) await one?.[Symbol.asyncDispose]()
    rmSync(home, { recursive: true, force: true })
  })

  const ask = (path: string, body: object, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`${url}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${keys.client}`, 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(20_000),
    })

  /** Orders until the service says 202, as a careful client does: under one idempotency key, whatever happened before. */
  const order = async (number: number): Promise<void> => {
    const key = `order-${number}`
    const prompt = number % SLOW_EVERY === 11 ? 'sandbox:slow' : PROMPTS[number % PROMPTS.length]
    const body = { prompt, n: number % 7 === 0 ? 2 : 1, steps: 2, seed: number, output_format: 'jpeg' }
    for (let tries = 0; tries < 200; tries++) {
      const response = await ask('/v1/generations', body, { 'idempotency-key': key }).catch(() => null)
      if (response?.status === 202) {
        const { id }: { id: string } = await response.json()
        acknowledged.set(key, id)
        // May come too late, or fail: the request then ends in another way.
        if (number % CANCELLED_EVERY === 7) await ask(`/v1/generations/${id}/cancel`, {}).catch(() => null)
        return
      }
      if (response !== null && response.status < 500 && ![408, 409, 429].includes(response.status))
        assert.fail(`order ${number}: ${response.status} ${await response.text()}`)
      await response?.body?.cancel()
      await sleep(100 + random() * 200)
    }
    assert.fail(`order ${number} was never acknowledged`)
  }

  /** Sends this phase's share of the orders, some at a time, while `fault` does its work. */
  const under = async (fault: () => Promise<void>): Promise<void> => {
    const first = sent
    const last = Math.min(REQUESTS, first + Math.ceil(REQUESTS / FAULTS.length))
    sent = last
    let next = first
    const senders = Array.from({ length: AT_ONCE }, async () => {
      while (next < last) await order(next++)
    })
    const struck = sleep(300).then(fault)
    await Promise.all([...senders, struck])
  }

  const freeze = async (role: Role): Promise<void> => {
    process.kill(running(role).pid, 'SIGSTOP')
    await sleep(FROZEN_MS)
    process.kill(running(role).pid, 'SIGCONT')
  }

  const FAULTS: [name: string, fault: () => Promise<void>][] = [
    ...ROLES.map((role): [string, () => Promise<void>] => [`${role} is killed`, () => restart(role)]),
    ...ROLES.map((role): [string, () => Promise<void>] => [`${role} is frozen past its lease`, () => freeze(role)]),
    [
      'Redis is wiped',
      async () => {
        const redis = new Redis(production.redis.url)
        await redis.flushall()
        await redis.quit()
      },
    ],
    [
      'Redis restarts',
      async () => {
        await production.redis.kill()
        await sleep(1500)
        await production.redis.start()
      },
    ],
    [
      'PostgreSQL restarts',
      async () => {
        await production.postgres.kill()
        await sleep(1500)
        await production.postgres.start()
      },
    ],
    [
      'half of all calls to S3 fail',
      async () => {
        objects.fail(0.5)
        await sleep(8000)
        objects.fail(0)
      },
    ],
    [
      'COMMITs break before and after they persist',
      async () => {
        records.break({ before: 0.1, after: 0.1 })
        await sleep(8000)
        records.break({ before: 0, after: 0 })
      },
    ],
  ]

  for (const [name, fault] of FAULTS) test(`orders are taken while ${name}`, () => under(fault))

  test('every order came to one end, one charge, one set of objects and a webhook, and nothing is left over', async (t) => {
    assert.ok(objects.failed.before > 0 && objects.failed.after > 0, 'S3 failed before and after')
    assert.ok(records.broken.before > 0 && records.broken.after > 0, 'COMMITs broke before and after')
    assert.equal(acknowledged.size, REQUESTS)
    const world = {
      databaseUrl: production.databaseUrl,
      s3: production.s3.client,
      imagesBucket: production.buckets.images,
      acknowledged,
      received: receiver.received,
    }
    const deadline = Date.now() + SETTLE_MS
    let history = await checkHistory(world)
    while (history.violations.length > 0 && Date.now() < deadline) {
      await sleep(1000)
      history = await checkHistory(world)
    }
    t.diagnostic(JSON.stringify({ ...history.counts, s3: objects.failed, commits: records.broken }))
    assert.deepEqual(history.violations.slice(0, 20), [], `${history.violations.length} violations`)
  })
})

/** The first client's tenant may rehearse and has no limits of its own. */
async function allowRehearsals(databaseUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  await client.query(`UPDATE darkroom.tenant SET sandbox = true, plan = 'unlimited' WHERE name = 'First client'`)
  await client.end()
}

/** mulberry32, so that a run can be told apart from another only by time. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
