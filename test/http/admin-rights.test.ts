// Who may do what to whom: roles by tenant, a customer's own administrator, people and what they lose, and the last administrator.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { type Call, openAdministration } from './administration.ts'
import { json, openService } from './service.ts'

const administration = await openAdministration()
const { call, operatorId, clientTenant, secondTenant, notesOf, newTenant, newKey } = administration
after(() => administration[Symbol.asyncDispose]())

test('roles belong where the table says, and nobody gives more than is theirs to give', async () => {
  const id = await newTenant()
  const own = await newKey(id, { name: 'their admin', roles: ['tenant_admin'] })
  const refused: [string, string[], string | undefined][] = [
    [operatorId, ['client'], undefined],
    [operatorId, ['tenant_admin'], undefined],
    [id, ['reviewer'], undefined],
    [id, ['admin'], undefined],
    [id, ['compliance'], own.key],
    [id, ['client', 'admin'], own.key],
    [operatorId, ['reviewer', 'compliance'], undefined],
  ]
  for (const [tenantId, roles, key] of refused)
    for (const what of ['keys', 'people']) {
      const answer = await call(`/v1/admin/tenants/${tenantId}/${what}`, {
        ...(key === undefined ? {} : { key }),
        body: { name: 'x', roles },
      })
      assert.deepEqual([answer.status, answer.body.field], [403, 'roles'], `${what} ${roles}`)
    }
  const reviewer = await call(`/v1/admin/tenants/${operatorId}/keys`, { body: { name: 'r', roles: ['reviewer'] } })
  assert.deepEqual([reviewer.status, reviewer.body.field], [400, 'person_id'])
})

test('a customer’s administrator administers its own tenant, and nothing else exists for it', async () => {
  const id = await newTenant()
  const { key, id: keyId } = await newKey(id, { name: 'their admin', roles: ['tenant_admin'] })
  const mine = await call(`/v1/admin/tenants/${id}/keys`, { key, body: { name: 'program', roles: ['client'] } })
  assert.equal(mine.status, 201)
  const person = await call(`/v1/admin/tenants/${id}/people`, { key, body: { name: 'Ada', roles: ['client'] } })
  assert.equal(person.status, 201)
  assert.equal(
    (await call(`/v1/admin/people/${person.body.id}`, { key, method: 'PATCH', body: { name: 'B' } })).status,
    200,
  )
  assert.deepEqual(
    (await call('/v1/admin/tenants', { key })).body.data.map((one: { id: string }) => one.id),
    [id],
  )
  assert.equal((await call('/v1/admin/tenants', { key, body: { name: 'more' } })).status, 403)
  assert.equal((await call(`/v1/admin/tenants/${id}`, { key, method: 'PATCH', body: { weight: 9 } })).status, 403)
  const theirs = await newKey(secondTenant, { name: 'theirs', roles: ['client'] })
  const somebody = await call(`/v1/admin/tenants/${secondTenant}/people`, { body: { name: 'Bo', roles: ['client'] } })
  const nowhere: [string, Call][] = [
    [`/v1/admin/tenants/${secondTenant}`, {}],
    [`/v1/admin/tenants/${operatorId}/keys`, {}],
    [`/v1/admin/tenants/${secondTenant}/people`, {}],
    [`/v1/admin/tenants/${secondTenant}/keys`, { body: { name: 'x', roles: ['client'] } }],
    [`/v1/admin/tenants/${secondTenant}/people`, { body: { name: 'x', roles: ['client'] } }],
    [`/v1/admin/keys/${theirs.id}`, {}],
    [`/v1/admin/keys/${theirs.id}/rotate`, { body: {} }],
    [`/v1/admin/keys/${theirs.id}/revoke`, { method: 'POST' }],
    [`/v1/admin/people/${somebody.body.id}`, {}],
    [`/v1/admin/people/${somebody.body.id}`, { method: 'PATCH', body: { active: false } }],
    [`/v1/admin/keys/${keyId.slice(0, -4)}0000`, {}],
  ]
  for (const [path, init] of nowhere) {
    const answer = await call(path, { ...init, key })
    assert.equal(answer.status, 404, `${init.method ?? ''} ${path}`)
  }
  assert.equal((await call('/v1/me', { key: theirs.key })).status, 200)
})

test('a deactivated person can do nothing until activated; a lost role is lost by their keys too', async () => {
  const body = { name: 'Rae', roles: ['reviewer', 'admin'] }
  const person = (await call(`/v1/admin/tenants/${operatorId}/people`, { body })).body
  const order = { name: 'rae', roles: ['reviewer', 'admin'], person_id: person.id }
  const { key } = await newKey(operatorId, order)
  const patch = (body: object) => call(`/v1/admin/people/${person.id}`, { method: 'PATCH', body })
  assert.equal((await patch({ active: false })).body.active, false)
  assert.equal((await call('/v1/me', { key })).status, 401)
  const inactive = await call(`/v1/admin/tenants/${operatorId}/keys`, { body: order })
  assert.equal(inactive.status, 409)
  await patch({ active: true })
  await patch({ roles: ['reviewer'] })
  assert.deepEqual((await call('/v1/me', { key })).body.roles, ['reviewer'])
  assert.equal((await call('/v1/admin/tenants', { key })).status, 403)
  const more = await call(`/v1/admin/tenants/${operatorId}/keys`, { body: order })
  assert.deepEqual([more.status, more.body.field], [403, 'roles'])
  const kinds = (await notesOf(person.id)).map(({ kind }) => kind)
  assert.deepEqual(kinds, ['person.created', 'person.deactivated', 'person.activated', 'person.changed'])
})

test('one subject of the identity provider is one person of a tenant', async () => {
  const oidc = { issuer: 'https://id.example', subject: 'abc' }
  const body = { name: 'Ida', roles: ['client'], oidc }
  const first = await call(`/v1/admin/tenants/${clientTenant}/people`, { body })
  assert.deepEqual(first.body.oidc, oidc)
  assert.equal((await call(`/v1/admin/tenants/${clientTenant}/people`, { body })).status, 409)
  assert.equal((await call(`/v1/admin/tenants/${secondTenant}/people`, { body })).status, 201)
  const unlinked = await call(`/v1/admin/people/${first.body.id}`, { method: 'PATCH', body: { oidc: null } })
  assert.equal(unlinked.body.oidc, null)
})

test('the last administrator stays, and nobody locks themselves out', async () => {
  await using other = await openService()
  const as = (name: string, path: string, init: RequestInit = {}) => other.call(path, { as: name, ...init })
  const { tenant, person_id } = await (await as('admin', '/v1/me')).json()
  const keys = (await (await as('admin', `/v1/admin/tenants/${tenant.id}/keys`)).json()).data
  const admin = keys.find((key: { name: string }) => key.name === 'admin')
  const own = await as('admin', `/v1/admin/keys/${admin.id}/revoke`, { method: 'POST' })
  assert.equal(own.status, 409)
  for (const body of [{ active: false }, { roles: ['compliance'] }]) {
    const answer = await as('admin', `/v1/admin/people/${person_id}`, { ...json(body), method: 'PATCH' })
    assert.equal(answer.status, 409)
  }
  // A second administrator whose key is about to end does not count; one whose key lasts does.
  const second = await (
    await as('admin', `/v1/admin/tenants/${tenant.id}/keys`, json({ name: 's', roles: ['admin'] }))
  ).json()
  const by = (path: string, init: RequestInit) =>
    other.call(path, { ...init, headers: { ...Object(init.headers), authorization: `Bearer ${second.key}` } })
  await by(`/v1/admin/keys/${second.id}/rotate`, json({ overlap_seconds: 600 }))
  const successor = (await (await as('admin', `/v1/admin/keys/${second.id}`)).json()).rotated_to
  await as('admin', `/v1/admin/keys/${successor}/revoke`, { method: 'POST' })
  const last = await by(`/v1/admin/keys/${admin.id}/revoke`, { method: 'POST' })
  assert.equal(last.status, 409)
  assert.match((await last.json()).detail, /another admin key first/)
  const person = await by(`/v1/admin/people/${person_id}`, { ...json({ active: false }), method: 'PATCH' })
  assert.equal(person.status, 409)
  assert.equal((await as('admin', '/v1/me')).status, 200, 'a refused act changed nothing')
})
