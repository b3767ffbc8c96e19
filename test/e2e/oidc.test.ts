// Sign-in by an identity provider, through a real one on this machine: who comes in, as what, and what opens nothing. A provider that
// fails or lies is in oidc-provider.test.ts, the sessions that sign-in opens in oidc-sessions.test.ts.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { signInPage } from '../../src/console/pages/sign-in.ts'
import { startChromium } from '../browser/chromium.ts'
import { json } from '../http/service.ts'
import { suiteOn } from '../support/services.ts'
import { CALLBACK, openSigningIn, refusedWith, sessionOf } from './signing-in.ts'

const browser = await startChromium()
const signingIn = await openSigningIn()
const { idp, service, toTheDoor, enter, me, personOf, kindsOf } = signingIn
after(() => signingIn[Symbol.asyncDispose]())

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

test('the page says each reason in words, and takes no words from the address', () => {
  for (const failure of ['unreachable', 'declined', 'again', 'expired', 'unsound', 'role', 'inactive', 'suspended'])
    assert.match(
      String(signInPage({ failure, provider: true, to: '/', roles: null })),
      /role="alert" id="sign-in-error">[^<]{30,}/,
      failure,
    )
  const page = String(signInPage({ failure: '<b>call 0900</b>', provider: true, to: '/', roles: null }))
  assert.ok(!page.includes('0900') && !page.includes('sign-in-error'))
  assert.ok(!String(signInPage({ provider: false, to: '/', roles: null })).includes('oidc'))
})

suiteOn('sign-in by the identity provider, in a browser', browser, (chromium) => {
  test('one click on another site’s page and back ends in the console, signed in', async () => {
    Object.assign(idp.state.account, { sub: 'browser', groups: ['reviewers'] })
    await using tab = await chromium.tab()
    await tab.page.goto(service.url)
    await tab.page.click('#sign-in-provider')
    await tab.page.waitForSelector('text=Sign out')
    assert.equal(new URL(tab.page.url()).pathname, '/review', 'the first page of a reviewer')
    Object.assign(idp.state.account, { sub: 'stranger', groups: [] })
    await using other = await chromium.tab()
    await other.page.goto(`${service.url}/session/oidc/start`)
    await other.page.waitForSelector('#sign-in-error:has-text("You have no role here")')
    assert.deepEqual([...tab.complaints, ...other.complaints], [])
  })
})
