// The doorbell's contract, the same on PGlite, on PostgreSQL and on Redis: a ring reaches one worker once, told messages reach
// every process, delays hold, and whatever is lost is rung again by the sweeper. Redis: what is checked at start, and its outages.
import assert from 'node:assert/strict'
import { Writable } from 'node:stream'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import type { Stage } from '../../src/journey.ts'
import { type Database, openDatabase } from '../../src/kernel/database.ts'
import { isFault } from '../../src/kernel/fault.ts'
import { openLog } from '../../src/kernel/log.ts'
import { claimTask, completeTask, sweepTasks } from '../../src/kernel/tasks.ts'
import { type Doorbell, openDoorbell } from '../../src/schedule/doorbell.ts'
import { checkRedis, type RedisConfig } from '../../src/schedule/redis.ts'
import { withPostgres } from '../support/postgres.ts'
import { type TestRedis, withRedis } from '../support/redis.ts'
import { suiteOn } from '../support/services.ts'
import { openWorld, queueRequest } from '../support/world.ts'

const LIMIT_MS = 15_000
const log = openLog('silent')

async function until(what: string, holds: () => boolean): Promise<void> {
  const deadline = Date.now() + LIMIT_MS
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`not in time: ${what}`)
    await sleep(20)
  }
}

const due = (id: string, stage: Stage = 'mark', delayMs = 0) => ({ id, stage, ring: 0, delayMs })

type Place = { database: Database; redis: RedisConfig | null }
let count = 0
const newTask = () => `tsk_${++count}`

/** Opens the place and a doorbell on it for the suite; answers the place for further tests. */
function contract(open: () => Promise<Place>): () => Place {
  let place: Place
  let bell: Doorbell
  before(async () => {
    place = await open()
    bell = await openDoorbell({ ...place, log })
  })
  after(async () => {
    await bell[Symbol.asyncDispose]()
    await place.database[Symbol.asyncDispose]()
  })

  test('a ring reaches a worker of its stage, once, and no other stage', async () => {
    const heard: string[] = []
    const stops = [
      bell.answer('mark', 2, async (task) => void heard.push(`mark ${task}`)),
      bell.answer('publish', 2, async (task) => void heard.push(`publish ${task}`)),
    ]
    const [one, two] = [newTask(), newTask()]
    bell.ring([due(one), due(two, 'publish')])
    bell.ring([due(one)])
    await until('both rings', () => heard.length >= 2)
    await sleep(200)
    // The second ring of the same number is the same job while the first waits; once that is done it may ring again.
    assert.deepEqual([...new Set(heard)].sort(), [`mark ${one}`, `publish ${two}`].sort())
    await Promise.all(stops.map((stop) => stop()))
  })

  test('a delayed ring waits', async () => {
    const task = newTask()
    let at = 0
    const stop = bell.answer('mark', 1, async (id) => {
      if (id === task) at = Date.now()
    })
    const rung = Date.now()
    bell.ring([due(task, 'mark', 600)])
    await until('the ring', () => at > 0)
    assert.ok(at - rung >= 590, `it came after ${at - rung} ms`)
    await stop()
  })

  test('work that throws is not tried again by the queue', async () => {
    const task = newTask()
    let tries = 0
    const stop = bell.answer('mark', 1, async (id) => {
      if (id !== task) return
      tries++
      throw new Error('the work failed')
    })
    bell.ring([due(task)])
    await until('the try', () => tries > 0)
    await sleep(300)
    assert.equal(tries, 1)
    await stop()
  })

  test('generate tasks wake the dispatcher and are rung by nobody else', async () => {
    let woken = 0
    const rung: string[] = []
    const deaf = bell.hear(bell.dispatchTopic, () => woken++)
    const stop = bell.answer('generate', 1, async (task) => void rung.push(task))
    const [waiting, dispatched] = [newTask(), newTask()]
    bell.ring([due(waiting, 'generate')])
    await until('the dispatcher', () => woken > 0)
    bell.ringDispatched([due(dispatched, 'generate')])
    await until('the dispatched ring', () => rung.length > 0)
    assert.deepEqual(rung, [dispatched])
    deaf()
    await stop()
  })

  test('stopping waits for the work in hand', async () => {
    let done = false
    let begun = false
    const task = newTask()
    const stop = bell.answer('mark', 1, async (id) => {
      if (id !== task) return
      begun = true
      await sleep(300)
      done = true
    })
    bell.ring([due(task)])
    await until('the work', () => begun)
    await stop()
    assert.ok(done)
  })

  test('a listener that left hears nothing more', async () => {
    const heard: unknown[] = []
    const deaf = bell.hear('request.req_1', (message) => heard.push(message))
    bell.tell('request.req_1', { step: 1 })
    await until('the message', () => heard.length > 0)
    deaf()
    bell.tell('request.req_1', { step: 2 })
    await sleep(100)
    assert.deepEqual(heard, [{ step: 1 }])
  })

  test('it says that it works', () => bell.check())
  return () => place
}

/** Two doorbells on one place, as two processes have them. */
function betweenProcesses(place: () => Place): void {
  test('what one process tells the other hears, and itself once', async () => {
    await using here = await openDoorbell({ ...place(), log })
    await using there = await openDoorbell({ ...place(), log })
    const heard: string[] = []
    here.hear('request.req_2', (message) => heard.push(`here ${JSON.stringify(message)}`))
    there.hear('request.req_2', (message) => heard.push(`there ${JSON.stringify(message)}`))
    here.tell('request.req_2', { step: 3 })
    await until('both', () => heard.length >= 2)
    await sleep(200)
    assert.deepEqual(heard.sort(), ['here {"step":3}', 'there {"step":3}'])
  })
}

suite('the doorbell on PGlite', () => {
  contract(async () => ({ database: await openDatabase({ url: null, home: null }), redis: null }))
})

suiteOn('the doorbell on PostgreSQL', await withPostgres(), (postgres) => {
  betweenProcesses(
    contract(async () => ({ database: await openDatabase({ url: postgres.url, home: null }), redis: null })),
  )
})

suiteOn('the doorbell on Redis', await withRedis(), (server) => {
  const redis = { url: server.url, allowVolatile: false }
  const place = contract(async () => {
    // Any database that says it is shared: the rings lie in Redis.
    const database = await openDatabase({ url: null, home: null })
    return { database: { ...database, kind: 'postgres' }, redis }
  })
  betweenProcesses(place)

  test('after Redis is wiped, the sweeper rings what was lost', async () => {
    const rounds = await loseRings(place(), async (ring) => {
      ring()
      await sleep(200)
      const client = new Redis(server.url)
      await client.flushall()
      client.disconnect()
    })
    assert.ok(rounds > 0)
  })

  test('after Redis died and came back, waiting tasks are rung and workers answer', async () => {
    await loseRings(place(), async (ring) => {
      await server.kill()
      await sleep(100)
      ring()
      await sleep(200)
      await server.start()
    })
  })

  test('while Redis is away, ringing and telling do not throw, the check fails, and closing does not hang', async () => {
    const own = await withRedis()
    assert.ok('url' in own)
    await using _ = own
    const bell = await openDoorbell({ ...place(), redis: { url: own.url, allowVolatile: false }, log })
    const stop = bell.answer('mark', 1, async () => undefined)
    await bell.check()
    await own.kill()
    await sleep(100)
    bell.ring([due(newTask())])
    bell.tell('request.req_3', {})
    await assert.rejects(bell.check())
    const from = Date.now()
    await stop()
    await bell[Symbol.asyncDispose]()
    assert.ok(Date.now() - from < 25_000)
  })

  test('a full Redis refuses rings, loses none for good, and takes them when there is room', async () => {
    const rounds = await loseRings(place(), async (ring) => {
      const client = new Redis(server.url)
      await client.config('SET', 'maxmemory', '1mb')
      ring()
      await sleep(300)
      await client.config('SET', 'maxmemory', '0')
      client.disconnect()
    })
    assert.ok(rounds > 0)
  })
})

/** Queues a task whose ring `lose` makes vanish, then sweeps as the janitor does until a worker has it. Answers the sweeps it took. */
async function loseRings({ database, redis }: Place, lose: (ring: () => void) => Promise<void>): Promise<number> {
  await using bell = await openDoorbell({ database, redis, log })
  const world = await openWorld({ database })
  const { requestId, taskId } = await queueRequest(world, world.tenants[0])
  await database.sql.updateTable('darkroom.task').set({ stage: 'mark' }).where('id', '=', taskId).execute()
  await lose(() => bell.ring([due(taskId)]))
  let answered = false
  const stop = bell.answer('mark', 1, async (id) => {
    const claim = await claimTask(database.sql, id, 5000)
    if (claim === null) return
    await database.transact((tx) => completeTask(tx, claim))
    answered ||= claim.subjectId === requestId
  })
  let rounds = 0
  const deadline = Date.now() + LIMIT_MS
  while (!answered && Date.now() < deadline) {
    await sleep(200)
    if (answered) break
    const swept = await sweepTasks(database.sql, 200)
    rounds += swept.length
    bell.ringDispatched(swept)
  }
  assert.ok(answered, 'the lost ring was made good')
  await stop()
  return rounds
}

const refusals: [name: string, settings: string[], url: (url: string) => string, says: RegExp][] = [
  ['evicts', ['--maxmemory-policy', 'allkeys-lru'], (url) => url, /noeviction/],
  ['keeps no append-only file', ['--appendonly', 'no'], (url) => url, /appendonly yes.*DARKROOM_REDIS_ALLOW_VOLATILE/],
  ['wants a password', ['--requirepass', 'right'], (url) => url, /password/],
  ['has another password', ['--requirepass', 'right'], (url) => url.replace('//', '//:wrong@'), /password/],
]
for (const [name, settings, urlOf, says] of refusals)
  suiteOn(`a Redis that ${name}`, await withRedis(settings), (server: TestRedis) => {
    test('is refused at start with the variable and the remedy, and no password in the error', async () => {
      await assert.rejects(checkRedis({ url: urlOf(server.url), allowVolatile: false }, log), (error) => {
        assert.ok(isFault(error, 'config_invalid'), String(error))
        assert.equal(error.field, 'REDIS_URL')
        assert.match(error.message, says)
        assert.doesNotMatch(`${error.message} ${JSON.stringify(error.facts)}`, /wrong|right/)
        return true
      })
    })
  })

suiteOn('a volatile Redis', await withRedis(['--appendonly', 'no']), (server) => {
  test('is accepted when that is asked for, with a warning', async () => {
    const lines: string[] = []
    const sink = new Writable({
      write: (chunk, _encoding, done) => {
        lines.push(String(chunk))
        done()
      },
    })
    const loud = openLog('warn', sink)
    await checkRedis({ url: server.url, allowVolatile: true }, loud)
    assert.match(lines.join(''), /REDIS IS VOLATILE/)
  })
})

test('a Redis that is not there is a clear error within seconds', async () => {
  const from = Date.now()
  await assert.rejects(
    checkRedis({ url: 'redis://127.0.0.1:1', allowVolatile: false }, log),
    (error) =>
      isFault(error, 'doorbell_failed') && error.field === 'REDIS_URL' && /cannot reach Redis/.test(error.message),
  )
  assert.ok(Date.now() - from < 8000)
})
