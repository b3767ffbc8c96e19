// The pages: `/` playground, `/verify`, `/statements/:id`, and their static files under `/console/`.
// Pages are rendered here and filled in by the modules, which speak the public API with the session's cookie: the console can do
// nothing that a client cannot. No inline script or style exists, and the policy below forbids the browser to run any.

// These teach a route the words `hide` and `access`.
import type {} from '@fastify/swagger'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type {} from '../http/access.ts'
import type { ModelCard } from '../kernel/model.ts'
import { loadAssets } from './assets.ts'
import type { Html } from './html.ts'
import { layout } from './pages/layout.ts'
import { playgroundPage } from './pages/playground.ts'
import { signInPage } from './pages/sign-in.ts'
import { statementPage } from './pages/statement.ts'
import { type ReportCategory, verifyPage } from './pages/verify.ts'

/** `purposes`: what the tenant may declare; none: the field is not shown. */
export type ConsoleSession = { tenantName: string; roles: string[]; purposes: readonly string[] }

export type ConsoleOptions = {
  /** Who the request's cookie belongs to, or null. */
  session: (request: FastifyRequest) => Promise<ConsoleSession | null>
  models: readonly ModelCard[]
  /** Whether people may sign in with an identity provider, beside keys. */
  provider?: boolean
  /** Purposes that an appeal may declare; none: the field is not shown. */
  appealPurposes?: readonly string[]
  /** What a picture may be reported for; none: the verify page offers no report. */
  reportCategories?: readonly ReportCategory[]
  /** Origins that signed picture addresses may lead to, such as an S3 endpoint. None: pictures come from this one. */
  pictureOrigins?: readonly string[]
}

/** What every page is given to draw itself. */
export type PageContext = { at: (asset: string) => string; session: ConsoleSession | null; path: string }

const yearSeconds = 31_536_000
const page = { schema: { hide: true }, config: { access: 'optional' } } as const
const asset = { schema: { hide: true }, config: { access: 'public' } } as const

export async function registerConsole(app: FastifyInstance, options: ConsoleOptions): Promise<void> {
  const { provider = false } = options
  const assets = await loadAssets()
  const pictures = ["'self'", 'blob:', 'data:', ...(options.pictureOrigins ?? [])].join(' ')
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    `img-src ${pictures}`,
    ["connect-src 'self'", ...(options.pictureOrigins ?? [])].join(' '),
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ')

  const send = (reply: FastifyReply, context: PageContext, title: string, body: Html, modules: string[]) =>
    reply
      .headers({
        'content-security-policy': policy,
        'x-content-type-options': 'nosniff',
        // Not no-referrer: that would blank the Origin of the sign-in form, which the server checks.
        'referrer-policy': 'same-origin',
        'cross-origin-opener-policy': 'same-origin',
        'cache-control': 'no-store',
        vary: 'Cookie',
      })
      .type('text/html; charset=utf-8')
      .send(layout(context, title, body, modules).toString())

  const contextOf = async (request: FastifyRequest): Promise<PageContext> => ({
    at: assets.at,
    session: await options.session(request),
    path: request.url.split('?')[0] ?? '/',
  })

  app.get<{ Querystring: Record<string, string> }>('/', page, async (request, reply) => {
    const context = await contextOf(request)
    if (context.session === null) {
      return send(reply, context, 'Sign in', signInPage({ failure: request.query.signin, provider }), ['sign-in.ts'])
    }
    return send(reply, context, 'Playground', playgroundPage(context.session, options), ['playground.ts'])
  })

  app.get('/verify', page, async (request, reply) => {
    const context = await contextOf(request)
    return send(reply, context, 'Was this made here?', verifyPage(options.reportCategories ?? []), ['verify.ts'])
  })

  app.get<{ Params: { id: string } }>('/statements/:id', page, async (request, reply) => {
    const context = await contextOf(request)
    const body = statementPage(request.params.id, options.appealPurposes ?? [])
    return send(reply, context, 'Statement of reasons', body, ['statement.ts'])
  })

  app.get<{ Params: { version: string; name: string } }>('/console/:version/:name', asset, async (request, reply) => {
    const file = assets.files.get(request.params.name)
    if (file === undefined) return reply.callNotFound()
    // A page of another version (a deployment under way) still gets its script, but must not keep it.
    const current = request.params.version === assets.version
    reply.headers({
      'cache-control': current ? `public, max-age=${yearSeconds}, immutable` : 'no-cache',
      'x-content-type-options': 'nosniff',
      vary: 'Accept-Encoding',
    })
    reply.type(file.contentType)
    if (!/\bbr\b/.test(request.headers['accept-encoding'] ?? '')) return reply.send(file.body)
    return reply.header('content-encoding', 'br').send(file.brotli)
  })
}
