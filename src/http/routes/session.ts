// Sessions for the pages: a key is exchanged for a cookie that scripts cannot read and other sites cannot send.
import { type Static, Type } from '@fastify/type-provider-typebox'
import { homeOf } from '../../console/home.ts'
import { isFault } from '../../kernel/fault.ts'
import type { Caller } from '../../tenant/caller.ts'
import { endSession, openSession } from '../../tenant/sessions.ts'
import { callerOf, requireSameOrigin, sessionToken, setSessionCookie } from '../access.ts'
import type { App } from '../app.ts'
import type { RouteDeps } from '../deps.ts'
import { problems } from '../schemas.ts'
import { optional, strict } from '../validation.ts'

const FORM = 'application/x-www-form-urlencoded'
const Me = Type.Object({
  tenant: Type.Object({ id: Type.String(), name: Type.String() }),
  person_id: Type.Union([Type.String(), Type.Null()]),
  roles: Type.Array(Type.String()),
})

/** A page of this service, without a query: nobody is sent elsewhere. */
const PageField = Type.String({
  maxLength: 200,
  pattern: '^/([a-z0-9_]+(/[a-z0-9_]+)*)?$',
  description: 'A page of this service, without a query, to go to once signed in.',
})

export function sessionRoutes(app: App, { ground }: RouteDeps): void {
  // Only here: elsewhere a form's body is refused, so no other site can post one to the API.
  app.addContentTypeParser(FORM, { parseAs: 'string' }, (_request, body, done) => {
    done(null, Object.fromEntries(new URLSearchParams(String(body))))
  })

  app.post(
    '/session',
    {
      config: { access: 'public', limit: 'logins' },
      schema: {
        tags: ['session'],
        summary: 'Exchange a key for a session cookie',
        consumes: ['application/json', FORM],
        security: [],
        body: Type.Object({ key: Type.String({ minLength: 1, maxLength: 200 }), to: optional(PageField) }, strict),
        response: {
          200: Type.Object({ ...Me.properties, to: Type.String({ description: 'The page to go to.' }) }),
          303: Type.Null({ description: 'A form is sent to the page.' }),
          ...problems(400, 401, 403),
        },
      },
    },
    async (request, reply) => {
      const form = request.headers['content-type']?.startsWith(FORM) === true
      if (form || request.headers.origin !== undefined) requireSameOrigin(ground, request)
      const asked = request.body.to ?? '/'
      try {
        const { token, caller } = await openSession(ground, request.body.key.trim())
        setSessionCookie(ground, reply, token)
        const to = asked === '/' ? homeOf(caller.roles) : asked
        return form ? reply.redirect(to, 303) : reply.send({ ...meResource(caller), to })
      } catch (error) {
        if (form && isFault(error, 'unauthenticated')) return reply.redirect(`${asked}?signin=failed`, 303)
        if (form && isFault(error, 'tenant_suspended')) return reply.redirect(`${asked}?signin=suspended`, 303)
        throw error
      }
    },
  )

  app.post(
    '/session/end',
    {
      config: { access: 'public' },
      schema: {
        tags: ['session'],
        summary: 'End the session',
        security: [],
        response: { 303: Type.Null({ description: 'To the page.' }), ...problems(403) },
      },
    },
    async (request, reply) => {
      const token = sessionToken(request)
      // The cookie of a visitor whom another site sends here stays at home, but the answer would still take it from the browser.
      if (token !== null || request.headers.origin !== undefined) requireSameOrigin(ground, request)
      if (token !== null) await endSession(ground, token)
      return setSessionCookie(ground, reply, null).redirect('/', 303)
    },
  )

  app.get(
    '/v1/me',
    {
      config: { access: 'caller' },
      schema: { tags: ['session'], summary: 'Who is calling', response: { 200: Me, ...problems(401) } },
    },
    async (request) => meResource(callerOf(request)),
  )
}

function meResource(caller: Caller): Static<typeof Me> {
  return {
    tenant: { id: caller.tenantId, name: caller.tenantName },
    person_id: caller.personId,
    roles: [...caller.roles],
  }
}
