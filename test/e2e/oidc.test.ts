// Sign-in by an identity provider, through a real one on this machine: who comes in, as what, and everything that must not work.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { sql as raw } from 'kysely'
import { registerConsole } from '../../src/console/console.ts'
import { signInPage } from '../../src/console/pages/sign-in.ts'
import { readConfig } from '../../src/kernel/config.ts'
import { openOidc } from '../../src/tenant/oidc.ts'
import { openPersonSession } from '../../src/tenant/sessions.ts'
import { readSignInRules } from '../../src/tenant/sign-in.ts'
import { startChromium } from '../browser/chromium.ts'
import { ALLOWED, json, openService, type Service } from '../http/service.ts'
import { CLIENT, type Forgery, openFalseProvider, openIdentityProvider } from '../support/identity-provider.ts'
import { suiteOn } from '../support/services.ts'

const CALLBACK = '/session/oidc/callback'
const environment = (issuer: string, more: Record<string, string> = {}) => ({
  DARKROOM_OIDC_ISSUER: issuer,
  DARKROOM_OIDC_CLIENT_ID: CLIENT.id,
  DARKROOM_OIDC_CLIENT_SECRET: CLIENT.secret,
  DARKROOM_OIDC_ALLOW_HTTP: 'true',
  DARKROOM_OIDC_ROLE_MAP: 'reviewers=reviewer,auditors=compliance,chiefs=admin',
  ...more,
})

let idp: Awaited<ReturnType<typeof openIdentityProvider>>
let service: Service
before(async () => {
  idp = await openIdentityProvider({ sub: 'ada', name: 'Ada Lovelace', groups: ['reviewers'] })
  service = await openService(environment(idp.issuer), [
    (scope) =>
      registerConsole(scope, {
        models: [],
        appealsOpen: false,
        provider: true,
        session: async ({ caller }) => (caller === null ? null : { tenantName: caller.tenantName, roles: [] }),
      }),
  ])
  idp.serve(`${service.url}${CALLBACK}`)
})
after(async () => {
  await service[Symbol.asyncDispose]()
  await idp[Symbol.asyncDispose]()
})

const cookieIn = (response: Response) => (response.headers.getSetCookie()[0] ?? '').split(';')[0] ?? ''

/** Goes to the provider and comes back to the service's door, which it does not enter. */
async function toTheDoor(from: Service = service): Promise<{ callback: string; cookie: string }> {
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

async function enter(account: { sub: string; groups: string[] }): Promise<Response> {
  Object.assign(idp.state.account, account)
  const { callback, cookie } = await toTheDoor()
  return service.call(callback, { as: null, headers: { cookie } })
}

const sessionOf = (response: Response) =>
  (response.headers.getSetCookie().find((line) => line.startsWith('darkroom_session=')) ?? '').split(';')[0] ?? ''
const me = (cookie: string) => service.call('/v1/me', { as: null, headers: { cookie } })
const personOf = (sub: string) =>
  service.ground.database.sql
    .selectFrom('darkroom.person')
    .selectAll()
    .where('oidc_subject', '=', sub)
    .executeTakeFirst()
const kindsOf = async (id: string) => {
  const { sql } = service.ground.database
  const moves = await sql.selectFrom('darkroom.move').selectAll().where('subject_id', '=', id).orderBy('id').execute()
  return moves.map(({ kind }) => kind)
}

function refusedWith(response: Response, reason: string): void {
  assert.equal(response.status, 303)
  assert.equal(response.headers.get('location'), `/?signin=${reason}`)
  assert.equal(sessionOf(response), '', 'nobody was signed in')
}

test('who has a role comes in: a person is made, and their session is a cookie that no other site can send', async () => {
  const response = await enter({ sub: 'ada', groups: ['reviewers', 'nobody-knows'] })
  assert.equal(response.status, 200)
  assert.match(await response.text(), /http-equiv="refresh" content="0;url=\/"/)
  const set = response.headers.getSetCookie()
  assert.match(set.join('\n'), /darkroom_oidc=; .*Max-Age=0/)
  assert.match(set.join('\n'), /darkroom_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=28800/)
  const answer = await (await me(sessionOf(response))).json()
  const person = await personOf('ada')
  assert.deepEqual([answer.person_id, answer.roles, answer.tenant.name], [person?.id, ['reviewer'], 'Operator'])
  assert.equal(person?.name, 'Ada Lovelace')
  assert.deepEqual(await kindsOf(person?.id ?? ''), ['person.created', 'session.opened'])
})

test('the second sign-in finds the same person, whose roles follow the claim', async () => {
  const before_ = await personOf('ada')
  const first = sessionOf(await enter({ sub: 'ada', groups: ['reviewers'] }))
  const second = sessionOf(await enter({ sub: 'ada', groups: ['auditors'] }))
  assert.deepEqual((await (await me(second)).json()).roles, ['compliance'])
  assert.deepEqual((await (await me(first)).json()).roles, ['compliance'], 'an older session too')
  assert.equal((await personOf('ada'))?.id, before_?.id)
  assert.ok((await kindsOf(before_?.id ?? '')).includes('person.changed'))
})

test('who has no role is refused, is not made a person, and loses the sessions they had', async () => {
  refusedWith(await enter({ sub: 'eve', groups: ['visitors'] }), 'role')
  assert.equal(await personOf('eve'), undefined)
  refusedWith(await enter({ sub: 'eve', groups: ['reviewers', 'auditors'] }), 'role')
  const cookie = sessionOf(await enter({ sub: 'ada', groups: ['reviewers'] }))
  refusedWith(await enter({ sub: 'ada', groups: [] }), 'role')
  assert.equal((await me(cookie)).status, 401)
})

test('a wrong state, a lost cookie and an old attempt open nothing', async () => {
  Object.assign(idp.state.account, { sub: 'ada', groups: ['reviewers'] })
  const { callback, cookie } = await toTheDoor()
  const other = await toTheDoor()
  const tampered = callback.replace(/state=[^&]+/, 'state=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA')
  const old = cookie.replace(/\d{13}$/, String(Date.now() - 601_000))
  const tries: [string, Record<string, string>][] = [
    [tampered, { cookie }],
    [callback, {}],
    [callback, { cookie: other.cookie }],
    [callback, { cookie: 'darkroom_oidc=nonsense' }],
    [callback, { cookie: old }],
    [CALLBACK, { cookie }],
  ]
  for (const [path, headers] of tries) refusedWith(await service.call(path, { as: null, headers }), 'expired')
  assert.equal((await service.call(callback, { as: null, headers: { cookie } })).status, 200)
})

test('a code that was used opens nothing, nor does one that another attempt began', async () => {
  Object.assign(idp.state.account, { sub: 'ada', groups: ['reviewers'] })
  const mine = await toTheDoor()
  assert.equal((await service.call(mine.callback, { as: null, headers: { cookie: mine.cookie } })).status, 200)
  refusedWith(await service.call(mine.callback, { as: null, headers: { cookie: mine.cookie } }), 'again')
  const stolen = await toTheDoor()
  const own = await toTheDoor()
  const code = new URL(stolen.callback, service.url).searchParams.get('code') ?? ''
  const injected = own.callback.replace(/code=[^&]+/, `code=${code}`)
  refusedWith(await service.call(injected, { as: null, headers: { cookie: own.cookie } }), 'again')
})

test('who is declined by the provider, and who was deactivated here, is told so', async () => {
  idp.state.declines = true
  try {
    refusedWith(await enter({ sub: 'ada', groups: ['reviewers'] }), 'declined')
  } finally {
    idp.state.declines = false
  }
  const cookie = sessionOf(await enter({ sub: 'bo', groups: ['reviewers'] }))
  const person = await personOf('bo')
  const off = { ...json({ active: false }), method: 'PATCH', as: 'admin' }
  await service.call(`/v1/admin/people/${person?.id}`, off)
  assert.equal((await me(cookie)).status, 401)
  refusedWith(await enter({ sub: 'bo', groups: ['reviewers'] }), 'inactive')
})

test('a session without a key ends when nobody uses it, when its time is over, and when it is ended', async () => {
  const { sql } = service.ground.database
  const at = (seconds: number) =>
    raw`UPDATE darkroom.clock_offset SET by = ${seconds} * interval '1 second'`.execute(sql)
  const idle = sessionOf(await enter({ sub: 'ada', groups: ['reviewers'] }))
  const used = sessionOf(await enter({ sub: 'ada', groups: ['reviewers'] }))
  try {
    for (const [seconds, status] of [
      [7000, 200],
      [14_000, 200],
      [21_000, 200],
      [28_000, 200],
      [28_900, 401],
    ] as const) {
      await at(seconds)
      assert.equal((await me(used)).status, status, `used, ${seconds} s`)
      if (seconds === 14_000) assert.equal((await me(idle)).status, 401)
    }
  } finally {
    await at(0)
  }
  const cookie = sessionOf(await enter({ sub: 'ada', groups: ['reviewers'] }))
  await service.call('/session/end', { method: 'POST', as: null, headers: { cookie, origin: service.url } })
  assert.equal((await me(cookie)).status, 401)
})

test('a session without a key acts only for pages of this origin, and its administrator is named by person', async () => {
  const cookie = sessionOf(await enter({ sub: 'chief', groups: ['chiefs'] }))
  const make = (headers: Record<string, string>) =>
    service.call('/v1/admin/tenants', { ...json({ name: 'Acme' }, { cookie, ...headers }), as: null })
  assert.equal((await make({ origin: 'https://evil.example' })).status, 403)
  const made = await make({ origin: service.url })
  assert.equal(made.status, 201)
  const { id } = await made.json()
  const { sql } = service.ground.database
  const note = await sql.selectFrom('darkroom.move').select('facts').where('subject_id', '=', id).executeTakeFirst()
  assert.deepEqual(Object(note?.facts).by, { key: null, person: (await personOf('chief'))?.id })
})

test('a client who signed in without a key orders, and the order names the person', async () => {
  const { tenant } = await (await service.call('/v1/me')).json()
  const person = { name: 'Ola', roles: ['client'] }
  const made = await service.call(`/v1/admin/tenants/${tenant.id}/people`, { ...json(person), as: 'admin' })
  const { id } = await made.json()
  const { database } = service.ground
  const token = await database.transact((tx) =>
    openPersonSession(service.ground, tx, { id, tenantId: tenant.id, roles: ['client'] }),
  )
  const headers = { cookie: `darkroom_session=${token}`, origin: service.url }
  const order = await service.call('/v1/generations', { ...json({ prompt: ALLOWED }, headers), as: null })
  assert.equal(order.status, 202)
  const row = await database.sql
    .selectFrom('darkroom.request')
    .select(['key_id', 'person_id'])
    .where('id', '=', (await order.json()).id)
    .executeTakeFirst()
  assert.deepEqual(row, { key_id: null, person_id: id })
})

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

test('the page says each reason in words, and takes no words from the address', () => {
  for (const failure of ['unreachable', 'declined', 'again', 'expired', 'unsound', 'role', 'inactive', 'suspended'])
    assert.match(String(signInPage({ failure, provider: true })), /role="alert" id="sign-in-error">[^<]{30,}/, failure)
  const page = String(signInPage({ failure: '<b>call 0900</b>', provider: true }))
  assert.ok(!page.includes('0900') && !page.includes('sign-in-error'))
  assert.ok(!String(signInPage({ provider: false })).includes('oidc'))
})

suiteOn('sign-in by the identity provider, in a browser', await startChromium(), (chromium) => {
  test('one click on another site’s page and back ends in the console, signed in', async () => {
    Object.assign(idp.state.account, { sub: 'browser', groups: ['reviewers'] })
    await using tab = await chromium.tab()
    await tab.page.goto(service.url)
    await tab.page.click('#sign-in-provider')
    await tab.page.waitForSelector('text=Sign out')
    assert.equal(new URL(tab.page.url()).pathname, '/')
    Object.assign(idp.state.account, { sub: 'stranger', groups: [] })
    await using other = await chromium.tab()
    await other.page.goto(`${service.url}/session/oidc/start`)
    await other.page.waitForSelector('#sign-in-error:has-text("You have no role here")')
    assert.deepEqual([...tab.complaints, ...other.complaints], [])
  })
})
