// Tenants over HTTP: made, changed, listed and suspended; what is wrong with a body is named; every act leaves one note in the log.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { openAdministration } from './administration.ts'
import { ALLOWED, json } from './service.ts'

const administration = await openAdministration()
const { service, call, operatorId, notesOf, newTenant, newKey } = administration
after(() => administration[Symbol.asyncDispose]())

test('a tenant is made, read and changed, and what did not change is no note', async () => {
  const made = await call('/v1/admin/tenants', { body: { name: 'Acme', weight: 2, quota: { images_per_day: 5 } } })
  assert.equal(made.status, 201)
  assert.equal(made.headers.get('location'), `/v1/admin/tenants/${made.body.id}`)
  const { id } = made.body
  const patch = { name: 'Acme & Sons', weight: 3, plan: 'trial', quota: { images_per_day: null }, sandbox: true }
  const changed = await call(`/v1/admin/tenants/${id}`, {
    method: 'PATCH',
    body: { ...patch, previews_allowed: false },
  })
  assert.equal(changed.status, 200)
  assert.deepEqual({ ...changed.body, ...patch, previews_allowed: false }, changed.body)
  await call(`/v1/admin/tenants/${id}`, { method: 'PATCH', body: { weight: 3 } })
  assert.deepEqual((await call(`/v1/admin/tenants/${id}`)).body, changed.body)
  const notes = await notesOf(id)
  assert.deepEqual(
    notes.map(({ kind }) => kind),
    ['tenant.created', 'tenant.changed'],
  )
  const facts = JSON.stringify(notes)
  assert.match(facts, /"fields":\["name","plan","previews_allowed","quota","sandbox","weight"\]/)
  assert.ok(!facts.includes('Acme'), 'a name is in no note')
})

test('what is wrong with a body is named by its field', async () => {
  const wrong: [object, string][] = [
    [{ name: '' }, 'name'],
    [{ name: 'a\u0000b' }, 'name'],
    [{ name: 'x', weight: 0 }, 'weight'],
    [{ name: 'x', plan: 'NO' }, 'plan'],
    [{ name: 'x', plan: 'nosuchplan' }, 'plan'],
    [{ name: 'x', quota: { images_per_day: -1 } }, 'quota.images_per_day'],
    [{ name: 'x', quota: { nonsense: 1 } }, 'quota.nonsense'],
    [{ name: 'x', suspended: true }, 'suspended'],
    [{}, 'name'],
  ]
  for (const [body, field] of wrong) {
    const answer = await call('/v1/admin/tenants', { body })
    assert.deepEqual([answer.status, answer.body.field], [400, field], JSON.stringify(body))
  }
})

test('lists go by pages, and a cursor of another list is refused', async () => {
  const id = await newTenant()
  for (let i = 0; i < 5; i++) await newKey(id, { name: `key ${i}`, roles: ['client'] })
  const seen: string[] = []
  for (let after: string | null = null; ; ) {
    const { body } = await call(`/v1/admin/tenants/${id}/keys?limit=2${after === null ? '' : `&after=${after}`}`)
    seen.push(...body.data.map(({ name }: { name: string }) => name))
    after = body.next
    if (after === null) break
  }
  assert.deepEqual(seen, ['key 4', 'key 3', 'key 2', 'key 1', 'key 0'])
  const other = await newKey(await newTenant(), { name: 'elsewhere', roles: ['client'] })
  for (const cursor of [other.id, 'key_x', '%00', id]) {
    const answer = await call(`/v1/admin/tenants/${id}/keys?after=${cursor}`)
    assert.deepEqual([answer.status, answer.body.field], [400, 'after'])
  }
  const tenants = await call('/v1/admin/tenants?limit=1')
  assert.equal(tenants.body.has_more, true)
})

test('a suspended tenant is refused with its own code until it is not; the operator cannot be', async () => {
  const id = await newTenant()
  const { key } = await newKey(id, { name: 'program', roles: ['client'] })
  const session = await service.call('/session', { ...json({ key }), as: null })
  const cookie = session.headers.get('set-cookie')?.split(';')[0] ?? ''
  await call(`/v1/admin/tenants/${id}`, { method: 'PATCH', body: { suspended: true } })
  for (const answer of [
    await call('/v1/generations', { key, body: { prompt: ALLOWED } }),
    await call('/v1/me', { key }),
  ])
    assert.deepEqual([answer.status, answer.body.code], [403, 'tenant_suspended'])
  assert.equal((await service.call('/v1/me', { as: null, headers: { cookie } })).status, 403)
  await call(`/v1/admin/tenants/${id}`, { method: 'PATCH', body: { suspended: false } })
  assert.equal((await call('/v1/me', { key })).status, 200)
  const own = await call(`/v1/admin/tenants/${operatorId}`, { method: 'PATCH', body: { suspended: true } })
  assert.deepEqual([own.status, own.body.field], [409, 'suspended'])
})

test('every act of administration is one note in the log of the tenant it is about, with who did it', async () => {
  const { paths } = (await call('/openapi.json')).body
  const acts = Object.entries<Record<string, unknown>>(paths).flatMap(([path, methods]) =>
    Object.keys(methods)
      // What compliance holds is in test/publish/legal-holds.test.ts, who reported in test/publish/reports.test.ts.
      .filter((method) => /^\/v1\/admin\/(?!legal-holds|preservations|reports)/.test(path) && method !== 'get')
      .map((method) => `${method.toUpperCase()} ${path}`),
  )
  const id = await newTenant()
  const person = (await call(`/v1/admin/tenants/${id}/people`, { body: { name: 'P', roles: ['client'] } })).body
  const key = await newKey(id, { name: 'k', roles: ['client'] })
  const former = (await call(`/v1/admin/tenants/${id}/people`, { body: { name: 'F', roles: ['client'] } })).body
  await call(`/v1/admin/people/${former.id}`, { method: 'PATCH', body: { active: false } })
  const bodies: Record<string, [string, string, object?]> = {
    'POST /v1/admin/tenants': ['tenant.created', '/v1/admin/tenants', { name: 'noted' }],
    'PATCH /v1/admin/tenants/{id}': ['tenant.changed', `/v1/admin/tenants/${id}`, { weight: 5 }],
    'PUT /v1/admin/tenants/{id}/audit-consent': [
      'tenant.changed',
      `/v1/admin/tenants/${id}/audit-consent`,
      { consent: true },
    ],
    'POST /v1/admin/tenants/{id}/people': [
      'person.created',
      `/v1/admin/tenants/${id}/people`,
      { name: 'Q', roles: ['client'] },
    ],
    'PATCH /v1/admin/people/{id}': ['person.changed', `/v1/admin/people/${person.id}`, { name: 'R' }],
    'DELETE /v1/admin/people/{id}/data': ['person.erased', `/v1/admin/people/${former.id}/data`],
    'POST /v1/admin/tenants/{id}/keys': [
      'key.created',
      `/v1/admin/tenants/${id}/keys`,
      { name: 'l', roles: ['client'] },
    ],
    'POST /v1/admin/keys/{id}/rotate': ['key.rotated', `/v1/admin/keys/${key.id}/rotate`, {}],
    'POST /v1/admin/keys/{id}/revoke': ['key.revoked', `/v1/admin/keys/${key.id}/revoke`, {}],
  }
  const me = (await call('/v1/me')).body
  const all = () => service.ground.database.sql.selectFrom('darkroom.move').selectAll().orderBy('id').execute()
  for (const act of acts) {
    const [kind, path, body] = bodies[act] ?? []
    assert.ok(kind !== undefined && path !== undefined, `no example of ${act}`)
    const before = (await all()).length
    const answer = await call(path, { method: act.split(' ')[0] ?? '', body })
    assert.ok(answer.status < 300, `${act}: ${answer.status}`)
    const fresh = (await all()).slice(before)
    assert.deepEqual(
      fresh.map((move) => move.kind),
      [kind],
      act,
    )
    const { facts, tenant_id } = fresh[0] ?? { facts: null, tenant_id: '' }
    assert.equal(tenant_id, kind === 'tenant.created' ? answer.body.id : id, act)
    const { by } = Object(facts)
    assert.equal(by.person, me.person_id, act)
    assert.match(by.key, /^key_/, act)
  }
})
