// A service with a real identity provider on this machine, and a browser's walk between the two: to the provider, back to the door,
// and in. Cookies are kept by hand, so that a test can lose, swap or forge each. The tests are oidc*.test.ts.
import assert from 'node:assert/strict'
import { registerConsole } from '../../src/console/console.ts'
import { openService, type Service } from '../http/service.ts'
import { CLIENT, openIdentityProvider } from '../support/identity-provider.ts'

export const CALLBACK = '/session/oidc/callback'

export const environment = (issuer: string, more: Record<string, string> = {}) => ({
  DARKROOM_OIDC_ISSUER: issuer,
  DARKROOM_OIDC_CLIENT_ID: CLIENT.id,
  DARKROOM_OIDC_CLIENT_SECRET: CLIENT.secret,
  DARKROOM_OIDC_ALLOW_HTTP: 'true',
  DARKROOM_OIDC_ROLE_MAP: 'reviewers=reviewer,auditors=compliance,chiefs=admin',
  ...more,
})

export async function openSigningIn() {
  const idp = await openIdentityProvider({ sub: 'ada', name: 'Ada Lovelace', groups: ['reviewers'] })
  const service = await openService(environment(idp.issuer), ({ ground, review }) => [
    (scope) =>
      registerConsole(scope, {
        models: [],
        desk: { ground, review },
        provider: true,
        session: async ({ caller }) => caller,
      }),
  ])
  idp.serve(`${service.url}${CALLBACK}`)
  const { sql } = service.ground.database
  return {
    idp,
    service,
    toTheDoor: (from: Service = service) => walk(from),
    enter: async (account: { sub: string; groups: string[] }): Promise<Response> => {
      Object.assign(idp.state.account, account)
      const { callback, cookie } = await walk(service)
      return service.call(callback, { as: null, headers: { cookie } })
    },
    me: (cookie: string) => service.call('/v1/me', { as: null, headers: { cookie } }),
    personOf: (sub: string) =>
      sql.selectFrom('darkroom.person').selectAll().where('oidc_subject', '=', sub).executeTakeFirst(),
    kindsOf: async (id: string) => {
      const moves = await sql
        .selectFrom('darkroom.move')
        .select('kind')
        .where('subject_id', '=', id)
        .orderBy('id')
        .execute()
      return moves.map(({ kind }) => kind)
    },
    [Symbol.asyncDispose]: async () => {
      await service[Symbol.asyncDispose]()
      await idp[Symbol.asyncDispose]()
    },
  }
}

/** Goes to the provider and comes back to the service's door, which it does not enter. */
async function walk(from: Service): Promise<{ callback: string; cookie: string }> {
  const start = await from.call('/session/oidc/start', { as: null })
  assert.equal(start.status, 303)
  assert.match(
    start.headers.get('set-cookie') ?? '',
    /^darkroom_oidc=.*; Path=\/session\/oidc; HttpOnly; SameSite=Lax; /,
  )
  let at = start.headers.get('location') ?? ''
  const jar = new Map<string, string>()
  while (!at.startsWith(from.url)) {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await fetch(at, { redirect: 'manual', headers: { cookie } })
    for (const line of response.headers.getSetCookie()) {
      const [name = '', value = ''] = (line.split(';')[0] ?? '').split('=', 2)
      jar.set(name, value)
    }
    const next = response.headers.get('location')
    assert.ok(next, `the provider answered ${response.status}: ${(await response.text()).slice(0, 500)}`)
    at = new URL(next, at).href
  }
  return { callback: at.slice(from.url.length), cookie: cookieIn(start) }
}

/** The cookie of a sign-in on its way. */
export const cookieIn = (response: Response) => (response.headers.getSetCookie()[0] ?? '').split(';')[0] ?? ''

export const sessionOf = (response: Response) =>
  (response.headers.getSetCookie().find((line) => line.startsWith('darkroom_session=')) ?? '').split(';')[0] ?? ''

export function refusedWith(response: Response, reason: string): void {
  assert.equal(response.status, 303)
  assert.equal(response.headers.get('location'), `/?signin=${reason}`)
  assert.equal(sessionOf(response), '', 'nobody was signed in')
}
