// Redis for the doorbell: what must hold of the server before work is rung on it, and connections that fail fast when it is away.
// What it loses is swept from the records, yet a server that evicts keys or forgets them at each restart loses too much.
import { once } from 'node:events'
import { Redis, type RedisOptions } from 'ioredis'
import { Fault } from '../kernel/fault.ts'
import type { Log } from '../kernel/log.ts'

export type RedisConfig = { readonly url: string; readonly allowVolatile: boolean }

const FIELD = 'REDIS_URL'
const CONNECT_MS = 5000
const COMMAND_MS = 5000
const OLDEST = [6, 2] as const

/** For rings and messages: a command fails at once while the server is away, and after five seconds when it does not answer. */
export function ringConnection({ url }: RedisConfig): Redis {
  return new Redis(url, { ...steady, enableOfflineQueue: false, maxRetriesPerRequest: 1, commandTimeout: COMMAND_MS })
}

/** For workers, whose commands block: they wait for a server that is away. */
export function workConnection({ url }: RedisConfig): Redis {
  return new Redis(url, { ...steady, maxRetriesPerRequest: null })
}

/** Waits until commands can be sent. Fault: doorbell_failed. */
export async function readyConnection(redis: Redis): Promise<void> {
  if (redis.status === 'ready') return
  try {
    await once(redis, 'ready', { signal: AbortSignal.timeout(CONNECT_MS) })
  } catch (cause) {
    redis.disconnect()
    throw new Fault('doorbell_failed', { retry: 'later', field: FIELD, detail: 'cannot reach Redis', cause })
  }
}

const steady = {
  connectTimeout: CONNECT_MS,
  keepAlive: 10_000,
  retryStrategy: (times: number) => Math.min(2000, 50 * 2 ** times),
} satisfies RedisOptions

/** Faults: doorbell_failed (cannot be reached), config_invalid (password, version, eviction, durability), each with a remedy. */
export async function checkRedis({ url, allowVolatile }: RedisConfig, log: Log): Promise<void> {
  const facts = await readFacts(url)
  if (facts === null) {
    if (!allowVolatile)
      throw refuse('Redis does not let this user read INFO; allow it, or set DARKROOM_REDIS_ALLOW_VOLATILE=true')
    log.warn('REDIS IS UNCHECKED: whether it evicts keys or forgets them at a restart is unknown, as was allowed')
    return
  }
  const { version, policy, durable } = facts
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]))
    throw refuse(`Redis is ${version}; Darkroom needs ${OLDEST.join('.')} or newer`)
  if (policy !== 'noeviction')
    throw refuse(
      `Redis evicts keys when it is full (maxmemory-policy ${policy}); set 'maxmemory-policy noeviction' in redis.conf`,
    )
  if (durable) return
  if (!allowVolatile)
    throw refuse(
      "Redis keeps no append-only file; set 'appendonly yes' in redis.conf, or DARKROOM_REDIS_ALLOW_VOLATILE=true to " +
        'accept that each of its restarts delays work by up to a minute',
    )
  log.warn('REDIS IS VOLATILE: without an append-only file each of its restarts delays work, as was allowed')
}

type Facts = { version: string; policy: string; durable: boolean }

/** Null when INFO is denied. */
async function readFacts(url: string): Promise<Facts | null> {
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: CONNECT_MS,
    commandTimeout: COMMAND_MS,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  })
  // The reason comes as an event; the call says only that the connection is closed.
  const reasons: Error[] = []
  redis.on('error', (error: Error) => reasons.push(error))
  try {
    await redis.connect()
    const info = await redis.info()
    const value = (name: string) => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1] ?? ''
    return {
      version: value('redis_version'),
      policy: value('maxmemory_policy'),
      durable: value('aof_enabled') === '1',
    }
  } catch (error) {
    const cause = reasons[0] ?? error
    const said = cause instanceof Error ? cause.message : ''
    if (/^NOPERM/.test(said)) return null
    if (/^(WRONGPASS|NOAUTH|ERR (invalid password|AUTH|Client sent AUTH))/i.test(said))
      throw refuse('Redis refuses the user or password of REDIS_URL; it is redis://user:password@host:port', cause)
    throw new Fault('doorbell_failed', {
      retry: 'later',
      field: FIELD,
      detail: 'cannot reach Redis; check the address, and use rediss:// where the server speaks TLS',
      cause,
    })
  } finally {
    redis.disconnect()
  }
}

function refuse(detail: string, cause?: unknown): Fault {
  return new Fault('config_invalid', { field: FIELD, detail, ...(cause === undefined ? {} : { cause }) })
}
