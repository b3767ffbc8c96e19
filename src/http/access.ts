// Who may call a route. Each route says so in `config.access`; one that says nothing needs a caller. A bearer key comes before the
// session's cookie, and a cookie only acts (any method but GET and HEAD) for a page of this very origin.
import type { FastifyContextConfig, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Fault, isFault } from '../kernel/fault.ts'
import type { Ground } from '../kernel/ground.ts'
import { authenticate, type Caller } from '../tenant/caller.ts'
import type { Role } from '../tenant/roles.ts'
import { callerOfSession, callerOfUnattended } from '../tenant/sessions.ts'

/**
 * `optional`: `request.caller` may be null. A list: any one of these roles. `bearer`: a client, or whoever sends the secret of a
 * statement's link, which the route holds against its statement.
 */
export type Access = 'public' | 'optional' | 'caller' | 'bearer' | readonly Role[]

/** What a page asks of its own accord, while nobody need be there, says so in: it keeps no idle session alive. */
const UNATTENDED_HEADER = 'darkroom-unattended'

/** What a bearer sends the secret in: the link's fragment, which is told to no server by itself. */
export const SECRET_HEADER = 'darkroom-statement-secret'

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access
    /** Goes on while nobody need be there, as if each request said so. */
    unattended?: boolean
    /** Whose error shape the route speaks; `native` unless said. */
    dialect?: 'native' | 'openai'
  }
  interface FastifySchema {
    /** Who may call, as /openapi.json says it. Written from `config.access`. */
    'x-darkroom-access'?: Access
  }
  interface FastifyRequest {
    /** Null on public routes, and on optional ones when nobody signed in. */
    caller: Caller | null
  }
}

const SESSION_COOKIE = 'darkroom_session'

export function registerAccess(app: FastifyInstance, ground: Ground): void {
  app.decorateRequest('caller', null)
  app.addHook('onRoute', (route) => {
    if (route.schema === undefined) return
    const access = accessOf(route.config)
    // Either lets in; /openapi.json says so.
    const either = access === 'bearer' ? { security: [{ key: [] }, { statement: [] }] } : {}
    route.schema = { ...route.schema, ...either, 'x-darkroom-access': access }
  })
  app.addHook('onRequest', async (request, reply) => {
    const access = request.is404 ? 'public' : accessOf(request.routeOptions.config)
    if (access === 'public') return
    const bearing = access === 'bearer' && request.headers[SECRET_HEADER] !== undefined
    const mayBeNobody = access === 'optional' || bearing
    try {
      request.caller = await identify(ground, request)
      if (request.caller === null && !mayBeNobody)
        throw new Fault('unauthenticated', { detail: 'send an API key: Authorization: Bearer dk_live_...' })
    } catch (error) {
      const nobody = isFault(error, 'unauthenticated')
      if (mayBeNobody && (nobody || isFault(error, 'tenant_suspended'))) return
      if (nobody) challenge(request, reply)
      throw error
    }
    if (access === 'bearer' && !bearing) requireRole(request.caller, ['client'])
    if (typeof access === 'object') requireRole(request.caller, access)
  })
}

/** Who may call a route: anybody with a key, unless it says otherwise. */
function accessOf(config: FastifyContextConfig | undefined): Access {
  return config?.access ?? 'caller'
}

/** The caller of a route that needs one. */
export function callerOf(request: FastifyRequest): Caller {
  if (request.caller === null) throw new TypeError('this route was registered without a caller')
  return request.caller
}

/** Whether who was let in would be still, with the same roles: for an answer that goes on. It keeps no idle session alive. */
export async function stillCalls(ground: Ground, request: FastifyRequest): Promise<boolean> {
  try {
    const now = await identify(ground, request)
    return now !== null && now.roles.join() === callerOf(request).roles.join()
  } catch (error) {
    if (isFault(error, 'unauthenticated') || isFault(error, 'tenant_suspended')) return false
    throw error
  }
}

/** Where clients find this service: DARKROOM_PUBLIC_URL, else as they addressed it. Without a slash at its end. */
export function baseUrlOf(ground: Ground, request: FastifyRequest): string {
  const configured = ground.config.publicUrl
  const base = configured === null ? `${request.protocol}://${request.host}` : configured.replace(/\/+$/, '')
  if (!URL.canParse(base)) throw new Fault('invalid_request', { field: 'host', detail: 'the Host header is malformed' })
  return base
}

/** Refuses a browser that acts for a page of another origin. Fault: forbidden. */
export function requireSameOrigin(ground: Ground, request: FastifyRequest): void {
  const { origin } = request.headers
  const site = request.headers['sec-fetch-site']
  const ours = new URL(baseUrlOf(ground, request)).origin
  if (origin === undefined ? site === 'same-origin' : origin === ours) return
  throw new Fault('forbidden', { detail: 'a session acts only for pages of this origin; programs use an API key' })
}

export function sessionToken(request: FastifyRequest): string | null {
  return cookieOf(request, SESSION_COOKIE)
}

export function cookieOf(request: FastifyRequest, cookie: string): string | null {
  for (const part of (request.headers.cookie ?? '').split(';')) {
    const [name, value] = part.trim().split('=', 2)
    if (name === cookie && value !== undefined) return value
  }
  return null
}

/** Hands the browser a session's token, or takes it back (null). No script reads it and no other site sends it. */
export function setSessionCookie({ config }: Ground, reply: FastifyReply, token: string | null): FastifyReply {
  const secure = config.publicUrl?.startsWith('https:') ? '; Secure' : ''
  const maxAge = token === null ? 0 : config.sessionTtlSeconds
  return reply.header(
    'set-cookie',
    `${SESSION_COOKIE}=${token ?? ''}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${maxAge}${secure}`,
  )
}

async function identify(ground: Ground, request: FastifyRequest): Promise<Caller | null> {
  const { authorization } = request.headers
  if (authorization !== undefined) {
    const bearer = /^Bearer +(\S+) *$/i.exec(authorization)?.[1]
    if (bearer === undefined)
      throw new Fault('unauthenticated', { detail: 'Authorization is not of the form Bearer <key>' })
    return authenticate(ground, bearer)
  }
  const token = sessionToken(request)
  const unattended = request.routeOptions.config.unattended === true || request.headers[UNATTENDED_HEADER] !== undefined
  const find = unattended ? callerOfUnattended : callerOfSession
  const caller = token === null ? null : await find(ground, token)
  if (caller !== null && request.method !== 'GET' && request.method !== 'HEAD') requireSameOrigin(ground, request)
  return caller
}

function requireRole(caller: Caller | null, roles: readonly Role[]): void {
  if (caller?.roles.some((role) => roles.includes(role))) return
  throw new Fault('forbidden', { detail: `this needs a key with the role ${roles.join(' or ')}` })
}

/** RFC 6750 section 3. */
export function challenge(request: FastifyRequest, reply: FastifyReply): void {
  const wrong = request.headers.authorization === undefined ? '' : ', error="invalid_token"'
  reply.header('www-authenticate', `Bearer realm="darkroom"${wrong}`)
}
