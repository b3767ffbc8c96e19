// The doorbell: BullMQ's only adapter. A ring is a job that carries a task's id and nothing else; it wakes a worker, which then
// claims the task in the records. Jobs have one attempt and vanish when done: retries belong to the task. Told messages go to
// listeners in this process at once and to other processes through BullMQ's relay.
import { EventEmitter } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  createPostgresBackend,
  createPostgresRelayBackend,
  type JobsOptions,
  type PostgresConnectionOptions,
  Queue,
  Relay,
  runMigrations,
  Worker,
} from 'bullmq'
import { sql as raw } from 'kysely'
import { STAGES, type Stage } from '../journey.ts'
import type { Json } from '../kernel/canonical.ts'
import type { Database } from '../kernel/database.ts'
import { Fault } from '../kernel/fault.ts'
import type { Bell } from '../kernel/ground.ts'
import type { Log } from '../kernel/log.ts'
import { lostRings } from '../kernel/meters.ts'
import type { Due } from '../kernel/tasks.ts'
import { checkRedis, type RedisConfig, readyConnection, ringConnection, workConnection } from './redis.ts'

type Ring = { taskId: string }

export type Doorbell = Bell & {
  /** Topic that wakes the dispatcher. */
  readonly dispatchTopic: string
  /** Rings a stage's queue itself; generate tasks go through the dispatcher unless it is the one who rings. */
  readonly ringDispatched: (due: readonly Due[]) => void
  /** Adds one ring and waits for it, which nobody but a benchmark needs to. */
  readonly add: (due: Due) => Promise<unknown>
  /** Answers rings of a stage until the returned function has drained its work. */
  readonly answer: (stage: Stage, concurrency: number, work: (taskId: string) => Promise<void>) => () => Promise<void>
  /** Throws unless the doorbell can be rung. */
  readonly check: () => Promise<void>
  readonly [Symbol.asyncDispose]: () => Promise<void>
}

type Options = { database: Database; redis: RedisConfig | null; log: Log }

const DISPATCH = 'dispatch'
const JOB = { attempts: 1, removeOnComplete: true, removeOnFail: true } as const
const CLOSE_MS = 5000
const WORKER = { maxStalledCount: 0, lockDuration: 30_000 } as const

/** Opens the queues on Redis when one is given, else on the records' own database. Faults: doorbell_failed, config_invalid. */
export async function openDoorbell({ database, redis, log }: Options): Promise<Doorbell> {
  const backend = redis === null ? await onPostgres(database) : await onRedis(redis, database, log)
  const queues = new Map<Stage, RingQueue>()
  for (const stage of STAGES) queues.set(stage, watched(backend.queue(queueName(stage)), log))
  const ears = new EventEmitter()
  ears.setMaxListeners(0)
  // An embedded database has one process, which has heard itself already.
  const relay = database.kind === 'embedded' ? null : watched(backend.relay(), log)
  await relay
    ?.subscribe('>', ({ topic, data }) => {
      if (data.origin !== relay.nodeId) ears.emit(topic, data.message)
    })
    .catch((cause: unknown) => {
      throw new Fault('doorbell_failed', { detail: 'cannot reach the doorbell', cause })
    })

  const add = async ({ id, stage, ring, delayMs }: Due) =>
    queues.get(stage)?.add(stage, { taskId: id }, { ...JOB, jobId: `${id}-${ring}`, delay: delayMs })
  const push = (due: Due) => {
    add(due).catch((error: unknown) => {
      lostRings.inc()
      log.error({ error, task: due.id, stage: due.stage }, 'a ring was lost; the sweeper will ring again')
    })
  }
  const tell = (topic: string, message: Json) => {
    ears.emit(topic, message)
    if (!backend.isReachable()) return
    relay?.publish(topic, { origin: relay.nodeId, message }).catch((error: unknown) => {
      log.error({ error, topic }, 'a message to other processes was lost')
    })
  }
  return {
    dispatchTopic: DISPATCH,
    ring: (due) => {
      for (const one of due) if (one.stage !== 'generate') push(one)
      if (due.some((one) => one.stage === 'generate')) tell(DISPATCH, {})
    },
    ringDispatched: (due) => due.forEach(push),
    add,
    tell,
    hear: (topic, listener) => {
      ears.on(topic, listener)
      return () => ears.off(topic, listener)
    },
    answer: (stage, concurrency, work) => {
      const active = new Set<Promise<void>>()
      const answered = async (taskId: string) => {
        const working = work(taskId)
        active.add(working)
        await working.finally(() => active.delete(working))
      }
      const worker = watched(backend.worker(queueName(stage), concurrency, answered), log)
      return async () => {
        const closed = worker.close()
        await Promise.allSettled(active)
        await inTime(closed)
      }
    },
    check: backend.check,
    [Symbol.asyncDispose]: async () => {
      await inTime(Promise.all([relay?.close(), ...[...queues.values()].map((queue) => queue.close())]))
      await backend.close()
    },
  }
}

function queueName(stage: Stage): string {
  return `darkroom-${stage}`
}

type Closable = EventEmitter & { close: () => Promise<void> }
type RingQueue = Closable & { add: (name: string, ring: Ring, options: JobsOptions) => Promise<unknown> }
type Told = { origin: string; message: Json }
type Wire = Closable & {
  readonly nodeId: string
  subscribe: (pattern: string, listener: (message: { topic: string; data: Told }) => void) => Promise<unknown>
  publish: (topic: string, message: Told) => Promise<unknown>
}
type Backend = {
  queue: (name: string) => RingQueue
  worker: (name: string, concurrency: number, work: (taskId: string) => Promise<void>) => Closable
  relay: () => Wire
  /** False while messages would only pile up. */
  isReachable: () => boolean
  check: () => Promise<void>
  close: () => Promise<void>
}

async function onPostgres(database: Database): Promise<Backend> {
  // Both pools have the shape that BullMQ documents; its types know node-postgres' overloads less well than it does.
  const connection = database.doorbellPool as PostgresConnectionOptions
  const client = await database.doorbellPool.connect()
  try {
    await runMigrations(client)
  } catch (cause) {
    throw new Fault('doorbell_failed', { detail: 'cannot prepare the doorbell in the database', cause })
  } finally {
    client.release()
  }
  return {
    queue: (name) => new Queue(name, { connection }, createPostgresBackend),
    worker: (name, concurrency, work) =>
      new Worker(name, (job) => work(job.data.taskId), { ...WORKER, connection, concurrency }, createPostgresBackend),
    relay: () => new Relay({ connection, namespace: 'darkroom', backend: createPostgresRelayBackend }),
    isReachable: () => true,
    check: database.check,
    close: async () => undefined,
  }
}

async function onRedis(redis: RedisConfig, database: Database, log: Log): Promise<Backend> {
  await checkRedis(redis, log)
  const ringing = watched(ringConnection(redis), log)
  const working = watched(workConnection(redis), log)
  await readyConnection(ringing)
  let wasAway = false
  ringing.on('close', () => {
    wasAway = true
  })
  ringing.on('ready', () => {
    if (!wasAway) return
    wasAway = false
    forgetRings(database).catch((error: unknown) => log.error({ error }, 'rings could not be asked for again'))
  })
  const options = { prefix: 'darkroom' }
  return {
    queue: (name) => new Queue(name, { ...options, connection: ringing }),
    worker: (name, concurrency, work) =>
      new Worker(name, (job) => work(job.data.taskId), { ...WORKER, ...options, connection: working, concurrency }),
    relay: () => new Relay({ ...options, connection: working, namespace: 'darkroom' }),
    isReachable: () => working.status === 'ready',
    check: async () => {
      await ringing.ping()
    },
    close: async () => {
      for (const connection of [ringing, working]) connection.disconnect()
    },
  }
}

/** After Redis was away: every task that waits may have lost its ring, so the sweeper's next pass rings them all. */
async function forgetRings({ sql }: Database): Promise<void> {
  // Waits for nobody: who holds a row here locks others too, in an order of their own.
  await raw`
    UPDATE darkroom.task SET rung_at = NULL
     WHERE id IN (SELECT id FROM darkroom.task
                   WHERE lease_until IS NULL AND runnable_at <= (SELECT darkroom.now()) AND rung_at IS NOT NULL
                     AND (stage <> 'generate' OR dispatched_at IS NOT NULL) FOR UPDATE SKIP LOCKED)`.execute(sql)
}

/** A queue that is away answers no goodbye; what it still holds of ours runs out by itself. */
async function inTime(closing: Promise<unknown>): Promise<void> {
  const limit = new AbortController()
  try {
    await Promise.race([closing, sleep(CLOSE_MS, undefined, { signal: limit.signal })])
  } catch {
    // It was lost already.
  } finally {
    limit.abort()
  }
}

/** BullMQ reports a lost connection as an event; unheard it would end the process. */
function watched<T extends EventEmitter>(emitter: T, log: Log): T {
  emitter.on('error', (error: unknown) => log.error({ error }, 'the doorbell reports an error'))
  return emitter
}
