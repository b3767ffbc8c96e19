// Who may call what, by walking the routes that the server itself documents.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { ALLOWED, FORBIDDEN, json, openService, type Service } from './service.ts'

const PUBLIC = ['GET /healthz', 'GET /readyz', 'POST /session', 'POST /session/end', 'POST /v1/provenance/verify']
const ANYONE = ['GET /v1/me', 'GET /v1/models', 'GET /v1/models/{model}']

type Route = { method: string; path: string; open: boolean }
let service: Service
let routes: Route[]

before(async () => {
  service = await openService()
  const document: { paths: Record<string, Record<string, { security?: unknown[] }>> } = await (
    await service.call('/openapi.json', { as: null })
  ).json()
  routes = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { security }]) => ({
      method: method.toUpperCase(),
      path,
      open: security?.length === 0,
    })),
  )
})
after(() => service[Symbol.asyncDispose]())

const nameOf = ({ method, path }: Route) => `${method} ${path}`
const protectedRoutes = () => routes.filter((route) => !PUBLIC.includes(nameOf(route)))
const fill = (path: string, id: string) => path.replace('{model}', 'storybook').replace('{id}', id)

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
      if (route.path.startsWith('/v1/images/gen') || route.path.startsWith('/v1/models'))
        assert.deepEqual(Object.keys(body.error).sort(), ['code', 'message', 'param', 'type'])
      else assert.equal(body.code, 'unauthenticated')
    }
  }
})

test('other roles cannot act as a client', async () => {
  const clientOnly = protectedRoutes().filter((route) => !ANYONE.includes(nameOf(route)))
  for (const as of ['reviewer', 'compliance', 'admin'])
    for (const route of clientOnly) {
      const response = await service.call(fill(route.path, 'req_x'), { method: route.method, as })
      assert.equal(response.status, 403, `${as} ${nameOf(route)}`)
    }
})

test('what belongs to another tenant answers as what does not exist, on every route that names a thing', async () => {
  const { requestId } = await service.admit({ prompt: ALLOWED })
  await service.develop(requestId, ['published'])
  const queued = (await service.admit({ prompt: ALLOWED })).requestId
  const refused = (await service.admit({ prompt: FORBIDDEN })).requestId
  const mine = await (await service.call(`/v1/generations/${requestId}`)).json()
  const { statement } = await (await service.call(`/v1/generations/${refused}`)).json()
  const things: Record<string, string> = { generations: queued, images: mine.images[0].id, statements: statement.id }
  const named = protectedRoutes().filter((route) => route.path.includes('{id}'))
  assert.ok(named.length >= 7)
  for (const route of named) {
    const id = things[route.path.split('/')[2] ?? '']
    assert.ok(id, `no thing for ${route.path}`)
    const nowhere = id.slice(0, -4) + (id.endsWith('0000') ? '1111' : '0000')
    const own = await service.call(fill(route.path, id), { method: route.method === 'POST' ? 'OPTIONS' : route.method })
    if (route.method === 'GET') assert.ok(own.status < 400, `${nameOf(route)} works for its owner: ${own.status}`)
    void own.body?.cancel()
    const theirs = await service.call(fill(route.path, id), { method: route.method, as: 'second_client' })
    const absent = await service.call(fill(route.path, nowhere), { method: route.method, as: 'second_client' })
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
