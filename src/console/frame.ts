// What every page is sent in: the session it is drawn for, the security headers, the layout with its modules. A page says who may
// see it; everybody else gets the sign-in in its place, which leads back to it. No inline script or style exists, and the policy
// forbids the browser to run any.

// These teach a route the words `hide` and `access`.
import type {} from '@fastify/swagger'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type {} from '../http/access.ts'
import type {} from '../http/limits.ts'
import { type Problem, problemOf, sayWhen } from '../http/problems.ts'
import { Fault } from '../kernel/fault.ts'
import { ROLES, type Role } from '../tenant/roles.ts'
import type { Assets } from './assets.ts'
import type { ConsoleOptions, ConsoleSession } from './console.ts'
import { type Html, html } from './html.ts'
import { failurePage } from './pages/failure.ts'
import { layout } from './pages/layout.ts'
import { signInPage } from './pages/sign-in.ts'

/** What every page is given to draw itself. */
export type PageContext = {
  at: (asset: string) => string
  session: ConsoleSession | null
  path: string
  /** Of the page's own words, as BCP 47 names it; English unless the page speaks others. */
  language?: string
}
export type Page = {
  title: string
  body: Html
  /** Entry modules; what they import is found by itself. */
  modules?: readonly string[]
  language?: string
  /** 200 unless said. */
  status?: number
}
/** Another page of this service instead. */
export type Elsewhere = { elsewhere: string }
type Drawn = Page | Elsewhere
/** A page for whoever comes. */
type Public = (context: PageContext, request: FastifyRequest) => Drawn | Promise<Drawn>
/** A page for people with one of its roles. */
type Closed = (context: PageContext & { session: ConsoleSession }, request: FastifyRequest) => Drawn | Promise<Drawn>
/** Such a page where its request cannot be answered. */
type Failed = (problem: Problem) => Page
/** What a form of such a page does, and the page that it then shows. */
type Act = (fields: URLSearchParams, request: FastifyRequest) => Drawn | Promise<Drawn>

export type Frame = {
  open: (path: string, draw: Public) => void
  /** A form for whoever comes, as often as a stranger may ask; `bodyLimit` in bytes. */
  asks: (path: string, bodyLimit: number, draw: Public) => void
  /** `failed`: in place of the page of what fails before it is drawn. */
  closed: (path: string, roles: readonly Role[], draw: Closed, failed?: Failed) => void
  acts: (path: string, roles: readonly Role[], act: Act) => void
  /** A form of such a page that hands in a file, which the page reads as it comes; `bodyLimit` in bytes. */
  takes: (path: string, roles: readonly Role[], bodyLimit: number, draw: Closed) => void
}

const FORM = 'application/x-www-form-urlencoded'
const route = { schema: { hide: true }, config: { access: 'optional' } } as const

export function openFrame(app: FastifyInstance, options: ConsoleOptions, assets: Assets): Frame {
  const headers = securityHeaders(options.pictureOrigins ?? [])

  const contextOf = async (request: FastifyRequest): Promise<PageContext> => ({
    at: assets.at,
    session: await options.session(request),
    path: request.url.split('?')[0] ?? '/',
  })
  const send = (reply: FastifyReply, context: PageContext, drawn: Drawn) => {
    if ('elsewhere' in drawn)
      return reply.headers({ 'cache-control': 'no-store', vary: 'Cookie' }).redirect(drawn.elsewhere, 303)
    const { title, body, modules = [], language = 'en', status = 200 } = drawn
    const scripts = [...new Set(modules.flatMap(assets.withImports))]
    const page = layout({ ...context, language }, title, body, { entries: modules, scripts })
    return reply.code(status).headers(headers).type('text/html; charset=utf-8').send(page.toString())
  }
  const signIn = (reply: FastifyReply, request: FastifyRequest, context: PageContext, roles: readonly Role[]) => {
    const failure = Object(request.query).signin
    const body = signInPage({
      failure: typeof failure === 'string' ? failure : undefined,
      provider: options.provider ?? false,
      to: context.path,
      roles: roles.length === ROLES.length ? null : roles,
    })
    return send(reply, context, { title: 'Sign in', body, modules: ['sign-in.ts'] })
  }

  const closed = (roles: readonly Role[], draw: Closed) => async (request: FastifyRequest, reply: FastifyReply) => {
    const context = await contextOf(request)
    const { session } = context
    if (session === null) return signIn(reply, request, context, roles)
    if (!session.roles.some((role) => roles.includes(role))) return send(reply, context, forbiddenPage(roles))
    return send(reply, context, await draw({ ...context, session }, request))
  }

  const failed = new Map<string, { roles: readonly Role[]; draw: Failed }>()
  // Whatever fails before or in a page is told on a page, without the session where that is what failed.
  app.setErrorHandler(async (error, request, reply) => {
    const problem = problemOf(error, { bodyBytes: request.routeOptions.bodyLimit ?? 0 })
    if (problem.status >= 500) request.log.error({ error }, 'a page could not be drawn')
    sayWhen(reply, problem)
    const nobody = { at: assets.at, session: null, path: request.url.split('?')[0] ?? '/' }
    const context = problem.status >= 500 ? nobody : await contextOf(request).catch(() => nobody)
    const own = failed.get(request.method === 'GET' ? (request.routeOptions.url ?? '') : '')
    const theirs = context.session?.roles.some((role) => own?.roles.includes(role)) ?? false
    return send(
      reply,
      context,
      own !== undefined && theirs && problem.status < 500 ? own.draw(problem) : failurePage(problem, request.url),
    )
  })

  // Only of pages: elsewhere a form's body is refused, so no other site can post one to the API.
  app.addContentTypeParser(FORM, { parseAs: 'string' }, (_request, body, done) => {
    done(null, new URLSearchParams(String(body)))
  })

  return {
    open: (path, draw) => {
      app.get(path, route, async (request, reply) => {
        const context = await contextOf(request)
        return send(reply, context, await draw(context, request))
      })
    },
    asks: (path, bodyLimit, draw) => {
      const config = { ...route.config, limit: 'public' } as const
      app.post(path, { ...route, config, bodyLimit }, async (request, reply) => {
        const context = await contextOf(request)
        return send(reply, context, await draw(context, request))
      })
    },
    closed: (path, roles, draw, whenFailed) => {
      if (whenFailed !== undefined) failed.set(path, { roles, draw: whenFailed })
      app.get(path, route, closed(roles, draw))
    },
    takes: (path, roles, bodyLimit, draw) => void app.post(path, { ...route, bodyLimit }, closed(roles, draw)),
    acts: (path, roles, act) => {
      const draw: Closed = (_context, request) => {
        if (!(request.body instanceof URLSearchParams))
          throw new Fault('unsupported_media', { field: 'content-type', detail: `send ${FORM}` })
        return act(request.body, request)
      }
      app.post(path, route, closed(roles, draw))
    },
  }
}

function forbiddenPage(roles: readonly Role[]): Page {
  const body = html`<section class="lead">
<h1>This page is for others</h1>
<p>It needs a key with the role ${roles.join(' or ')}, and yours has another. Sign out to come in with a different key.</p>
</section>`
  return { title: 'Not yours to see', status: 403, body }
}

function securityHeaders(pictureOrigins: readonly string[]): Record<string, string> {
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    `img-src ${["'self'", 'blob:', 'data:', ...pictureOrigins].join(' ')}`,
    ["connect-src 'self'", ...pictureOrigins].join(' '),
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
  return {
    'content-security-policy': policy,
    'x-content-type-options': 'nosniff',
    // Not no-referrer: that would blank the Origin of the sign-in form, which the server checks.
    'referrer-policy': 'same-origin',
    'cross-origin-opener-policy': 'same-origin',
    'cache-control': 'no-store',
    vary: 'Cookie',
  }
}
