// How often who may ask. A route names its limit in `config.limit`; a tenant's pace is its plan's and kept in the records, a
// stranger's is kept here by a hash of the address. Limited answers say how much is left (draft-ietf-httpapi-ratelimit-headers:
// a bucket of `q` that refills within `w` seconds). Keys that fail are counted by address too, before anybody looks them up.
import { createHmac, randomBytes } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import ipaddr from 'ipaddr.js'
import { Fault } from '../kernel/fault.ts'
import type { Pace, PacedLimit } from '../policy/quotas.ts'
import { quotaFault, readLimitsOf } from '../tenant/quota.ts'
import { openTurnstiles, type Paced, takeTurn } from '../tenant/rate.ts'
import { holdRefusals } from '../tenant/refusals.ts'
import type { ServerDeps } from './deps.ts'
import { openPressure } from './pressure.ts'
import { OpenaiErrorSchema, problems } from './schemas.ts'

/**
 * `generations` and `moderations`: a tenant's, by its plan. `public`, `log` and `logins`: an address'; `strangers`: an address' like `public`,
 * but only of whoever has no account. `listeners`: streams at once.
 */
export type Limit = 'generations' | 'moderations' | 'public' | 'log' | 'strangers' | 'logins' | 'listeners'

declare module 'fastify' {
  interface FastifyContextConfig {
    limit?: Limit
  }
}

const PLAN_LIMIT = { generations: 'requests', moderations: 'moderations' } as const satisfies Partial<
  Record<Limit, PacedLimit>
>
/** Credentials that were good lately: somebody else's bad ones from the same address do not lock them out. */
const GOOD_REMEMBERED = 10_000

export function registerLimits(app: FastifyInstance, { ground, admission }: Pick<ServerDeps, 'ground' | 'admission'>) {
  const { strangers } = ground.config
  const { sql } = ground.database
  const evenly = (perMinute: number): Pace => ({ per_minute: perMinute, burst: perMinute })
  const paces = {
    public: evenly(strangers.publicPerMinute),
    log: evenly(strangers.logPerMinute),
    logins: evenly(strangers.loginsPerMinute),
  }
  const turnstiles = {
    public: openTurnstiles(paces.public, strangers.addresses),
    log: openTurnstiles(paces.log, strangers.addresses),
    logins: openTurnstiles(paces.logins, strangers.addresses),
  }
  const failures = openTurnstiles(evenly(strangers.failedKeysPerMinute), strangers.addresses)
  const good = new Set<string>()
  const listening = new Map<string, number>()
  const secret = randomBytes(32)
  const digest = (text: string) => createHmac('sha256', secret).update(text).digest('base64url')
  const pressure = openPressure(ground)
  app.addHook('onClose', async () => pressure[Symbol.dispose]())
  app.addHook('onRoute', documentLimits)

  app.addHook('onRequest', async (request) => {
    const credential = credentialOf(request)
    if (credential === null || request.is404 || request.routeOptions.config.access === 'public') return
    const paced = failures.peek(digest(addressOf(request)))
    if (!paced.allowed && !good.has(digest(credential)))
      throw tooFast('too many keys from this address are wrong', paced)
  })
  app.addHook('onResponse', async (request, reply) => {
    const credential = credentialOf(request)
    if (credential === null) return
    if (reply.statusCode === 401) failures.take(digest(addressOf(request)))
    else if (request.caller !== null) {
      good.add(digest(credential))
      const [oldest] = good.size > GOOD_REMEMBERED ? good : []
      if (oldest !== undefined) good.delete(oldest)
    }
  })

  // After the caller is known and before a body is read.
  app.addHook('preParsing', async (request, reply) => {
    const { limit } = request.routeOptions.config
    switch (limit) {
      case undefined:
        return
      case 'strangers':
      case 'public':
      case 'log':
      case 'logins': {
        if (limit === 'strangers' && request.caller !== null) return
        const name = limit === 'strangers' ? 'public' : limit
        return announce(reply, name, paces[name], turnstiles[name].take(digest(addressOf(request))))
      }
      case 'generations':
      case 'moderations': {
        if (request.caller === null) return
        const { tenantId } = request.caller
        const { limits } = await readLimitsOf(sql, admission.plans, tenantId)
        const pace = limits[PLAN_LIMIT[limit]]
        if (pace !== null) announce(reply, limit, pace, await takeTurn(sql, tenantId, limit, pace))
        await holdRefusals(sql, limits, request.caller)
        if (limit === 'generations') await pressure.check()
        return
      }
      case 'listeners': {
        if (request.caller === null) return
        const { limits } = await readLimitsOf(sql, admission.plans, request.caller.tenantId)
        return seat(listening, request.caller.tenantId, limits.listeners, reply)
      }
      default:
        limit satisfies never
    }
  })
}

/** Says how much is left, and refuses what is too fast. Fault: rate_limited. */
function announce(reply: FastifyReply, name: Limit, { per_minute, burst }: Pace, paced: Paced): void {
  const windowSeconds = Math.max(1, Math.ceil((burst * 60) / per_minute))
  const seconds = Math.ceil((paced.allowed ? paced.resetMs : paced.retryMs) / 1000)
  reply.header('ratelimit-policy', `"${name}";q=${burst};w=${windowSeconds}`)
  reply.header('ratelimit', `"${name}";r=${paced.remaining};t=${seconds}`)
  if (!paced.allowed) throw tooFast(`no more than ${per_minute} requests a minute, ${burst} of them at once`, paced)
}

function tooFast(detail: string, { retryMs }: Paced): Fault {
  return new Fault('rate_limited', { retry: 'later', detail, facts: { retryAfterMs: retryMs } })
}

/** Counts an open stream until its connection ends. Fault: quota_exceeded. */
function seat(listening: Map<string, number>, tenantId: string, limit: number | null, reply: FastifyReply): void {
  const open = listening.get(tenantId) ?? 0
  if (limit !== null && open >= limit) throw quotaFault('listeners', limit, 1000)
  // Who has gone by now closes no more.
  if (reply.raw.closed) return
  listening.set(tenantId, open + 1)
  reply.raw.once('close', () => {
    const left = (listening.get(tenantId) ?? 1) - 1
    if (left > 0) listening.set(tenantId, left)
    else listening.delete(tenantId)
  })
}

/** What a caller would be known by; null when there is nothing to be wrong. */
function credentialOf({ headers }: FastifyRequest): string | null {
  return headers.authorization ?? headers.cookie ?? null
}

/** An IPv6 customer has a whole network of addresses (RFC 6177): its first 64 bits count. */
export function addressOf({ ip }: FastifyRequest): string {
  if (!ipaddr.isValid(ip)) return ip
  const address = ipaddr.process(ip)
  return address.kind() === 'ipv6' ? address.toNormalizedString().split(':').slice(0, 4).join(':') : address.toString()
}

/** Writes the answers that limits can give into a route's documentation. */
function documentLimits(route: RouteOptions): void {
  const { limit, access, dialect } = route.config ?? {}
  if (route.schema?.response === undefined || (limit === undefined && access === 'public')) return
  const statuses = limit === 'generations' ? [429, 503] : [429]
  const described =
    dialect === 'openai'
      ? Object.fromEntries(statuses.map((status) => [status, OpenaiErrorSchema]))
      : problems(...statuses)
  route.schema = { ...route.schema, response: { ...described, ...Object(route.schema.response) } }
}
