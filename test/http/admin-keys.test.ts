// Keys over HTTP: shown once, ended, revoked with their sessions, and rotated with an overlap that never lengthens the old one.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { openAdministration } from './administration.ts'
import { json } from './service.ts'

const administration = await openAdministration()
const { service, call, clientTenant, notesOf, newTenant, newKey, later } = administration
after(() => administration[Symbol.asyncDispose]())

test('a key is shown once, works, is used, and is revoked with its sessions', async () => {
  const id = await newTenant()
  const made = await call(`/v1/admin/tenants/${id}/keys`, { body: { name: 'program', roles: ['client'], env: 'test' } })
  assert.equal(made.status, 201)
  assert.equal(made.headers.get('cache-control'), 'no-store')
  const { key, ...rest } = made.body
  assert.match(key, /^dk_test_/)
  assert.ok(key.startsWith(rest.prefix))
  const read = await call(`/v1/admin/keys/${rest.id}`)
  assert.deepEqual(read.body, rest)
  const session = await service.call('/session', { ...json({ key }), as: null })
  const cookie = session.headers.get('set-cookie')?.split(';')[0] ?? ''
  assert.notEqual((await call(`/v1/admin/keys/${rest.id}`)).body.last_used_at, null)
  assert.equal((await call(`/v1/admin/keys/${rest.id}/revoke`, { method: 'POST' })).status, 200)
  assert.equal((await call('/v1/me', { key })).status, 401)
  assert.equal((await service.call('/v1/me', { as: null, headers: { cookie } })).status, 401)
  assert.equal((await call(`/v1/admin/keys/${rest.id}/revoke`, { method: 'POST' })).status, 200)
  assert.deepEqual(
    (await notesOf(rest.id)).map(({ kind }) => kind),
    ['key.created', 'key.revoked'],
  )
  const moves = await service.ground.database.sql.selectFrom('darkroom.move').select('facts').execute()
  assert.ok(!JSON.stringify(moves).includes(key.slice(0, 16)))
})

test('a key ends when it was made to', async () => {
  const expires_at = new Date(Date.now() + 3_600_000).toISOString()
  const { key } = await newKey(clientTenant, { name: 'for an hour', roles: ['client'], expires_at })
  assert.equal((await call('/v1/me', { key })).status, 200)
  await later(3601, async () => assert.equal((await call('/v1/me', { key })).status, 401))
  for (const bad of ['2020-01-01T00:00:00Z', 'tomorrow', '2026-13-45T00:00:00Z']) {
    const body = { name: 'late', roles: ['client'], expires_at: bad }
    const answer = await call(`/v1/admin/tenants/${clientTenant}/keys`, { body })
    assert.deepEqual([answer.status, answer.body.field], [400, 'expires_at'], bad)
  }
})

test('a rotated key works until its overlap is over; the new one is like it', async () => {
  const old = await newKey(clientTenant, { name: 'rotating', roles: ['client'], env: 'test' })
  const rotated = await call(`/v1/admin/keys/${old.id}/rotate`, { body: { overlap_seconds: 600 } })
  assert.equal(rotated.status, 201)
  assert.equal(rotated.headers.get('cache-control'), 'no-store')
  const fresh = rotated.body
  assert.deepEqual([fresh.name, fresh.roles, fresh.env, fresh.expires_at], ['rotating', ['client'], 'test', null])
  for (const { key } of [old, fresh]) assert.equal((await call('/v1/me', { key })).status, 200)
  const again = await call(`/v1/admin/keys/${old.id}/rotate`, { body: {} })
  assert.equal(again.status, 409)
  assert.match(again.body.detail, new RegExp(fresh.id))
  await later(601, async () => {
    assert.equal((await call('/v1/me', { key: old.key })).status, 401)
    assert.equal((await call('/v1/me', { key: fresh.key })).status, 200)
    assert.equal((await call(`/v1/admin/keys/${old.id}/rotate`, { body: {} })).status, 409)
  })
  assert.deepEqual(
    (await notesOf(old.id)).map(({ kind }) => kind),
    ['key.created', 'key.rotated'],
  )
  assert.deepEqual(await notesOf(fresh.id), [], 'one note for one act')
  const atOnce = await call(`/v1/admin/keys/${fresh.id}/rotate`, { body: { overlap_seconds: 0 } })
  assert.equal((await call('/v1/me', { key: fresh.key })).status, 401)
  assert.equal((await call('/v1/me', { key: atOnce.body.key })).status, 200)
  for (const overlap_seconds of [-1, 2_592_001, 1.5])
    assert.equal((await call(`/v1/admin/keys/${atOnce.body.id}/rotate`, { body: { overlap_seconds } })).status, 400)
  const longest = await call(`/v1/admin/keys/${atOnce.body.id}/rotate`, { body: { overlap_seconds: 2_592_000 } })
  assert.equal(longest.status, 201)
})

test('a rotation never lengthens the old key, and its successor lasts as long as it was made to last', async () => {
  const expires_at = new Date(Date.now() + 60_000).toISOString()
  const old = await newKey(clientTenant, { name: 'short', roles: ['client'], expires_at })
  const { body } = await call(`/v1/admin/keys/${old.id}/rotate`, { body: { overlap_seconds: 3600 } })
  assert.equal((await call(`/v1/admin/keys/${old.id}`)).body.expires_at, expires_at)
  const lasts = Date.parse(body.expires_at) - Date.parse(body.created_at)
  assert.ok(Math.abs(lasts - 60_000) < 5000, String(lasts))
})
