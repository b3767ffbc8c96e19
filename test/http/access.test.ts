// Who may call what, by walking the routes that the server itself documents.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { isRole, ROLES, type Role } from '../../src/tenant/roles.ts'
import { ALLOWED, FORBIDDEN, json, openService, type Service } from './service.ts'

const PUBLIC = ['GET /healthz', 'GET /readyz', 'POST /session', 'POST /session/end', 'POST /v1/provenance/verify']
/** Routes whose own suites try them with things of another tenant. */
const ELSEWHERE = ['/v1/webhooks']

const OPENAI = ['/v1/images/gen', '/v1/images/edits', '/v1/models', '/v1/moderations']

type Route = { method: string; path: string; open: boolean; access: 'caller' | string[] }
type Operation = { security?: unknown[]; 'x-darkroom-access': Route['access'] }
let service: Service
let routes: Route[]
/** A key for each role. */
const keys = new Map<Role, string>()

before(async () => {
  service = await openService()
  const document: { paths: Record<string, Record<string, Operation>> } = await (
    await service.call('/openapi.json', { as: null })
  ).json()
  routes = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { security, 'x-darkroom-access': access }]) => ({
      method: method.toUpperCase(),
      path,
      open: security?.length === 0,
      access,
    })),
  )
  for (const role of ['client', 'reviewer', 'compliance', 'admin'] as const) keys.set(role, service.key(role))
  keys.set('tenant_admin', await tenantAdminOf('second_client'))
})
after(() => service[Symbol.asyncDispose]())

const nameOf = ({ method, path }: Route) => `${method} ${path}`
const protectedRoutes = () => routes.filter((route) => !PUBLIC.includes(nameOf(route)))
/** Bodies that a route takes, where it asks for one before it looks for the thing. */
const EXAMPLES: Record<string, object> = {
  'POST /v1/admin/tenants/{id}/people': { name: 'Bo', roles: ['client'] },
  'PATCH /v1/admin/people/{id}': { active: false },
  'POST /v1/admin/tenants/{id}/keys': { name: 'theirs', roles: ['client'] },
  'POST /v1/admin/keys/{id}/rotate': {},
}

async function callAs(as: Role | 'second_client', path: string, method: string, body?: object): Promise<Response> {
  const key = as === 'second_client' ? service.key(as) : keys.get(as)
  const init = body === undefined ? {} : json(body)
  return service.call(path, { ...init, method, headers: { ...Object(init.headers), authorization: `Bearer ${key}` } })
}

async function tenantIdOf(as: string): Promise<string> {
  return (await (await service.call('/v1/me', { as })).json()).tenant.id
}

async function tenantAdminOf(as: string): Promise<string> {
  const order = json({ name: 'their administrator', roles: ['tenant_admin'] })
  const made = await service.call(`/v1/admin/tenants/${await tenantIdOf(as)}/keys`, { ...order, as: 'admin' })
  return (await made.json()).key
}

const fill = (path: string, id: string) =>
  path.replace('{model}', 'storybook').replace('{index}', '0').replace('{id}', id)

test('the public routes are these and no others, and the document says so', () => {
  assert.deepEqual(
    routes
      .filter((route) => route.open)
      .map(nameOf)
      .sort(),
    [...PUBLIC].sort(),
  )
})

test('the document says of each route who may call it, as the server itself decides it', async () => {
  const { paths } = await (await service.call('/openapi.json', { as: null })).json()
  const accessOf = (path: string, method: string) => paths[path][method]['x-darkroom-access']
  assert.equal(accessOf('/healthz', 'get'), 'public')
  assert.equal(accessOf('/v1/me', 'get'), 'caller')
  assert.deepEqual(accessOf('/v1/generations', 'post'), ['client'])
  for (const route of routes)
    assert.notEqual(accessOf(route.path, route.method.toLowerCase()), undefined, nameOf(route))
})

test('without a key every other route answers 401 with a challenge, in its own dialect', async () => {
  assert.ok(protectedRoutes().length >= 12)
  for (const route of protectedRoutes()) {
    for (const authorization of [undefined, 'Bearer nonsense', 'Basic abc', 'Bearer dk_live_'.padEnd(40, '0')]) {
      const headers = authorization === undefined ? {} : { authorization }
      const response = await service.call(fill(route.path, 'req_x'), { method: route.method, as: null, headers })
      assert.equal(response.status, 401, nameOf(route))
      assert.match(response.headers.get('www-authenticate') ?? '', /^Bearer realm=/)
      const body = await response.json()
      if (OPENAI.some((start) => route.path.startsWith(start)))
        assert.deepEqual(Object.keys(body.error).sort(), ['code', 'message', 'param', 'type'])
      else assert.equal(body.code, 'unauthenticated')
    }
  }
})

test('every route refuses every role that it does not name, and names only roles that there are', async () => {
  for (const route of protectedRoutes()) {
    const { access } = route
    if (typeof access === 'string') {
      assert.equal(access, 'caller', nameOf(route))
      continue
    }
    assert.ok(access.length > 0 && access.every(isRole), nameOf(route))
    for (const role of ROLES.filter((one) => !access.includes(one))) {
      const response = await callAs(role, fill(route.path, 'req_x'), route.method)
      assert.equal(response.status, 403, `${role} ${nameOf(route)}`)
      void response.body?.cancel()
    }
  }
})

test('what belongs to another tenant answers as what does not exist, on every route that names a thing', async () => {
  const { requestId } = await service.admit({ prompt: ALLOWED })
  await service.develop(requestId, ['published'])
  const queued = (await service.admit({ prompt: ALLOWED })).requestId
  const refused = (await service.admit({ prompt: FORBIDDEN })).requestId
  const mine = await (await service.call(`/v1/generations/${requestId}`)).json()
  const { statement } = await (await service.call(`/v1/generations/${refused}`)).json()
  const tenant = await tenantIdOf('client')
  const { data } = await (await service.call(`/v1/admin/tenants/${tenant}/keys`, { as: 'admin' })).json()
  const person = { name: 'Ada', roles: ['client'] }
  const people = await service.call(`/v1/admin/tenants/${tenant}/people`, { ...json(person), as: 'admin' })
  const things: Record<string, string> = {
    '/v1/generations': queued,
    '/v1/images': mine.images[0].id,
    '/v1/statements': statement.id,
    '/v1/admin/tenants': tenant,
    '/v1/admin/people': (await people.json()).id,
    '/v1/admin/keys': data[0].id,
  }
  const named = protectedRoutes().filter(
    ({ path }) => path.includes('{id}') && !ELSEWHERE.some((start) => path.startsWith(start)),
  )
  assert.ok(named.length >= 16)
  for (const route of named) {
    const id = things[route.path.split('/{id}')[0] ?? '']
    assert.ok(id, `no thing for ${route.path}`)
    const nowhere = id.slice(0, -4) + (id.endsWith('0000') ? '1111' : '0000')
    if (route.method === 'GET' && !route.path.includes('{index}')) {
      const admin = route.path.startsWith('/v1/admin')
      const own = await service.call(fill(route.path, id), { as: admin ? 'admin' : 'client' })
      assert.ok(own.status < 400, `${nameOf(route)} works for its owner: ${own.status}`)
      void own.body?.cancel()
    }
    const role = route.access.includes('client') ? 'second_client' : 'tenant_admin'
    // Only an operator's administrator calls it: there is no other tenant to call it from.
    if (role === 'tenant_admin' && !route.access.includes(role)) continue
    const theirs = await callAs(role, fill(route.path, id), route.method, EXAMPLES[nameOf(route)])
    const absent = await callAs(role, fill(route.path, nowhere), route.method, EXAMPLES[nameOf(route)])
    assert.equal(theirs.status, 404, nameOf(route))
    assert.equal(absent.status, 404, nameOf(route))
    const [a, b] = [await theirs.json(), await absent.json()]
    assert.deepEqual({ ...a, instance: '' }, { ...b, instance: '' }, nameOf(route))
  }
  const after_ = await (await service.call(`/v1/generations/${queued}`)).json()
  assert.equal(after_.state, 'queued', 'another tenant cancelled nothing')
  const list = await (await service.call('/v1/generations', { as: 'second_client' })).json()
  assert.deepEqual(list.data, [])
})

test('every answer forbids sniffing and framing, and is kept by nobody', async () => {
  for (const path of ['/healthz', '/v1/models', '/nowhere', '/v1/generations']) {
    const response = await service.call(path)
    assert.equal(response.headers.get('x-content-type-options'), 'nosniff')
    assert.match(response.headers.get('content-security-policy') ?? '', /default-src 'none'.*frame-ancestors 'none'/)
    assert.equal(response.headers.get('cache-control'), 'no-store')
    assert.ok(response.headers.get('x-request-id'))
    assert.equal(response.headers.get('strict-transport-security'), null)
  }
})

test('behind https the browser is told to stay there, and cookies too', async () => {
  await using secure = await openService({ DARKROOM_PUBLIC_URL: 'https://pictures.example/' })
  const response = await secure.call('/session', { ...json({ key: secure.key('client') }), as: null })
  assert.match(response.headers.get('strict-transport-security') ?? '', /max-age=\d{8}/)
  assert.match(response.headers.get('set-cookie') ?? '', /; Secure/)
})

test('an address that is not there is a 404 problem', async () => {
  const response = await service.call('/v1/nothing')
  assert.equal(response.status, 404)
  assert.equal(response.headers.get('content-type'), 'application/problem+json; charset=utf-8')
  assert.equal((await response.json()).code, 'not_found')
})
