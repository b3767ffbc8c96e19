import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { sql as raw } from 'kysely'
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

test('who signs in is led to the page that they asked for, else to the first one of their role, and never elsewhere', async () => {
  const origin = { origin: service.url }
  const to = async (as: string, page?: string) => {
    const fields = { key: service.key(as), ...(page === undefined ? {} : { to: page }) }
    const response = await service.call('/session', { ...form(fields, origin), as: null })
    return response.headers.get('location') ?? response.status
  }
  assert.equal(await to('reviewer'), '/review')
  assert.equal(await to('reviewer', '/'), '/review')
  assert.equal(await to('reviewer', '/appeals'), '/appeals')
  assert.equal(await to('admin'), '/review/people')
  assert.equal(await to('compliance'), '/audit')
  assert.equal(await to('client', '/statements/sor_01'), '/statements/sor_01')
  for (const page of [
    '//evil.example',
    'https://evil.example',
    '/\\evil.example',
    '/a/../b',
    '/?x=1',
    '/%2f',
    'review',
  ])
    assert.equal(await to('client', page), 400, page)
  const wrong = await service.call('/session', { ...form({ key: 'dk_live_wrong', to: '/review' }, origin), as: null })
  assert.equal(wrong.headers.get('location'), '/review?signin=failed')
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

test('another site cannot sign a visitor out, whose cookie it does not even bring along', async () => {
  for (const origin of ['https://evil.example', 'null']) {
    const response = await service.call('/session/end', { method: 'POST', as: null, headers: { origin } })
    assert.equal(response.status, 403)
    assert.equal(response.headers.get('set-cookie'), null)
  }
})

test('forms are taken nowhere but at the session', async () => {
  const response = await service.call('/v1/generations', form({ prompt: ALLOWED }))
  assert.equal(response.status, 415)
})

test('a session that nobody uses ends before its time', async () => {
  const cookie = await signIn()
  const { sql } = service.ground.database
  const status = async (seconds: number) => {
    await raw`UPDATE darkroom.clock_offset SET by = ${seconds} * interval '1 second'`.execute(sql)
    return (await service.call('/v1/me', { as: null, headers: { cookie } })).status
  }
  try {
    assert.equal(await status(7100), 200)
    assert.equal(await status(14_200), 200, 'use keeps it')
    assert.equal(await status(21_500), 401)
  } finally {
    await raw`UPDATE darkroom.clock_offset SET by = interval '0'`.execute(sql)
  }
})

test('a suspended tenant’s key opens no session, and its open one is refused', async () => {
  const cookie = await signIn('second_client')
  const { tenant } = await (await service.call('/v1/me', { as: 'second_client' })).json()
  const suspend = (suspended: boolean) =>
    service.call(`/v1/admin/tenants/${tenant.id}`, { ...json({ suspended }), method: 'PATCH', as: 'admin' })
  await suspend(true)
  try {
    const again = await service.call('/session', {
      ...form({ key: service.key('second_client') }, { origin: service.url }),
      as: null,
    })
    assert.equal(again.headers.get('location'), '/?signin=suspended')
    assert.equal(again.headers.get('set-cookie'), null)
    assert.equal((await service.call('/v1/me', { as: null, headers: { cookie } })).status, 403)
  } finally {
    await suspend(false)
  }
  assert.equal((await service.call('/v1/me', { as: null, headers: { cookie } })).status, 200)
})

test('without an identity provider there is no door to one', async () => {
  for (const path of ['/session/oidc/start', '/session/oidc/callback'])
    assert.equal((await service.call(path, { as: null })).status, 404)
})
