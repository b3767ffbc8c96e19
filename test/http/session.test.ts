import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { ALLOWED, json, openService, type Service } from './service.ts'

let service: Service
before(async () => {
  service = await openService()
})
after(() => service[Symbol.asyncDispose]())

const form = (fields: Record<string, string>, headers: Record<string, string> = {}): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
  body: new URLSearchParams(fields).toString(),
})

async function signIn(as = 'client'): Promise<string> {
  const response = await service.call('/session', {
    ...form({ key: service.key(as) }, { origin: service.url }),
    as: null,
  })
  assert.equal(response.status, 303)
  assert.equal(response.headers.get('location'), '/')
  const cookie = response.headers.get('set-cookie') ?? ''
  assert.match(cookie, /^darkroom_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=28800$/)
  return cookie.split(';')[0] ?? ''
}

test('a key is exchanged for a cookie that reads as its owner', async () => {
  const cookie = await signIn()
  const me = await (await service.call('/v1/me', { as: null, headers: { cookie } })).json()
  assert.deepEqual(me.roles, ['client'])
  assert.equal(me.tenant.name, 'First client')
})

test('a module signs in with JSON and is told who it is', async () => {
  const response = await service.call('/session', {
    ...json({ key: ` ${service.key('reviewer')} ` }, { origin: service.url }),
    as: null,
  })
  assert.equal(response.status, 200)
  assert.deepEqual((await response.json()).roles, ['reviewer'])
  assert.ok(response.headers.get('set-cookie'))
})

test('a wrong key gets no cookie: a form goes back to the page, JSON gets 401', async () => {
  const wrong = await service.call('/session', { ...form({ key: 'dk_live_wrong' }, { origin: service.url }), as: null })
  assert.equal(wrong.headers.get('location'), '/?signin=failed')
  assert.equal(wrong.headers.get('set-cookie'), null)
  const refused = await service.call('/session', { ...json({ key: 'dk_live_wrong' }), as: null })
  assert.equal(refused.status, 401)
})

test('another site cannot sign a visitor in', async () => {
  for (const headers of [{ origin: 'https://evil.example' }, { origin: 'null' }, {}]) {
    const response = await service.call('/session', {
      ...form({ key: service.key('client') }, headers as Record<string, string>),
      as: null,
    })
    assert.equal(response.status, 403)
    assert.equal(response.headers.get('set-cookie'), null)
  }
})

test('a cookie acts only for a page of this origin; reading needs none', async () => {
  const cookie = await signIn()
  const order = (headers: Record<string, string>) =>
    service.call('/v1/generations', { ...json({ prompt: ALLOWED }, { cookie, ...headers }), as: null })
  assert.equal((await order({ origin: service.url })).status, 202)
  assert.equal((await order({ 'sec-fetch-site': 'same-origin' })).status, 202)
  for (const headers of [
    {},
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { 'sec-fetch-site': 'cross-site' },
  ])
    assert.equal((await order(headers as Record<string, string>)).status, 403)
  assert.equal((await service.call('/v1/generations', { as: null, headers: { cookie } })).status, 200)
})

test('a key needs no origin, and a bad one is not saved by a good cookie', async () => {
  const cookie = await signIn()
  const response = await service.call('/v1/me', { as: null, headers: { cookie, authorization: 'Bearer dk_live_bad' } })
  assert.equal(response.status, 401)
})

test('ending a session ends it on the server, not only in the browser', async () => {
  const cookie = await signIn()
  const ended = await service.call('/session/end', {
    method: 'POST',
    as: null,
    headers: { cookie, origin: service.url },
  })
  assert.equal(ended.status, 303)
  assert.match(ended.headers.get('set-cookie') ?? '', /darkroom_session=; .*Max-Age=0/)
  assert.equal((await service.call('/v1/me', { as: null, headers: { cookie } })).status, 401)
})

test('forms are taken nowhere but at the session', async () => {
  const response = await service.call('/v1/generations', form({ prompt: ALLOWED }))
  assert.equal(response.status, 415)
})
