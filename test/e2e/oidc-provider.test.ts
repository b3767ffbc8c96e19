// Providers that differ from the usual one: without a role map, down, lying about who came, and settings that cannot be right.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { readConfig } from '../../src/kernel/config.ts'
import { openOidc } from '../../src/tenant/oidc.ts'
import { readSignInRules } from '../../src/tenant/sign-in.ts'
import { json, openService } from '../http/service.ts'
import { type Forgery, openFalseProvider, openIdentityProvider } from '../support/identity-provider.ts'
import { CALLBACK, cookieIn, environment, openSigningIn, refusedWith, sessionOf } from './signing-in.ts'

const signingIn = await openSigningIn()
const { idp, service, toTheDoor } = signingIn
after(() => signingIn[Symbol.asyncDispose]())

test('without a role map only people whom an administrator linked come in', async () => {
  const env = environment(idp.issuer, { DARKROOM_OIDC_ROLE_MAP: '' })
  await using other = await openService(env)
  idp.serve(`${other.url}${CALLBACK}`)
  try {
    Object.assign(idp.state.account, { sub: 'linked', groups: ['chiefs'] })
    const first = await toTheDoor(other)
    refusedWith(await other.call(first.callback, { as: null, headers: { cookie: first.cookie } }), 'role')
    const { tenant } = await (await other.call('/v1/me', { as: 'admin' })).json()
    const body = { name: 'Lin', roles: ['compliance'], oidc: { issuer: idp.issuer, subject: 'linked' } }
    await other.call(`/v1/admin/tenants/${tenant.id}/people`, { ...json(body), as: 'admin' })
    const second = await toTheDoor(other)
    const response = await other.call(second.callback, { as: null, headers: { cookie: second.cookie } })
    const answer = await other.call('/v1/me', { as: null, headers: { cookie: sessionOf(response) } })
    assert.deepEqual((await answer.json()).roles, ['compliance'])
  } finally {
    idp.serve(`${service.url}${CALLBACK}`)
  }
})

test('a provider that is down is said to be, before and after the visit to it', async () => {
  await using gone = await openIdentityProvider({ sub: 'x', name: 'X', groups: ['reviewers'] })
  await using other = await openService(environment(gone.issuer))
  refusedWith(await other.call('/session/oidc/start', { as: null }), 'unreachable')
  gone.serve(`${other.url}${CALLBACK}`)
  const { callback, cookie } = await toTheDoor(other)
  await gone.stop()
  refusedWith(await other.call(callback, { as: null, headers: { cookie } }), 'unreachable')
  assert.equal((await other.call('/v1/me')).status, 200, 'keys work on')
})

test('a token that is unsigned, signed by another, for another, too old or of another attempt names nobody', async () => {
  await using liar = await openFalseProvider()
  await using other = await openService(environment(liar.issuer))
  const attempt = async (forgery: Forgery): Promise<Response> => {
    const start = await other.call('/session/oidc/start', { as: null })
    const sent = new URL(start.headers.get('location') ?? '').searchParams
    Object.assign(liar.state, { forgery, nonce: sent.get('nonce') ?? '' })
    assert.equal(sent.get('code_challenge_method'), 'S256')
    const path = `${CALLBACK}?code=c&state=${sent.get('state')}`
    return other.call(path, { as: null, headers: { cookie: cookieIn(start) } })
  }
  assert.equal((await attempt({})).status, 200, 'what is right comes in')
  const past = Math.floor(Date.now() / 1000) - 3600
  const forgeries: Record<string, Forgery> = {
    'alg none': { header: { alg: 'none' }, key: 'none' },
    'alg none, signed': { header: { alg: 'none' } },
    'no signature': { key: 'none' },
    'the key of somebody else': { key: 'theirs' },
    'the client’s secret': { header: { alg: 'HS256' }, key: 'client_secret' },
    'another audience': { claims: { aud: 'somebody-else' } },
    'another issuer': { claims: { iss: 'https://evil.example' } },
    'too old': { claims: { iat: past, exp: past + 60 } },
    'another attempt': { claims: { nonce: 'n'.repeat(43) } },
    'no nonce': { claims: { nonce: undefined } },
    'no subject': { claims: { sub: undefined } },
  }
  for (const [what, forgery] of Object.entries(forgeries)) {
    const response = await attempt(forgery)
    assert.equal(response.headers.get('location'), '/?signin=unsound', what)
    assert.equal(sessionOf(response), '', what)
  }
  liar.state.status = 500
  refusedWith(await attempt({}), 'unreachable')
})

test('what is wrong with the settings is said at the start', async () => {
  const unread: [Record<string, string>, RegExp][] = [
    [{ DARKROOM_OIDC_ALLOW_HTTP: 'false' }, /DARKROOM_OIDC_ISSUER: expected https/],
    [{ DARKROOM_OIDC_ISSUER: 'http://id.example' }, /DARKROOM_OIDC_ISSUER: expected https/],
    [{ DARKROOM_OIDC_CLIENT_ID: '' }, /DARKROOM_OIDC_CLIENT_ID: is needed/],
    [{ DARKROOM_OIDC_CLIENT_SECRET_FILE: '/nonexistent' }, /set one of them/],
    [{ DARKROOM_OIDC_SCOPES: 'profile' }, /DARKROOM_OIDC_SCOPES/],
    [{ DARKROOM_OIDC_ROLE_MAP: 'reviewers' }, /DARKROOM_OIDC_ROLE_MAP: expected pairs/],
    [{ DARKROOM_OIDC_ISSUER: '' }, /DARKROOM_OIDC_CLIENT_ID: needs DARKROOM_OIDC_ISSUER too/],
  ]
  for (const [more, message] of unread) assert.throws(() => readConfig(environment(idp.issuer, more)), message)
  const read = (more: Record<string, string>) => readConfig(environment(idp.issuer, more)).oidc ?? assert.fail()
  const refused: [Record<string, string>, RegExp][] = [
    [{ DARKROOM_OIDC_ROLE_MAP: 'reviewers=chief' }, /there is no role chief/],
    [{ DARKROOM_OIDC_ROLE_MAP: 'users=client' }, /operator's tenant has no client/],
    [{ DARKROOM_OIDC_TENANT: 'ten_nobody' }, /there is no such tenant/],
  ]
  for (const [more, message] of refused)
    await assert.rejects(readSignInRules(service.ground.database, read(more)), message)
  const file = { DARKROOM_OIDC_CLIENT_SECRET_FILE: '/nonexistent', DARKROOM_OIDC_CLIENT_SECRET: '' }
  await assert.rejects(openOidc(read(file)), /cannot read/)
})
