// Sign-in by the identity provider: /session/oidc/start sends the browser there, /session/oidc/callback takes it back. What is
// known of the attempt waits in a cookie of its own, which comes back with a visit from another site as the session's may not.
// A page in between then makes the first visit one of this site, so that the session's cookie can stay SameSite=Strict.
import { Type } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Attempt, openOidc } from '../../tenant/oidc.ts'
import { readSignInRules, signIn } from '../../tenant/sign-in.ts'
import { baseUrlOf, cookieOf, setSessionCookie } from '../access.ts'
import type { App } from '../app.ts'
import type { RouteDeps } from '../deps.ts'
import { problems } from '../schemas.ts'

const COOKIE = 'darkroom_oidc'
const START = '/session/oidc/start'
const CALLBACK = '/session/oidc/callback'
const ATTEMPT_SECONDS = 600
const SIGNED_IN = `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="0;url=/"><title>Signed in</title>
<p>You are signed in. <a href="/">Continue</a></p></html>
`

/** Adds nothing where no provider is configured. Fault: config_invalid. */
export async function oidcRoutes(app: App, { ground }: RouteDeps): Promise<void> {
  const config = ground.config.oidc
  if (config === null) return
  const provider = await openOidc(config)
  const rules = await readSignInRules(ground.database, config)
  const secure = ground.config.publicUrl?.startsWith('https:') ? '; Secure' : ''
  const keepAttempt = (reply: FastifyReply, value: string, maxAge: number) =>
    reply.header(
      'set-cookie',
      `${COOKIE}=${value}; Path=/session/oidc; HttpOnly; SameSite=Lax; Max-Age=${maxAge}${secure}`,
    )
  const refuse = (request: FastifyRequest, reply: FastifyReply, reason: string, code: string | null = null) => {
    request.log.warn({ reason, code }, 'a sign-in by the identity provider did not succeed')
    return reply.redirect(`/?signin=${reason}`, 303)
  }
  const schema = {
    tags: ['session'],
    security: [],
    response: { 303: Type.Null({ description: 'To the provider, or to the page, which says what went wrong.' }) },
  }

  app.get(
    START,
    {
      config: { access: 'public', limit: 'logins' },
      schema: { ...schema, summary: 'Sign in with the identity provider' },
    },
    async (request, reply) => {
      const begun = await provider.begin(`${baseUrlOf(ground, request)}${CALLBACK}`)
      if ('refused' in begun) return refuse(request, reply, begun.refused, begun.code)
      return keepAttempt(reply, written(begun.attempt), ATTEMPT_SECONDS).redirect(begun.url.href, 303)
    },
  )

  app.get(
    CALLBACK,
    {
      config: { access: 'public', limit: 'logins' },
      schema: {
        ...schema,
        summary: 'Where the identity provider sends the browser back',
        response: {
          ...schema.response,
          200: Type.String({ description: 'Signed in: a page that leads to the console.' }),
          ...problems(400),
        },
      },
    },
    async (request, reply) => {
      const attempt = readAttempt(cookieOf(request, COOKIE))
      keepAttempt(reply, '', 0)
      if (attempt === null || Date.now() - attempt.startedAt.getTime() > ATTEMPT_SECONDS * 1000)
        return refuse(request, reply, 'expired')
      const callback = new URL(request.url, baseUrlOf(ground, request))
      if (callback.searchParams.get('state') !== attempt.state) return refuse(request, reply, 'expired', 'state')
      const identity = await provider.finish(callback, attempt)
      if ('refused' in identity) return refuse(request, reply, identity.refused, identity.code)
      const session = await signIn(ground, rules, identity)
      if ('refused' in session) return refuse(request, reply, session.refused)
      setSessionCookie(ground, reply, session.token)
      return reply.header('cache-control', 'no-store').type('text/html; charset=utf-8').send(SIGNED_IN)
    },
  )
}

function written({ state, nonce, verifier, startedAt }: Attempt): string {
  return [state, nonce, verifier, startedAt.getTime()].join('.')
}

function readAttempt(text: string | null): Attempt | null {
  const [, state, nonce, verifier, time] =
    /^([\w-]{20,128})\.([\w-]{20,128})\.([\w-]{43,128})\.(\d{13})$/.exec(text ?? '') ?? []
  if (state === undefined || nonce === undefined || verifier === undefined) return null
  return { state, nonce, verifier, startedAt: new Date(Number(time)) }
}
