// Administration over HTTP: tenants, people and keys, who may do what to whom, and the note that each act leaves.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { sql as raw } from 'kysely'
import { ALLOWED, json, openService, type Service } from './service.ts'

let service: Service
let operatorId: string
let clientTenant: string
let secondTenant: string
before(async () => {
  service = await openService()
  const me = async (as: string) => (await (await service.call('/v1/me', { as })).json()).tenant.id
  operatorId = await me('admin')
  clientTenant = await me('client')
  secondTenant = await me('second_client')
})
after(() => service[Symbol.asyncDispose]())

type Call = { as?: string; key?: string; method?: string; body?: unknown }
async function call(path: string, { as = 'admin', key, method, body }: Call = {}) {
  const init = body === undefined ? {} : json(body)
  const headers = { ...Object(init.headers), ...(key === undefined ? {} : { authorization: `Bearer ${key}` }) }
  const how = method ?? (body === undefined ? 'GET' : 'POST')
  const response = await service.call(path, { ...init, headers, method: how, as })
  const text = await response.text()
  return { status: response.status, headers: response.headers, body: text === '' ? null : JSON.parse(text) }
}
const notesOf = async (subjectId: string, kind?: string) => {
  const moves = await service.ground.database.sql
    .selectFrom('darkroom.move')
    .select(['kind', 'facts', 'tenant_id'])
    .where('subject_id', '=', subjectId)
    .orderBy('id')
    .execute()
  return moves.filter((move) => kind === undefined || move.kind === kind)
}
const newTenant = async (name = 'Acme') => (await call('/v1/admin/tenants', { body: { name } })).body.id as string
const newKey = async (tenantId: string, body: object) =>
  (await call(`/v1/admin/tenants/${tenantId}/keys`, { body })).body
const later = async (seconds: number, work: () => Promise<void>) => {
  const { sql } = service.ground.database
  await raw`UPDATE darkroom.clock_offset SET by = ${seconds} * interval '1 second'`.execute(sql)
  await work().finally(() => raw`UPDATE darkroom.clock_offset SET by = interval '0'`.execute(sql))
}

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

test('every act of administration is one note in the log of the tenant it is about, with who did it', async () => {
  const { paths } = (await call('/openapi.json')).body
  const acts = Object.entries<Record<string, unknown>>(paths).flatMap(([path, methods]) =>
    Object.keys(methods)
      .filter((method) => path.startsWith('/v1/admin/') && method !== 'get')
      .map((method) => `${method.toUpperCase()} ${path}`),
  )
  const id = await newTenant()
  const person = (await call(`/v1/admin/tenants/${id}/people`, { body: { name: 'P', roles: ['client'] } })).body
  const key = await newKey(id, { name: 'k', roles: ['client'] })
  const bodies: Record<string, [string, string, object]> = {
    'POST /v1/admin/tenants': ['tenant.created', '/v1/admin/tenants', { name: 'noted' }],
    'PATCH /v1/admin/tenants/{id}': ['tenant.changed', `/v1/admin/tenants/${id}`, { weight: 5 }],
    'POST /v1/admin/tenants/{id}/people': [
      'person.created',
      `/v1/admin/tenants/${id}/people`,
      { name: 'Q', roles: ['client'] },
    ],
    'PATCH /v1/admin/people/{id}': ['person.changed', `/v1/admin/people/${person.id}`, { name: 'R' }],
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
